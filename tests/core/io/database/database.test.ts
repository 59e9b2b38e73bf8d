import { once } from "node:events"
import { existsSync, mkdirSync, readdirSync, statfsSync, writeFileSync } from "node:fs"
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Schema } from "effect"
import { SchemaValidationError, sql } from "slonik"
import { afterEach, describe, expect, it } from "vitest"
import { type Database, type DatabaseOptions, openDatabase } from "../../../../src/io/database/database.ts"
import { codeOf } from "../../../../src/io/database/databaseErrors.ts"
import { migrate } from "../../../../src/io/database/migrations.ts"
import { epochOf, momentOf } from "../../../../src/io/database/sqlTime.ts"
import {
  createPostgresDatabase,
  describeOnEachDatabase,
  describeOnPostgres,
  TEST_DATABASE_URL,
  temporaryDirectory,
  withClient
} from "../../../support/databases.ts"
import { seedEmbeddedDatabase } from "../../../support/embeddedTemplate.ts"
import { printedLine, runScript, startScript } from "../../../support/scripts.ts"
import { tables } from "../../../support/tables.ts"

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

const open = async (options: DatabaseOptions): Promise<Database> => {
  const database = await openDatabase({ tables, ...options })
  cleanups.push(() => database.close())
  return database
}
const folder = async (): Promise<string> => {
  const place = await temporaryDirectory()
  cleanups.push(place.remove)
  return place.options.dataDirectory
}
/** A folder with a database that has been made, for tests of what comes afterwards: making one takes seconds. */
const madeFolder = async (): Promise<string> => {
  const dataDirectory = await folder()
  seedEmbeddedDatabase({ DATA_DIR: dataDirectory })
  return dataDirectory
}
const start = (parameters: readonly string[]) => {
  const child = startScript("tests/support/embeddedWriter.ts", parameters)
  const closed = once(child, "close")
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL")
    await closed
  }
  cleanups.push(kill)
  return { child, kill }
}

const count = sql.type(Schema.toStandardSchemaV1(Schema.Struct({ count: Schema.Int })))
const roomCount = (database: Database): Promise<number> =>
  database.pool.one(count`select count(*) from rooms`).then((row) => row.count)

describeOnEachDatabase("a database", (database) => {
  it("gives bigint as an exact number, and times as milliseconds", async () => {
    const row = Schema.toStandardSchemaV1(Schema.Struct({ big: Schema.Int, at: Schema.Int }))
    const at = Date.parse("2026-01-02T01:04:05.678Z")
    expect(
      await database
        .opened()
        .pool.one(sql.type(row)`select 9007199254740991::bigint as big, ${epochOf(momentOf(at))} as at`)
    ).toEqual({ big: 9_007_199_254_740_991, at })
  })

  it("does not guess how a time is written", async () => {
    const { pool } = database.opened()
    await expect(pool.query(sql.unsafe`select now()`)).rejects.toThrow("milliseconds")
    expect(await roomCount(database.opened())).toBe(0)
  })

  it("fails rather than round a bigint that no number can hold", async () => {
    await expect(database.opened().pool.one(count`select 9007199254740993::bigint as count`)).rejects.toThrow("2^53-1")
    expect(await roomCount(database.opened())).toBe(0)
  })

  it("refuses rows that are not what the statement's schema says", async () => {
    await expect(database.opened().pool.one(count`select 'three' as count`)).rejects.toBeInstanceOf(
      SchemaValidationError
    )
  })

  it("goes on with prepared statements after one has failed", async () => {
    const quotient = (divisor: number) =>
      sql.prepared("quotient", Schema.toStandardSchemaV1(Schema.Struct({ count: Schema.Int })))`
        select 6 / ${divisor}::integer as count`
    const { pool } = database.opened()
    expect(await pool.one(quotient(2))).toEqual({ count: 3 })
    await expect(pool.one(quotient(0))).rejects.toMatchObject({ code: "22012" })
    expect(await pool.one(quotient(3))).toEqual({ count: 2 })
  })

  it("undoes a transaction that fails and keeps one that does not", async () => {
    const insert = (code: string) => sql.unsafe`
      insert into rooms (room_code, host_participant_id, host_name, expires_at) values (${code}, 'h', 'n', now())`
    const { pool } = database.opened()
    await expect(
      pool.transaction(async (transaction) => {
        await transaction.query(insert("AAAAAA"))
        throw new Error("changed my mind")
      })
    ).rejects.toThrow("changed my mind")
    expect(await roomCount(database.opened())).toBe(0)
    await pool.transaction((transaction) => transaction.query(insert("BBBBBB")))
    expect(await roomCount(database.opened())).toBe(1)
    await database.empty()
  })

  it("may be closed twice, and then says that it is closed", async () => {
    const place = database.kind === "embedded" ? { dataDirectory: await madeFolder() } : database.options()
    const second = await open(place)
    expect(second.kind).toBe(database.kind)
    await Promise.all([second.close(), second.close()])
    await expect(roomCount(second)).rejects.toThrow("shut down")
  })
})

