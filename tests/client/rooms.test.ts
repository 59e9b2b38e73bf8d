import { describe, expect, expectTypeOf, it, onTestFinished } from "vitest"
import { createTower, type RoomSummary } from "../../src/client/index.ts"
import { readSignal } from "../../src/client/signals.ts"
import type { RoomSummary as RoomOnTheWire } from "../../src/wire/dropsilk/roomSummary.ts"
import { serverForThisTest, useServer } from "../support/useServer.ts"
import { lateWebSocket } from "./lateWebSocket.ts"
import { connected, greetEachOther, next, RTCPeerConnection, useTowers } from "./towers.ts"

describe("a client in a room", () => {
  const server = useServer()
  const comes = useTowers(server)

  const pair = async () => {
    const [ada, grace] = [await comes("Ada"), await comes("Grace")]
    const hosted = await ada.createRoom()
    // What the client writes out, so that its types need no schemas: the compiler compares it.
    expectTypeOf<RoomSummary>().toExtend<RoomOnTheWire>()
    expectTypeOf<RoomOnTheWire>().toExtend<RoomSummary>()
    return { ada, grace, hosted, joined: await grace.joinRoom(hosted.code) }
  }

  it("sees the other one come and offer files, by a loop that yields what has changed", async () => {
    const ada = await comes("Ada")
    const room = await ada.createRoom()
    const seen: unknown[] = []
    const leaving = new AbortController()
    const watching = (async () => {
      for await (const { status, peer } of room.watch({ everyMs: 10, signal: leaving.signal })) {
        seen.push([status, peer?.name, peer?.totalBytes])
      }
    })()
    await expect.poll(() => seen).toEqual([["waiting", undefined, undefined]])
    const joined = await (await comes("Grace")).joinRoom(room.code)
    await expect.poll(() => seen.at(-1)).toEqual(["paired", "Grace", 0])
    expect((await joined.ready({ fileCount: 1, totalBytes: 3_145_728 })).shouldConnect).toBe(true)
    await expect.poll(() => seen.at(-1)).toEqual(["ready", "Grace", 3_145_728])
    expect(seen).toHaveLength(3)
    leaving.abort()
    await expect(watching).rejects.toMatchObject({ name: "Aborted" })
    await joined.leave()
  })

  it("knows beside the transfer channel who offers, as often as the other one comes back", async () => {
    const { hosted, joined } = await pair()
    const waits = await joined.attach("chat")
    let comes = await hosted.attach("chat")
    await connected(comes, waits)
    for (let comings = 0; comings < 3; comings++) {
      const [gone, renewed] = [next(waits, "peer-left"), next(waits, "connected")]
      comes.leave()
      await gone
      comes = await hosted.attach("chat")
      await greetEachOther(...(await Promise.all([renewed, comes.connect()])))
      expect([comes.role, waits.role]).toEqual(["host", "guest"])
    }
  })

  it("answers whoever comes beside the transfer channel, however late it is told who offers", async () => {
    const late = lateWebSocket()
    const [ada, grace] = [await comes("Ada"), await comes("Grace", late)]
    const hosted = await ada.createRoom()
    const waits = await (await grace.joinRoom(hosted.code)).attach("chat")
    const goes = await hosted.attach("chat")
    const [, { connection }] = await connected(goes, waits)
    const gone = next(waits, "peer-left")
    // What it offers at last finds nobody there any more.
    Object(connection).addTransceiver("audio")
    goes.leave()
    await gone
    await expect.poll(() => connection.signalingState).toBe("have-local-offer")

    const answer = late.hold("room-attached")
    const offered = next(waits, "signal", (data) => readSignal(data) !== undefined && "sdp" in (data as object))
    const renewed = next(waits, "connected")
    const returns = await hosted.attach("chat")
    const opened = returns.connect()
    await offered
    answer.release()
    await greetEachOther(...(await Promise.all([renewed, opened])))
    expect([returns.role, waits.role]).toEqual(["host", "guest"])
  })

  it("connects by its code, and has chat beside the transfer on a socket of its own", async () => {
    const { ada, hosted, joined } = await pair()
    const files = await Promise.all([hosted.connect(), joined.connect()])
    await greetEachOther(...files)
    await Promise.all([hosted.chat(true), joined.chat(true)])
    expect((await hosted.refresh()).chat.isActive).toBe(true)
    const chat = await Promise.all([hosted.attach("chat"), joined.attach("chat")])
    const talking = await connected(...chat)
    await greetEachOther(...talking)
    expect(server.actors()).toMatchObject({ connections: 4 })
    for (const seat of chat) seat.leave()
    await expect.poll(() => server.actors()).toMatchObject({ connections: 2 })
    // Neither the room nor the other connection has to do with that.
    await greetEachOther(...files)
    expect(ada.state).toBe("open")
  })

  it("leaves, and whoever stays is host of the next one, on the other channels too", async () => {
    const { grace, hosted, joined } = await pair()
    const stays = await joined.attach()
    const chat = await joined.attach("chat")
    await Promise.all([hosted.connect(), stays.connect()])
    await Promise.all([(await hosted.attach("chat")).connect(), chat.connect()])
    const left = next(stays, "peer-left")
    await hosted.leave()
    await left
    expect(stays.role).toBe("host")
    await expect(hosted.refresh().then(() => hosted.attach())).resolves.toMatchObject({ role: "guest" })
    await hosted.leave()
    await expect.poll(async () => (await joined.refresh()).peer).toBe(null)

    const joan = await comes("Joan")
    const last = await joan.joinRoom(joined.code)
    await greetEachOther(...(await Promise.all([next(stays, "connected"), last.connect()])))
    const talks = await last.attach("chat")
    const renewed = next(chat, "connected", ({ channel }) => channel.readyState === "open")
    await greetEachOther(...(await Promise.all([renewed, talks.connect()])))
    expect([chat.role, talks.role]).toEqual(["host", "guest"])
    expect(grace.state).toBe("open")
  })

  it("comes back to its room after a reload, with what it has remembered", async () => {
    const { ada, hosted, joined } = await pair()
    const { code, participantId } = hosted
    const [first] = await Promise.all([hosted.connect(), joined.connect()])
    ada.close()
    const again = await comes("Ada")
    const room = await again.returnToRoom(code, participantId)
    expect(room.summary.self.name).toBe("Ada")
    const stays = await joined.attach()
    const renewed = await Promise.all([room.connect(), next(stays, "connected")])
    await greetEachOther(...renewed)
    expect(renewed[0].connection).not.toBe(first.connection)
  })

  it("is refused by name", async () => {
    const { hosted } = await pair()
    const joan = await comes("Joan")
    await expect(joan.joinRoom(hosted.code)).rejects.toMatchObject({ name: "RoomFull" })
    await expect(joan.joinRoom("ABC234")).rejects.toMatchObject({ name: "RoomNotFound" })
    await expect(joan.returnToRoom(hosted.code, "nobody")).rejects.toMatchObject({ name: "RoomNotFound" })
    await expect(joan.joinRoom("A")).rejects.toMatchObject({
      name: "InvalidRequest",
      issues: ["roomCode: must be exactly 6 characters"]
    })
    await expect(hosted.refresh({ signal: AbortSignal.abort() })).rejects.toMatchObject({ name: "Aborted" })
  })

  it("is told that a second page has its seat, and does not take it back", async () => {
    const { grace, hosted, joined } = await pair()
    const seat = await joined.attach()
    const ended = next(seat, "ended")
    const second = await comes("Grace")
    const copy = await second.returnToRoom(joined.code, joined.participantId)
    const [other] = await Promise.all([copy.attach(), hosted.attach()])
    expect((await ended).name).toBe("SeatTaken")
    await expect(seat.connect()).rejects.toMatchObject({ name: "SeatTaken" })
    expect([grace.state, other.isKept, seat.isKept]).toEqual(["open", true, false])
  })
})

describe("a client whose server counts", () => {
  it("hears when to try again", async () => {
    const server = await serverForThisTest({ MAX_ROOMS_PER_MINUTE: "1" })
    const tower = createTower({ url: server.http, name: "Ada", RTCPeerConnection })
    onTestFinished(() => tower.close())
    await tower.createRoom()
    await expect(tower.createRoom()).rejects.toMatchObject({
      name: "RateLimited",
      retryAfterMs: expect.toSatisfy((ms: number) => ms > 0 && ms <= 60_000)
    })
  })

  it("is told when nobody is there", async () => {
    const tower = createTower({ url: "http://127.0.0.1:1", name: "Ada" })
    onTestFinished(() => tower.close())
    await expect(tower.createRoom()).rejects.toMatchObject({ name: "Unreachable" })
  })
})
