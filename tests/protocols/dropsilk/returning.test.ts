import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { describeOnEachDatabase } from "../../support/databases.ts"
import {
  makeRoom,
  meetInFlight,
  poll,
  post,
  startServer,
  type TestClient,
  type TestServer
} from "../../support/server.ts"
import { useFolder } from "../../support/useThroughout.ts"

const full = { status: 400, body: { error: "Room already has two participants" } }
const gone = { status: 400, body: { error: "Room not found or expired" } }
/** Client addresses: Ann's and Bob's networks are not each other's. */
const home = "203.0.113.1"
const elsewhere = "198.51.100.2"

const clockOfThisMachine = Date.now
afterEach(() => {
  Date.now = clockOfThisMachine
})

describeOnEachDatabase("who has left a room", (database) => {
  let server: TestServer
  const clients: TestClient[] = []
  const start = async (environment: Readonly<Record<string, string>> = {}) => {
    server = await startServer({ ...(await database.given()), ...environment })
  }
  afterEach(async () => {
    for (const client of clients.splice(0)) client.socket.terminate()
    await server.stop()
  })

  const connect = async (from = home) => {
    const client = await server.connect({ from })
    clients.push(client)
    return client
  }
  const attach = async (code: string, participantId: string, socket?: TestClient, channel = "transfer") => {
    const on = socket ?? (await connect())
    on.send({ type: "attach-room", roomCode: code, participantId, channel })
    return { socket: on, attached: await on.next() }
  }
  /** Both attached, everything read. */
  const paired = async () => {
    const room = await makeRoom(server)
    const [host, guest] = [await attach(room.code, room.host), await attach(room.code, room.guest)]
    await Promise.all([host.socket.next(), guest.socket.next()])
    return { ...room, hostSocket: host.socket, guestSocket: guest.socket }
  }
  const comesTo = (code: string, name: string, from = home) =>
    post(
      `${server.http}/api/rooms/${code}/join`,
      { name },
      { headers: { "content-type": "application/json", "x-forwarded-for": from } }
    )
  const left = () => expect.poll(() => server.actors().connections, { interval: 5 }).toBe(0)

  it("comes back after a reload, and the other one hears of both", async () => {
    await start()
    const room = await paired()
    room.guestSocket.socket.close(1001)
    expect(await room.hostSocket.next()).toEqual({ type: "peer-left" })
    expect((await poll(server, room.code, room.host)).body).toMatchObject({ status: "waiting", peer: null })
    const again = await attach(room.code, room.guest)
    expect(again.attached).toMatchObject({ type: "room-attached", role: "guest", peer: { role: "host", name: "Host" } })
    expect((await again.socket.next())["peer"]["id"]).toBe(room.hostSocket.id)
    expect((await room.hostSocket.next())["peer"]).toEqual({ id: again.socket.id, name: "Guest" })
    again.socket.send({ type: "signal", data: "here again" })
    expect(await room.hostSocket.next()).toEqual({ type: "signal", data: "here again" })
  })

  it("comes back as guest to a room that has another host now, with what it had on offer", async () => {
    await start()
    const room = await paired()
    await post(`${server.http}/api/rooms/${room.code}/participants/${room.host}/ready`, {
      fileCount: 3,
      totalBytes: 12
    })
    await post(`${server.http}/api/rooms/${room.code}/participants/${room.host}/chat`, { active: true })
    await room.hostSocket.close()
    expect(await room.guestSocket.next()).toEqual({ type: "peer-left" })
    expect((await poll(server, room.code, room.guest)).body).toMatchObject({
      status: "waiting",
      self: { role: "host" }
    })
    expect((await poll(server, room.code, room.host)).body).toMatchObject({
      status: "ready",
      self: { role: "guest", name: "Host", ready: true, fileCount: 3, totalBytes: 12 },
      peer: { role: "host", name: "Guest" },
      chat: { isActive: false }
    })
  })

  it.each(["attach", "poll", "ready"] as const)(
    "comes back to a room of its own by %s, which refuses others meanwhile",
    async (how) => {
      await start()
      const { body } = await post(`${server.http}/api/rooms`, { name: "Host" })
      const [code, id] = [body.roomCode, body.self.participantId]
      const { socket } = await attach(code, id)
      socket.socket.close(1001)
      await left()
      expect(await comesTo(code, "Guest")).toEqual(gone)
      for (const what of ["chat", "screen-share"]) {
        expect(
          (await post(`${server.http}/api/rooms/${code}/participants/${id}/${what}`, { active: true })).status
        ).toBe(404)
      }
      if (how === "attach") {
        expect((await attach(code, id)).attached).toMatchObject({ type: "room-attached", role: "host", peer: null })
      } else if (how === "poll") {
        expect((await poll(server, code, id)).body).toMatchObject({
          status: "waiting",
          self: { role: "host", name: "Host" }
        })
      } else {
        const answer = await post(`${server.http}/api/rooms/${code}/participants/${id}/ready`, {
          fileCount: 1,
          totalBytes: 2
        })
        expect(answer).toMatchObject({ status: 200, body: { self: { role: "host", ready: true, fileCount: 1 } } })
      }
      expect((await comesTo(code, "Guest")).body).toMatchObject({ self: { role: "guest" }, peer: { name: "Host" } })
    }
  )

  it("does not come back to a seat that somebody else has taken, nor with an id that nobody had", async () => {
    await start()
    const room = await paired()
    await room.guestSocket.close()
    await room.hostSocket.next()
    expect((await comesTo(room.code, "Third", elsewhere)).status).toBe(200)
    expect((await poll(server, room.code, room.guest)).status).toBe(404)
    expect((await attach(room.code, room.guest)).attached).toEqual({
      type: "error",
      message: "Room not found or expired"
    })
    expect((await poll(server, room.code, "nobodynobody")).status).toBe(404)
  })

  it("comes back when both have left, in any order", async () => {
    await start()
    const room = await paired()
    await room.hostSocket.close()
    await room.guestSocket.close()
    await left()
    expect(await comesTo(room.code, "Third")).toEqual(gone)
    expect((await poll(server, room.code, room.guest)).body).toMatchObject({ self: { role: "host" }, peer: null })
    expect((await poll(server, room.code, room.host)).body).toMatchObject({
      self: { role: "guest" },
      peer: { name: "Guest" }
    })
  })

  it("comes back after a restart of the server, and after a while only", async () => {
    await start({ SEAT_RETURN_SECONDS: "20" })
    const room = await paired()
    await room.guestSocket.close()
    expect(await room.hostSocket.next()).toEqual({ type: "peer-left" })
    await expect.poll(async () => (await poll(server, room.code, room.host)).body.status).toBe("waiting")
    await server.stop()
    await start({ SEAT_RETURN_SECONDS: "20" })
    expect((await poll(server, room.code, room.guest)).body).toMatchObject({ self: { role: "guest", name: "Guest" } })

    await server.stop()
    await start({ SEAT_RETURN_SECONDS: "0.2" })
    const { socket } = await attach(room.code, room.guest)
    await socket.close()
    await left()
    Date.now = () => clockOfThisMachine() + 250
    expect((await poll(server, room.code, room.guest)).status).toBe(404)
    expect((await poll(server, room.code, room.host)).body).toMatchObject({ status: "waiting", self: { role: "host" } })
  })

  it("leaves nothing behind when its time is over", async () => {
    await start({ SEAT_RETURN_SECONDS: "0.2" })
    const { body } = await post(`${server.http}/api/rooms`, { name: "Host" })
    const { socket } = await attach(body.roomCode, body.self.participantId)
    await socket.close()
    await expect.poll(() => server.actors()).toMatchObject({ connections: 0, flights: 0, rooms: 0 })
    expect((await poll(server, body.roomCode, body.self.participantId)).status).toBe(404)
    expect(await comesTo(body.roomCode, "Guest")).toEqual(gone)
  })

  it("does not come back where nobody may", async () => {
    await start({ SEAT_RETURN_SECONDS: "0" })
    const room = await paired()
    await room.guestSocket.close()
    await room.hostSocket.next()
    expect((await poll(server, room.code, room.guest)).status).toBe(404)
    await room.hostSocket.close()
    await expect.poll(() => server.actors()).toMatchObject({ rooms: 0 })
    expect((await poll(server, room.code, room.host)).status).toBe(404)
  })

  describe("because its socket broke off", () => {
    it("is back before its partner hears of it", async () => {
      await start()
      const room = await paired()
      room.guestSocket.socket.terminate()
      await expect.poll(() => server.actors().connections, { interval: 5 }).toBe(1)
      expect((await poll(server, room.code, room.guest)).body).toMatchObject({
        self: { role: "guest" },
        peer: { name: "Host" }
      })
      expect((await poll(server, room.code, room.host)).body).toMatchObject({ peer: { name: "Guest" } })
      const again = await attach(room.code, room.guest)
      expect((await again.socket.next())["peer"]["id"]).toBe(room.hostSocket.id)
      expect(await room.hostSocket.next()).toMatchObject({ type: "peer-joined", peer: { id: again.socket.id } })
      room.hostSocket.send({ type: "signal", data: "go on" })
      expect(await again.socket.next()).toEqual({ type: "signal", data: "go on" })
    })

    it("is missed for a while, and then its partner hears of it", async () => {
      await start({ ABRUPT_GRACE_SECONDS: "0.3" })
      const room = await paired()
      const since = performance.now()
      room.guestSocket.socket.terminate()
      expect(await room.hostSocket.next()).toEqual({ type: "peer-left" })
      expect(performance.now() - since).toBeGreaterThan(290)
      expect((await poll(server, room.code, room.host)).body).toMatchObject({ status: "waiting", peer: null })
    })

    it("is told of at once where nobody is given time, and when it closed as it should", async () => {
      await start({ ABRUPT_GRACE_SECONDS: "0" })
      const room = await paired()
      room.guestSocket.socket.terminate()
      expect(await room.hostSocket.next()).toEqual({ type: "peer-left" })
      await room.hostSocket.close()
      await server.stop()
      await start({ ABRUPT_GRACE_SECONDS: "60" })
      const other = await paired()
      other.guestSocket.socket.close(1001)
      expect(await other.hostSocket.next()).toEqual({ type: "peer-left" })
    })

    it("leaves an open flight at once, as nobody could tell that it is back", async () => {
      await start({ ABRUPT_GRACE_SECONDS: "60" })
      const [ann, bob] = [await connect(), await connect()]
      await meetInFlight(ann, bob)
      bob.socket.terminate()
      expect(await ann.next()).toEqual({ type: "peer-left" })
    })

    it("is not waited for by who goes as well, and both may come back", async () => {
      await start({ ABRUPT_GRACE_SECONDS: "60" })
      const room = await paired()
      room.guestSocket.socket.terminate()
      await expect.poll(() => server.actors().connections, { interval: 5 }).toBe(1)
      await room.hostSocket.close()
      await expect.poll(() => server.actors()).toMatchObject({ connections: 0, flights: 0 })
      expect((await poll(server, room.code, room.host)).body).toMatchObject({ self: { role: "host" }, peer: null })
      expect((await poll(server, room.code, room.guest)).body).toMatchObject({
        self: { role: "guest" },
        peer: { name: "Host" }
      })
    })
  })
})

