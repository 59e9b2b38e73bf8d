/** Databases for one run, gone after it. */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import pg from "pg"
import { migrate } from "../src/io/database/migrations.ts"
import type { DatabaseKind } from "./setting.ts"

export interface BenchDatabase {
  readonly kind: DatabaseKind
  /** What a server on it is started with. */
  readonly environment: Readonly<Record<string, string>>
  /** Where that server may have its files. */
  readonly directory: string
  /** Rows of `rooms` that were updated; only after every server on it has gone, as PostgreSQL counts late. */
  updates(): Promise<number | undefined>
  remove(): Promise<void>
}

const adminUrl = process.env["TEST_DATABASE_URL"] ?? "postgres://postgres@127.0.0.1:5432/postgres"

const withClient = async <A>(url: string, use: (client: pg.Client) => Promise<A>): Promise<A> => {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 3_000 })
  try {
    await client.connect()
    return await use(client)
  } finally {
    await client.end()
  }
}

/** Whether a PostgreSQL answers where TEST_DATABASE_URL says, or on this machine. */
export const hasPostgres = (): Promise<boolean> =>
  withClient(adminUrl, (client) => client.query("select 1")).then(
    () => true,
    () => false
  )

export const createDatabase = async (kind: DatabaseKind, number: number): Promise<BenchDatabase> => {
  const directory = await mkdtemp(join(tmpdir(), "silktower-bench-"))
  const removeDirectory = () => rm(directory, { recursive: true, force: true })
  if (kind === "embedded") {
    const environment = { DATA_DIR: join(directory, "data") }
    return { kind, environment, directory, updates: async () => undefined, remove: removeDirectory }
  }

  const name = `silktower_bench_${process.pid}_${number}`
  await withClient(adminUrl, (client) => client.query(`create database ${name}`))
  const url = new URL(adminUrl)
  url.pathname = `/${name}`
  await withClient(url.href, migrate)
  return {
    kind,
    environment: { DATABASE_URL: url.href, NODE_ENV: "production" },
    directory,
    updates: () =>
      withClient(url.href, async (client) => {
        const stillThere = "select 1 from pg_stat_activity where datname = $1 and pid <> pg_backend_pid()"
        while ((await client.query(stillThere, [name])).rowCount !== 0) await client.query("select pg_sleep(0.05)")
        const { rows } = await client.query("select n_tup_upd from pg_stat_user_tables where relname = 'rooms'")
        return Number(rows[0].n_tup_upd)
      }),
    remove: async () => {
      await withClient(adminUrl, (client) => client.query(`drop database ${name} with (force)`))
      await removeDirectory()
    }
  }
}
