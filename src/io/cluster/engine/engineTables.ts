/** What Effect Cluster keeps in PostgreSQL. Made by a migration, not at start: a server's role may not make tables. */
import type { Tables } from "../../database/tables.ts"

/** Before the names of its tables. With the schema it also tells its advisory locks from those of others in the database. */
export const tablePrefix = "silktower"

export const runnersTable = `${tablePrefix}_runners`
const locksTable = `${tablePrefix}_locks`

export const engineTables: Tables = {
  [runnersTable]: {
    columns: ["machine_id", "address", "runner", "healthy", "last_heartbeat"],
    given: ["address", "runner"],
    changed: "last_heartbeat",
    numbered: "machine_id"
  },
  [locksTable]: {
    columns: ["shard_id", "address", "acquired_at"],
    given: ["shard_id", "address", "acquired_at"],
    changed: "acquired_at"
  }
}
