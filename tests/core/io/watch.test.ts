import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest"
import { type ActorRefFrom, createActor } from "xstate"
import type { EventRow, NamedEvent } from "../../../src/io/telemetry/events/eventTable.ts"
import type { TowerPart } from "../../../src/io/tower/towerPart.ts"
import { createVitalSigns } from "../../../src/io/tower/vitals.ts"
import { createWatch, type Watch } from "../../../src/io/tower/watch.ts"
import { connectionMachine } from "../../../src/machines/dropsilk/connection/connection.ts"
import { flightMachine } from "../../../src/machines/dropsilk/flight/flight.ts"
import { dropsilkKinds } from "../../../src/machines/dropsilk/kinds.ts"
import { networkMachine } from "../../../src/machines/dropsilk/network/network.ts"
import { roomMachine } from "../../../src/machines/dropsilk/room/room.ts"
import { storyMachine } from "../../../src/machines/dropsilk/story.ts"
import type { ActorCrashed } from "../../../src/machines/events.ts"
import { jobKind, jobMachine } from "../../../src/machines/job.ts"
import type { SupervisorRef } from "../../../src/machines/supervisor.ts"
import { towerMachine } from "../../../src/machines/tower.ts"

const limits = {
  watchIntervalMs: 10,
  watchRest: 0,
  watchVitalsMs: 60_000,
  watchFaultMs: 0,
  watchRows: { newest: 3, oldest: 2 },
  watchRemembered: 10,
  watchEvents: 4,
  watchCrashes: 2
}

const noBackOff = { backOffMs: 0, longestBackOffMs: 0 }
const parts = {
  connection: connectionMachine,
  flight: flightMachine,
  room: roomMachine,
  network: networkMachine,
  story: storyMachine,
  settings: {
    connection: { askTimeoutMs: 0, outlived: false },
    flight: { graceMs: 0 },
    room: {
      listeningSince: 0,
      returnMs: 0,
      returners: 0,
      reloadMs: 0,
      silenceMs: 0,
      timeToLiveMs: 0,
      restMs: 0,
      touchShare: 0,
      retryMs: 0
    },
    network: { listBytesPerSecond: 0, listRoundMs: 0, listTurnBytes: 0, emptyListBytes: 0, entryBytes: 0, crowd: 0 },
    story: { staleMs: 0, entries: 0 }
  }
}

const farewells = { size: 1, most: 1, everyMs: 0, withinMs: 0 }

/** The supervisor of jobs is read for the table of supervisors and for the counts of states. */
const readsOfOneLook = 2

const kinds = [
  { kind: "flights", chart: "flight" },
  { kind: "jobs", chart: "job" }
]

/** Two lists of the same flights: one that the page has a view for, and one that it shows as a table. */
const part: TowerPart = {
  sections: [
    {
      name: "flights",
      kind: "flights",
      row: (actor) => ({ code: actor.id.slice(0, 3) }),
      story: (actor) => ({ wholly: actor.id }),
      ending: { event: { type: "operator.ends" }, meaning: "It lands." }
    },
    {
      name: "planes",
      kind: "flights",
      table: { title: "Planes", caption: "In the air.", columns: [{ title: "Plane", shows: "text" }] },
      cells: (actor) => [actor.id.toLowerCase()]
    }
  ],
  shownIds: { flights: (id) => `${id.slice(0, 3)}···` },
  tally: () => ({ people: 5, pairs: 2, meetings: { paired: 4, answered: 3, faulted: 1, vain: 1 } })
}

const connected = (client: string): readonly [NamedEvent & { client: string }, EventRow<NamedEvent>] => [
  { name: "test:connected", client },
  { feed: { says: "connected", parts: (event) => ({ client: (event as { client: string } & NamedEvent).client }) } }
]

const crashed = (id: string): readonly [ActorCrashed, EventRow<NamedEvent>] => [
  { name: "system:error", kind: "flights", id, error: new Error("odd"), restarted: false },
  {}
]

