import { randomBytes } from "node:crypto"
import { afterEach, describe, expect, it } from "vitest"
import { openDatabase } from "../../../../src/io/database/database.ts"
import { migrate } from "../../../../src/io/database/migrations.ts"
import { createUploadRows } from "../../../../src/io/dropsilk/previews/uploadRows.ts"
import { createRoomRows } from "../../../../src/io/dropsilk/rooms/roomRows.ts"
import { newParticipant, type RoomRecord } from "../../../../src/machines/dropsilk/room/roomRecord.ts"
import {
  createPostgresDatabase,
  describeOnPostgres,
  TEST_DATABASE_URL,
  withClient
} from "../../../support/databases.ts"
import { runScript } from "../../../support/scripts.ts"
import { makeRoom, poll, post, startServer } from "../../../support/server.ts"
import { createCluster, postgresPrograms } from "../../../support/standIns/cluster.ts"
import { describeWithPooler, startPooler } from "../../../support/standIns/pooler.ts"
import { tables } from "../../../support/tables.ts"

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

const programs = postgresPrograms()

const nameOf = (url: string) => new URL(url).pathname.slice(1)

/** A database with settings of its own, as its owner may give it; a role's go the same way. */
const databaseWith = async (settings: Readonly<Record<string, string>>, encoding?: string): Promise<string> => {
  const { url, remove } = await createPostgresDatabase(
    encoding === undefined ? "" : `encoding '${encoding}' locale 'C' template template0`
  )
  cleanups.push(remove)
  await withClient(TEST_DATABASE_URL, async (client) => {
    for (const [name, value] of Object.entries(settings)) {
      await client.query(`alter database ${nameOf(url)} set ${name} = ${value}`)
    }
  })
  return url
}

const pooled = async (url: string): Promise<string> => {
  const pooler = await startPooler({ size: 2 })
  cleanups.push(pooler.stop)
  return pooler.through(url)
}

const aliasOf = (_code: string, id: string) => `alias of ${id}`
const participant = (id: string, name: string) => newParticipant({ id, alias: aliasOf("", id) }, name)
/** Days below and above 12, which is how day and month are told apart. */
const expiries = [Date.parse("2098-03-07T01:02:03.456Z"), Date.parse("2098-12-31T23:59:59.999Z")]

/** Everything that the server does with its tables. */
const useAll = async (url: string) => {
  const database = await openDatabase({ tables, url, dataDirectory: "" })
  cleanups.push(() => database.close())
  const rooms = createRoomRows(database, aliasOf)
  for (const expiresAt of expiries) {
    const room: RoomRecord = {
      code: "ABC234",
      host: participant("host00000000", "Ada \"\\\" é 🎈 'x'"),
      guest: null,
      departed: [{ participant: participant("left00000000", "Eve \\ ü 🎈"), at: 1_700_000_000_789 }],
      expiresAt
    }
    const words = [
      { participantId: "host00000000", at: 1_700_000_000_123, address: "192.0.2.7", firstAddress: "2001:db8::7" }
    ]
    const full: RoomRecord = { ...room, guest: participant("guest0000000", "Bob") }
    expect(await rooms.insert({ room, words })).toBe("inserted")
    expect(await rooms.insert({ room, words })).toBe("taken")
    expect(await rooms.load("ABC234", expiresAt - 1)).toEqual({ room, words })
    expect(await rooms.load("ABC234", expiresAt)).toBeNull()
    expect(await rooms.save(room, full, words)).toBe("saved")
    expect(await rooms.save(room, full, words)).toBe("conflict")
    // Several at once: one of them is first, and the others hear of it.
    const writers = Array.from({ length: 6 }, (_, index) => ({
      ...full,
      guest: participant("guest0000000", `Bob ${index}`)
    }))
    const outcomes = await Promise.all(writers.map((after) => rooms.save(full, after, words)))
    expect(outcomes.toSorted()).toEqual(["conflict", "conflict", "conflict", "conflict", "conflict", "saved"])
    const won = writers[outcomes.indexOf("saved")] as RoomRecord
    expect(await rooms.load("ABC234", expiresAt - 1)).toEqual({ room: won, words })
    expect(await rooms.removeExpired(expiresAt - 1)).toBe(0)
    expect(await rooms.remove(full)).toBe("conflict")
    expect(await rooms.removeExpired(expiresAt)).toBe(1)
    expect(await rooms.insert({ room, words })).toBe("inserted")
    expect(await rooms.remove(room)).toBe("removed")
  }
  const uploads = createUploadRows(database)
  const startedAt = Date.now()
  expect(await uploads.insert({ key: "k1", url: "https://example.org/k1", name: "Übersicht 🎈 'x' \\.pptx" })).toBe(
    "inserted"
  )
  expect(await uploads.insert({ key: "k1", url: "https://example.org/k1", name: "n" })).toBe("known")
  const hour = 3_600_000
  expect(await uploads.findOld({ before: startedAt - hour, afterId: 0, limit: 10 })).toEqual([])
  const old = await uploads.findOld({ before: startedAt + hour, afterId: 0, limit: 10 })
  expect(old).toMatchObject([{ key: "k1" }])
  expect(await uploads.remove(old.map(({ id }) => id))).toBe(1)
  await database.probe()
  await database.close()
}

