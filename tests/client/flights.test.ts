import { describe, expect, it } from "vitest"
import { isTowerError } from "../../src/client/index.ts"
import { exchangeMegabytes } from "../support/realPeers.ts"
import { useServer } from "../support/useServer.ts"
import { connected, greetEachOther, next, useTowers } from "./towers.ts"

describe("a client and those on its network", () => {
  const server = useServer()
  const comes = useTowers(server)

  it("see each other come, change their names and go", async () => {
    const ada = await comes("Ada")
    const lists: string[][] = []
    const stop = ada.on("neighbours", (neighbours) => lists.push(neighbours.map(({ name }) => name)))
    const grace = await comes("Grace")
    await expect.poll(() => lists.at(-1)).toEqual(["Grace"])
    expect(ada.neighbours).toEqual([{ id: grace.id, name: "Grace" }])
    grace.rename("Admiral Hopper")
    await expect.poll(() => lists.at(-1)).toEqual(["Admiral Hopper"])
    grace.close()
    await expect.poll(() => lists.at(-1)).toEqual([])
    stop()
    const seen = lists.length
    await comes("Joan")
    await expect.poll(() => ada.neighbours.map(({ name }) => name)).toEqual(["Joan"])
    expect(lists.length).toBe(seen)
  })

  it("are told of as by a loop, which ends with its signal", async () => {
    const [ada, leaving] = [await comes("Ada"), new AbortController()]
    const names: string[] = []
    const looking = (async () => {
      for await (const neighbours of ada.each("neighbours", { signal: leaving.signal })) {
        names.push(...neighbours.map(({ name }) => name))
        if (names.includes("Grace")) leaving.abort()
      }
    })()
    await comes("Grace")
    await looking
    expect(names).toContain("Grace")
  })

  it("meet in a flight by an invitation", async () => {
    const [ada, grace] = [await comes("Ada"), await comes("Grace")]
    const invited = next(grace, "invitation")
    const flight = await ada.createFlight()
    await expect.poll(() => ada.neighbours).toHaveLength(1)
    await ada.invite(grace.id, flight.code)
    const { code, fromName } = await invited
    expect({ code, fromName }).toEqual({ code: flight.code, fromName: "Ada" })
    const came = next(flight, "peer")
    const joined = await grace.joinFlight(code)
    expect(await came).toEqual({ id: grace.id, name: "Grace", connectionType: "lan" })
    expect(joined.peer).toEqual({ id: ada.id, name: "Ada", connectionType: "lan" })
    expect([flight.role, joined.role]).toEqual(["host", "guest"])
  })

  it("send a megabyte each way over what connect gives", async () => {
    const [ada, grace] = [await comes("Ada"), await comes("Grace")]
    const flight = await ada.createFlight()
    const [one, other] = await connected(flight, await grace.joinFlight(flight.code))
    expect([one.connection.connectionState, other.connection.connectionState]).toEqual(["connected", "connected"])
    await exchangeMegabytes(one.channel, other.channel)
    expect(await flight.connect()).toEqual(one)
  })

  it("connect although one asks for that long before the other comes, and the other long after", async () => {
    const [ada, grace] = [await comes("Ada"), await comes("Grace")]
    const flight = await ada.createFlight()
    const early = flight.connect()
    const joined = await grace.joinFlight(flight.code)
    const heard: unknown[] = []
    joined.on("signal", (data) => heard.push(data))
    // Offer and candidates are there before anybody on this side wants to connect.
    await expect.poll(() => heard.length).toBeGreaterThan(1)
    expect(heard[0]).toMatchObject({ sdp: { type: "offer" }, channelId: 0 })
    await greetEachOther(...(await Promise.all([early, joined.connect()])))
  })

  it("leave by giving up the seat, and whoever stays meets the next one", async () => {
    const [ada, grace, joan] = [await comes("Ada"), await comes("Grace"), await comes("Joan")]
    const flight = await ada.createFlight()
    const joined = await grace.joinFlight(flight.code)
    await connected(flight, joined)
    const left = next(joined, "peer-left")
    const ended = next(flight, "ended")
    flight.leave()
    expect((await ended).name).toBe("Closed")
    await left
    expect([joined.peer, joined.role]).toEqual([null, "host"])
    const last = await joan.joinFlight(flight.code)
    const renewed = await Promise.all([next(joined, "connected"), last.connect()])
    await greetEachOther(...renewed)
    // Ada's socket is another one by now, and free.
    const again = await ada.createFlight()
    expect(again.code).not.toBe(flight.code)
  })

  it("leave and close in one breath, and leave no socket behind", async () => {
    const ada = await comes("Ada")
    const flight = await ada.createFlight()
    flight.leave()
    ada.close()
    await expect.poll(() => server.actors()).toMatchObject({ connections: 0, flights: 0 })
  })

  it("are refused by name", async () => {
    const [ada, grace, joan] = [await comes("Ada"), await comes("Grace"), await comes("Joan")]
    await expect(ada.joinFlight("ABC234")).rejects.toMatchObject({ name: "FlightNotFoundOrFull" })
    await expect(ada.joinFlight("short")).rejects.toMatchObject({ name: "InvalidRequest" })
    const flight = await ada.createFlight()
    await expect(ada.createFlight()).rejects.toMatchObject({ name: "AlreadySeated", message: "Already in a flight" })
    expect(flight.isKept).toBe(true)
    await grace.joinFlight(flight.code)
    const refused = joan.joinFlight(flight.code)
    await expect(refused).rejects.toSatisfy((error) => isTowerError(error, "FlightNotFoundOrFull"))
  })

  it("end what they have asked for by a signal, and nobody keeps a seat by that", async () => {
    const ada = await comes("Ada")
    const reason = new Error("changed my mind")
    await expect(ada.createFlight({ signal: AbortSignal.abort(reason) })).rejects.toMatchObject({
      name: "Aborted",
      cause: reason
    })
    const ending = new AbortController()
    const asked = ada.createFlight({ signal: ending.signal })
    // It has been sent when the next turn comes.
    await Promise.resolve()
    ending.abort(reason)
    await expect(asked).rejects.toMatchObject({ name: "Aborted", cause: reason })
    const flight = await ada.createFlight()
    await expect(flight.connect({ signal: AbortSignal.timeout(50) })).rejects.toMatchObject({ name: "Aborted" })
    expect(flight.isKept).toBe(true)
    await expect.poll(() => server.actors()).toMatchObject({ flights: 1, connections: 1 })
  })

  it("ask for nothing more once they are closed", async () => {
    const ada = await comes("Ada")
    const flight = await ada.createFlight()
    const waiting = flight.connect()
    ada.close()
    await expect(waiting).rejects.toMatchObject({ name: "Closed" })
    await expect(ada.createFlight()).rejects.toMatchObject({ name: "Closed" })
    await expect(flight.connect()).rejects.toMatchObject({ name: "Closed" })
    expect(ada.state).toBe("closed")
  })
})
