import { randomBytes } from "node:crypto"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import pg from "pg"
import { sql } from "slonik"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type Database, type DatabaseOptions, openDatabase } from "../../src/io/database/database.ts"
import { migrate } from "../../src/io/database/migrations.ts"
import { seedEmbeddedDatabase } from "./embeddedTemplate.ts"
import { tables } from "./tables.ts"
import { useThroughout } from "./useThroughout.ts"

/** Where fresh databases are made; its user must be allowed to make them. */
export const TEST_DATABASE_URL = process.env["TEST_DATABASE_URL"] ?? "postgres://postgres@127.0.0.1:5432/postgres"

const databaseKinds = ["embedded", "postgres"] as const
type DatabaseKind = (typeof databaseKinds)[number]

/** A database of one describe block's own, migrated and empty at first, gone at its end. */
interface TestDatabase {
  readonly kind: DatabaseKind
  /** The database, opened once for the whole block: an embedded one takes some 3 s to make. Do not close it. */
  opened(): Database
  /** What openDatabase was given. */
  options(): DatabaseOptions
  /** What a server is told that shall open this database itself; `opened()` is closed from then on. */
  given(): Promise<Readonly<Record<string, string>>>
  /** Removes all rows. */
  empty(): Promise<void>
}

/**
 * Runs one behaviour suite against the embedded database and against a real PostgreSQL. What is played again with a slow
 * registry, or by several servers that are one, is so on the latter only, where there is one: what actors tell each other knows nothing of the database.
 */
export const describeOnEachDatabase = (name: string, suite: (database: TestDatabase) => void): void => {
  const { REGISTRY, CLUSTER_NODES } = process.env
  const isPlayedAgain = (REGISTRY ?? CLUSTER_NODES) !== undefined && unreachable === undefined
  for (const kind of isPlayedAgain ? (["postgres"] as const) : databaseKinds) {
    const run = (): void => {
      let place: { readonly options: DatabaseOptions; remove(): Promise<void> } | undefined
      let database: Database | undefined
      beforeAll(async () => {
        place = kind === "embedded" ? await temporaryDirectory() : await postgresPlace()
        seedEmbeddedDatabase(kind === "embedded" ? { DATA_DIR: place.options.dataDirectory } : {})
        database = await openDatabase({ tables, ...place.options })
      })
      afterAll(async () => {
        await database?.close()
        await place?.remove()
      })
      suite({
        kind,
        opened: () => made(database),
        options: () => made(place).options,
        given: async (): Promise<Readonly<Record<string, string>>> => {
          const { url, dataDirectory } = made(place).options
          if (url !== undefined) return { DATABASE_URL: url }
          // An embedded one belongs to one process at a time.
          await made(database).close()
          return { DATA_DIR: dataDirectory }
        },
        empty: async () => {
          await made(database).pool.query(sql.unsafe`truncate rooms, uploaded_files restart identity`)
        }
      })
    }
    if (kind === "embedded") describe(`${name} (embedded)`, run)
    else describeOnPostgres(`${name} (PostgreSQL)`, run)
  }
}

/**
 * A suite that needs a real PostgreSQL. Without one it is skipped, with a line that says so; where one is promised
 * (CI or TEST_DATABASE_URL set) it fails instead.
 */
export const describeOnPostgres = (name: string, suite: () => void): void => {
  if (unreachable === undefined) return void describe(name, suite)
  if (process.env["CI"] || process.env["TEST_DATABASE_URL"]) {
    describe(name, () => {
      it("finds the PostgreSQL of TEST_DATABASE_URL", () => expect.fail(unreachable))
    })
    return
  }
  console.warn(`SKIPPED ${name}: ${unreachable}. Set TEST_DATABASE_URL to run it.`)
  describe.skip(name, suite)
}

/** A folder for an embedded database, not opened yet. */
export const temporaryDirectory = async (): Promise<{ options: DatabaseOptions; remove(): Promise<void> }> => {
  const dataDirectory = await mkdtemp(join(tmpdir(), "silktower-test-"))
  return { options: { dataDirectory }, remove: () => rm(dataDirectory, { recursive: true, force: true }) }
}

const newName = (): string => `silktower_test_${randomBytes(6).toString("hex")}`
const urlOf = (name: string): string => {
  const url = new URL(TEST_DATABASE_URL)
  url.pathname = `/${name}`
  return url.href
}

/** A PostgreSQL database with nothing in it, made with `clauses`. `remove` also cuts whoever is still connected. */
export const createPostgresDatabase = async (
  clauses = "",
  name = newName()
): Promise<{ url: string; remove(): Promise<void> }> => {
  await withClient(TEST_DATABASE_URL, (client) => client.query(`create database ${name} ${clauses}`))
  return {
    url: urlOf(name),
    remove: async () => {
      await withClient(TEST_DATABASE_URL, (client) => client.query(`drop database ${name} with (force)`))
    }
  }
}

/**
 * A fresh database for several servers that are one, where tests are played by such (see startServer) and there is a
 * PostgreSQL; undefined elsewhere. Without one they are played by one server, unless one is promised.
 */
export const databaseOfSeveral = async (): Promise<{ url: string; remove(): Promise<void> } | undefined> => {
  if (process.env["CLUSTER_NODES"] === undefined) return undefined
  if (unreachable !== undefined && !process.env["CI"] && !process.env["TEST_DATABASE_URL"]) return undefined
  const database = await createPostgresDatabase()
  await withClient(database.url, migrate)
  return database
}

/** The URL of a PostgreSQL database, migrated and empty at first, that is there while the suite's tests run. */
export const useDatabase = (): string => {
  const name = newName()
  useThroughout(
    async () => {
      const database = await createPostgresDatabase("", name)
      await withClient(database.url, migrate)
      return database
    },
    (database) => database.remove()
  )
  return urlOf(name)
}

/** Runs something on a connection of its own. */
export const withClient = async <A>(url: string, use: (client: pg.Client) => Promise<A>): Promise<A> => {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 })
  try {
    await client.connect()
    return await use(client)
  } finally {
    await client.end()
  }
}

const postgresPlace = async () => {
  const { url, remove } = await createPostgresDatabase()
  await withClient(url, migrate)
  return { options: { url, dataDirectory: "" }, remove }
}

const made = <A>(value: A | undefined): A => {
  if (value === undefined) throw new Error("The test database is there only while tests and hooks run")
  return value
}

const unreachable: string | undefined = await withClient(TEST_DATABASE_URL, (client) => client.query("select 1")).then(
  () => undefined,
  (error: Error & { code?: string }) =>
    `no PostgreSQL at ${new URL(TEST_DATABASE_URL).host} (${error.message || error.code})`
)
