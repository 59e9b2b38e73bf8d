import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import pg from "pg"
import { generate } from "selfsigned"
import { sql } from "slonik"
import { afterEach, expect, it } from "vitest"
import { openDatabase } from "../../../../src/io/database/database.ts"
import { migrate } from "../../../../src/io/database/migrations.ts"
import { createRoomRows } from "../../../../src/io/dropsilk/rooms/roomRows.ts"
import { createPostgresDatabase, describeOnPostgres, withClient } from "../../../support/databases.ts"
import { runScript } from "../../../support/scripts.ts"
import { makeRoom, poll, post, startServer } from "../../../support/server.ts"
import { describeWithPooler, type PoolerOptions, startPooler } from "../../../support/standIns/pooler.ts"
import { tables } from "../../../support/tables.ts"

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

/** A fresh database, directly and through a pooler. */
const poolerPlace = async (options: PoolerOptions) => {
  const database = await createPostgresDatabase()
  cleanups.push(database.remove)
  const pooler = await startPooler(options)
  cleanups.push(pooler.stop)
  return { direct: database.url, pooled: pooler.through(database.url) }
}

const connected = async (url: string): Promise<pg.Client> => {
  const client = new pg.Client({ connectionString: url })
  client.on("error", () => {})
  await client.connect()
  cleanups.push(() => client.end())
  return client
}

/** Others on the same pool, who never stop: sessions of PostgreSQL change hands all the time. */
const startTraffic = async (url: string) => {
  const clients = await Promise.all([1, 2, 3].map(() => connected(url)))
  let isOver = false
  const transact = async (client: pg.Client) => {
    while (!isOver) await client.query("begin; select 1; commit")
  }
  const run = Promise.all(clients.map(transact))
  const stop = async () => {
    isOver = true
    await run
  }
  cleanups.push(stop)
}

/** What the sessions behind the pooler have been told, over as many transactions as there are sessions. */
const sessionsOf = async (url: string, size: number) => {
  const clients = await Promise.all(Array.from({ length: size }, () => connected(url)))
  await Promise.all(clients.map((client) => client.query("begin")))
  const sessions = await Promise.all(
    clients.map(async (client) => {
      const { rows } = await client.query(
        `select (select json_object_agg(name, setting) from pg_settings
                  where source = 'session' and name not in ('application_name', 'client_encoding')) as settings,
           (select count(*)::int from pg_prepared_statements) as statements,
           (select count(*)::int from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()) as locks`
      )
      return rows[0] as { settings: unknown; statements: number; locks: number }
    })
  )
  await Promise.all(clients.map((client) => client.query("rollback")))
  return sessions
}

const untouched = { settings: null, statements: 0, locks: 0 }
const all = [
  "0001_rooms_and_uploads",
  "0002_who_may_come_back",
  "0003_noisytransfer_codes",
  "0004_rondevu_offers_and_sessions",
  "0005_cluster_engine",
  "0006_sfu_places"
]

