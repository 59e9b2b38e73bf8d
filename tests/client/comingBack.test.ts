import { once } from "node:events"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { describe, expect, it, onTestFinished } from "vitest"
import { WebSocketServer } from "ws"
import { BackOff } from "../../src/client/backOff.ts"
import { createTower, type StateChange, type Tower } from "../../src/client/index.ts"
import { freePort } from "../support/freePort.ts"
import { exchangeMegabytes } from "../support/realPeers.ts"
import { startServer, type TestServer } from "../support/server.ts"
import { startWay } from "../support/standIns/way.ts"
import { serverForThisTest, useServer } from "../support/useServer.ts"
import { folderForThisTest } from "../support/useThroughout.ts"
import { cuttableWays } from "./cuttableWays.ts"
import { connected, greetEachOther, next, towerAt } from "./towers.ts"

/** What becomes of the socket from now on. */
const changesOf = (tower: Tower): StateChange[] => {
  const changes: StateChange[] = []
  tower.on("state", (change) => changes.push(change))
  return changes
}

describe("the time before another attempt", () => {
  it("is anything up to a bound that doubles from half a second to half a minute, and begins anew after a healthy while", () => {
    const bounds = [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]
    const runs = Array.from({ length: 400 }, () => {
      const backOff = new BackOff()
      return {
        waits: bounds.map(() => backOff.next(0)),
        afterHealth: backOff.next(30_000),
        after: backOff.next(29_999)
      }
    })
    for (const [index, bound] of bounds.entries()) {
      const waits = runs.map((run) => run.waits[index] as number)
      expect(Math.min(...waits)).toBeLessThan(bound * 0.1)
      expect(Math.max(...waits)).toBeGreaterThan(bound * 0.9)
      expect(Math.max(...waits)).toBeLessThanOrEqual(bound)
    }
    expect(Math.max(...runs.map((run) => run.afterHealth))).toBeLessThanOrEqual(500)
    expect(Math.max(...runs.map((run) => run.after))).toBeGreaterThan(500)
  })
})

describe("a client that a server sends away", () => {
  /** Greets each client, and sends it away with this. */
  const dismissing = async (reconnectInMs: unknown) => {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1" })
    onTestFinished(() => server.close())
    server.on("connection", (socket) => {
      socket.send(JSON.stringify({ type: "registered", id: "0123456789" }))
      socket.send(JSON.stringify({ type: "server-shutdown", message: "It goes.", reconnectInMs }))
      socket.close(1001)
    })
    await once(server, "listening")
    const tower = towerAt(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, "Ada")
    return next(tower, "state", ({ state }) => state === "waiting")
  }

  it.each([
    [0, 0],
    [777, 777],
    [1e9, 30_000]
  ])("comes back when it is asked to, %i ms later, and within half a minute", async (asked, retryInMs) => {
    expect(await dismissing(asked)).toMatchObject({ code: 1001, retryInMs })
  })

  it.each(["soon", -1, null, undefined])(
    "comes back as ever when it is asked for nothing that can be: %s",
    async (asked) => {
      const { retryInMs } = await dismissing(asked)
      expect(retryInMs).toBeGreaterThanOrEqual(0)
      expect(retryInMs).toBeLessThanOrEqual(500)
    }
  )
})

