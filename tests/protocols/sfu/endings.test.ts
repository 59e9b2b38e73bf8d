/** How conferences, connections and media workers end, and what goes on. */
import { once } from "node:events"
import { describe, expect, it } from "vitest"
import { describeOfOneServer, itOfOneServer } from "../../support/ofOneServer.ts"
import { poison } from "../../support/poison.ts"
import { everybodyKnows } from "../../support/server.ts"
import { TowerWatcher } from "../../support/towerStream.ts"
import { serverForThisTest, useUnhandled } from "../../support/useServer.ts"
import { FakeEngine } from "./fakeEngine.ts"
import { dialSfu, room, type SfuClient, secret, useParticipants, useSfu } from "./sfuClient.ts"

const roomsCount = async (at: { readonly http: string }): Promise<number> =>
  ((await (await fetch(`${at.http}/sfu/health`)).json()) as any).mediasoup.roomsCount

const own = async (environment: Readonly<Record<string, string>> = {}) => {
  const engine = new FakeEngine()
  const server = await serverForThisTest(
    { SFU_PATH: "/sfu", SFU_JWT_SECRET: secret, ...environment },
    { endpoints: { mediaEngine: engine.open } }
  )
  const connect = async (claims: object = {}): Promise<SfuClient> => {
    const client = await dialSfu(server, claims)
    await once(client.socket, "open")
    return client
  }
  return { engine, server, connect }
}
const restarted = { code: 1011, reason: "Media engine restarted" }
const later = { code: 1013, reason: "Try again later" }

describe("a conference", () => {
  const { server, engine } = useSfu({ SFU_MAX_PARTICIPANTS: "2" })
  const participant = useParticipants(server, engine)

  it("is full for one more, who is told so and sent away; who is in may ask again", async () => {
    const [ada, bob] = [await participant(), await participant({ userId: "bob" })]
    await ada.join()
    await bob.join()
    const cid = await participant({ userId: "cid" })
    expect(await cid.join()).toEqual({ error: "Room is full" })
    expect(await cid.closed()).toEqual(later)
    expect(await bob.join()).toMatchObject({ existingProducers: [] })
    await ada.close()
    await expect.poll(() => server.actors()).toMatchObject({ participants: 1 })
    await everybodyKnows()
    const again = await participant({ userId: "cid" })
    expect(await again.join()).toMatchObject({ existingProducers: [] })
  })

  itOfOneServer(
    "keeps its router for 30 s when it is empty, and whoever comes back finds it",
    { timeout: 90_000 },
    async () => {
      const ada = await participant({ roomId: "lingers" })
      await ada.join("lingers")
      const before = await roomsCount(server)
      const routers = [...engine.routers.keys()]
      await ada.close()
      const back = await participant({ roomId: "lingers" })
      await back.join("lingers")
      expect([...engine.routers.keys()]).toEqual(routers)
      await back.close()
      const began = performance.now()
      await expect.poll(() => roomsCount(server), { timeout: 40_000, interval: 250 }).toBeLessThan(before)
      expect(performance.now() - began).toBeGreaterThan(25_000)
      await expect.poll(() => roomsCount(server), { timeout: 10_000 }).toBe(0)
      expect(engine.holds.routers).toBe(0)
      const story = server.lines("sfu:conference_ended").find(({ roomId }) => roomId === "lingers")
      expect(story).toMatchObject({ participants: 2, audio: 0, video: 0, how: "empty" })
    }
  )

  it("has a router made once, for all who join meanwhile", async () => {
    const gate = engine.gate("openRouter")
    const [ada, bob] = [await participant({ roomId: "slow" }), await participant({ userId: "bob", roomId: "slow" })]
    const joins = [ada.join("slow"), bob.join("slow")]
    await expect.poll(() => gate.waiting).toBe(1)
    gate.open()
    for (const join of joins) expect(await join).toMatchObject({ existingProducers: [] })
  })
})

