// npm run migrate: brings the tables of the configured database up to date. Loses nothing; may be run at any time.
import { commandLineOf } from "../src/config/commandLine.ts"
import { readDatabaseUrl } from "../src/io/database/connecting/databaseUrl.ts"
import { withPostgres } from "../src/io/database/database.ts"
import { checkFitness } from "../src/io/database/databaseFitness.ts"
import { openEmbeddedDatabase } from "../src/io/database/embedded/embeddedDatabase.ts"
import { migrate } from "../src/io/database/migrations.ts"
import { migrationsOf } from "../src/io/database/tables.ts"
import { protocols } from "../src/protocols.ts"
import { databaseSettings, runScript } from "./databaseSettings.ts"

const report = (place: string, applied: readonly string[]): void => {
  console.log(
    applied.length === 0
      ? `${place} is up to date: nothing to do.`
      : `${place} is up to date now. Applied: ${applied.join(", ")}.`
  )
}

await commandLineOf({
  command: "npm run migrate --",
  purpose:
    "Brings the tables of the configured database up to date: of DATABASE_URL in the environment or .env, or of the " +
    "embedded one in DATA_DIR. Loses nothing; may be run at any time.",
  flags: {}
})
const others = migrationsOf(protocols)
await runScript(async () => {
  const { url, ssl, dataDirectory } = databaseSettings()
  if (url === undefined) {
    const embedded = await openEmbeddedDatabase(dataDirectory, { otherMigrations: others })
    await embedded.close()
    report(`The embedded database in ${dataDirectory}`, embedded.applied)
  } else {
    const address = readDatabaseUrl(url, ssl)
    const applied = await withPostgres(address, async (client, { session }) => {
      await checkFitness(client, address.label, session)
      return migrate(client, { others })
    })
    report(`PostgreSQL at ${address.label}`, applied)
  }
})