describe("the embedded database", () => {
  it("is one folder, says where it is, and finds its rows again", async () => {
    const dataDirectory = await folder()
    const first = await open({ dataDirectory })
    expect(first).toMatchObject({ kind: "embedded", describe: `embedded PostgreSQL in ${dataDirectory}` })
    await first.pool.query(sql.unsafe`
      insert into rooms (room_code, host_participant_id, host_name, expires_at) values ('ABC234', 'h', 'n', now())`)
    await first.close()
    expect((await readdir(dataDirectory)).toSorted()).toEqual(["lock", "postgres"])
    expect(await roomCount(await open({ dataDirectory }))).toBe(1)
  })

  it("reads but does not write while its disk is nearly full, and writes again when there is room", async () => {
    // Where nobody else writes, if there is such a place.
    const disk = await mkdtemp(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "silktower-"))
    cleanups.push(() => rm(disk, { recursive: true, force: true }))
    const dataDirectory = join(disk, "data")
    seedEmbeddedDatabase({ DATA_DIR: dataDirectory })
    const free = () => {
      const { bavail, bsize } = statfsSync(disk)
      return bavail * bsize
    }
    const database = await open({ dataDirectory, spareBytes: free() - 64 * 2 ** 20 })
    const insert = (code: string) =>
      database.pool.query(sql.unsafe`
        insert into rooms (room_code, host_participant_id, host_name, expires_at) values (${code}, 'h', 'n', now())`)
    await insert("ABC234")

    const filling = join(disk, "filling")
    await writeFile(filling, Buffer.alloc(128 * 2 ** 20))
    await expect.poll(() => insert("ABC235").then(() => "written", codeOf)).toBe("ENOSPC")
    await expect(insert("ABC236")).rejects.toThrow(/MiB left on its disk/)
    expect(await roomCount(database)).toBe(1)

    await rm(filling)
    await expect.poll(() => insert("ABC237").then(() => "written", codeOf)).toBe("written")
  })

  it("does not open on a disk that is nearly full", async () => {
    const dataDirectory = await folder()
    await expect(openDatabase({ tables, dataDirectory, spareBytes: Number.MAX_SAFE_INTEGER })).rejects.toMatchObject({
      name: "DataDirectoryUnusable",
      message: expect.stringMatching(/MiB left on its disk/)
    })
    // Nothing stands in its way once there is room.
    await open({ dataDirectory })
  })

  it("lets one process in, tells the second how to share, and loses nothing when the first is killed", async () => {
    const dataDirectory = await madeFolder()
    const { child, kill } = start([dataDirectory, "200"])
    await printedLine(child, "written")

    await expect(openDatabase({ tables, dataDirectory })).rejects.toMatchObject({
      name: "DataDirectoryInUse",
      message: expect.stringMatching(new RegExp(`${dataDirectory}.*DATABASE_URL`))
    })
    const reset = await runScript("scripts/resetDatabase.ts", ["--yes"], { DATA_DIR: dataDirectory })
    expect(reset).toMatchObject({ exitCode: 1, stdout: "" })
    expect(reset.stderr).toContain("DataDirectoryInUse")

    await kill()
    expect(await roomCount(await open({ dataDirectory }))).toBe(200)
  })

  it("refuses to be opened twice in one process too", async () => {
    const dataDirectory = await madeFolder()
    const first = await open({ dataDirectory })
    await expect(openDatabase({ tables, dataDirectory })).rejects.toMatchObject({ name: "DataDirectoryInUse" })
    expect(await roomCount(first)).toBe(0)
  })

  it("starts anew at once after a first start that was killed half-way", async () => {
    const dataDirectory = await folder()
    const { child, kill } = start([dataDirectory])
    const ended = new Promise((resolve) => child.once("close", () => resolve("ended")))
    const unfinished = () => readdirSync(dataDirectory).filter((name) => name.startsWith("unfinished-"))
    const hasFiles = () => unfinished().some((name) => existsSync(join(dataDirectory, name, "PG_VERSION")))
    // Killed as soon as the first files of the database are there.
    while (!hasFiles()) {
      const turn = new Promise((resolve) => setImmediate(resolve))
      expect(await Promise.race([turn, ended])).not.toBe("ended")
    }
    await kill()
    expect(existsSync(join(dataDirectory, "postgres"))).toBe(false)
    const reopen = async () => {
      const database = await open({ dataDirectory })
      expect(await roomCount(database)).toBe(0)
      await database.close()
    }
    await reopen()
    // A maker that has not noticed yet may have gone on writing.
    await expect.poll(() => reopen().then(unfinished)).toEqual([])
  })

  it("never empties a folder that it cannot read as a database", async () => {
    const dataDirectory = await folder()
    mkdirSync(join(dataDirectory, "postgres"))
    writeFileSync(join(dataDirectory, "postgres", "PG_VERSION"), "9.6\n")
    await expect(openDatabase({ tables, dataDirectory })).rejects.toMatchObject({
      name: "DataDirectoryUnusable",
      message: expect.stringContaining("npm run db:reset")
    })
    expect(existsSync(join(dataDirectory, "postgres", "PG_VERSION"))).toBe(true)
    const reset = await runScript("scripts/resetDatabase.ts", ["--yes"], { DATA_DIR: dataDirectory })
    expect(reset).toMatchObject({ exitCode: 0, stdout: `The embedded database in ${dataDirectory} is empty now.\n` })
    expect(await roomCount(await open({ dataDirectory }))).toBe(0)
  })

  it("says so when its folder is a file", async () => {
    const file = join(await folder(), "data")
    await writeFile(file, "")
    await expect(openDatabase({ tables, dataDirectory: file })).rejects.toMatchObject({
      name: "DataDirectoryUnusable",
      directory: file
    })
  })
})

