// npm run db:reset: removes the server's tables with everything in them and makes them anew, empty.
import { withPostgres } from "../src/io/database.ts"
import { readDatabaseUrl } from "../src/io/databaseUrl.ts"
import { openEmbeddedDatabase } from "../src/io/embeddedDatabase.ts"
import { dropTables, migrate } from "../src/io/migrations.ts"
import { databaseSettings, runScript } from "./databaseSettings.ts"

/** Asks for the place by name where a mistake would cost somebody else's data. */
const refuseUnlessNamed = (place: string, reason: string | undefined): void => {
  const flag = `--erase=${place}`
  if (reason === undefined || process.argv.includes(flag)) return
  throw new Error(`${reason}. Everything in it would be lost. If that is meant: npm run db:reset -- ${flag}`)
}

await runScript(async () => {
  const { url, ssl, dataDirectory } = databaseSettings()
  const production = process.env["NODE_ENV"] === "production" ? "NODE_ENV is production" : undefined
  if (url === undefined) {
    refuseUnlessNamed(dataDirectory, production)
    const embedded = await openEmbeddedDatabase(dataDirectory, { startEmpty: true })
    await embedded.close()
    console.log(`The embedded database in ${dataDirectory} is empty now.`)
  } else {
    const address = readDatabaseUrl(url, ssl)
    refuseUnlessNamed(address.label, address.local ? production : `${address.label} is not on this machine`)
    await withPostgres(address, async (client) => {
      await dropTables(client)
      await migrate(client)
    })
    console.log(`The tables in PostgreSQL at ${address.label} are empty now.`)
  }
})