describe("a client", () => {
  it("that does not join within 30 s is closed with 1008", { timeout: 90_000 }, async () => {
    const { connect } = await own()
    const joined = await connect({ userId: "joined" })
    await joined.join()
    const silent = await connect()
    const began = performance.now()
    expect(await silent.closed()).toEqual({ code: 1008, reason: "Join timeout" })
    expect(performance.now() - began).toBeGreaterThan(28_000)
    expect(joined.ending).toBeUndefined()
    await joined.close()
  })

  it("that sends more than 256 KiB at once is closed with 1009, and up to that is heard", async () => {
    const { connect } = await own()
    const ada = await connect()
    ada.send({ type: "join-room", data: { roomId: room }, more: "x".repeat(262_000), requestId: "1" })
    expect(await ada.response("1")).toMatchObject({ data: { existingProducers: [] } })
    ada.send("x".repeat(262_145))
    expect((await ada.closed()).code).toBe(1009)
  })

  it("that floods is closed with 1008", async () => {
    const { connect } = await own({ MAX_FRAMES_PER_SECOND: "5" })
    const ada = await connect()
    for (let frame = 0; frame < 100; frame++) ada.send("{")
    expect(await ada.closed()).toEqual({ code: 1008, reason: "Too many frames" })
  })

  it("is sent away when the engine does not answer in time, and leaves nothing behind", {
    timeout: 60_000
  }, async () => {
    const { connect, engine } = await own()
    const ada = await connect()
    await ada.join()
    const gate = engine.gate("openTransport")
    ada.send({ type: "create-transport", requestId: "1" })
    expect(await ada.closed()).toEqual(later)
    gate.open()
    await expect.poll(() => engine.holds.transports).toBe(0)
  })
})

describe("a media worker", () => {
  it("that dies takes its conferences along and no others, and is there again at once", async () => {
    const { engine, server, connect } = await own({ SFU_WORKERS: "2" })
    await expect.poll(() => engine.workers.size).toBe(2)
    const [ada, bob] = [await connect({ roomId: "a" }), await connect({ userId: "bob", roomId: "a" })]
    const cid = await connect({ userId: "cid", roomId: "c" })
    for (const client of [ada, bob]) await client.join("a")
    await cid.join("c")
    await ada.transport()
    // They are spread: one each.
    expect([...engine.routers.values()].toSorted()).toEqual(["0", "1"])
    const [call] = [...engine.routers.keys()]
    const died = engine.routers.get(call as string) as string
    engine.killWorker(died)
    expect(await ada.closed()).toEqual(restarted)
    expect(await bob.closed()).toEqual(restarted)
    const began = performance.now()
    const back = await connect({ roomId: "a" })
    expect(await back.join("a")).toMatchObject({ existingProducers: [] })
    expect(performance.now() - began).toBeLessThan(2000)
    expect(await cid.join("c")).toMatchObject({ existingProducers: [] })
    await expect.poll(() => engine.workers.size).toBe(2)
    expect(server.lines("sfu:worker_died")).toMatchObject([{ worker: died, conferences: 1, level: "error" }])
    expect(server.lines("sfu:conference_ended")).toMatchObject([{ roomId: "a", participants: 2, how: "worker_died" }])
    for (const client of [back, cid]) await client.close()
  })

  it("that is on its way is waited for", async () => {
    const { engine, connect } = await own()
    const ada = await connect()
    await ada.join()
    const gate = engine.gate("startWorker")
    engine.killWorker()
    await ada.closed()
    const back = await connect()
    const join = back.join()
    await expect.poll(() => gate.waiting).toBe(1)
    gate.open()
    expect(await join).toMatchObject({ existingProducers: [] })
    await back.close()
  })

  it("that dies again and again is left alone: 1013 and a line in the log", { timeout: 30_000 }, async () => {
    const { engine, server, connect } = await own()
    for (let deaths = 0; deaths < 11; deaths++) {
      await expect.poll(() => engine.workers.has("0"), { timeout: 5000, interval: 10 }).toBe(true)
      const started = () => server.lines("sfu:worker_started").length
      await expect.poll(started, { interval: 10 }).toBe(deaths + 1)
      engine.killWorker()
    }
    await expect.poll(() => server.lines("sfu:worker_exhausted")).toMatchObject([{ worker: "0", level: "error" }])
    const ada = await connect()
    ada.send({ type: "join-room", data: { roomId: room }, requestId: "1" })
    expect(await ada.closed()).toEqual(later)
    // Health and all other protocols go on.
    expect((await fetch(`${server.http}/sfu/health`)).status).toBe(200)
    expect((await fetch(`${server.http}/named-peers/health`)).status).toBe(200)
  })
})

describe("the end of the server", () => {
  it("closes every socket with 1001, and the engine", async () => {
    const { engine, server, connect } = await own()
    const [ada, bob] = [await connect(), await connect({ userId: "bob" })]
    await ada.join()
    await ada.produce()
    await everybodyKnows()
    const stopped = server.stop()
    for (const client of [ada, bob]) {
      expect(await client.closed()).toEqual({ code: 1001, reason: "Server shutdown" })
    }
    await stopped
    expect(engine.isClosed).toBe(true)
    expect(engine.holds).toEqual({ routers: 0, transports: 0, producers: 0, consumers: 0 })
    expect(server.lines("sfu:conference_ended")).toMatchObject([{ participants: 1, audio: 1, how: "shutdown" }])
  })
})