describeOnPostgres("a pooler in transaction mode", () => {
  describeWithPooler("through PgBouncer", () => {
    it("migrates beside other traffic, several at once and again, and leaves no lock and no setting behind", async () => {
      const { direct, pooled } = await poolerPlace({ size: 2 })
      await startTraffic(pooled)
      const environment = { DATABASE_URL: pooled }
      const runs = await Promise.all([1, 2, 3].map(() => runScript("scripts/migrate.ts", [], environment)))
      expect(runs.map(({ exitCode, stderr }) => [exitCode, stderr])).toEqual(runs.map(() => [0, ""]))
      expect(runs.filter(({ stdout }) => stdout.includes(all.join(", ")))).toHaveLength(1)
      const again = await runScript("scripts/migrate.ts", [], environment)
      expect(again).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("nothing to do") })
      expect(await runScript("scripts/resetDatabase.ts", ["--yes"], environment)).toMatchObject({
        exitCode: 0,
        stderr: ""
      })
      expect(await sessionsOf(pooled, 2)).toEqual([untouched, untouched])
      expect(
        await withClient(direct, (client) => client.query("select * from rooms").then(({ rowCount }) => rowCount))
      ).toBe(0)
    })

    it("migrates over a pool of one connection", async () => {
      const { pooled } = await poolerPlace({ size: 1 })
      await startTraffic(pooled)
      expect(await withClient(pooled, migrate)).toEqual(all)
    })

    it("serves rooms under load, ready all the time, and leaves other users of the pool alone", async () => {
      const { direct, pooled } = await poolerPlace({ size: 2 })
      await withClient(direct, migrate)
      const server = await startServer({ DATABASE_URL: pooled })
      cleanups.push(() => server.stop())
      await startTraffic(pooled)
      const ready = async () => (await fetch(`${server.http}/readyz`)).status
      const rooms = await Promise.all(
        Array.from({ length: 20 }, async (_, index) => {
          const room = await makeRoom(server)
          const offer = { fileCount: index, totalBytes: index }
          const { status } = await post(`${server.http}/api/rooms/${room.code}/participants/${room.host}/ready`, offer)
          return { status, ready: await ready(), ...room }
        })
      )
      expect(rooms.map(({ status, ready }) => [status, ready])).toEqual(rooms.map(() => [200, 200]))
      expect(server.log()).not.toContain("room:error")
      expect(await sessionsOf(pooled, 2)).toEqual([untouched, untouched])
    })

    it("reads and writes rightly whatever others have set in the sessions that it shares", async () => {
      const { direct, pooled } = await poolerPlace({ size: 1 })
      await withClient(direct, migrate)
      const server = await startServer({ DATABASE_URL: pooled, SEAT_RETURN_SECONDS: "30" })
      cleanups.push(() => server.stop())
      const other = await connected(pooled)
      await other.query("create schema elsewhere; create table elsewhere.rooms (room_code text)")
      await other.query("set search_path = elsewhere; set datestyle = 'SQL, DMY'; set timezone = 'Asia/Kathmandu'")
      await other.query(
        "set intervalstyle = 'sql_standard'; set extra_float_digits = -15; set standard_conforming_strings = off"
      )
      await other.query("prepare room_load as select 1")
      const room = await makeRoom(server)
      expect((await poll(server, room.code, room.guest)).body).toMatchObject({ roomCode: room.code })
      // From its row, not from memory.
      const another = await startServer({ DATABASE_URL: pooled })
      cleanups.push(() => another.stop())
      expect((await poll(another, room.code, room.guest)).body).toMatchObject({ roomCode: room.code })
      expect((await fetch(`${another.http}/readyz`)).status).toBe(200)
      expect(server.log() + another.log()).not.toContain("room:error")
    })

    it("ends a statement that takes longer than a few seconds, and answers the next", async () => {
      const { direct, pooled } = await poolerPlace({ size: 1 })
      await withClient(direct, migrate)
      const database = await openDatabase({ tables, url: pooled, dataDirectory: "", poolSize: 1 })
      cleanups.push(() => database.close())
      await expect(database.pool.query(sql.unsafe`select pg_sleep(60)`)).rejects.toMatchObject({ code: "57014" })
      expect((await database.pool.query(sql.unsafe`select 1`)).rowCount).toBe(1)
    })

    it("ends it over an encrypted way as well", async () => {
      const folder = await mkdtemp(join(tmpdir(), "silktower-tls-"))
      cleanups.push(() => rm(folder, { recursive: true, force: true }))
      const { cert, private: key } = await generate([{ name: "commonName", value: "pooler" }], { algorithm: "sha256" })
      const [certificateFile, keyFile] = [join(folder, "crt"), join(folder, "key")] as const
      await writeFile(certificateFile, cert)
      await writeFile(keyFile, key)
      // Somebody else runs the pooler when root runs the tests.
      await chmod(folder, 0o755)
      const { direct, pooled } = await poolerPlace({
        size: 1,
        settings: { client_tls_sslmode: "require", client_tls_cert_file: certificateFile, client_tls_key_file: keyFile }
      })
      await withClient(direct, migrate)
      const database = await openDatabase({ tables, url: `${pooled}?sslmode=require`, dataDirectory: "", poolSize: 1 })
      cleanups.push(() => database.close())
      await expect(database.pool.query(sql.unsafe`select pg_sleep(60)`)).rejects.toMatchObject({ code: "57014" })
    })

    it("names what the pooler refuses, and where else to go", async () => {
      const { direct, pooled } = await poolerPlace({ size: 1 })
      await withClient(direct, migrate)
      const url = new URL(pooled)
      url.searchParams.set("options", "-c search_path=public")
      await expect(openDatabase({ tables, url: url.href, dataDirectory: "" })).rejects.toMatchObject({
        name: "DatabaseUnreachable",
        message: expect.stringMatching(/options.*pooler/)
      })
    })
  })

  it("is told from a session of its own, where statements are prepared once and by name", async () => {
    const { url, remove } = await createPostgresDatabase()
    cleanups.push(remove)
    await withClient(url, migrate)
    const database = await openDatabase({ tables, url, dataDirectory: "", poolSize: 1 })
    cleanups.push(() => database.close())
    const rooms = createRoomRows(database, (_code, id) => id)
    expect(await rooms.load("ABC234", 0)).toBeNull()
    const { rows } = await database.pool.query(
      sql.unsafe`select name from pg_prepared_statements where name like 'room%'`
    )
    expect(rows).toEqual([{ name: "room_load" }])
  })

  it.each([
    "select pg_advisory_lock(hashtext('silktower_migrations'), hashtext('public'))",
    "lock table silktower_migrations in access exclusive mode"
  ])(
    "does not wait for ever for a lock that somebody has left behind, and names the way around the pooler: %s",
    async (lock) => {
      const { url, remove } = await createPostgresDatabase()
      cleanups.push(remove)
      const holder = await connected(url)
      await withClient(url, migrate)
      await holder.query("begin")
      await holder.query(lock)
      const waiting = withClient(url, (client) => migrate(client, { lockTimeoutMs: 100 }))
      await expect(waiting).rejects.toMatchObject({
        name: "MigrationBlocked",
        message: expect.stringMatching(/0\.1 s.*pooler.*directly/)
      })
      await holder.query("rollback; select pg_advisory_unlock_all()")
      expect(await withClient(url, migrate)).toEqual([])
    }
  )
})
