import { Redacted } from "effect"
import { getTasks } from "node-cron"
import { sql } from "slonik"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { AnyActorRef } from "xstate"
import { openDatabase } from "../../../src/io/database/database.ts"
import { describeOnPostgres, temporaryDirectory, useDatabase, withClient } from "../../support/databases.ts"
import { seedEmbeddedDatabase } from "../../support/embeddedTemplate.ts"
import { poison } from "../../support/poison.ts"
import { startServer, type TestServer } from "../../support/server.ts"
import { useUploadThing } from "../../support/standIns/uploadThing.ts"
import { tables } from "../../support/tables.ts"

const everySecond = "* * * * * *"
const never = "0 0 29 2 *"
const deletions = "/v6/deleteFiles"

interface JobStatus {
  readonly state: string
  readonly lastRunAt: string | null
  readonly lastResult: { readonly outcome: string; readonly removed: number } | null
  readonly nextRunAt: string | null
}

const statusOf = async (server: TestServer, job: "previewCleanup" | "roomCleanup"): Promise<JobStatus> =>
  ((await (await fetch(`${server.http}/api/status`)).json()) as any).jobs[job]

const jobOf = (server: TestServer, job: string): AnyActorRef => {
  const ref = server.tower.system.get("jobs")?.getSnapshot().children.get(job)
  if (ref === undefined) throw new Error(`there is no ${job}`)
  return ref
}

/** Resolves when the schedule has ticked so many times, whatever the job makes of it. */
const ticks = (server: TestServer, job: string, times: number): Promise<void> =>
  new Promise((resolve) => {
    const actor = jobOf(server, job)
    let [last, seen] = [actor.getSnapshot().context.scheduledAt, 0]
    const { unsubscribe } = actor.subscribe(({ context }) => {
      if (context.scheduledAt === last) return
      last = context.scheduledAt
      if (++seen < times) return
      unsubscribe()
      resolve()
    })
  })

const insertRoom = `insert into rooms (room_code, host_participant_id, host_name, expires_at)
  values ('AAAAAA', 'abcdefghijkl', 'Ann', now() - interval '1 minute')`
const insertPreview = (key: string) => `insert into uploaded_files (file_key, file_url, file_name, uploaded_at)
  values ('${key}', 'u', 'n', now() - interval '2 days')`