describe("watching the tower", () => {
  let tower: ActorRefFrom<typeof towerMachine>
  let watch: Watch
  /** How often the tower has been read. */
  let reads = 0
  const faults: unknown[] = []
  const told: unknown[] = []
  const refusals = { budgets: { requests: 3 }, origins: { socket: 1 } }

  const start = (changed: Partial<typeof limits> = {}) => {
    tower = createActor(towerMachine, { input: { suspensionMs: 0, farewells } }).start()
    tower.send({ type: "kinds.open", kinds: [...dropsilkKinds(parts), jobKind(jobMachine, noBackOff, [])] })
    reads = 0
    watch = createWatch({
      tower,
      kinds: () => kinds,
      supervisor: (kind) => {
        if (kind === "jobs") reads++
        return tower.system.get(kind) as SupervisorRef
      },
      parts: [part],
      version: "1.2.3",
      startedAt: 0,
      now: () => Date.now(),
      refusedOrigins: () => ({ times: 0, most: 0, rows: [] }),
      registry: { send: (event) => void told.push(event) },
      vitals: createVitalSigns({
        parts: [{ protocol: "planes", part }],
        refusals: () => refusals,
        delayResolutionMs: 10
      }),
      onFault: (error) => faults.push(error),
      limits: { ...limits, ...changed }
    })
  }
  beforeEach(() => start())
  afterEach(() => {
    tower.stop()
    faults.length = 0
  })

  const openFlight = (code: string) =>
    tower.system.get("flights")?.send({
      type: "child.start",
      id: code,
      input: { id: code, code, channel: "transfer", ofRoom: false }
    })

  /** The next text that fits, to somebody who begins to watch now. */
  const heard = (fits: (text: string) => boolean = () => true) =>
    new Promise<string>((resolve) => {
      const leave = watch.subscribe((text) => {
        if (!fits(text)) return
        // A watcher may be told something while it subscribes.
        queueMicrotask(() => leave())
        resolve(text)
      })
    })
  const dataOf = (text: string, event: string) =>
    JSON.parse(new RegExp(`^event: ${event}\ndata: (.*)$`, "m").exec(text)?.[1] ?? "null")

  it("reads and keeps nothing while nobody watches, but crashes", async () => {
    for (let count = 0; count < 3; count++) {
      watch.hear(...connected("unwatched"))
      watch.hear(...crashed(`ABCDE${count}/chat`))
    }
    expect(reads).toBe(0)
    const text = await heard()
    expect(text).not.toContain("unwatched")
    expect(dataOf(text, "tower")).toMatchObject({
      crashCounts: { flights: { crashed: 3, restarted: 0 } },
      crashes: [
        { kind: "flights", id: "ABC···", error: "Error: odd" },
        { kind: "flights", id: "ABC···" }
      ]
    })
    const readsSoFar = reads
    watch.hear(...connected("unwatched"))
    await new Promise((resolve) => setTimeout(resolve, 5 * limits.watchIntervalMs))
    expect(reads).toBe(readsSoFar)
  })

  it("reads once for all watchers", async () => {
    start({ watchIntervalMs: 60_000 })
    const texts: string[][] = [[], [], []]
    const leaves = texts.map((own) => watch.subscribe((text) => own.push(text)))
    openFlight("ABCDEF")
    await expect.poll(() => texts.every((own) => own.length > 0)).toBe(true)
    const [first, second, third] = texts.map(([text]) => text)
    expect([second, third]).toEqual([first, first])
    expect(reads).toBe(readsOfOneLook)
    for (const leave of leaves) leave()
  })

  it("shows both ends of a long list, the newest first, and says how long it is", async () => {
    for (let index = 0; index < 9; index++) openFlight(`${index}${index}${index}XYZ`)
    const { flights } = dataOf(await heard(), "tower")
    expect(flights).toMatchObject({ newest: 3, oldest: 2, total: 9 })
    expect(flights.rows.map(({ code }: { code: string }) => code)).toEqual(["888", "777", "666", "111", "000"])
  })

  it("shows a list that the page knows nothing of as a table", async () => {
    openFlight("ABCDEF")
    const { planes, flights, tables } = dataOf(await heard(), "tower")
    expect(tables).toEqual([
      { name: "planes", title: "Planes", caption: "In the air.", columns: [{ title: "Plane", shows: "text" }] }
    ])
    expect(planes).toEqual({ newest: 3, oldest: 2, total: 1, rows: [{ id: flights.rows[0].id, cells: ["abcdef"] }] })
  })

  it("tells of a living actor that was shown what its list has to tell, and of no other", async () => {
    openFlight("ABCDEF")
    const { flights } = dataOf(await heard(), "tower")
    const [{ id }] = flights.rows
    expect(watch.story(id)).toEqual({ id, code: "ABC", wholly: "ABCDEF" })
    expect(watch.story("x:0")).toBeUndefined()
  })

  it("shows the newest of many events and counts the others", async () => {
    const leave = watch.subscribe(() => {})
    for (let index = 0; index < 10; index++) {
      watch.hear(...connected(`c${index}`))
    }
    const { omitted, entries } = dataOf(await heard((text) => text.includes("event: feed")), "feed")
    expect(omitted).toBe(6)
    expect(entries.map(({ client }: { client: string }) => client)).toEqual(["c6", "c7", "c8", "c9"])
    leave()
  })

  it("says nothing when nothing has changed but how it is, which is a sign of life", async () => {
    start({ watchVitalsMs: 0 })
    const texts: string[] = []
    const leave = watch.subscribe((text) => texts.push(text))
    await expect.poll(() => texts.length).toBeGreaterThan(2)
    expect(texts[0]).toContain("event: tower")
    for (const text of texts.slice(1)) expect(text).toMatch(/^event: vitals\ndata: .*\n\n$/)
    leave()
  })

  it("adds up who is there and how meetings went, and measures the process", async () => {
    const vitals = dataOf(await heard(), "vitals")
    expect(vitals).toMatchObject({
      people: 5,
      pairs: 2,
      meetings: { paired: 4, answered: 3, faulted: 1, vain: 1 },
      protocols: [{ protocol: "planes", people: 5, pairs: 2 }],
      refusals
    })
    expect(vitals.memory.rss).toBeGreaterThan(vitals.memory.heap)
    expect(vitals.memory.heap).toBeGreaterThan(1_000_000)
  })

  it("notices that the event loop is late", async () => {
    start({ watchVitalsMs: 100 })
    const late: number[] = []
    onTestFinished(watch.subscribe((text) => late.push(dataOf(text, "vitals")?.delayMs.worst ?? 0)))
    // What comes right behind a reading, before the first look, is not seen.
    await expect
      .poll(() => {
        const until = performance.now() + 300
        while (performance.now() < until);
        return Math.max(0, ...late)
      })
      .toBeGreaterThan(200)
    expect(Math.max(...late)).toBeLessThan(3_000)
  })

  it("tells a living actor that was shown to end, over the registry, and no other", async () => {
    openFlight("ABCDEF")
    const { flights, endings } = dataOf(await heard(), "tower")
    expect(endings).toEqual({ flights: "It lands." })
    told.length = 0
    expect(watch.end("x:0")).toBeUndefined()
    expect(told).toEqual([])
    expect(watch.end(flights.rows[0].id)).toEqual({ kind: "flights", id: "ABCDEF" })
    expect(told).toEqual([
      {
        type: "tell",
        from: { kind: "tower", id: "page" },
        to: { kind: "flights", id: "ABCDEF" },
        event: { type: "operator.ends" }
      }
    ])
  })

  it("outlives a fault of its own and tells of it", async () => {
    const leave = watch.subscribe(() => {})
    tower.stop()
    await expect.poll(() => faults.length).toBeGreaterThan(0)
    leave()
  })

  it("pauses so many times as long as updates take, when two in a row have taken so long", async () => {
    start({ watchRest: 1_000_000 })
    const leave = watch.subscribe(() => {})
    await expect.poll(() => reads).toBe(2 * readsOfOneLook)
    await new Promise((resolve) => setTimeout(resolve, 5 * limits.watchIntervalMs))
    expect(reads).toBe(2 * readsOfOneLook)
    leave()
  })
})
