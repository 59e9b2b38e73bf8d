import { sql } from "slonik"
import { beforeEach, expect, it } from "vitest"
import {
  createPreviewCleanup,
  createRoomCleanup,
  type PreviewCleanupOptions
} from "../../../../src/io/dropsilk/cleanups.ts"
import { aliasOf } from "../../../../src/io/dropsilk/identities.ts"
import { createUploadRows } from "../../../../src/io/dropsilk/previews/uploadRows.ts"
import { createUploadThing } from "../../../../src/io/dropsilk/previews/uploadthing.ts"
import { createRoomRows } from "../../../../src/io/dropsilk/rooms/roomRows.ts"
import { createTestLog } from "../../../core/http/standIn.ts"
import { describeOnEachDatabase } from "../../../support/databases.ts"
import { type UploadThingFault, useUploadThing } from "../../../support/standIns/uploadThing.ts"

const hour = 3_600_000
const now = Date.parse("2026-03-04T05:06:07Z")
const unhurried = new AbortController().signal

const uploadThing = useUploadThing()

describeOnEachDatabase("the preview cleanup", (database) => {
  beforeEach(async () => {
    await database.empty()
    uploadThing.files.clear()
    uploadThing.stubborn.clear()
    uploadThing.deletions.length = 0
    for (const path of ["/v6/deleteFiles", "/v6/listFiles"]) uploadThing.fail(path)
  })

  const prepare = (options: Partial<PreviewCleanupOptions> = {}) => {
    const { lines, log } = createTestLog()
    const store = createUploadRows(database.opened())
    const files = createUploadThing({
      token: uploadThing.token,
      callbackUrl: () => "",
      unreachable: false,
      store,
      log,
      timeoutMs: 500,
      listing: { files: 2, pages: 10 },
      endpoints: uploadThing.endpoints
    })
    const work = createPreviewCleanup({
      store,
      files,
      retentionHours: 24,
      batch: 3,
      failedBatches: 2,
      log,
      now: () => now,
      ...options
    })
    return { work, lines, messages: () => lines.map(({ message }) => message) }
  }
  /** Files at UploadThing with their rows, uploaded so many hours ago. */
  const keep = async (hoursAgo: number, ...keys: readonly string[]) => {
    for (const key of keys) {
      uploadThing.files.set(key, { name: key, bytes: Buffer.from(key) })
      await database.opened().pool.query(sql.unsafe`
        insert into uploaded_files (file_key, file_url, file_name, uploaded_at)
        values (${key}, ${`https://ufs.example/${key}`}, ${key}, ${new Date(now - hoursAgo * hour).toISOString()}::timestamptz)`)
    }
  }
  const rows = async () =>
    ((await database.opened().pool.any(sql.unsafe`select file_key from uploaded_files order by id`)) as any[]).map(
      ({ file_key }) => file_key as string
    )

  it("deletes files in batches, and then the rows of those that are old enough", async () => {
    await keep(25, "a", "b", "c", "d", "e")
    await keep(23, "young")
    const { work, lines } = prepare()
    expect(await work(unhurried)).toEqual({ outcome: "complete", removed: 5 })
    expect(uploadThing.deletions).toEqual([
      ["a", "b", "c"],
      ["d", "e"]
    ])
    expect([...uploadThing.files.keys()]).toEqual(["young"])
    expect(await rows()).toEqual(["young"])
    expect(lines).toMatchObject([
      { level: "info", message: "cleanup:start", fields: { olderThan: "2026-03-03T05:06:07.000Z" } },
      { level: "info", message: "cleanup:complete", fields: { removed: 5 } }
    ])
  })

  it("has nothing to ask UploadThing when nothing is old", async () => {
    await keep(23, "young")
    expect(await prepare().work(unhurried)).toEqual({ outcome: "complete", removed: 0 })
    expect(uploadThing.deletions).toEqual([])
  })

  it("keeps exactly the rows whose files remain", async () => {
    await keep(25, "a", "b", "c", "d")
    uploadThing.stubborn.add("b").add("d")
    const { work, lines } = prepare()
    expect(await work(unhurried)).toEqual({ outcome: "failed", removed: 2 })
    expect(await rows()).toEqual(["b", "d"])
    expect(lines.at(-1)).toMatchObject({ level: "error", message: "cleanup:error", fields: { removed: 2, kept: 2 } })
    uploadThing.stubborn.clear()
    expect(await work(unhurried)).toEqual({ outcome: "complete", removed: 2 })
    expect(await rows()).toEqual([])
  })

  it("removes the rows of files that somebody else has deleted", async () => {
    await keep(25, "a", "b")
    uploadThing.files.delete("a")
    expect(await prepare().work(unhurried)).toEqual({ outcome: "complete", removed: 2 })
    expect(await rows()).toEqual([])
  })

  it("keeps all rows of a batch when nobody can say which files remain", async () => {
    await keep(25, "a", "b", "c")
    uploadThing.stubborn.add("b")
    uploadThing.fail("/v6/listFiles", "cut")
    const { work } = prepare()
    expect(await work(unhurried)).toEqual({ outcome: "failed", removed: 0 })
    expect(await rows()).toEqual(["a", "b", "c"])
    uploadThing.fail("/v6/listFiles")
    uploadThing.stubborn.clear()
    expect(await work(unhurried)).toEqual({ outcome: "complete", removed: 3 })
  })

  it.each<[string, UploadThingFault, object]>([
    ["is down", "cut", { provider: "uploadthing", error: expect.stringContaining("could not be reached") }],
    ["is silent", "silence", { error: "gave no answer within 500 ms" }],
    ["answers 401", { status: 401, body: "planted" }, { error: "answered 401", hint: "Check UPLOADTHING_TOKEN." }],
    ["answers garbage", { status: 200, body: "<planted>" }, { error: "answered something else than it should" }],
    ["answers half", { status: 200, body: '{"success":"planted"}' }, { error: expect.any(String) }],
    ["refuses", { status: 200, body: '{"success":false,"deletedCount":0}' }, { error: "did not delete all files" }]
  ])("keeps every row while UploadThing %s", async (_, fault, fields) => {
    await keep(25, "a", "b", "c", "d", "e", "f", "g")
    uploadThing.fail("/v6/deleteFiles", fault)
    const { work, lines } = prepare()
    expect(await work(unhurried)).toEqual({ outcome: "failed", removed: 0 })
    expect(await rows()).toHaveLength(7)
    expect(lines.at(-1)).toMatchObject({ level: "error", message: "cleanup:error", fields: { removed: 0, ...fields } })
    expect(JSON.stringify(lines)).not.toContain("planted")
  })

  it("does not ask on and on when every batch fails", async () => {
    await keep(25, "a", "b", "c", "d", "e", "f", "g", "h", "i", "j")
    uploadThing.fail("/v6/deleteFiles", { status: 503, body: "" })
    const before = uploadThing.asked.length
    await prepare().work(unhurried)
    expect(uploadThing.asked.length - before).toBe(2)
  })

  it("stops between two batches when the server is going", async () => {
    await keep(25, "a", "b", "c", "d")
    const going = new AbortController()
    const { work } = prepare({ now: () => (going.abort(), now) })
    expect(await work(going.signal)).toEqual({ outcome: "complete", removed: 0 })
    expect(await rows()).toHaveLength(4)
  })

  it("is skipped without a token", async () => {
    await keep(25, "a")
    const { work, messages } = prepare({ files: undefined })
    expect(await work(unhurried)).toEqual({ outcome: "skipped", removed: 0 })
    expect(messages()).toEqual(["cleanup:skipped"])
    expect(await rows()).toEqual(["a"])
  })

  it("fails by name when the database does", async () => {
    const { pool } = database.opened()
    await pool.query(sql.unsafe`alter table uploaded_files rename to elsewhere`)
    try {
      const { work, lines } = prepare()
      expect(await work(unhurried)).toEqual({ outcome: "failed", removed: 0 })
      expect(lines.at(-1)).toMatchObject({
        message: "cleanup:error",
        fields: { error: expect.stringContaining("DatabaseFault") }
      })
    } finally {
      await pool.query(sql.unsafe`alter table elsewhere rename to uploaded_files`)
    }
  })
})

describeOnEachDatabase("the room cleanup", (database) => {
  beforeEach(() => database.empty())
  const room = (code: string, expiresAt: number) =>
    database.opened().pool.query(sql.unsafe`
      insert into rooms (room_code, host_participant_id, host_name, expires_at)
      values (${code}, 'abcdefghijkl', 'Ann', ${new Date(expiresAt).toISOString()}::timestamptz)`)

  it("removes the rooms whose life has ended, and no other", async () => {
    await room("AAAAAA", now - 1)
    await room("BBBBBB", now - 1_000 * hour)
    await room("CCCCCC", now + 1_000)
    const { lines, log } = createTestLog()
    const store = createRoomRows(database.opened(), aliasOf)
    const work = createRoomCleanup({ store, log, now: () => now })
    expect(await work(unhurried)).toEqual({ outcome: "complete", removed: 2 })
    expect(await database.opened().pool.any(sql.unsafe`select room_code from rooms`)).toEqual([{ room_code: "CCCCCC" }])
    expect(lines).toEqual([{ level: "info", message: "room_cleanup:complete", fields: { removed: 2 } }])
  })

  it("fails by name when the database does", async () => {
    const { pool } = database.opened()
    await pool.query(sql.unsafe`alter table rooms rename to elsewhere`)
    try {
      const { lines, log } = createTestLog()
      const work = createRoomCleanup({
        store: createRoomRows({ pool, schema: "public", lacking: [] }, aliasOf),
        log,
        now: () => now
      })
      expect(await work(unhurried)).toEqual({ outcome: "failed", removed: 0 })
      expect(lines).toMatchObject([{ level: "error", message: "room_cleanup:error" }])
    } finally {
      await pool.query(sql.unsafe`alter table elsewhere rename to rooms`)
    }
  })
})
