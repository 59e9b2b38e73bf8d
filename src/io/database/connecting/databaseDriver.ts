import pg from "pg"
import { createDriverFactory, type DriverFactory } from "slonik"
import { cancelStatement, type SessionKind } from "./databaseSession.ts"
import "./slonikLogger.ts"

/** How the pool's connections are made. */
export interface ConnectionRecipe {
  /** Asked anew for every connection. */
  readonly config: () => pg.ClientConfig
  /** Called with every client before it connects. */
  readonly prepare?: ((client: pg.Client) => void) | undefined
  /** Called with every new connection before anything else. */
  readonly begin: (client: pg.Client) => Promise<SessionKind>
  /** Milliseconds that a statement may run in a session that is shared, and so cannot be told a limit; 0: no limit. */
  readonly statementTimeoutMs: number
  /** Called before each statement that is no `select`; what it throws the statement fails with. */
  readonly beforeWrite?: (() => void) | undefined
  /** Hears once of every connection that broke, also while it was idle. */
  readonly onError: (error: Error) => void
}

/**
 * slonik on `pg`, for PostgreSQL and for the embedded database alike, so that both behave the same. slonik's own
 * driver does not reach the embedded one, and knows neither a client-side timeout nor `sslmode=verify-full`.
 *
 * `bigint` comes back as a number, exactly (a value beyond 2^53-1 fails the query). How a `timestamptz` is written is
 * up to the database, so asking for one fails the query: ask for milliseconds (epochOf in sqlTime.ts).
 */
export const createDatabaseDriver = (recipe: ConnectionRecipe): DriverFactory =>
  createDriverFactory(async () => ({
    createPoolClient: async ({ clientEventEmitter }) => {
      const client = new pg.Client({ ...recipe.config(), types: { getTypeParser } })
      let session: SessionKind = "own"
      let broken = false
      client.on("error", (error) => {
        if (!broken) recipe.onError(error)
        broken = true
        // slonik stops listening once it has let go of a connection, and an unheard "error" would end the process.
        if (clientEventEmitter.listenerCount("error") > 0) clientEventEmitter.emit("error", error)
      })
      return {
        connect: async () => {
          recipe.prepare?.(client)
          await client.connect()
          session = await recipe.begin(client)
        },
        end: () => client.end(),
        query: async (text, values, options) => {
          if (!isRead.test(text)) recipe.beforeWrite?.()
          // In a shared session, a statement's name would be somebody else's, or gone when next needed.
          const name = session === "own" && options?.name !== undefined ? { name: options.name } : {}
          const limit =
            session === "own" || recipe.statementTimeoutMs === 0
              ? undefined
              : setTimeout(() => void cancelStatement(client, recipe.config()), recipe.statementTimeoutMs)
          const result = await client.query({ ...name, text, values: values ?? [] }).finally(() => clearTimeout(limit))
          return {
            command: result.command as "SELECT",
            fields: result.fields.map((field) => ({ dataTypeId: field.dataTypeID, name: field.name })),
            rowCount: result.rowCount,
            rows: result.rows
          }
        },
        stream: () => {
          throw new Error("This driver has no streams: ask for rows in pages")
        }
      }
    }
  }))

const isRead = /^\s*select\b/i

const exactNumber = (text: string): number => {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new RangeError("a bigint is beyond 2^53-1 and cannot be read exactly")
  return value
}

const refuseTime = (): never => {
  throw new RangeError("a timestamptz is written as the database likes: ask for its milliseconds")
}

const parsers: ReadonlyMap<number, (text: string) => unknown> = new Map<number, (text: string) => unknown>([
  [pg.types.builtins.INT8, exactNumber],
  [pg.types.builtins.TIMESTAMPTZ, refuseTime]
])

const getTypeParser: typeof pg.types.getTypeParser = (oid: number, format?: "text" | "binary") =>
  parsers.get(oid) ?? pg.types.getTypeParser(oid, format as "text")
