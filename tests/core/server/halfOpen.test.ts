import { once } from "node:events"
import { describe, expect, it } from "vitest"
import { makeRoom, meetInFlight, post, type TestClient } from "../../support/server.ts"
import { serverForThisTest, useServer } from "../../support/useServer.ts"

/**
 * A socket whose other end has gone without a word: it reads nothing any more, and answers no ping. Only after the second
 * health check, half a minute from now at least, would the server find out by itself.
 */
const goSilent = (client: TestClient) => client.socket.pause()

/** Counts the pings that a client gets, which leave no frame. */
const pingsOf = (client: TestClient) => {
  const counted = { pings: 0 }
  client.socket.on("ping", () => counted.pings++)
  return counted
}

describe("a seat that is held by a socket that nobody is at any more", () => {
  const server = useServer({ ABRUPT_GRACE_SECONDS: "0.1" })

  const pair = async () => {
    const [one, other] = [await server.connect(), await server.connect({ autoPong: false })]
    const flightCode = await meetInFlight(one, other)
    return { one, other, flightCode }
  }

  it("is free soon after somebody has asked for it, and nobody else's is", async () => {
    const { one, other, flightCode } = await pair()
    // Any sign of life will do.
    other.socket.on("ping", () => other.send({ type: "register-details", name: "Here" }))
    goSilent(one)
    const third = await server.connect()
    third.send({ type: "join-flight", flightCode })
    expect(await third.next()).toEqual({ type: "error", message: "Flight not found or full" })
    expect(await other.next()).toEqual({ type: "peer-left" })
    third.send({ type: "join-flight", flightCode })
    expect((await third.next())["peer"]).toEqual({ id: other.id, name: "Here" })
    one.socket.terminate()
    await Promise.all([other, third].map((client) => client.close()))
  }, 25_000)

  it("is not taken from one that is being told why it must go", async () => {
    const server = await serverForThisTest({ MAX_FRAMES_PER_SECOND: "10" })
    const [one, other] = [await server.connect(), await server.connect()]
    const flightCode = await meetInFlight(one, other)
    goSilent(one)
    for (let count = 0; count < 100; count++) one.send({ type: "ping" })
    await expect.poll(() => server.log()).toContain('"budget":"frames"')
    const third = await server.connect()
    third.send({ type: "join-flight", flightCode })
    expect(await third.next()).toEqual({ type: "error", message: "Flight not found or full" })
    // Nothing has happened to the seat when that is answered.
    await third.settled()
    other.send({ type: "ping" })
    expect(await other.next()).toEqual({ type: "pong" })
    const closed = once(one.socket, "close")
    one.socket.resume()
    expect((await closed)[0]).toBe(1008)
    await Promise.all([other, third].map((client) => client.close()))
  }, 25_000)

  it("in a room is free soon after somebody has tried to join", async () => {
    const room = await makeRoom(server)
    const [host, guest] = [await server.connect(), await server.connect()]
    for (const [client, participantId] of [
      [host, room.host],
      [guest, room.guest]
    ] as const) {
      client.send({ type: "attach-room", roomCode: room.code, participantId })
      expect((await client.next()).type).toBe("room-attached")
    }
    expect((await host.next()).type).toBe("peer-joined")
    goSilent(guest)
    const join = () => post(`${server.http}/api/rooms/${room.code}/join`, { name: "Third" })
    expect(await join()).toEqual({ status: 400, body: { error: "Room already has two participants" } })
    expect(await host.next()).toEqual({ type: "peer-left" })
    expect((await join()).status).toBe(200)
    guest.socket.terminate()
    await host.close()
  }, 25_000)

  it("gives way to the same page loaded again, though it is registered under its name", async () => {
    const registered = async () => {
      const client = await server.connect()
      client.send({ type: "register-details", name: "Guest" })
      await client.settled()
      return client
    }
    const old = await registered()
    const room = await makeRoom(server)
    // The host is there, and does not give way.
    const host = await server.connect()
    host.send({ type: "attach-room", roomCode: room.code, participantId: room.host })
    await host.until("room-attached")
    goSilent(old)
    const again = await registered()
    const join = () => post(`${server.http}/api/rooms/${room.code}/join`, { name: "Guest" })
    expect((await join()).status).toBe(400)
    await expect.poll(async () => (await join()).status, { interval: 500, timeout: 20_000 }).toBe(200)
    expect(again.socket.readyState).toBe(again.socket.OPEN)
    old.socket.terminate()
    await Promise.all([again.close(), host.close()])
  }, 25_000)

  it("is asked about once, however often it is wanted", async () => {
    const { one, other, flightCode } = await pair()
    const pings = [pingsOf(one), pingsOf(other)]
    const third = await server.connect()
    for (let times = 0; times < 200; times++) third.send({ type: "join-flight", flightCode })
    await third.settled()
    await Promise.all([one.settled(), other.settled()])
    expect(pings).toEqual([{ pings: 1 }, { pings: 1 }])
    await Promise.all([one, other, third].map((client) => client.close()))
  })
})