describe("a crash", () => {
  const unhandled = useUnhandled()
  const { server, engine } = useSfu()
  const participant = useParticipants(server, engine)
  const tell = (kind: string, id: string, event: any) =>
    server.tower.system.get(kind)?.send({ type: "child.tell", id, event })
  const internal = { code: 1011, reason: "Internal error" }

  it("of a participant closes its socket, frees what it had, and is its own", async () => {
    const ada = await participant({ userId: "ada" })
    await ada.join()
    const producerId = await ada.produce()
    await everybodyKnows()
    const bob = await participant({ userId: "bob" })
    await bob.join()
    const { participantId } = server.lines("sfu:joined").findLast(({ roomId }) => roomId === room)
    expect(participantId).toBeDefined()
    const adas = server.lines("sfu:joined").at(-2).participantId
    tell("participants", adas, poison("transport.changed", "state"))
    expect(await ada.closed()).toEqual(internal)
    expect(await bob.next()).toEqual({ type: "producer-closed", data: { producerId, userId: "ada" } })
    await expect.poll(() => engine.holds.transports).toBe(0)
    expect(await bob.join()).toMatchObject({ existingProducers: [] })
    expect(unhandled).toEqual([])
  })

  it("of a conference sends its participants away, closes its router, and they come again", async () => {
    const [ada, bob] = [await participant(), await participant({ userId: "bob" })]
    for (const client of [ada, bob]) await client.join()
    tell("conferences", room, poison("worker.died", "call"))
    for (const client of [ada, bob]) expect(await client.closed()).toEqual(internal)
    await expect.poll(() => engine.holds.routers).toBe(0)
    const again = await participant()
    expect(await again.join()).toMatchObject({ existingProducers: [] })
    expect(unhandled).toEqual([])
  })

  it("of a media worker's actor loses its conferences, and it begins anew", async () => {
    const ada = await participant()
    await ada.join()
    tell("mediaWorkers", "0", poison("worker.died", "at"))
    expect(await ada.closed()).toEqual(restarted)
    const again = await participant()
    expect(await again.join()).toMatchObject({ existingProducers: [] })
    expect(unhandled).toEqual([])
  })
})

describeOfOneServer("ended by hand", () => {
  const { server, engine } = useSfu({ LOG_ACCESS_KEY: "key" })
  const participant = useParticipants(server, engine)
  const byHand = { code: 1008, reason: "Ended by the operator" }
  const end = async (list: string, fits: (cells: readonly unknown[]) => boolean) => {
    const watcher = await TowerWatcher.open(`${server.http}/tower/events?key=key`)
    const rowOf = (view: any) => view[list].rows.find(({ cells }: any) => fits(cells))
    const { id } = rowOf(await watcher.until((view) => rowOf(view) !== undefined))
    const told = await watcher.end(id)
    await watcher.close()
    return told
  }

  it("a participant hears so, its media end, and the others go on", async () => {
    const [ada, bob] = [
      await participant({ userId: "ada", userName: "Ada" }),
      await participant({ userId: "bob", userName: "Bob" })
    ]
    for (const client of [ada, bob]) await client.join()
    const producerId = await ada.produce()
    expect(await bob.next()).toMatchObject({ type: "new-producer" })
    expect(await end("participants", ([name]) => name === "Ada")).toEqual({ told: "participants" })
    expect(await ada.closed()).toEqual(byHand)
    expect(await bob.next()).toEqual({ type: "producer-closed", data: { producerId, userId: "ada" } })
    expect(server.lines("sfu:dismissed").at(-1)).toMatchObject({ cause: "operator" })
    expect(server.lines("system:ended_by_hand").at(-1)).toMatchObject({ kind: "participants", ip: "127.0.0.1" })
    expect(engine.holds.transports).toBe(0)
    expect(await bob.join()).toMatchObject({ existingProducers: [] })
  })

  it("a conference sends everybody away and closes its router, and the next one begins another", async () => {
    const [ada, bob] = [await participant(), await participant({ userId: "bob" })]
    for (const client of [ada, bob]) await client.join()
    expect(await end("conferences", ([, state]) => state === "live")).toEqual({ told: "conferences" })
    for (const client of [ada, bob]) expect(await client.closed()).toEqual(byHand)
    expect(server.lines("sfu:conference_ended").at(-1)).toMatchObject({ roomId: room, how: "operator" })
    expect(engine.holds.routers).toBe(0)
    const again = await participant()
    expect(await again.join()).toMatchObject({ existingProducers: [] })
  })
})
