// npm run db:reset: removes the server's tables with everything in them and makes them anew, empty.
import { resolve } from "node:path"
import { commandLineOf, switchFlag, valueFlag } from "../src/config/commandLine.ts"
import { shown } from "../src/config/shown.ts"
import { engineTables } from "../src/io/cluster/engine/engineTables.ts"
import { readDatabaseUrl } from "../src/io/database/connecting/databaseUrl.ts"
import { withPostgres } from "../src/io/database/database.ts"
import { checkFitness } from "../src/io/database/databaseFitness.ts"
import { openEmbeddedDatabase } from "../src/io/database/embedded/embeddedDatabase.ts"
import { dropTables, migrate } from "../src/io/database/migrations.ts"
import { migrationsOf, tablesOf } from "../src/io/database/tables.ts"
import { protocols } from "../src/protocols.ts"
import { askForYes } from "./askForYes.ts"
import { databaseSettings, runScript } from "./databaseSettings.ts"

const { yes, erase } = await commandLineOf({
  command: "npm run db:reset --",
  purpose:
    "Empties the configured database: of DATABASE_URL in the environment or .env, or the embedded one in DATA_DIR. " +
    "Asks first, where there is a terminal to ask on.",
  flags: {
    yes: switchFlag("Does not ask. Not enough for a database on another machine or with NODE_ENV=production"),
    erase: valueFlag({
      placeholder: "PLACE",
      description: "Does not ask if the database is this one (HOST:PORT/NAME, or DATA_DIR), and leaves any other alone",
      expected: "the place of the database",
      read: (text) => text || undefined
    })
  }
})

/** A database, as whoever has to decide about it is told of it. */
interface Place {
  readonly name: string
  /** In a sentence. */
  readonly described: string
  /** Why a mistake would cost somebody else's data; undefined where it would not. */
  readonly danger: string | undefined
}

/** Resolves when it may be erased; rejects with what would have to be said. */
const permission = async ({ name, described, danger }: Place): Promise<void> => {
  const loss = `Everything in ${described} would be lost`
  const meant = (flag: string) => `If that is meant: npm run db:reset -- ${flag}`
  if (erase === name) return
  const reason = erase === undefined ? danger : `--erase=${shown(erase)} names another database`
  if (reason !== undefined) throw new NotErased(`${reason}. ${loss}. ${meant(`--erase=${name}`)}`)
  if (yes) return
  if (!process.stdin.isTTY || !process.stdout.isTTY) {
    throw new NotErased(`There is no terminal to ask on. ${loss}. ${meant("--yes")}`)
  }
  if (!(await askForYes(`Everything in ${described} will be lost.`))) throw new NotErased("Nothing was erased.")
}

class NotErased extends Error {
  constructor(message: string) {
    super(message)
    this.name = "NotErased"
  }
}

const others = migrationsOf(protocols)
await runScript(async () => {
  const { url, ssl, dataDirectory } = databaseSettings()
  const production =
    process.env["NODE_ENV"]?.trim().toLowerCase() === "production" ? "NODE_ENV is production" : undefined
  if (url === undefined) {
    const described = `the embedded database in ${resolve(dataDirectory)}`
    await permission({ name: dataDirectory, described, danger: production })
    const embedded = await openEmbeddedDatabase(dataDirectory, { startEmpty: true, otherMigrations: others })
    await embedded.close()
    console.log(`The embedded database in ${dataDirectory} is empty now.`)
  } else {
    const address = readDatabaseUrl(url, ssl)
    const danger = address.local ? production : `${address.label} is not on this machine`
    await permission({ name: address.label, described: `the tables in PostgreSQL at ${address.label}`, danger })
    await withPostgres(address, async (client, { session }) => {
      await checkFitness(client, address.label, session)
      await dropTables(client, { ...tablesOf(protocols), ...engineTables })
      await migrate(client, { others })
    })
    console.log(`The tables in PostgreSQL at ${address.label} are empty now.`)
  }
})
