/**
 * One embedded database that is made before all tests and copied for each server: making one takes some seconds, opening
 * a copy one. Tests of the making itself open theirs without this.
 */
import { cpSync, existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { openEmbeddedDatabase } from "../../src/io/database/embedded/embeddedDatabase.ts"

const variable = "SILKTOWER_TEST_TEMPLATE"

/** For vitest's `globalSetup`. */
export default async (): Promise<() => void> => {
  // Another of vitest's projects has made it.
  if (process.env[variable] !== undefined) return () => {}
  const directory = mkdtempSync(join(tmpdir(), "silktower-template-"))
  await (await openEmbeddedDatabase(directory)).close()
  process.env[variable] = directory
  return () => rmSync(directory, { recursive: true, force: true })
}

/** Puts the copy where a server with this environment would make a database. */
export const seedEmbeddedDatabase = ({ DATA_DIR, DATABASE_URL }: Readonly<Record<string, string>>): void => {
  const template = process.env[variable]
  if (template === undefined || DATA_DIR === undefined || DATABASE_URL !== undefined) return
  const folder = join(DATA_DIR, "postgres")
  if (!existsSync(DATA_DIR) || !existsSync(folder)) cpSync(join(template, "postgres"), folder, { recursive: true })
}
