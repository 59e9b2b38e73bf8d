import { afterEach, expect, it } from "vitest"
import { openDatabase } from "../../../../src/io/database/database.ts"
import { dropTables, migrate, missingTables } from "../../../../src/io/database/migrations.ts"
import { createRoomRows } from "../../../../src/io/dropsilk/rooms/roomRows.ts"
import { createPostgresDatabase, describeOnPostgres, withClient } from "../../../support/databases.ts"
import { runScript } from "../../../support/scripts.ts"
import { makeRoom, poll, startServer } from "../../../support/server.ts"
import { tables } from "../../../support/tables.ts"

// As DropSilk makes them, without any bookkeeping of ours; `rooms` in a version from before chat and screen sharing.
const DROPSILK = `
  create table rooms (
    room_code text primary key, host_participant_id text not null, host_name text not null,
    guest_participant_id text, guest_name text,
    host_ready boolean not null default false, guest_ready boolean not null default false,
    host_file_count integer not null default 0, guest_file_count integer not null default 0,
    host_total_bytes bigint not null default 0, guest_total_bytes bigint not null default 0,
    created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
    expires_at timestamptz not null);
  create index rooms_expires_at_idx on rooms (expires_at);
  create table uploaded_files (
    id serial primary key, file_key text not null unique, file_url text not null, file_name text not null,
    uploaded_at timestamptz not null default now());
  create table schema_migrations (version text primary key);
  insert into schema_migrations values ('theirs');
  insert into rooms (room_code, host_participant_id, host_name, guest_participant_id, guest_name, guest_ready,
      guest_file_count, guest_total_bytes, created_at, updated_at, expires_at)
    values ('ABC234', 'host00000000', 'Ada', 'guest0000000', 'Bob', true, 2, 9007199254740991,
        '2026-01-01', '2026-01-02', '2099-01-01'),
      ('XYZ789', 'host11111111', 'Eve', null, null, false, 0, 0, '2026-01-01', '2026-01-02', '2020-01-01');
  insert into uploaded_files (file_key, file_url, file_name) values ('k1', 'u1', 'n1'), ('k2', 'u2', 'n2');`

const COMPLETE = `
  alter table rooms add host_screen_share_active boolean not null default false,
    add guest_screen_share_active boolean not null default false,
    add host_chat_active boolean not null default false, add guest_chat_active boolean not null default false;`

/** Every migration there is. */
const all = [
  "0001_rooms_and_uploads",
  "0002_who_may_come_back",
  "0003_noisytransfer_codes",
  "0004_rondevu_offers_and_sessions",
  "0005_cluster_engine",
  "0006_sfu_places"
]
/** What would need tables of its own. */
const withoutRondevu = { RONDEVU_PATH: "off", RONDEVU_SESSIONS_PATH: "off" }

/** Tables that later versions have brought. */
const later = [
  "noisytransfer_codes",
  "rondevu_offers",
  "rondevu_topics",
  "rondevu_candidates",
  "server_secrets",
  "rondevu_sessions",
  "rondevu_session_candidates",
  "sfu_places"
]

