/** Whether a PostgreSQL that lets the server in can be worked with, found out before anybody waits for an answer. */
import type { ClientBase } from "pg"
import { type DatabasePool, sql } from "slonik"
import { limits } from "../../limits.ts"
import type { SessionKind } from "./connecting/databaseSession.ts"
import { DatabaseUnfit, RightsMissing } from "./databaseErrors.ts"
import type { Tables } from "./tables.ts"

export interface Fitness {
  /** Where our tables are, and where new ones are made. */
  readonly schema: string
}

interface Found {
  readonly schema: string | null
  readonly path: string
  readonly encoding: string
  readonly read_only: boolean
  readonly standby: boolean
  /** ms that a statement may run; 0: no limit. */
  readonly limit: number
}

/**
 * Looks at what no statement can make itself independent of; a session of our own has been told the rest (beginSession).
 * Rejects with DatabaseUnfit, which names the setting, its value and what to do. `label`: host:port/name.
 */
export const checkFitness = async (client: ClientBase, label: string, session: SessionKind): Promise<Fitness> => {
  await client.query("begin")
  const found = await look(client).finally(() => client.query("rollback"))
  const unfit = (reason: string) => new DatabaseUnfit(label, reason)
  if (!["UTF8", "SQL_ASCII"].includes(found.encoding)) {
    throw unfit(
      `server_encoding is ${found.encoding}, which cannot hold every name. Make a database with: create database … ` +
        "encoding 'UTF8' template template0"
    )
  }
  if (found.standby) throw unfit("it is a standby, which only reads. Use the address of the primary")
  if (found.read_only) {
    throw unfit(
      "default_transaction_read_only is on. Set it to off for this role: alter role … set default_transaction_read_only = off"
    )
  }
  const limit = session === "own" ? 0 : found.limit
  if (limit > 0 && limit < limits.shortestStatementTimeoutMs) {
    throw unfit(
      `statement_timeout is ${limit} ms, and cannot be lifted behind a pooler. Give this role at least ` +
        `${limits.shortestStatementTimeoutMs} ms: alter role … set statement_timeout = '5s'`
    )
  }
  if (found.schema === null) {
    throw unfit(
      `search_path is ${found.path === "" ? "empty" : found.path}, and names no schema that exists and that this role may ` +
        "use. Make one (create schema …), or set another path: alter role … set search_path = …"
    )
  }
  return { schema: found.schema }
}

const look = async (client: ClientBase): Promise<Found> => {
  // Behind a pooler, what is set may come from somebody else; what would be without that is what we have been given.
  await client.query("set local search_path to default")
  const { rows } = await client.query<Found>(
    `select current_schema() as schema, current_setting('search_path') as path,
       current_setting('server_encoding') as encoding, current_setting('transaction_read_only') = 'on' as read_only,
       pg_is_in_recovery() as standby, reset_val::int as limit
     from pg_catalog.pg_settings where name = 'statement_timeout'`
  )
  return rows[0] as Found
}

/**
 * Asks for everything that the server does with its tables, and changes nothing: PostgreSQL looks at tables, columns,
 * rights and whether it may be written before it finds that there is nothing to do. Rejects as any statement does.
 */
export const probeTables = async (pool: DatabasePool, schema: string, tables: Tables): Promise<void> => {
  const parts = Object.entries(tables).flatMap(([name, { given, changed }], at) => {
    const table = sql.identifier([schema, name])
    const columns = sql.join(
      given.map((column) => sql.identifier([column])),
      sql.fragment`, `
    )
    const part = (what: string) => sql.identifier([`${what}_${at}`])
    const change = changed === undefined ? undefined : sql.identifier([changed])
    return [
      sql.fragment`${part("added")} as (insert into ${table} (${columns}) select ${columns} from ${table} where false)`,
      ...(change === undefined
        ? []
        : [sql.fragment`${part("changed")} as (update ${table} set ${change} = ${change} where false)`]),
      sql.fragment`${part("removed")} as (delete from ${table} where false)`
    ]
  })
  if (parts.length === 0) await pool.query(sql.unsafe`select 1`)
  else await pool.query(sql.unsafe`with ${sql.join(parts, sql.fragment`, `)} select 1 where false`)
}

/** Numbers for new rows come from sequences, which have rights of their own. Rejects with RightsMissing. */
export const checkSequences = async (
  client: ClientBase,
  label: string,
  schema: string,
  tables: Tables
): Promise<void> => {
  const numbered = Object.entries(tables).flatMap(([table, { numbered }]) =>
    numbered === undefined ? [] : [{ table, column: numbered }]
  )
  const { rows } = await client.query<{ role: string; sequence: string }>(
    `select current_user as role, sequence
       from unnest($2::text[], $3::text[]) as wanted ("table", "column"),
         pg_catalog.format('%I.%I', $1::text, wanted."table") as place, pg_catalog.pg_attribute,
         pg_catalog.pg_get_serial_sequence(place, wanted."column") as sequence
      where attrelid = pg_catalog.to_regclass(place) and attname = wanted."column"
        and attidentity = '' and not pg_catalog.has_sequence_privilege(sequence, 'usage, update')`,
    [schema, numbered.map(({ table }) => table), numbered.map(({ column }) => column)]
  )
  const [missing] = rows
  if (missing === undefined) return
  throw new RightsMissing(
    label,
    missing.role,
    `permission denied for sequence ${missing.sequence}`,
    grantRights(schema, missing.role)
  )
}

/** What the owner of the tables would have to say. */
export const grantRights = (schema: string, role: string): string =>
  `Their owner can grant them: grant usage on schema "${schema}" to "${role}"; grant select, insert, update, delete on ` +
  `all tables in schema "${schema}" to "${role}"; grant usage on all sequences in schema "${schema}" to "${role}"`
