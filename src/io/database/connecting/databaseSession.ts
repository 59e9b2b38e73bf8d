import { once } from "node:events"
import pg from "pg"
import { limits } from "../../../limits.ts"
import { codeOf } from "../databaseErrors.ts"

/**
 * What a connection leads to. `own`: a session of PostgreSQL for as long as it lasts, which may be told what it is to do.
 * `shared`: a pooler, where the next transaction may run in another session and what a session has been told reaches
 * whoever gets it next. There nothing is said that outlives a transaction: no SET, no named statement.
 */
export type SessionKind = "own" | "shared"

/**
 * What role, database or server may have set otherwise and no statement can say for itself. How times, intervals,
 * numbers and names are written is not here: the statements depend on none of that.
 */
const settings: Readonly<Record<string, string>> = {
  default_transaction_isolation: "read committed",
  default_transaction_read_only: "off",
  idle_in_transaction_session_timeout: "0",
  idle_session_timeout: "0",
  lock_timeout: "0",
  transaction_timeout: "0"
}

/**
 * Finds out what a new connection leads to, and makes a session of its own independent of what has been set elsewhere.
 * `statementTimeoutMs`: how long a statement may run there; 0: no limit. Rejects with the database's own error.
 */
export const beginSession = async (client: pg.Client, statementTimeoutMs: number): Promise<SessionKind> => {
  if ((await backendOf(client)) !== identityOf(client).processID) return "shared"
  await patiently(() => client.query(`set statement_timeout = ${statementTimeoutMs}`))
  // By way of pg_settings, as older servers do not know all of them.
  await client.query(
    `select set_config(name, wanted.value, false)
       from pg_catalog.pg_settings join unnest($1::text[], $2::text[]) as wanted (name, value) using (name)`,
    [Object.keys(settings), Object.values(settings)]
  )
  return "own"
}

/** A pooler tells its clients a number of its own instead of the one that PostgreSQL's process has. */
const backendOf = async (client: pg.Client): Promise<number> => {
  const { rows } = await patiently(() => client.query<{ id: number }>("select pg_catalog.pg_backend_pid() as id"))
  return rows[0]?.id ?? 0
}

const queryCanceled = "57014"

/** A limit that the database has set may be shorter than anything takes, until it has been lifted. */
const patiently = async <A>(ask: () => Promise<A>, attempt = 1): Promise<A> => {
  try {
    return await ask()
  } catch (error) {
    if (codeOf(error) !== queryCanceled || attempt >= limits.sessionAttempts) throw error
    return patiently(ask, attempt + 1)
  }
}

/** What PostgreSQL, or a pooler, has told the client to name when it wants a statement cancelled. */
const identityOf = (client: pg.Client) =>
  client as unknown as { readonly processID: number | null; readonly secretKey: number | null }

/**
 * Asks for the end of the statement that runs on this connection, on another one, as the protocol wants it
 * (https://www.postgresql.org/docs/current/protocol-flow.html, "Canceling Requests in Progress"). The statement then
 * fails with 57014. Nobody answers such a question: never rejects, and may come too late.
 */
export const cancelStatement = async (client: pg.Client, config: pg.ClientConfig): Promise<void> => {
  const { processID, secretKey } = identityOf(client)
  const { ssl = false, sslnegotiation: sslNegotiation } = config
  const asksForTls = ssl !== false && sslNegotiation !== "direct"
  const messenger = new pg.Connection({ ssl, sslNegotiation } as pg.ConnectionConfig) as pg.Connection & {
    connect(portOrSocket: number | string, host?: string): void
    requestSsl(): void
    cancel(processID: number | null, secretKey: number | null): void
  }
  const giveUp = setTimeout(() => messenger.stream.destroy(), limits.cancelTimeoutMs)
  messenger.on("error", () => messenger.stream.destroy())
  const cancel = () => messenger.cancel(processID, secretKey)
  if (asksForTls) messenger.once("connect", () => messenger.requestSsl())
  messenger.once(ssl === false ? "connect" : "sslconnect", cancel)
  const ended = once(messenger, "end")
  if (client.host.startsWith("/")) messenger.connect(`${client.host}/.s.PGSQL.${client.port}`)
  else messenger.connect(client.port, client.host)
  await ended.catch(() => {})
  clearTimeout(giveUp)
}
