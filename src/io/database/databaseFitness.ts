/** Whether a PostgreSQL that lets the server in can be worked with, found out before anybody waits for an answer. */
import type { ClientBase } from "pg"
import { type DatabasePool, sql } from "slonik"
import { limits } from "../../limits.ts"
import { DatabaseUnfit, RightsMissing } from "./databaseErrors.ts"
import type { SessionKind } from "./databaseSession.ts"

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
export const probeTables = async (pool: DatabasePool, schema: string): Promise<void> => {
  const rooms = sql.identifier([schema, "rooms"])
  const files = sql.identifier([schema, "uploaded_files"])
  await pool.query(sql.unsafe`
    with
      room_added as (insert into ${rooms} (room_code, host_participant_id, host_name, expires_at)
        select room_code, host_participant_id, host_name, expires_at from ${rooms} where false),
      room_changed as (update ${rooms} set updated_at = updated_at where false),
      room_removed as (delete from ${rooms} where false),
      file_added as (insert into ${files} (file_key, file_url, file_name)
        select file_key, file_url, file_name from ${files} where false),
      file_removed as (delete from ${files} where false)
    select 1 where false`)
}

/** Numbers for new rows of uploaded_files come from a sequence, which has rights of its own. Rejects with RightsMissing. */
export const checkSequence = async (client: ClientBase, label: string, schema: string): Promise<void> => {
  const { rows } = await client.query<{ role: string; sequence: string }>(
    `select current_user as role, sequence
       from pg_catalog.pg_attribute,
         pg_catalog.pg_get_serial_sequence(pg_catalog.format('%I.uploaded_files', $1::text), 'id') as sequence
      where attrelid = pg_catalog.to_regclass(pg_catalog.format('%I.uploaded_files', $1::text)) and attname = 'id'
        and attidentity = '' and not pg_catalog.has_sequence_privilege(sequence, 'usage, update')`,
    [schema]
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
