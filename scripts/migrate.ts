// npm run migrate: brings the tables of the configured database up to date. Loses nothing; may be run at any time.
import { commandLineOf } from "../src/config/commandLine.ts"
import { migrateDatabase } from "../src/migrate.ts"
import { protocols } from "../src/protocols.ts"
import { databaseSettings, runScript } from "./databaseSettings.ts"

await commandLineOf({
  command: "npm run migrate --",
  purpose:
    "Brings the tables of the configured database up to date: of DATABASE_URL in the environment or .env, or of the " +
    "embedded one in DATA_DIR. Loses nothing; may be run at any time.",
  flags: {}
})
await runScript(async () => console.log(await migrateDatabase(databaseSettings(), protocols)))
