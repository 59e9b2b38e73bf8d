import * as Effect from "effect/Effect"
import { readEnvironmentFile, variableTable } from "../src/config/config.ts"
import { misspeltNames } from "../src/config/misspelt.ts"
import { type DatabaseSsl, readDatabaseSsl } from "../src/io/database/connecting/databaseEncryption.ts"
import { protocols } from "../src/protocols.ts"

/** The database the server would use when started from here: environment first, then `.env`, then defaults. */
export const databaseSettings = (): {
  readonly url: string | undefined
  readonly ssl: DatabaseSsl
  readonly dataDirectory: string
} => {
  for (const [name, value] of Object.entries(Effect.runSync(readEnvironmentFile(".env")))) process.env[name] ??= value
  // Or another database would be taken than was meant, without a word.
  for (const warning of misspeltNames(Object.keys(process.env), Object.keys(variableTable(protocols))))
    console.error(warning)
  const setting = (name: string): string | undefined => process.env[name]?.trim() || undefined
  return {
    url: setting("DATABASE_URL"),
    ssl: readDatabaseSsl(setting("DATABASE_SSL")),
    dataDirectory: setting("DATA_DIR") ?? ".data"
  }
}

/** Runs a script to its end. A failure is told in one line, and the exit code is 1. */
export const runScript = async (script: () => Promise<void>): Promise<void> => {
  try {
    await script()
  } catch (error) {
    console.error(error instanceof Error ? `${error.name}: ${error.message}` : String(error))
    process.exitCode = 1
  }
}
