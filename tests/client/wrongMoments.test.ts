/** What a page does at a bad moment, twice, or with what cannot be meant. */
import { describe, expect, it, onTestFinished } from "vitest"
import { createTower } from "../../src/client/index.ts"
import { startWay } from "../support/standIns/way.ts"
import { serverForThisTest, useServer } from "../support/useServer.ts"
import { connected, greetEachOther, next, towerAt, useTowers } from "./towers.ts"

describe("a client that is closed", () => {
  const server = useServer()
  const comes = useTowers(server)

  it("while it asks for a seat says that it was closed, not that the page had changed its mind", async () => {
    const ada = await comes("Ada")
    const before = ada.createFlight()
    ada.close()
    await expect(before).rejects.toMatchObject({ name: "Closed", code: undefined })

    const grace = await comes("Grace")
    const sent = grace.createFlight()
    await Promise.resolve()
    await Promise.resolve()
    grace.close()
    await expect(sent).rejects.toMatchObject({ name: "Closed", code: undefined })
  })

  it("by its server while it asks for a seat says with which code", async () => {
    const strict = await serverForThisTest({ MAX_FRAMES_PER_SECOND: "1" })
    const ada = towerAt(strict.http, "Ada")
    await ada.opened()
    for (let frames = 0; frames < 200; frames++) ada.rename(`Ada ${frames}`)
    await expect(ada.createFlight()).rejects.toMatchObject({ name: "Closed", code: 1008 })
  })

  it("because its socket was lost stays closed, and the server hears of it no more", async () => {
    const way = await startWay(server.http)
    onTestFinished(() => way.close())
    for (const event of ["away", "neighbours"] as const) {
      const ada = towerAt(way.url, "Ada")
      const flight = await ada.createFlight()
      const states: string[] = []
      if (event === "away") flight.on("away", () => ada.close())
      else ada.on("neighbours", () => ada.close())
      ada.on("state", ({ state }) => states.push(state))
      way.cut()
      await expect.poll(() => ada.state).toBe("closed")
      way.mend()
      expect(states).toEqual(["closed"])
      await expect.poll(() => server.actors()).toMatchObject({ connections: 0 })
    }
  })

  it("because it gives up a seat is closed, with no socket behind it", async () => {
    const ada = await comes("Ada")
    const flight = await ada.createFlight()
    flight.on("ended", () => ada.close())
    flight.leave()
    expect(ada.state).toBe("closed")
    await expect.poll(() => server.actors()).toMatchObject({ connections: 0, flights: 0 })
  })

  it("asks for no room, looks at none, and opens no socket for a channel", async () => {
    const ada = await comes("Ada")
    const room = await ada.createRoom()
    const looks = (async () => {
      for await (const _ of room.watch({ everyMs: 10 }));
    })()
    ada.close()
    const calls = [
      looks,
      ada.createRoom(),
      ada.joinRoom(room.code),
      ada.returnToRoom(room.code, room.participantId),
      room.refresh(),
      room.attach("chat"),
      room.attach(),
      ada.invite("nobody", room.code)
    ]
    for (const settled of await Promise.allSettled(calls))
      expect(settled).toMatchObject({ status: "rejected", reason: { name: "Closed" } })
    await expect.poll(() => server.actors()).toMatchObject({ connections: 0 })
  })

  it("ends the connections that have outlived their seats", async () => {
    const [ada, grace, second] = [await comes("Ada"), await comes("Grace"), await comes("Grace")]
    const hosted = await ada.createRoom()
    const joined = await grace.joinRoom(hosted.code)
    const chat = await joined.attach("chat")
    const [peering] = await connected(chat, await hosted.attach("chat"))
    const ended = next(chat, "ended")
    const copy = await second.returnToRoom(joined.code, joined.participantId)
    await copy.attach("chat")
    expect((await ended).name).toBe("SeatTaken")
    expect(peering.connection.connectionState).toBe("connected")
    grace.close()
    expect(peering.connection.connectionState).toBe("closed")
  })
})

