import pg from "pg"
import {
  createPool,
  type DatabasePool,
  type Interceptor,
  type QueryResultRow,
  SchemaValidationError,
  sql
} from "slonik"
import { limits } from "../../limits.ts"
import { demandChannelBinding } from "./connecting/channelBinding.ts"
import { type ConnectionRecipe, createDatabaseDriver } from "./connecting/databaseDriver.ts"
import type { DatabaseSsl } from "./connecting/databaseEncryption.ts"
import { beginSession, type SessionKind } from "./connecting/databaseSession.ts"
import { type DatabaseAddress, readDatabaseUrl } from "./connecting/databaseUrl.ts"
import {
  codeOf,
  DatabaseUnfit,
  DatabaseUnreachable,
  isSqlState,
  RightsMissing,
  reasonOf,
  runStatement,
  TablesMissing
} from "./databaseErrors.ts"
import { checkFitness, checkSequences, grantRights, probeTables } from "./databaseFitness.ts"
import { openEmbeddedDatabase } from "./embedded/embeddedDatabase.ts"
import { missingLaterColumns, missingTables } from "./migrations.ts"
import type { Tables } from "./tables.ts"

export interface DatabaseOptions {
  /** What must be there. Absent: nothing. */
  readonly tables?: Tables
  /** Folders of migrations beside `migrations/`. */
  readonly otherMigrations?: readonly string[]
  /** A PostgreSQL URL; without it the embedded database is used. */
  readonly url?: string | undefined
  /** The DATABASE_SSL setting; see readDatabaseUrl for what follows from it. */
  readonly ssl?: DatabaseSsl
  /** Where libpq's variables are, for what the URL does not say. Absent: in this process's environment. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined
  /** The embedded database's folder; made if it is not there. */
  readonly dataDirectory: string
  /** Bytes that must be free on the embedded database's disk for it to write; see openEmbeddedDatabase. */
  readonly spareBytes?: number | undefined
  /** The most connections to PostgreSQL at one time. The embedded database always has one. */
  readonly poolSize?: number | undefined
  /** Hears of connections that broke by themselves. The pool replaces them; this is for the log. */
  readonly onError?: ((error: Error) => void) | undefined
}

export interface Database {
  readonly pool: DatabasePool
  readonly kind: "postgres" | "embedded"
  /** Where it is, in words that are safe to print. */
  readonly describe: string
  /** Where its tables are. */
  readonly schema: string
  /** Columns that it lacks because it has not been migrated, and that can be done without: `rooms.departed`. */
  readonly lacking: readonly string[]
  /** Asks it for what the server needs of it, and changes nothing. Rejects with DatabaseFault. */
  probe(): Promise<void>
  /** Lets queries that run finish, then lets go of everything. May be called again. */
  close(): Promise<void>
}

/**
 * Opens the database. The embedded one is brought up to date by this; a PostgreSQL is never changed, its tables must
 * be there. Broken connections are replaced when next needed.
 *
 * Rejects with DatabaseSettingInvalid, DatabaseUnreachable, DatabaseUnfit, RightsMissing or TablesMissing (PostgreSQL),
 * with DataDirectoryInUse or DataDirectoryUnusable (embedded). None of them says a password.
 */
export const openDatabase = (options: DatabaseOptions): Promise<Database> =>
  options.url === undefined ? openEmbedded(options) : openPostgres(options.url, options)

const openPostgres = async (url: string, options: DatabaseOptions): Promise<Database> => {
  const address = readDatabaseUrl(url, options.ssl, options.environment, { alone: options.environment !== undefined })
  const { tables = {} } = options
  const found = await withPostgres(address, async (client, { session, ...way }) => {
    const { schema } = await checkFitness(client, address.label, session)
    const missing = await missingTables(client, schema, tables)
    if (missing.length > 0) throw new TablesMissing(address.label, schema, missing)
    await checkSequences(client, address.label, schema, tables)
    return { ...way, schema, lacking: await missingLaterColumns(client, schema, tables) }
  })

  const pool = await openPool({
    maxPoolSize: options.poolSize ?? limits.poolSize,
    idleTimeout: limits.spareConnectionMs,
    recipe: {
      config: () => ({ keepAlive: true, ...found.config, query_timeout: limits.answerTimeoutMs }),
      prepare: found.prepare,
      begin: (client) => beginSession(client, limits.statementTimeoutMs),
      statementTimeoutMs: limits.statementTimeoutMs,
      onError: options.onError ?? (() => {})
    }
  })
  const database: Database = {
    pool,
    kind: "postgres",
    describe: `PostgreSQL at ${address.label}`,
    schema: found.schema,
    lacking: found.lacking,
    probe: () => runStatement("probe", () => probeTables(pool, found.schema, tables)),
    close: once(() => pool.end())
  }
  try {
    await probeTables(pool, found.schema, tables)
  } catch (error) {
    await database.close()
    throw await withPostgres(address, (client) => named(error, address, client))
  }
  return database
}

const openEmbedded = async (options: DatabaseOptions): Promise<Database> => {
  const embedded = await openEmbeddedDatabase(options.dataDirectory, {
    spareBytes: options.spareBytes,
    otherMigrations: options.otherMigrations
  })
  const pool = await openPool({
    maxPoolSize: 1,
    idleTimeout: "DISABLE_TIMEOUT",
    recipe: {
      config: embedded.config,
      begin: async (client) => {
        // All connections are one session, which still holds the prepared statements of the connection before.
        await client.query("deallocate all")
        return "own"
      },
      statementTimeoutMs: 0,
      beforeWrite: embedded.checkSpace,
      onError: options.onError ?? (() => {})
    }
  })
  return {
    pool,
    kind: "embedded",
    describe: `embedded PostgreSQL in ${options.dataDirectory}`,
    schema: "public",
    lacking: [],
    probe: async () => {
      await runStatement("probe", () => pool.query(sql.unsafe`select 1`))
    },
    close: once(async () => {
      await pool.end()
      await embedded.close()
    })
  }
}