describe("a PostgreSQL that cannot be used", () => {
  const refusal = async (options: Omit<DatabaseOptions, "dataDirectory">): Promise<Error> => {
    const error: unknown = await open({ dataDirectory: "", ...options }).then(
      () => expect.fail("it opened"),
      (reason: unknown) => reason
    )
    expect(error).toBeInstanceOf(Error)
    const told = JSON.stringify(error, Object.getOwnPropertyNames(error)) + String((error as Error).cause)
    expect(told).not.toContain("sesame")
    return error as Error
  }

  it("is named by host and port with the reason when nobody listens, without the password", async () => {
    const server = createServer().listen(0, "127.0.0.1")
    await once(server, "listening")
    const { port } = server.address() as { port: number }
    await new Promise((resolve) => server.close(resolve))
    expect(await refusal({ url: `postgres://ada:sesame@127.0.0.1:${port}/silktower` })).toMatchObject({
      name: "DatabaseUnreachable",
      address: `127.0.0.1:${port}/silktower`,
      message: expect.stringContaining("ECONNREFUSED")
    })
  })

  it("is given up after a few seconds when it never answers", async () => {
    const server = createServer().listen(0, "127.0.0.1")
    await once(server, "listening")
    const sockets: { destroy(): void }[] = []
    server.on("connection", (socket) => sockets.push(socket))
    cleanups.push(
      () => server.close(),
      () => sockets.forEach((socket) => socket.destroy())
    )
    const { port } = server.address() as { port: number }
    expect(await refusal({ url: `postgres://ada:sesame@127.0.0.1:${port}/silktower` })).toMatchObject({
      name: "DatabaseUnreachable",
      message: expect.stringContaining("timeout")
    })
  })

  it.each([
    ["of another kind", "mysql://ada:sesame@127.0.0.1/silktower"],
    ["that is no URL", "ada:sesame@127.0.0.1"],
    ["with an unreadable password", "postgres://ada:%zzsesame@127.0.0.1:1/x?sslmode=verify-full&sslrootcert=/nowhere"],
    ["whose password has a bare slash", "postgres://ada:12/sesame@127.0.0.1:1/silktower"],
    ["whose password has a bare question mark", "postgres://ada:12?sesame@127.0.0.1:1/silktower"],
    ["whose password has a bare hash", "postgres://ada:12#sesame@127.0.0.1:1/silktower"]
  ])("is refused for an address %s, without repeating it", async (_, url) => {
    expect(await refusal({ url })).toMatchObject({
      name: "DatabaseSettingInvalid",
      message: expect.not.stringMatching(/sesame|ada:/)
    })
  })
})

