import { fileURLToPath } from "node:url"
import type { ClientBase } from "pg"

const MIGRATIONS_DIRECTORY = fileURLToPath(new URL("../../migrations", import.meta.url))

/** Our bookkeeping; DropSilk's own, if there is any, is left alone. */
export const MIGRATIONS_TABLE = "silktower_migrations"

/** What the server reads and writes, table by table. */
const COLUMNS: Readonly<Record<string, readonly string[]>> = {
  rooms: [
    ...["room_code", "host_participant_id", "host_name", "guest_participant_id", "guest_name"],
    ...["host_screen_share_active", "guest_screen_share_active", "host_ready", "guest_ready"],
    ...["host_chat_active", "guest_chat_active", "host_file_count", "guest_file_count"],
    ...["host_total_bytes", "guest_total_bytes", "created_at", "updated_at", "expires_at"]
  ],
  uploaded_files: ["id", "file_key", "file_url", "file_name", "uploaded_at"]
}

/** What a DropSilk database that has not been migrated lacks, and the server can do without. */
const COLUMNS_OF_OURS: typeof COLUMNS = { rooms: ["departed", "last_words"] }

/**
 * Brings the tables up to date in one transaction, and answers with the names of the migrations that were applied.
 * Safe to run at any time, on an empty database, on ours and on one that DropSilk has filled; two at once wait for
 * each other. The client must be connected and stays so. Rejects with the database's own error.
 */
export const migrate = async (client: ClientBase): Promise<readonly string[]> => {
  // Loaded here, as most starts migrate nothing.
  const { runner } = await import("node-pg-migrate")
  const applied = await runner({
    dbClient: client,
    dir: MIGRATIONS_DIRECTORY,
    migrationsTable: MIGRATIONS_TABLE,
    direction: "up",
    count: Number.POSITIVE_INFINITY,
    singleTransaction: true,
    advisoryLockMode: "wait",
    logger: silent
  })
  return applied.map((migration) => migration.name)
}

/** Removes our tables with everything in them. The client must be connected. */
export const dropTables = async (client: ClientBase): Promise<void> => {
  const tables = [...Object.keys(COLUMNS), MIGRATIONS_TABLE]
  await client.query(`drop table if exists ${tables.join(", ")}`)
}

/** Which tables (`rooms`) or single columns (`rooms.host_ready`) the server needs and the database has not. */
export const missingTables = (client: ClientBase): Promise<readonly string[]> => missingOf(client, COLUMNS)

/** Whether the database can keep who has left a room and when who was last heard: it has been migrated. */
export const keepsDeparted = async (client: ClientBase): Promise<boolean> =>
  (await missingOf(client, COLUMNS_OF_OURS)).length === 0

const missingOf = async (client: ClientBase, columnsOf: typeof COLUMNS): Promise<readonly string[]> => {
  const wanted = Object.entries(columnsOf).flatMap(([table, columns]) => columns.map((column) => ({ table, column })))
  const { rows } = await client.query<{ table: string; column: string | null }>(
    `select wanted.table, case when to_regclass(wanted.table) is null then null else wanted.column end as column
       from unnest($1::text[], $2::text[]) with ordinality as wanted ("table", "column", place)
      where not exists (
        select from pg_attribute
         where attrelid = to_regclass(wanted.table) and attname = wanted.column and attnum > 0 and not attisdropped)
      order by wanted.place`,
    [wanted.map(({ table }) => table), wanted.map(({ column }) => column)]
  )
  return [...new Set(rows.map(({ table, column }) => (column === null ? table : `${table}.${column}`)))]
}

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
