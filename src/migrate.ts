/** Brings the tables of a database up to date, wherever it is; loses nothing. */
import type { DatabaseSsl } from "./io/database/connecting/databaseEncryption.ts"
import { readDatabaseUrl } from "./io/database/connecting/databaseUrl.ts"
import { withPostgres } from "./io/database/database.ts"
import { checkFitness } from "./io/database/databaseFitness.ts"
import { openEmbeddedDatabase } from "./io/database/embedded/embeddedDatabase.ts"
import { migrate } from "./io/database/migrations.ts"
import { migrationsOf } from "./io/database/tables.ts"
import type { Protocol } from "./protocol.ts"

export interface MigratedDatabase {
  /** Absent: the embedded one in `dataDirectory`. */
  readonly url: string | undefined
  readonly ssl: DatabaseSsl
  readonly dataDirectory: string
}

/** Says what has been done, in a sentence. Rejects as openDatabase does, and with MigrationBlocked. */
export const migrateDatabase = async (
  { url, ssl, dataDirectory }: MigratedDatabase,
  protocols: readonly Protocol[]
): Promise<string> => {
  const others = migrationsOf(protocols)
  if (url === undefined) {
    const embedded = await openEmbeddedDatabase(dataDirectory, { otherMigrations: others })
    await embedded.close()
    return told(`The embedded database in ${dataDirectory}`, embedded.applied)
  }
  const address = readDatabaseUrl(url, ssl)
  const applied = await withPostgres(address, async (client, { session }) => {
    await checkFitness(client, address.label, session)
    return migrate(client, { others })
  })
  return told(`PostgreSQL at ${address.label}`, applied)
}

const told = (place: string, applied: readonly string[]): string =>
  applied.length === 0
    ? `${place} is up to date: nothing to do.`
    : `${place} is up to date now. Applied: ${applied.join(", ")}.`