describe("a client that is asked twice", () => {
  const server = useServer()
  const comes = useTowers(server)

  it("to connect in its room gives the same connection to both, and one that is ended ends only itself", async () => {
    const [ada, grace] = [await comes("Ada"), await comes("Grace")]
    const hosted = await ada.createRoom()
    const joined = await grace.joinRoom(hosted.code)
    const ending = new AbortController()
    const given = expect(hosted.connect({ signal: ending.signal })).rejects.toMatchObject({ name: "Aborted" })
    ending.abort()
    const [one, again, other] = await Promise.all([hosted.connect(), hosted.connect(), joined.connect()])
    await given
    expect(again).toEqual(one)
    await greetEachOther(one, other)
    expect(await hosted.attach()).toBe(await hosted.attach())
  })

  it("to leave a seat that it has lost ends the connection, once", async () => {
    const [ada, grace, second] = [await comes("Ada"), await comes("Grace"), await comes("Grace")]
    const hosted = await ada.createRoom()
    const joined = await grace.joinRoom(hosted.code)
    const seat = await joined.attach()
    const [peering] = await connected(seat, await hosted.attach())
    const ended = next(seat, "ended")
    await (await second.returnToRoom(joined.code, joined.participantId)).attach()
    await ended
    const { id } = grace
    seat.leave()
    seat.leave()
    expect(peering.connection.connectionState).toBe("closed")
    // It holds nothing there any more that another socket would have to give up.
    expect(grace.id).toBe(id)
  })

  it("for a seat at the very moment at which it gives one up gets it all the same", async () => {
    const ada = await comes("Ada")
    for (let turns = 0; turns < 8; turns++) {
      const flight = await ada.createFlight()
      const asked = ada.joinFlight("ABC234")
      for (let turn = 0; turn < turns; turn++) await Promise.resolve()
      flight.leave()
      await expect(asked).rejects.toMatchObject({ name: expect.stringMatching(/^FlightNotFoundOrFull$/) })
    }
  }, 20_000)
})

describe("a client that is given what cannot be meant", () => {
  const server = useServer()

  it("says so of a name, before the server is asked", async () => {
    for (const name of ["", "  ", "x".repeat(51)]) {
      expect(() => towerAt(server.http, name)).toThrowError(
        expect.objectContaining({ name: "InvalidRequest", issues: ["name: must be 1 to 50 characters"] })
      )
    }
    const ada = towerAt(server.http, ` ${"y".repeat(50)} `)
    const asked = ada.createFlight()
    expect(() => ada.rename("")).toThrowError(expect.objectContaining({ name: "InvalidRequest" }))
    await expect(asked).resolves.toMatchObject({ isKept: true })
    expect(ada.name).toBe("y".repeat(50))
  })

  it("takes the address of a page for that of its server, and says so of what is no address of one", async () => {
    for (const rest of ["/#ABC234", "/?from=here", "/?from=here#ABC234", "//"]) {
      const ada = towerAt(server.http + rest, "Ada")
      await ada.opened()
      expect((await ada.createRoom()).code).toMatch(/^[A-Z0-9]{6}$/)
    }
    expect((await towerAt(server.ws, "Ada").createRoom()).code).toMatch(/^[A-Z0-9]{6}$/)
    for (const url of ["ftp://example.org", "app.example.org", "mailto:ada@example.org", "file:///tmp"])
      expect(() => towerAt(url, "Ada")).toThrowError(TypeError)
    expect(() => towerAt("file:///tmp", "Ada")).toThrowError("https://")
  })

  it("hands on whatever is said to the other side, nothing at all included", async () => {
    const [ada, grace] = [towerAt(server.http, "Ada"), towerAt(server.http, "Grace")]
    const flight = await ada.createFlight()
    const joined = await grace.joinFlight(flight.code)
    const heard: unknown[] = []
    joined.on("signal", (data) => heard.push(data))
    for (const data of [undefined, null, false, 0, ""]) flight.signal(data)
    await expect.poll(() => heard).toEqual([null, null, false, 0, ""])
  })

  it("says which part of the web is missing", async () => {
    const ada = createTower({ url: server.http, name: "Ada" })
    onTestFinished(() => ada.close())
    const flight = await ada.createFlight()
    await expect(flight.connect()).rejects.toThrowError("RTCPeerConnection")
    const { WebSocket } = globalThis
    try {
      // As Node has none before version 22.
      delete (globalThis as Partial<typeof globalThis>).WebSocket
      expect(() => createTower({ url: server.http })).toThrowError("There is no WebSocket here: pass one in.")
    } finally {
      globalThis.WebSocket = WebSocket
    }
  })
})
