/** Whether the engine can work with a PostgreSQL, and how its own connections to it are made. */
import type { ClientBase } from "pg"
import pg from "pg"
import { limits } from "../../../limits.ts"
import { beginSession, type SessionKind } from "../../database/connecting/databaseSession.ts"
import type { DatabaseAddress } from "../../database/connecting/databaseUrl.ts"
import { withPostgres } from "../../database/database.ts"
import { DatabaseUnfit, TablesMissing } from "../../database/databaseErrors.ts"
import { checkFitness, checkSequences } from "../../database/databaseFitness.ts"
import { missingTables } from "../../database/migrations.ts"
import { clusterLimits } from "../limits.ts"
import { ClusterClockDiffers } from "./engineErrors.ts"
import { engineTables } from "./engineTables.ts"

export interface EngineDatabase {
  /** Opens a connection of the engine's own; rejects with the database's own error. */
  open(): Promise<pg.Client>
  /** Where its tables are. */
  readonly schema: string
  /** `shared`: behind a pooler, where a lock of a session would be anybody's; the engine then locks by rows. */
  readonly session: SessionKind
}

/**
 * Asks whether everything is there, and changes nothing. Rejects with DatabaseUnreachable, DatabaseUnfit (also for what is
 * no PostgreSQL, or one before 14), TablesMissing,
 * RightsMissing or ClusterClockDiffers.
 */
export const prepareDatabase = (address: DatabaseAddress): Promise<EngineDatabase> =>
  withPostgres(address, async (client, { config, prepare, session }) => {
    await checkProduct(client, address.label)
    await checkClock(client, address.label)
    const { schema } = await checkFitness(client, address.label, session)
    const missing = await missingTables(client, schema, engineTables)
    if (missing.length > 0) throw new TablesMissing(address.label, schema, missing)
    await checkSequences(client, address.label, schema, engineTables)
    await checkRights(client, schema)
    const open = async (): Promise<pg.Client> => {
      const client = new pg.Client({ ...config, keepAlive: true })
      // A connection that breaks also fails the query on it, and that is the one place where it is told.
      client.on("error", () => {})
      prepare(client)
      try {
        await client.connect()
        const kind = await beginSession(client, limits.statementTimeoutMs)
        // The library's columns have no time zone: sessions that differ in theirs would take each other for dead.
        if (kind === "own") await client.query("set time zone 'UTC'")
        return client
      } catch (error) {
        await client.end().catch(() => {})
        throw error
      }
    }
    return { open, schema, session }
  })

/** Others speak the same protocol, without what the engine needs: locks of sessions that end when they stand idle. */
const checkProduct = async (client: ClientBase, label: string): Promise<void> => {
  const { rows } = await client.query<{ version: string }>("select version() as version")
  const version = rows[0]?.version ?? ""
  const [, major] = /^PostgreSQL (\d+)/.exec(version) ?? []
  const means = "A cluster needs PostgreSQL 14 or later; without CLUSTER_ADDRESS this server runs alone"
  if (major === undefined)
    throw new DatabaseUnfit(label, `it is no PostgreSQL but ${version.split(" ", 1)[0]}. ${means}`)
  if (Number(major) < 14) throw new DatabaseUnfit(label, `it is PostgreSQL ${major}. ${means}`)
}

/** What ends at a time is written down by one node, and ended by another. */
const checkClock = async (client: ClientBase, label: string): Promise<void> => {
  const before = Date.now()
  const { rows } = await client.query<{ now: number }>(
    "select extract(epoch from clock_timestamp())::float8 * 1000 as now"
  )
  const after = Date.now()
  const there = rows[0]?.now ?? before
  // However long the answer was under way.
  const aheadMs = Math.max(before - there, 0) + Math.min(after - there, 0)
  if (Math.abs(aheadMs) > clusterLimits.clockMs) throw new ClusterClockDiffers(label, aheadMs)
}

/** PostgreSQL looks at rights before it finds that there is nothing to do. */
const checkRights = async (client: ClientBase, schema: string): Promise<void> => {
  for (const [name, { given, changed }] of Object.entries(engineTables)) {
    const table = `${client.escapeIdentifier(schema)}.${client.escapeIdentifier(name)}`
    const columns = given.join(", ")
    await client.query(`insert into ${table} (${columns}) select ${columns} from ${table} where false`)
    await client.query(`update ${table} set ${changed} = ${changed} where false`)
    await client.query(`delete from ${table} where false`)
  }
}
