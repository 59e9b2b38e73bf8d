import { fileURLToPath } from "node:url"
import type { ClientBase } from "pg"
import { limits } from "../../limits.ts"
import { codeOf, MigrationBlocked } from "./databaseErrors.ts"

const MIGRATIONS_DIRECTORY = fileURLToPath(new URL("../../../migrations", import.meta.url))

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
 * Brings the tables of the current schema up to date in one transaction, and answers with the names of the migrations
 * that were applied. Safe to run at any time, on an empty database, on ours and on one that DropSilk has filled; two at
 * once wait for each other. The client must be connected and stays so; it may lead through a pooler, as nothing is said
 * that outlives the transaction. Rejects with MigrationBlocked, or with the database's own error.
 */
export const migrate = async (
  client: ClientBase,
  { lockTimeoutMs = limits.migrationLockTimeoutMs }: { readonly lockTimeoutMs?: number } = {}
): Promise<readonly string[]> => {
  // Loaded here, as most starts migrate nothing.
  const { runner } = await import("node-pg-migrate")
  await client.query("begin isolation level read committed read write")
  try {
    await client.query("set local statement_timeout = 0")
    await client.query("set local idle_in_transaction_session_timeout = 0")
    await client.query(`set local lock_timeout = ${lockTimeoutMs}`)
    const schema = await enterSchema(client)
    await client.query("select pg_advisory_xact_lock(hashtext($1), hashtext($2))", [MIGRATIONS_TABLE, schema])
    await makeBookkeeping(client)
    const applied = await runner({
      dbClient: client,
      dir: MIGRATIONS_DIRECTORY,
      migrationsSchema: schema,
      migrationsTable: MIGRATIONS_TABLE,
      direction: "up",
      count: Number.POSITIVE_INFINITY,
      // Its own lock lasts as long as the session, which through a pooler is somebody else's next.
      noLock: true,
      // It would compare times that were written in the time zones of different sessions.
      checkOrder: false,
      // It begins and ends one: within ours the beginning counts for nothing, and the end is ours.
      singleTransaction: true,
      logger: silent
    })
    if (applied.length === 0) await client.query("commit")
    return applied.map((migration) => migration.name)
  } catch (error) {
    await client.query("rollback").catch(() => {})
    throw codeOf(error) === lockNotAvailable ? new MigrationBlocked(lockTimeoutMs) : error
  }
}

const lockNotAvailable = "55P03"

/** Within a transaction, leaves the current schema as the only one in which names are looked for; says its name. */
const enterSchema = async (client: ClientBase): Promise<string> => {
  // Behind a pooler somebody else may have set another path.
  await client.query("set local search_path to default")
  const { rows } = await client.query<{ schema: string }>(
    "select current_schema() as schema, set_config('search_path', quote_ident(current_schema()), true)"
  )
  return (rows[0] as { schema: string }).schema
}

/** As the library makes it, and asked for what the library does with it: it tells of missing rights by a stack trace. */
const makeBookkeeping = async (client: ClientBase): Promise<void> => {
  const { rowCount } = await client.query("select from pg_class where oid = to_regclass($1)", [MIGRATIONS_TABLE])
  await client.query(
    rowCount === 0
      ? `create table ${MIGRATIONS_TABLE} (id serial primary key, name varchar(255) not null, run_on timestamp not null)`
      : `insert into ${MIGRATIONS_TABLE} (name, run_on) select name, run_on from ${MIGRATIONS_TABLE} where false`
  )
}

/** Removes our tables from the current schema with everything in them. The client must be connected. */
export const dropTables = async (client: ClientBase): Promise<void> => {
  await client.query("begin isolation level read committed read write")
  try {
    await enterSchema(client)
    await client.query(`drop table if exists ${[...Object.keys(COLUMNS), MIGRATIONS_TABLE].join(", ")}`)
    await client.query("commit")
  } catch (error) {
    await client.query("rollback").catch(() => {})
    throw error
  }
}

/** Which tables (`rooms`) or single columns (`rooms.host_ready`) the server needs and this schema has not. */
export const missingTables = (client: ClientBase, schema: string): Promise<readonly string[]> =>
  missingOf(client, schema, COLUMNS)

/** Whether the database can keep who has left a room and when who was last heard: it has been migrated. */
export const keepsDeparted = async (client: ClientBase, schema: string): Promise<boolean> =>
  (await missingOf(client, schema, COLUMNS_OF_OURS)).length === 0

const missingOf = async (client: ClientBase, schema: string, columnsOf: typeof COLUMNS): Promise<readonly string[]> => {
  const wanted = Object.entries(columnsOf).flatMap(([table, columns]) => columns.map((column) => ({ table, column })))
  const { rows } = await client.query<{ table: string; column: string | null }>(
    `select wanted.table, case when place is null then null else wanted.column end as column
       from unnest($1::text[], $2::text[]) with ordinality as wanted ("table", "column", number),
         to_regclass(format('%I.%I', $3::text, wanted.table)) as place
      where not exists (
        select from pg_attribute
         where attrelid = place and attname = wanted.column and attnum > 0 and not attisdropped)
      order by wanted.number`,
    [wanted.map(({ table }) => table), wanted.map(({ column }) => column), schema]
  )
  return [...new Set(rows.map(({ table, column }) => (column === null ? table : `${table}.${column}`)))]
}

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