/** What statements cannot be made to fail or lie by, wherever they run. */
const manners = {
  datestyle: "'German'",
  timezone: "'Asia/Kathmandu'",
  intervalstyle: "'sql_standard'",
  extra_float_digits: "-15",
  bytea_output: "'escape'",
  standard_conforming_strings: "off",
  escape_string_warning: "on",
  backslash_quote: "off",
  transform_null_equals: "on",
  quote_all_identifiers: "on",
  array_nulls: "off",
  default_transaction_isolation: "'serializable'",
  default_transaction_deferrable: "on",
  row_security: "off",
  session_replication_role: "'replica'",
  check_function_bodies: "off",
  client_min_messages: "'error'",
  client_encoding: "'LATIN1'",
  timezone_abbreviations: "'Australia'",
  lc_messages: "'C'",
  lc_numeric: "'C'",
  lc_time: "'C'",
  xmloption: "'document'",
  synchronous_commit: "off",
  plan_cache_mode: "'force_generic_plan'",
  enable_indexscan: "off",
  jit_above_cost: "0",
  work_mem: "'64kB'",
  lock_timeout: "'10s'",
  idle_in_transaction_session_timeout: "'10s'",
  idle_session_timeout: "'10s'"
}

/** What a session of our own is told otherwise. */
const limits = {
  statement_timeout: "1",
  lock_timeout: "1",
  idle_in_transaction_session_timeout: "1",
  idle_session_timeout: "'2s'",
  default_transaction_read_only: "on",
  default_transaction_isolation: "'repeatable read'"
}

describeOnPostgres("a database with settings of its own", () => {
  it.each([
    ["writes dates and much else in other ways", manners],
    ["writes days before months", { datestyle: "'SQL, DMY'" }],
    ["allows nothing and hurries", limits]
  ])("is migrated and used as any other when it %s", async (_, settings) => {
    const url = await databaseWith(settings)
    expect(await runScript("scripts/migrate.ts", [], { DATABASE_URL: url })).toMatchObject({ exitCode: 0, stderr: "" })
    await useAll(url)
    expect(await runScript("scripts/resetDatabase.ts", ["--yes"], { DATABASE_URL: url })).toMatchObject({
      exitCode: 0,
      stderr: ""
    })
  })

  it("holds every name where its encoding is SQL_ASCII", async () => {
    const url = await databaseWith({}, "SQL_ASCII")
    await withClient(url, migrate)
    await useAll(url)
  })

  describeWithPooler("through a pooler", () => {
    it.each([
      ["writes dates and much else in other ways", manners],
      ["has a limit that can be lived with", { statement_timeout: "'2s'", lock_timeout: "'1s'" }]
    ])("is migrated and used as any other when it %s", async (_, settings) => {
      const url = await pooled(await databaseWith(settings))
      expect(await runScript("scripts/migrate.ts", [], { DATABASE_URL: url })).toMatchObject({
        exitCode: 0,
        stderr: ""
      })
      await useAll(url)
    })

    it.each([
      ["statement_timeout", "'100ms'", "statement_timeout is 100 ms"],
      ["default_transaction_read_only", "on", "default_transaction_read_only is on"]
    ])("is refused at the start for %s, which nothing can be done about there", async (name, value, told) => {
      const direct = await databaseWith({ [name]: value })
      await withClient(direct, (client) =>
        client.query("set default_transaction_read_only = off; set statement_timeout = 0").then(() => migrate(client))
      )
      await expect(openDatabase({ tables, url: await pooled(direct), dataDirectory: "" })).rejects.toMatchObject({
        name: "DatabaseUnfit",
        message: expect.stringMatching(new RegExp(`${told}.*alter role`))
      })
    })
  })

  it.each([
    ["an encoding that holds few names", {}, "LATIN1", "server_encoding is LATIN1"],
    ["no schema to make tables in", { search_path: "nowhere" }, undefined, "search_path is nowhere"],
    ["an empty path", { search_path: "''" }, undefined, "search_path is"]
  ])("is refused by name for %s, by the server and by the scripts", async (_, settings, encoding, told) => {
    const url = await databaseWith(settings, encoding)
    await expect(openDatabase({ tables, url, dataDirectory: "" })).rejects.toMatchObject({
      name: "DatabaseUnfit",
      message: expect.stringContaining(told)
    })
    for (const [script, flags] of [
      ["scripts/migrate.ts", []],
      ["scripts/resetDatabase.ts", ["--yes"]]
    ] as const) {
      const { exitCode, stderr } = await runScript(script, flags, { DATABASE_URL: url })
      expect([exitCode, stderr.trim().split("\n").length]).toEqual([1, 1])
      expect(stderr).toContain(`DatabaseUnfit: PostgreSQL at ${new URL(url).host}`)
      expect(stderr).toContain(told)
    }
  })

  it("serves rooms whose rows say the 13th to the 31st of a month, day before month", async () => {
    const url = await databaseWith({ datestyle: "'German'" })
    await withClient(url, migrate)
    await withClient(url, (client) =>
      client.query(`insert into rooms (room_code, host_participant_id, host_name, expires_at)
        values ('ABC234', 'host00000000', 'Ada', '2098-01-31 00:00:00+00'), ('ABC235', 'host00000000', 'Ada', '2098-02-01 00:00:00+00')`)
    )
    const server = await startServer({ DATABASE_URL: url })
    cleanups.push(() => server.stop())
    expect(await poll(server, "ABC234", "host00000000")).toMatchObject({
      status: 200,
      body: { expiresAt: "2098-01-31T00:00:00.000Z" }
    })
    expect(await poll(server, "ABC235", "host00000000")).toMatchObject({
      status: 200,
      body: { expiresAt: "2098-02-01T00:00:00.000Z" }
    })
  })
})