describe("a client whose socket is closed", () => {
  const server = useServer()

  it("comes back by itself after one that broke off, as somebody new under the same name", async () => {
    const way = await startWay(server.http)
    onTestFinished(() => way.close())
    const ada = towerAt(way.url, "Ada")
    await ada.opened()
    const [before, changes] = [ada.id, changesOf(ada)]
    const watcher = await server.connect({ name: "Watcher" })
    way.cut()
    await expect.poll(() => ada.state).toBe("waiting")
    await expect.poll(() => changes.filter(({ state }) => state === "waiting").length).toBeGreaterThan(1)
    expect(changes[0]).toMatchObject({ state: "waiting", code: 1006, hasOpened: true })
    way.mend()
    await ada.opened()
    expect(ada.id).not.toBe(before)
    expect(await watcher.list((names) => names.length === 1 && names[0] === "Ada")).toEqual(["Ada"])
    await watcher.close()
  })

  it("makes the next attempt at once when it is told that there is a network again", async () => {
    const way = await startWay(server.http)
    onTestFinished(() => way.close())
    const ada = towerAt(way.url, "Ada")
    await ada.opened()
    way.cut()
    // Somewhere among the longer ones.
    await next(ada, "state", ({ retryInMs = 0 }) => retryInMs > 2000)
    way.mend()
    const asked = Date.now()
    ada.retry()
    await ada.opened()
    expect(Date.now() - asked).toBeLessThan(1500)
  })

  it("gives up a socket on which nothing comes any more, though nobody has closed it", async () => {
    const way = await startWay(server.http)
    onTestFinished(() => way.close())
    const ada = towerAt(way.url, "Ada")
    await ada.opened()
    const before = ada.id
    way.block()
    await expect.poll(() => ada.state, { timeout: 60_000 }).not.toBe("open")
    way.mend()
    await ada.opened()
    expect(ada.id).not.toBe(before)
  })

  it("takes its seat in a flight again, and is guest of whoever stayed", async () => {
    const way = await startWay(server.http)
    onTestFinished(() => way.close())
    const [ada, grace] = [towerAt(way.url, "Ada"), towerAt(server.http, "Grace")]
    const flight = await ada.createFlight()
    const joined = await grace.joinFlight(flight.code)
    const [one, other] = await connected(flight, joined)
    const [away, back] = [next(flight, "away"), next(flight, "back")]
    way.cut()
    await away
    await greetEachOther(one, other)
    way.mend()
    await back
    await expect.poll(() => joined.peer?.id).toBe(ada.id)
    expect([flight.role, joined.role]).toEqual(["guest", "host"])
    await greetEachOther(one, other)
    expect(await flight.connect()).toEqual(one)
  })

  it("says that a flight is gone that nobody sits in any more", async () => {
    const way = await startWay(server.http)
    onTestFinished(() => way.close())
    const ada = towerAt(way.url, "Ada")
    const flight = await ada.createFlight()
    way.cut()
    way.mend()
    expect(await next(flight, "ended")).toMatchObject({ name: "FlightNotFoundOrFull" })
    await expect(ada.createFlight()).resolves.toMatchObject({ isKept: true })
  })

  it("does not come back after a message that is too big, and says so to whoever asks", async () => {
    const [ada, grace] = [towerAt(server.http, "Ada"), towerAt(server.http, "Grace")]
    const flight = await ada.createFlight()
    const joined = await grace.joinFlight(flight.code)
    const [closed, ended] = [next(ada, "state"), next(flight, "ended")]
    flight.signal("x".repeat(1024 * 1024))
    expect(await closed).toEqual({ state: "closed", code: 1009 })
    expect(await ended).toMatchObject({ name: "Closed", code: 1009 })
    await expect(ada.createFlight()).rejects.toMatchObject({ name: "Closed", code: 1009 })
    await expect.poll(() => joined.peer).toBe(null)
  })

  it("does not come back after too many frames", async () => {
    const strict = await serverForThisTest({ MAX_FRAMES_PER_SECOND: "1" })
    const ada = towerAt(strict.http, "Ada")
    await ada.opened()
    const closed = next(ada, "state")
    for (let frames = 0; frames < 200; frames++) ada.rename(`Ada ${frames}`)
    expect(await closed).toEqual({ state: "closed", code: 1008 })
  })
})

describe("a client whose server is stopped and started", () => {
  const restartable = async () => {
    const environment = { PORT: String(await freePort()), DATA_DIR: join(await folderForThisTest(), "data") }
    let server: TestServer = await startServer(environment)
    onTestFinished(() => server.stop())
    return {
      url: server.http,
      stop: () => server.stop(),
      start: async () => {
        server = await startServer(environment)
      }
    }
  }

  it("keeps its room and its data channel, by an ICE restart over new ways where the old ones are gone", async () => {
    const server = await restartable()
    const ways = cuttableWays()
    const towers = ["Ada", "Grace"].map((name) => {
      const tower = createTower({ url: server.url, name, RTCPeerConnection: ways.RTCPeerConnection })
      onTestFinished(() => tower.close())
      return tower
    }) as [Tower, Tower]
    const hosted = await towers[0].createRoom()
    const joined = await towers[1].joinRoom(hosted.code)
    const [host, guest] = await Promise.all([hosted.attach(), joined.attach()])
    const [one, other] = await connected(host, guest)
    const [changes, backs] = [changesOf(towers[0]), [next(host, "back"), next(guest, "back")]]

    await server.stop()
    expect(changes[0]).toMatchObject({ state: "waiting", code: 1001 })
    // Without any server.
    await exchangeMegabytes(one.channel, other.channel)
    ways.cut()
    for (const { connection } of [one, other]) {
      await expect.poll(() => connection.connectionState, { timeout: 60_000 }).not.toBe("connected")
    }
    const before = one.connection.localDescription?.sdp
    await server.start()
    await Promise.all(backs)
    for (const { connection } of [one, other]) {
      await expect.poll(() => connection.connectionState, { timeout: 60_000 }).toBe("connected")
    }
    await exchangeMegabytes(one.channel, other.channel)
    const ufrag = (sdp: string | undefined) => /^a=ice-ufrag:(.*)$/m.exec(sdp ?? "")?.[1]
    expect(ufrag(one.connection.localDescription?.sdp)).not.toBe(ufrag(before))
    expect([await host.connect(), await guest.connect()]).toEqual([one, other])
  })
})