describeOnPostgres("a timed job", () => {
  const databaseUrl = useDatabase()
  const uploadThing = useUploadThing()
  let server: TestServer
  beforeEach(async () => {
    uploadThing.fail(deletions)
    uploadThing.files.clear()
    await query("truncate rooms, uploaded_files")
  })
  afterEach(() => server.stop())

  const query = (text: string) => withClient(databaseUrl, async (client) => (await client.query(text)).rows)
  const start = async (environment: Readonly<Record<string, string>> = {}) => {
    server = await startServer(
      {
        DATABASE_URL: databaseUrl,
        UPLOADTHING_TOKEN: Redacted.value(uploadThing.token),
        PREVIEW_CLEANUP_CRON: never,
        ROOM_CLEANUP_CRON: never,
        ...environment
      },
      { endpoints: { uploadthing: uploadThing.endpoints } }
    )
  }
  const preview = async (key: string) => {
    uploadThing.files.set(key, { name: "n", bytes: Buffer.from("n") })
    await query(insertPreview(key))
  }

  it("runs once at the start, and its status tells of it", async () => {
    await query(insertRoom)
    await preview("a")
    const before = Date.now()
    await start({ ROOM_CLEANUP_CRON: "", ROOM_CLEANUP_INTERVAL_MINUTES: "7" })
    await expect.poll(() => statusOf(server, "roomCleanup"), { timeout: 20_000 }).toMatchObject({ state: "resting" })
    await expect.poll(() => statusOf(server, "previewCleanup"), { timeout: 20_000 }).toMatchObject({ state: "resting" })
    const [rooms, previews] = [await statusOf(server, "roomCleanup"), await statusOf(server, "previewCleanup")]
    expect([rooms.lastResult, previews.lastResult]).toEqual([
      { outcome: "complete", removed: 1 },
      { outcome: "complete", removed: 1 }
    ])
    expect(await query("select from rooms union all select from uploaded_files")).toEqual([])
    const next = Date.parse(rooms.nextRunAt ?? "")
    expect(next).toBeGreaterThanOrEqual(before + 7 * 60_000)
    expect(next).toBeLessThanOrEqual(Date.now() + 7 * 60_000)
    expect(Date.parse(rooms.lastRunAt ?? "")).toBeGreaterThanOrEqual(before)
    // The next 29 February
    expect(new Date(previews.nextRunAt ?? "").getMonth()).toBe(1)
  })

  it("runs again when its cron expression says so", async () => {
    await start({ ROOM_CLEANUP_CRON: everySecond })
    await expect.poll(() => statusOf(server, "roomCleanup"), { timeout: 20_000 }).toMatchObject({ state: "resting" })
    await query(insertRoom)
    await expect.poll(() => query("select from rooms"), { timeout: 5_000 }).toEqual([])
  })

  it("lets ticks pass while it runs: it never runs twice at once", async () => {
    await preview("a")
    let goOn = () => {}
    uploadThing.fail(deletions, new Promise((resolve) => (goOn = resolve)))
    const before = uploadThing.asked.length
    const asked = uploadThing.nextAsked(deletions)
    await start({ PREVIEW_CLEANUP_CRON: everySecond })
    await asked
    await ticks(server, "previewCleanup", 2)
    expect(await statusOf(server, "previewCleanup")).toMatchObject({
      state: "running",
      lastRunAt: null,
      nextRunAt: null
    })
    expect(uploadThing.asked.length - before).toBe(1)
    goOn()
    await expect.poll(() => query("select from uploaded_files"), { timeout: 20_000 }).toEqual([])
  })

  it("backs off after a failure, whatever its schedule says, and tells until when", async () => {
    await preview("a")
    uploadThing.fail(deletions, { status: 503, body: "planted" })
    await start({ PREVIEW_CLEANUP_CRON: everySecond })
    await expect
      .poll(() => statusOf(server, "previewCleanup"), { timeout: 20_000 })
      .toMatchObject({ state: "backing_off" })
    const before = uploadThing.asked.length
    await ticks(server, "previewCleanup", 2)
    expect(uploadThing.asked.length).toBe(before)
    const { lastResult, lastRunAt, nextRunAt } = await statusOf(server, "previewCleanup")
    expect(lastResult).toEqual({ outcome: "failed", removed: 0 })
    expect(Date.parse(nextRunAt ?? "") - Date.parse(lastRunAt ?? "")).toBeGreaterThanOrEqual(10_000)
    expect(await query("select from uploaded_files")).toHaveLength(1)
    expect(server.log()).toContain("cleanup:error")
    expect(server.log()).not.toContain("planted")
  })

  it("is waited for by a stopping server, which begins no further batch", async () => {
    await preview("a")
    let goOn = () => {}
    uploadThing.fail(deletions, new Promise((resolve) => (goOn = resolve)))
    const asked = uploadThing.nextAsked(deletions)
    await start()
    await asked
    const stopped = server.stop()
    await expect
      .poll(() => jobOf(server, "previewCleanup").getSnapshot().value, { timeout: 20_000 })
      .toEqual({ running: "forTheLastTime" })
    goOn()
    await stopped
    expect(await query("select from uploaded_files")).toEqual([])
    expect(server.log()).toContain("cleanup:complete")
  })

  it("that has crashed is started again, and its schedule goes on", async () => {
    await start({ ROOM_CLEANUP_CRON: everySecond })
    await expect.poll(() => statusOf(server, "roomCleanup"), { timeout: 20_000 }).toMatchObject({ state: "resting" })
    const crashed = jobOf(server, "roomCleanup")
    server.tower.system
      .get("jobs")
      ?.send({ type: "child.tell", id: "roomCleanup", event: poison("schedule.ticked", "nextAt") })
    await expect.poll(() => jobOf(server, "roomCleanup"), { timeout: 20_000 }).not.toBe(crashed)
    await query(insertRoom)
    await expect.poll(() => query("select from rooms"), { timeout: 5_000 }).toEqual([])
    expect(server.actors().jobs).toBe(5)
    // Two have cron expressions.
    expect(getTasks().size).toBe(2)
    expect(server.log()).toContain("system:error")
  })
})

describe("the timed jobs of an embedded database", () => {
  it("run at the start as well", async () => {
    const { options, remove } = await temporaryDirectory()
    seedEmbeddedDatabase({ DATA_DIR: options.dataDirectory })
    const before = await openDatabase({ tables, ...options })
    await before.pool.query(sql.unsafe`
      insert into rooms (room_code, host_participant_id, host_name, expires_at)
      values ('AAAAAA', 'abcdefghijkl', 'Ann', now() - interval '1 minute')`)
    await before.close()
    const server = await startServer({ DATA_DIR: options.dataDirectory })
    try {
      await expect
        .poll(() => statusOf(server, "roomCleanup"))
        .toMatchObject({ lastResult: { outcome: "complete", removed: 1 } })
      expect(await statusOf(server, "previewCleanup")).toMatchObject({ lastResult: { outcome: "skipped", removed: 0 } })
    } finally {
      await server.stop()
      await remove()
    }
  })
})