describeOnPostgres("a real PostgreSQL", () => {
  const migrated = async (): Promise<string> => {
    const { url, remove } = await createPostgresDatabase()
    cleanups.push(remove)
    await withClient(url, migrate)
    return url
  }

  it("is described without user and password", async () => {
    const url = new URL(await migrated())
    url.password = "sesame"
    const database = await open({ url: url.href, dataDirectory: "" })
    expect(database.describe).toBe(`PostgreSQL at ${url.hostname}:${url.port}${url.pathname}`)
  })

  it("is refused by name when the database does not exist", async () => {
    const url = new URL(TEST_DATABASE_URL)
    url.pathname = "/no_such_database"
    await expect(open({ url: url.href, dataDirectory: "" })).rejects.toMatchObject({
      name: "DatabaseUnreachable",
      reason: 'database "no_such_database" does not exist (3D000)'
    })
  })

  it("answers again after every connection has been cut, and the log hears of the cuts", async () => {
    const url = await migrated()
    const heard: Error[] = []
    let allHeard = (): void => {}
    const cut = new Promise<void>((resolve) => (allHeard = resolve))
    const database = await open({
      url,
      dataDirectory: "",
      poolSize: 3,
      onError: (error) => {
        heard.push(error)
        if (heard.length === 3) allHeard()
      }
    })
    const sleep = sql.unsafe`select pg_sleep(0.05)`
    await Promise.all([1, 2, 3].map(() => database.pool.query(sleep)))
    const ended = await withClient(url, (client) =>
      client.query(`select pg_terminate_backend(pid) from pg_stat_activity
        where application_name = 'silktower' and datname = current_database()`)
    )
    expect(ended.rowCount).toBe(3)
    await cut
    expect(await Promise.all([1, 2, 3, 4].map(() => roomCount(database)))).toEqual([0, 0, 0, 0])
    expect(heard).toHaveLength(3)
  })

  it("fails the one query whose connection is cut under it, and answers the next", async () => {
    const url = await migrated()
    const database = await open({ url, dataDirectory: "", poolSize: 1 })
    const failed = expect(database.pool.query(sql.unsafe`select pg_sleep(4)`)).rejects.toThrow(/terminat/)
    const waiting = roomCount(database)
    await withClient(url, async (client) => {
      const cutSleeper = `select pg_terminate_backend(pid) from pg_stat_activity
        where query like '%pg_sleep(4)%' and pid <> pg_backend_pid() and datname = current_database()`
      while ((await client.query(cutSleeper)).rowCount === 0);
    })
    await failed
    expect(await waiting).toBe(0)
    expect(await roomCount(database)).toBe(0)
  })

  it("ends a statement that takes longer than a few seconds", async () => {
    const database = await open({ url: await migrated(), dataDirectory: "" })
    await expect(database.pool.query(sql.unsafe`select pg_sleep(15)`)).rejects.toMatchObject({ code: "57014" })
    expect(await roomCount(database)).toBe(0)
  })

  it("opens no more connections than it was told", async () => {
    const url = await migrated()
    const database = await open({ url, dataDirectory: "", poolSize: 2 })
    await Promise.all(Array.from({ length: 12 }, () => database.pool.query(sql.unsafe`select pg_sleep(0.01)`)))
    const { rowCount } = await withClient(url, (client) =>
      client.query("select from pg_stat_activity where application_name = 'silktower' and datname = current_database()")
    )
    expect(rowCount).toBe(2)
  })
})