/** What has led to a PostgreSQL. */
export interface DatabaseWay {
  readonly config: pg.ClientConfig
  /** Called with every client before it connects. */
  readonly prepare: (client: pg.Client) => void
  readonly session: SessionKind
}

/**
 * Does one thing with a PostgreSQL on a connection of its own, without a limit on how long it may run. Rejects with
 * DatabaseUnreachable when it cannot be reached, with RightsMissing or DatabaseUnfit when it refuses what is asked, and
 * with whatever else `use` rejects with.
 */
export const withPostgres = async <A>(
  address: DatabaseAddress,
  use: (client: pg.Client, way: DatabaseWay) => Promise<A>
): Promise<A> => {
  const { client, config, prepare } = await connect(address)
  try {
    return await use(client, { config, prepare, session: await beginSession(client, 0) })
  } catch (error) {
    throw await named(error, address, client)
  } finally {
    await client.end()
  }
}

const connect = async (address: DatabaseAddress) => {
  const prepare = address.demandsChannelBinding ? demandChannelBinding : () => {}
  const [first, ...others] = address.configs.map((config) => ({
    fallback_application_name: "silktower",
    connectionTimeoutMillis: limits.connectTimeoutMs,
    ...config
  })) as [pg.ClientConfig, ...pg.ClientConfig[]]
  const attempt = async (config: pg.ClientConfig): Promise<pg.Client> => {
    const client = new pg.Client(config)
    // A connection that breaks also fails the query on it, and that is the one place where it is told.
    client.on("error", () => {})
    prepare(client)
    try {
      await client.connect()
      return client
    } catch (error) {
      await client.end().catch(() => {})
      throw error
    }
  }
  let config = first
  let client = attempt(first)
  for (const next of others) {
    client = client.catch((error) => {
      if (!isAboutEncryption(error)) throw error
      config = next
      return attempt(next)
    })
  }
  const connected = await client.catch((error) => {
    throw new DatabaseUnreachable(address.label, refusal(error))
  })
  return { client: connected, config, prepare }
}

const openPool = (settings: {
  readonly maxPoolSize: number
  readonly idleTimeout: number | "DISABLE_TIMEOUT"
  readonly recipe: ConnectionRecipe
}): Promise<DatabasePool> =>
  createPool("postgres://", {
    driverFactory: createDatabaseDriver(settings.recipe),
    maxPoolSize: settings.maxPoolSize,
    idleTimeout: settings.idleTimeout,
    maximumConnectionAge: settings.idleTimeout === "DISABLE_TIMEOUT" ? "DISABLE_TIMEOUT" : limits.connectionAgeMs,
    // Whoever waits is told at once; the next request tries again anyway.
    connectionRetryLimit: 0,
    gracefulTerminationTimeout: limits.goodbyeTimeoutMs,
    interceptors: [rowValidation],
    // The default, DISCARD ALL after every query, halves the throughput; no statement of ours leaves anything behind.
    resetConnection: async () => {}
  })

/** The error of a connection by a name that says what to do; what has a name of ours keeps it. */
const named = async (error: unknown, address: DatabaseAddress, client: pg.Client): Promise<unknown> => {
  const code = codeOf(error)
  const reason = reasonOf(error)
  if (code === "42501") {
    const { rows } = await client.query<{ schema: string; role: string }>(
      "select coalesce(current_schema(), '') as schema, current_user as role"
    )
    const [{ schema, role }] = rows as [{ schema: string; role: string }]
    return new RightsMissing(address.label, role, reason, grantRights(schema, role))
  }
  if (isSqlState(code)) return new DatabaseUnfit(address.label, `${reason} (${code})`)
  return error
}

/** Checks every row against the schema its statement was given: sql.type(schema), sql.prepared(name, schema). */
const rowValidation: Interceptor = {
  name: "row-validation",
  transformRow: ({ resultParser }, query, row) => {
    if (resultParser === undefined) return row
    const result = resultParser["~standard"].validate(row)
    if (result instanceof Promise) throw new TypeError("The schema of a row must be synchronous")
    if (result.issues !== undefined) throw new SchemaValidationError(query, row, result.issues as never)
    return result.value as QueryResultRow
  }
}

/** Said by pg, always in English. */
const lacksEncryption = (error: unknown): boolean => reasonOf(error).includes("does not support SSL")

/** PostgreSQL's list of who may come from where and how has no line for this; its words are in the server's language. */
const isTurnedAway = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && error.code === "28000" && error.routine === "ClientAuthentication"

const isAboutEncryption = (error: unknown): boolean => lacksEncryption(error) || isTurnedAway(error)

const refusal = (error: unknown): string => {
  const code = codeOf(error)
  const reason = reasonOf(error)
  const words = code === undefined || reason.includes(code) ? reason : `${reason} (${code})`
  if (reason.includes("startup parameter")) {
    return `${words}; a pooler takes no such parameter: leave it out of the URL, or give the address of PostgreSQL itself`
  }
  if (lacksEncryption(error)) return `${words}; DATABASE_SSL=off connects without encryption`
  if (isTurnedAway(error)) return `${words}. Where it wants encryption, DATABASE_SSL=require encrypts`
  return words
}

const once = (close: () => Promise<void>): (() => Promise<void>) => {
  let closing: Promise<void> | undefined
  return () => (closing ??= close())
}