// Where tests must not be left out, this one fails without PostgreSQL's programs.
describe.skipIf(programs === undefined && process.env["CI"] === undefined)("a standby", () => {
  it("is refused by name, as it only reads", async () => {
    expect(programs).toBeDefined()
    const cluster = await createCluster(programs as string)
    cleanups.push(cluster.remove)
    await cluster.start()
    await withClient(cluster.url, migrate)
    await cluster.stop()
    await cluster.becomeStandby()
    await cluster.start()
    await expect(openDatabase({ tables, url: cluster.url, dataDirectory: "" })).rejects.toMatchObject({
      name: "DatabaseUnfit",
      message: expect.stringMatching(/standby.*primary/)
    })
  })
})

describeOnPostgres("a database that comes to refuse what it allowed", () => {
  const ready = async (http: string) => {
    const response = await fetch(`${http}/readyz`)
    return { status: response.status, body: await response.json() }
  }
  const create = (http: string) =>
    fetch(`${http}/api/rooms`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"name":"Ann"}'
    })

  it.each([
    ["takes a right away", "revoke all on rooms from", "grant all on rooms to", "42501"],
    ["loses a table", "alter table rooms rename to rooms_of", "alter table rooms_of rename to rooms --", "42P01"]
  ])(
    "is a fault that waiting does not cure when it %s: told as one, logged by name, and known to /readyz",
    async (_, spoil, mend, code) => {
      const url = await databaseWith({})
      await withClient(url, migrate)
      const role = `silktower_role_${randomBytes(6).toString("hex")}`
      await withClient(url, (client) =>
        client.query(`create role ${role} login; grant all on all tables in schema public to ${role};
        grant all on all sequences in schema public to ${role}`)
      )
      cleanups.push(() => withClient(url, (client) => client.query(`drop owned by ${role}; drop role ${role}`)))
      const asRole = new URL(url)
      asRole.username = role
      const server = await startServer({ DATABASE_URL: asRole.href })
      cleanups.push(() => server.stop())
      const room = await makeRoom(server)
      expect(await ready(server.http)).toMatchObject({ status: 200 })
      const run = (statement: string) =>
        withClient(url, (client) => client.query(statement.endsWith("_of") ? statement : `${statement} ${role}`))
      await run(spoil)

      for (const answer of [
        await create(server.http),
        await fetch(`${server.http}/api/rooms/ABCDEF?participantId=abc`),
        await fetch(`${server.http}/api/rooms/${room.code}/participants/${room.host}/chat`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: '{"active":true}'
        })
      ]) {
        expect([answer.status, answer.headers.get("retry-after"), await answer.json()]).toEqual([
          500,
          null,
          { error: "Internal server error" }
        ])
      }
      expect(server.log()).toMatch(new RegExp(`"room:error".*LastingDatabaseFault.*${code}`))
      // From memory, as while it is away.
      expect((await poll(server, room.code, room.host)).status).toBe(200)
      await expect
        .poll(() => ready(server.http))
        .toEqual({ status: 503, body: { status: "not_ready", reason: "database_fault" } })
      expect(server.log()).toMatch(new RegExp(`"database:fault".*LastingDatabaseFault.*${code}`))
      expect(server.log().match(/"database:fault"/g)).toHaveLength(1)

      await run(mend)
      await expect.poll(() => ready(server.http)).toMatchObject({ status: 200 })
      expect((await create(server.http)).status).toBe(201)
      expect(
        (await post(`${server.http}/api/rooms/${room.code}/participants/${room.host}/chat`, { active: true })).status
      ).toBe(200)
    }
  )

  it("is one of a single room when only its row cannot be read", async () => {
    const url = await databaseWith({})
    await withClient(url, migrate)
    await withClient(url, (client) =>
      client.query(`insert into rooms (room_code, host_participant_id, host_name, expires_at, departed)
        values ('ABC234', 'host00000000', 'Ada', '2098-01-31 00:00:00+00', '{"not":"ours"}')`)
    )
    const server = await startServer({ DATABASE_URL: url })
    cleanups.push(() => server.stop())
    const answer = await fetch(`${server.http}/api/rooms/ABC234?participantId=host00000000`)
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([500, null])
    expect(server.log()).toMatch(/"room:error".*"roomCode":"ABC234".*LastingDatabaseFault/)
    expect(await ready(server.http)).toMatchObject({ status: 200 })
  })
})