describeOnPostgres("taking a database over", () => {
  const open: { remove(): Promise<void> }[] = []
  afterEach(async () => {
    for (const each of open.splice(0).toReversed()) await each.remove()
  })
  const emptyDatabase = async (): Promise<string> => {
    const database = await createPostgresDatabase()
    open.push(database)
    return database.url
  }
  const opened = async (url: string) => {
    const database = await openDatabase({ tables, url, dataDirectory: "" })
    open.push({ remove: () => database.close() })
    return database
  }
  const everything = (url: string) =>
    withClient(url, async (client) => ({
      rooms: (await client.query("select * from rooms order by room_code")).rows as object[],
      files: (await client.query("select * from uploaded_files order by id")).rows as object[],
      theirs: (await client.query("select * from schema_migrations")).rows as object[]
    }))

  it.each([
    ["an old version's", DROPSILK],
    ["the newest version's", DROPSILK + COMPLETE]
  ])("keeps every row of %s DropSilk database, to the last column", async (_, theirs) => {
    const url = await emptyDatabase()
    await withClient(url, (client) => client.query(theirs))
    const before = await everything(url)

    expect(await withClient(url, migrate)).toEqual(all)

    const after = await everything(url)
    expect(after.rooms).toHaveLength(2)
    expect(after).toMatchObject(before)
    const rooms = createRoomRows(await opened(url), (_code, id) => `alias of ${id}`)
    const read = await rooms.load("ABC234", Date.parse("2098-01-01"))
    expect(read?.words).toEqual([])
    expect(read?.room).toEqual({
      code: "ABC234",
      host: {
        ...{ id: "host00000000", alias: "alias of host00000000", name: "Ada", ready: false },
        ...{ fileCount: 0, totalBytes: 0, screenShare: false, chat: false }
      },
      guest: {
        ...{ id: "guest0000000", alias: "alias of guest0000000", name: "Bob", ready: true },
        ...{ fileCount: 2, totalBytes: 9_007_199_254_740_991, screenShare: false, chat: false }
      },
      departed: [],
      expiresAt: Date.parse("2099-01-01T00:00:00Z")
    })
  })

  it("starts on a complete DropSilk database without being migrated first", async () => {
    const url = await emptyDatabase()
    await withClient(url, (client) => client.query(DROPSILK + COMPLETE))
    // Codes of NoisyTransfer would need a table of their own.
    const server = await startServer({ DATABASE_URL: url, NOISYTRANSFER_PATH: "off", ...withoutRondevu })
    open.push({ remove: () => server.stop() })
    expect(server.log()).toContain("npm run migrate")
    expect((await poll(server, "ABC234", "guest0000000")).body).toMatchObject({ peer: { name: "Ada" } })

    // Rooms are as everywhere, but for what must outlive their actors.
    const room = await makeRoom(server)
    const [host, guest] = [await server.connect(), await server.connect()]
    for (const [socket, participantId] of [
      [host, room.host],
      [guest, room.guest]
    ] as const) {
      socket.send({ type: "attach-room", roomCode: room.code, participantId })
      await socket.until("room-attached")
    }
    await guest.until("peer-joined")
    await host.close()
    await guest.until("peer-left")
    expect((await poll(server, room.code, room.host)).body).toMatchObject({
      self: { role: "guest" },
      peer: { role: "host" }
    })
    const { rows } = await withClient(url, (client) =>
      client.query("select * from rooms where room_code = $1", [room.code])
    )
    expect(rows).toMatchObject([{ host_participant_id: room.guest, guest_participant_id: room.host }])
  })

  it("refuses to start on an empty database, and names what is missing and the command that makes it", async () => {
    const url = await emptyDatabase()
    await expect(opened(url)).rejects.toMatchObject({
      name: "TablesMissing",
      missing: ["rooms", "uploaded_files", ...later],
      message: expect.stringContaining("npm run migrate")
    })
    expect(await withClient(url, (client) => missingTables(client, "public", tables))).toEqual([
      "rooms",
      "uploaded_files",
      ...later
    ])
  })

  it("names the columns that an old version's tables lack", async () => {
    const url = await emptyDatabase()
    await withClient(url, (client) => client.query(DROPSILK))
    await expect(opened(url)).rejects.toMatchObject({
      name: "TablesMissing",
      missing: ["host", "guest"]
        .map((role) => `rooms.${role}_screen_share_active`)
        .concat(["rooms.host_chat_active", "rooms.guest_chat_active", ...later])
    })
  })

  it("does nothing the second time, and lets two at once wait for each other", async () => {
    const url = await emptyDatabase()
    const both = await Promise.all([withClient(url, migrate), withClient(url, migrate)])
    expect(both.flat()).toEqual(all)
    expect(await withClient(url, migrate)).toEqual([])
  })

  it("finds the rooms to remove by an index", async () => {
    const url = await emptyDatabase()
    const indexes = await withClient(url, async (client) => {
      await migrate(client)
      return client.query("select indexdef from pg_indexes where tablename = 'rooms'")
    })
    expect(JSON.stringify(indexes.rows)).toContain("(expires_at)")
  })

  it("leaves tables alone that are not ours when ours are removed", async () => {
    const url = await emptyDatabase()
    await withClient(url, async (client) => {
      await client.query(DROPSILK)
      await migrate(client)
      await dropTables(client, tables)
      expect(await missingTables(client, "public", tables)).toEqual(["rooms", "uploaded_files", ...later])
      expect((await client.query("select * from schema_migrations")).rowCount).toBe(1)
      expect(await migrate(client)).toEqual(all)
    })
  })

  it("tells the operator what npm run migrate did, and that there was nothing to do", async () => {
    const environment = { DATABASE_URL: await emptyDatabase() }
    const place = new URL(environment.DATABASE_URL)
    const label = `PostgreSQL at ${place.hostname}:${place.port}${place.pathname}`
    expect(await runScript("scripts/migrate.ts", [], environment)).toEqual({
      exitCode: 0,
      stdout: `${label} is up to date now. Applied: ${all.join(", ")}.\n`,
      stderr: ""
    })
    expect((await runScript("scripts/migrate.ts", [], environment)).stdout).toBe(
      `${label} is up to date: nothing to do.\n`
    )
  })

  it("ends npm run migrate with exit code 1 and the reason, without the password", async () => {
    const failed = await runScript("scripts/migrate.ts", [], {
      DATABASE_URL: "postgres://ada:sesame@127.0.0.1:1/silktower"
    })
    expect(failed).toMatchObject({ exitCode: 1, stdout: "" })
    expect(failed.stderr).toContain("DatabaseUnreachable: Cannot use PostgreSQL at 127.0.0.1:1/silktower")
    expect(failed.stderr).toContain("ECONNREFUSED")
    expect(failed.stderr).not.toContain("sesame")
  })

  it("empties the tables of a local database with npm run db:reset", async () => {
    const url = await emptyDatabase()
    await withClient(url, (client) => client.query(DROPSILK))
    expect(await runScript("scripts/resetDatabase.ts", ["--yes"], { DATABASE_URL: url })).toMatchObject({ exitCode: 0 })
    expect(await everything(url)).toEqual({ rooms: [], files: [], theirs: [{ version: "theirs" }] })
  })

  it("wants a production database named before db:reset empties it", async () => {
    const url = await emptyDatabase()
    await withClient(url, (client) => client.query(DROPSILK))
    const environment = { DATABASE_URL: url, NODE_ENV: "production" }
    const place = `${new URL(url).hostname}:${new URL(url).port}${new URL(url).pathname}`

    const refused = await runScript("scripts/resetDatabase.ts", ["--erase=127.0.0.1:5432/another"], environment)
    expect(refused.exitCode).toBe(1)
    expect(refused.stderr).toContain(`npm run db:reset -- --erase=${place}`)
    expect((await everything(url)).rooms).toHaveLength(2)

    await runScript("scripts/resetDatabase.ts", [`--erase=${place}`], environment)
    expect((await everything(url)).rooms).toHaveLength(0)
  })
})

it("does not reset a database on another machine unless it is named", async () => {
  const refused = await runScript("scripts/resetDatabase.ts", ["--yes"], {
    DATABASE_URL: "postgres://ada:sesame@db.example.com/silktower"
  })
  expect(refused.exitCode).toBe(1)
  expect(refused.stderr).toContain("--erase=db.example.com:5432/silktower")
  expect(refused.stderr).not.toContain("sesame")
})
