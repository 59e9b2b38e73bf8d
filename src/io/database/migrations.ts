import { fileURLToPath } from "node:url"
import type { ClientBase } from "pg"
import { limits } from "../../limits.ts"
import { places } from "../../places.ts"
import { codeOf, MigrationBlocked } from "./databaseErrors.ts"
import type { Tables } from "./tables.ts"

/** Those of all protocols that are here. */
const OWN_MIGRATIONS = fileURLToPath(places.migrations)

/** Our bookkeeping; that of another program, if there is any, is left alone. */
const MIGRATIONS_TABLE = "silktower_migrations"

/**
 * Brings the tables of the current schema up to date in one transaction, and answers with the names of the migrations
 * that were applied. Safe to run at any time, on an empty database, on ours and on one that another program has filled; two at
 * once wait for each other. The client must be connected and stays so; it may lead through a pooler, as nothing is said
 * that outlives the transaction. `others`: folders of migrations beside `migrations/`. Rejects with MigrationBlocked, or
 * with the database's own error.
 */
export const migrate = async (
  client: ClientBase,
  {
    others = [],
    lockTimeoutMs = limits.migrationLockTimeoutMs
  }: { readonly others?: readonly string[]; readonly lockTimeoutMs?: number } = {}
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
      useGlob: true,
      dir: [OWN_MIGRATIONS, ...others].map((folder) => `${asItIs(folder)}/*.sql`),
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

/** A path whose characters mean nothing but themselves in a glob pattern. */
const asItIs = (path: string): string => path.replaceAll("\\", "/").replace(/[[\]{}()*?!+@]/g, "[$&]")

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

/** Removes these tables from the current schema with everything in them, and our bookkeeping. The client must be connected. */
export const dropTables = async (client: ClientBase, tables: Tables): Promise<void> => {
  await client.query("begin isolation level read committed read write")
  try {
    await enterSchema(client)
    await client.query(
      `drop table if exists ${[...Object.keys(tables), MIGRATIONS_TABLE].map((name) => `"${name}"`).join(", ")}`
    )
    await client.query("commit")
  } catch (error) {
    await client.query("rollback").catch(() => {})
    throw error
  }
}

/** Which tables (`rooms`) or single columns (`rooms.host_ready`) of these the server needs and this schema has not. */
export const missingTables = (client: ClientBase, schema: string, tables: Tables): Promise<readonly string[]> =>
  missingOf(
    client,
    schema,
    Object.entries(tables).flatMap(([table, { columns }]) => columns.map((column) => ({ table, column })))
  )

/** Which columns (`rooms.departed`) it can do without and this schema has not: it has not been migrated. */
export const missingLaterColumns = (client: ClientBase, schema: string, tables: Tables): Promise<readonly string[]> =>
  missingOf(
    client,
    schema,
    Object.entries(tables).flatMap(([table, { laterColumns = [] }]) =>
      laterColumns.map((column) => ({ table, column }))
    )
  )

const missingOf = async (
  client: ClientBase,
  schema: string,
  wanted: readonly { readonly table: string; readonly column: string }[]
): Promise<readonly string[]> => {
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