describe("who has gone from a full room without a word", () => {
  const directory = useFolder()
  let server: TestServer
  const clients: TestClient[] = []
  const start = async () => {
    server = await startServer({ DATA_DIR: directory })
  }
  let begun = 0
  /** Moves the wall clock to so many milliseconds after the test began. It stands still there: moments just before and
   * just after a limit stay on their side of it, however slow the machine is. */
  const later = (by: number) => {
    Date.now = () => begun + by
  }
  beforeAll(start)
  beforeEach(() => {
    begun = clockOfThisMachine()
    later(0)
  })
  afterEach(async () => {
    for (const client of clients.splice(0)) client.socket.terminate()
    await expect.poll(() => server.actors().connections).toBe(0)
  })
  afterAll(() => server.stop())

  const from = (address: string) => ({ headers: { "content-type": "application/json", "x-forwarded-for": address } })
  const create = async (name = "Host", address = home) =>
    (await post(`${server.http}/api/rooms`, { name }, from(address))).body as {
      roomCode: string
      self: { participantId: string }
    }
  const comesTo = (code: string, name: string, address = home) =>
    post(`${server.http}/api/rooms/${code}/join`, { name }, from(address))
  const sees = async (code: string, id: string, address = home) => {
    const response = await fetch(`${server.http}/api/rooms/${code}?participantId=${id}`, from(address))
    return { status: response.status, body: (await response.json()) as any }
  }
  const registered = async (name: string, address = home) => {
    const client = await server.connect({ from: address, name })
    clients.push(client)
    return client
  }
  const filled = async () => {
    const { roomCode: code, self } = await create()
    const guest = (await comesTo(code, "Guest")).body.self.participantId as string
    return { code, host: self.participantId, guest }
  }

  it("gives way to its own reload at once, and hears that it has left", async () => {
    const room = await filled()
    const again = await comesTo(room.code, "Guest")
    expect(again).toMatchObject({ status: 200, body: { self: { role: "guest" }, peer: { name: "Host" } } })
    expect((await sees(room.code, room.guest)).status).toBe(404)
    const { peer } = (await sees(room.code, room.host)).body
    expect(peer).toMatchObject({ role: "guest", name: "Guest" })
    expect((await sees(room.code, again.body.self.participantId)).body.self.role).toBe("guest")
    expect(await comesTo(room.code, "Somebody", elsewhere)).toEqual(full)
  })

  it("leaves a host's place to the guest", async () => {
    const room = await filled()
    expect((await comesTo(room.code, "Host")).body).toMatchObject({
      self: { role: "guest", name: "Host" },
      peer: { role: "host", name: "Guest" }
    })
    expect((await sees(room.code, room.guest)).body.self.role).toBe("host")
    expect((await sees(room.code, room.host)).status).toBe(404)
  })

  it("stays in another tab, whose socket is there, and gives way once that tab has been loaded again", async () => {
    const { roomCode: code, self } = await create()
    const tab = await registered("Guest")
    await comesTo(code, "Guest")
    expect(await comesTo(code, "Guest")).toEqual(full)
    await tab.close()
    later(10)
    await registered("Guest")
    expect((await comesTo(code, "Guest")).status).toBe(200)
    expect((await sees(code, self.participantId)).status).toBe(200)
  })

  it("gives way to another name of its address after five seconds, and not a moment before", async () => {
    const room = await filled()
    later(4_900)
    expect((await sees(room.code, room.host)).status).toBe(200)
    expect(await comesTo(room.code, "Renamed")).toEqual(full)
    expect(await comesTo(room.code, "Renamed", elsewhere)).toEqual(full)
    later(5_100)
    expect((await sees(room.code, room.host)).status).toBe(200)
    expect(await comesTo(room.code, "Stranger", elsewhere)).toEqual(full)
    expect((await comesTo(room.code, "Renamed")).body).toMatchObject({
      self: { role: "guest" },
      peer: { name: "Host" }
    })
    expect((await sees(room.code, room.guest)).status).toBe(404)
  })

  it("stays as long as its socket does: a page in the background hardly polls", async () => {
    const { roomCode: code, self } = await create()
    await comesTo(code, "Guest")
    await registered("Guest")
    for (const silence of [5_100, 60_000, 120_000]) {
      later(silence)
      expect((await sees(code, self.participantId)).status).toBe(200)
      expect(await comesTo(code, "Renamed")).toEqual(full)
      expect(await comesTo(code, "Stranger", elsewhere)).toEqual(full)
    }
  })

  it("keeps nobody out of its own place for longer than five seconds, however late its last word has come", async () => {
    const room = await filled()
    const reloaded = await registered("Guest")
    // A poll of the page before, which was on its way for long.
    later(10)
    expect((await sees(room.code, room.guest)).status).toBe(200)
    expect(await comesTo(room.code, "Guest")).toEqual(full)
    later(5_100)
    expect((await sees(room.code, room.host)).status).toBe(200)
    expect((await comesTo(room.code, "Guest")).status).toBe(200)
    await reloaded.close()
  })

  it("stays in a tab in the background, though another tab of the same name is there", async () => {
    const { roomCode: code, self } = await create()
    await registered("Guest")
    await comesTo(code, "Guest")
    await registered("Guest")
    later(60_000)
    expect((await sees(code, self.participantId)).status).toBe(200)
    expect(await comesTo(code, "Guest")).toEqual(full)
  })

  it("is not taken for a neighbour who has given itself no name", async () => {
    const { roomCode: code, self } = await create()
    clients.push(await server.connect({ from: home }))
    await comesTo(code, "Anonymous")
    later(5_100)
    expect((await sees(code, self.participantId)).status).toBe(200)
    expect((await comesTo(code, "Somebody")).status).toBe(200)
  })

  it("stays while it polls, however quietly that is answered", async () => {
    const room = await filled()
    for (let second = 1; second <= 12; second++) {
      later(second * 1_000)
      for (const id of [room.host, room.guest]) expect((await sees(room.code, id)).status).toBe(200)
      expect(await comesTo(room.code, "Renamed")).toEqual(full)
    }
  })

  it("stays while it polls, also when the other one has just given way to its own reload", async () => {
    const room = await filled()
    for (const moment of [0, 5_500]) {
      later(moment)
      for (const id of [room.host, room.guest]) expect((await sees(room.code, id)).status).toBe(200)
    }
    const again = await comesTo(room.code, "Guest")
    expect((await sees(room.code, again.body.self.participantId)).status).toBe(200)
    expect(await comesTo(room.code, "Renamed")).toEqual(full)
  })

  it("gives way to anybody after ninety seconds", async () => {
    const room = await filled()
    later(89_900)
    expect((await sees(room.code, room.host)).status).toBe(200)
    expect(await comesTo(room.code, "Stranger", elsewhere)).toEqual(full)
    later(90_100)
    expect((await sees(room.code, room.host)).status).toBe(200)
    expect((await comesTo(room.code, "Stranger", elsewhere)).body).toMatchObject({ peer: { name: "Host" } })
  })

  it.each(["transfer", "chat", "screen-share"])("stays for ever on its %s seat", async (channel) => {
    const room = await filled()
    const socket = await registered("Somebody", elsewhere)
    socket.send({ type: "attach-room", roomCode: room.code, participantId: room.guest, channel })
    await socket.until("room-attached")
    socket.send({ type: "register-details", name: "Somebody" })
    await socket.settled()
    later(120_000)
    expect((await sees(room.code, room.host)).status).toBe(200)
    expect(await comesTo(room.code, "Guest")).toEqual(full)
    expect(await comesTo(room.code, "Stranger", elsewhere)).toEqual(full)
    expect((await sees(room.code, room.guest)).status).toBe(200)
  })

  it("is found out after a restart too, but is given time to be heard", async () => {
    const room = await filled()
    await server.stop()
    await start()
    expect(await comesTo(room.code, "Stranger", elsewhere)).toEqual(full)
    // Two who are connected to each other: one page is still there.
    await registered("Host")
    later(90_500)
    expect((await comesTo(room.code, "Stranger", elsewhere)).body).toMatchObject({
      peer: { role: "host", name: "Host" }
    })
    expect((await sees(room.code, room.host)).status).toBe(200)
    expect((await sees(room.code, room.guest)).status).toBe(404)
  })
})
