import pg from "pg"
import { expect, it } from "vitest"
import { WebSocket } from "ws"
import { describeOnEachDatabase } from "../../support/databases.ts"
import { makeRoom, poll, post, startServer, type TestClient } from "../../support/server.ts"
import { useClients } from "../../support/useServer.ts"
import { useThroughout } from "../../support/useThroughout.ts"

/** What the older of two sockets of one participant is told. */
const seatTaken = { type: "error", message: "Seat taken by another connection" }

describeOnEachDatabase("rooms over sockets", (database) => {
  const server = useThroughout(
    async () => startServer(await database.given()),
    (server) => server.stop()
  )
  const client = useClients(server)

  const attach = async (code: string, participantId: string, channel?: string, on?: TestClient) => {
    const socket = on ?? (await client())
    socket.send({ type: "attach-room", roomCode: code, participantId, ...(channel === undefined ? {} : { channel }) })
    const attached = await socket.next()
    expect(attached.type).toBe("room-attached")
    return { socket, attached }
  }

  /** Host and guest attached to one channel, everything read. */
  const connected = async (channel?: string) => {
    const room = await makeRoom(server)
    const host = await attach(room.code, room.host, channel)
    const guest = await attach(room.code, room.guest, channel)
    const [toHost, toGuest] = [await host.socket.next(), await guest.socket.next()]
    return { ...room, hostSocket: host.socket, guestSocket: guest.socket, toHost, toGuest, host_: host, guest_: guest }
  }

  it.each([undefined, "transfer", "screen-share", "chat"])(
    "connects two participants on channel %s",
    async (channel) => {
      const room = await connected(channel)
      expect(room.host_.attached).toEqual({
        type: "room-attached",
        flightCode: room.code,
        role: "host",
        peer: {
          participantId: expect.stringMatching(/^[0-9a-z]{12}$/),
          role: "guest",
          name: "Guest",
          ready: false,
          fileCount: 0,
          totalBytes: 0
        }
      })
      expect(room.host_.attached["peer"]["participantId"]).not.toBe(room.guest)
      expect(room.guest_.attached["role"]).toBe("guest")
      expect(room.toHost).toEqual({
        type: "peer-joined",
        flightCode: room.code,
        peer: { id: room.guestSocket.id, name: "Guest" },
        connectionType: "lan"
      })
      expect(room.toGuest["peer"]).toEqual({ id: room.hostSocket.id, name: "Host" })
      room.hostSocket.send({ type: "signal", data: { sdp: 1 } })
      expect(await room.guestSocket.next()).toEqual({ type: "signal", data: { sdp: 1 } })
    }
  )

  it("gives a lone host an attachment without a peer", async () => {
    const { body } = await post(`${server.http}/api/rooms`, { name: "Host" })
    const { attached } = await attach(body.roomCode, body.self.participantId)
    expect(attached).toEqual({ type: "room-attached", flightCode: body.roomCode, role: "host", peer: null })
  })

  it("refuses who is not in the room", async () => {
    const room = await makeRoom(server)
    const stranger = await client()
    stranger.send({ type: "attach-room", roomCode: room.code, participantId: "nobodynobody" })
    expect(await stranger.next()).toEqual({ type: "error", message: "Room not found or expired" })
  })

  it("handles frames behind an attach strictly after it", async () => {
    const room = await makeRoom(server)
    const host = await attach(room.code, room.host)
    const guest = await client()
    guest.send({ type: "attach-room", roomCode: room.code.toLowerCase(), participantId: ` ${room.guest} ` })
    guest.send({ type: "signal", data: "behind" })
    guest.send({ type: "create-flight" })
    expect((await guest.next()).type).toBe("room-attached")
    expect((await guest.next()).type).toBe("peer-joined")
    expect(await guest.next()).toEqual({ type: "error", message: "Already in a flight" })
    expect((await host.socket.next()).type).toBe("peer-joined")
    expect(await host.socket.next()).toEqual({ type: "signal", data: "behind" })
  })

  it("answers who attaches again and again, and leaves the other side alone unless that has changed", async () => {
    const room = await connected("chat")
    for (let times = 0; times < 3; times++) {
      await attach(room.code, room.host, "chat", room.hostSocket)
      expect((await room.hostSocket.next())["peer"]["id"]).toBe(room.guestSocket.id)
    }
    room.hostSocket.send({ type: "signal", data: 1 })
    expect(await room.guestSocket.next()).toEqual({ type: "signal", data: 1 })

    room.guestSocket.send({ type: "register-details", name: "Another name" })
    await room.guestSocket.settled()
    await attach(room.code, room.host, "chat", room.hostSocket)
    expect((await room.hostSocket.next())["peer"]["name"]).toBe("Another name")
    expect((await room.guestSocket.next())["peer"]["id"]).toBe(room.hostSocket.id)
    room.guestSocket.send({ type: "signal", data: 2 })
    expect(await room.hostSocket.next()).toEqual({ type: "signal", data: 2 })
  })

  it("keeps nobody waiting for whom both attach once a second until they meet", async () => {
    const room = await makeRoom(server)
    const host = await attach(room.code, room.host, "chat")
    await attach(room.code, room.host, "chat", host.socket)
    const guest = await attach(room.code, room.guest, "chat")
    expect((await host.socket.next()).type).toBe("peer-joined")
    await attach(room.code, room.host, "chat", host.socket)
    expect((await host.socket.next()).type).toBe("peer-joined")
    expect((await guest.socket.next()).type).toBe("peer-joined")
    await guest.socket.settled()
    expect(guest.socket.unread()).toEqual([])
  })

  it("empties the guest's seat when its transfer socket goes, and leaves the host alone in the room", async () => {
    const room = await connected()
    await room.guestSocket.close()
    expect(await room.hostSocket.next()).toEqual({ type: "peer-left" })
    expect((await poll(server, room.code, room.host)).body).toMatchObject({ status: "waiting", peer: null })
  })

  it.each(["host", "guest"] as const)(
    "clears what the one who stays wants of the channels when the %s goes",
    async (leaver) => {
      const room = await connected()
      const [goes, stays] =
        leaver === "host" ? ([room.hostSocket, "guest"] as const) : ([room.guestSocket, "host"] as const)
      for (const id of [room.host, room.guest]) {
        await post(`${server.http}/api/rooms/${room.code}/participants/${id}/chat`, { active: true })
      }
      await post(`${server.http}/api/rooms/${room.code}/participants/${room[stays]}/screen-share`, { active: true })
      await goes.close()
      expect((await (stays === "host" ? room.hostSocket : room.guestSocket).next()).type).toBe("peer-left")
      const { body } = await poll(server, room.code, room[stays])
      expect(body.chat).toEqual({ requestedBySelf: false, requestedByPeer: false, isActive: false })
      expect(body.screenShare).toMatchObject({ activeParticipantId: null, requestedBySelf: false, isActive: false })
    }
  )

  it("shows no poll behind peer-left the room as it was before", async () => {
    for (let times = 0; times < 20; times++) {
      const room = await connected()
      room.hostSocket.socket.close()
      await room.guestSocket.until("peer-left")
      const { body } = await poll(server, room.code, room.guest)
      expect(body).toMatchObject({ status: "waiting", self: { role: "host" }, peer: null })
      await room.guestSocket.close()
    }
  })

  it("makes the guest the host when the host goes, and its socket connects with a new guest", async () => {
    const room = await connected()
    await post(`${server.http}/api/rooms/${room.code}/participants/${room.guest}/ready`, {
      fileCount: 2,
      totalBytes: 9
    })
    await post(`${server.http}/api/rooms/${room.code}/participants/${room.guest}/chat`, { active: true })
    await room.hostSocket.close()
    expect(await room.guestSocket.next()).toEqual({ type: "peer-left" })
    await expect.poll(async () => (await poll(server, room.code, room.guest)).body.self.role).toBe("host")
    const { body } = await poll(server, room.code, room.guest)
    expect(body.self).toMatchObject({ name: "Guest", ready: true, fileCount: 2, totalBytes: 9 })
    expect(body.chat).toEqual({ requestedBySelf: false, requestedByPeer: false, isActive: false })

    const joined = await post(`${server.http}/api/rooms/${room.code}/join`, { name: "Third" })
    expect(joined.body.status).toBe("ready")
    const third = await attach(room.code, joined.body.self.participantId)
    expect((await third.socket.next())["peer"]["id"]).toBe(room.guestSocket.id)
    expect((await room.guestSocket.next())["peer"]).toEqual({ id: third.socket.id, name: "Third" })
  })

  it("takes nobody in any more when the last one has gone", async () => {
    const room = await connected()
    await room.hostSocket.close()
    await room.guestSocket.next()
    await room.guestSocket.close()
    await expect.poll(() => server.actors().connections).toBe(0)
    expect(await post(`${server.http}/api/rooms/${room.code}/join`, { name: "X" })).toEqual({
      status: 400,
      body: { error: "Room not found or expired" }
    })
  })

  it.each(["chat", "screen-share"])("leaves the room as it is when a %s socket goes", async (channel) => {
    const room = await connected(channel)
    await room.guestSocket.close()
    expect(await room.hostSocket.next()).toEqual({ type: "peer-left" })
    expect((await poll(server, room.code, room.guest)).status).toBe(200)
  })

  it("counts only a participant's newest socket: the replaced one's signals and close change nothing", async () => {
    const room = await connected()
    const newer = await attach(room.code, room.guest)
    expect((await newer.socket.next())["peer"]["id"]).toBe(room.hostSocket.id)
    expect((await room.hostSocket.next())["peer"]["id"]).toBe(newer.socket.id)
    expect(await room.guestSocket.next()).toEqual(seatTaken)
    room.guestSocket.send({ type: "signal", data: "from the replaced socket" })
    await room.guestSocket.settled()
    expect(room.guestSocket.unread()).toEqual([])
    await room.guestSocket.close()
    newer.socket.send({ type: "signal", data: "from the newer one" })
    expect(await room.hostSocket.next()).toEqual({ type: "signal", data: "from the newer one" })
    expect((await poll(server, room.code, room.guest)).status).toBe(200)
  })

  it("tells a socket that waits alone as well that a newer one has its seat, and that one nothing of it", async () => {
    const room = await makeRoom(server)
    const older = await attach(room.code, room.host, "chat")
    const newer = await attach(room.code, room.host, "chat")
    expect(await older.socket.next()).toEqual(seatTaken)
    await newer.socket.settled()
    expect(newer.socket.unread()).toEqual([])
    // The same socket again takes nothing from itself.
    await attach(room.code, room.host, "chat", newer.socket)
    await newer.socket.settled()
    expect(newer.socket.unread()).toEqual([])
  })

  it("answers a ping behind an attach behind the answer to that", async () => {
    const room = await makeRoom(server)
    const socket = await client()
    socket.send({ type: "attach-room", roomCode: room.code, participantId: room.host })
    socket.send({ type: "ping" })
    socket.send({ type: "attach-room", roomCode: room.code, participantId: "nobody" })
    socket.send({ type: "ping" })
    const answers = [await socket.next(), await socket.next(), await socket.next(), await socket.next()]
    expect(answers.map(({ type }) => type)).toEqual(["room-attached", "pong", "error", "pong"])
  })

  it("lets a replaced socket open a flight of its own", async () => {
    const room = await connected()
    const newer = await attach(room.code, room.guest)
    await newer.socket.next()
    expect(await room.guestSocket.next()).toEqual(seatTaken)
    room.guestSocket.send({ type: "create-flight" })
    expect((await room.guestSocket.next()).type).toBe("flight-created")
  })

  it("leaves a flight when the socket attaches to a room", async () => {
    const [one, other] = [await client(), await client()]
    one.send({ type: "create-flight" })
    other.send({ type: "join-flight", flightCode: (await one.next())["flightCode"] })
    await Promise.all([one.next(), other.next()])
    const room = await makeRoom(server)
    await attach(room.code, room.host, undefined, one)
    expect(await other.next()).toEqual({ type: "peer-left" })
    const guest = await attach(room.code, room.guest)
    expect((await guest.socket.next())["peer"]).toEqual({ id: one.id, name: "Host" })
  })

  it("leaves the first room, as if it had closed there, when the socket attaches to another", async () => {
    const first = await connected()
    const second = await makeRoom(server)
    await attach(second.code, second.host, undefined, first.guestSocket)
    expect(await first.hostSocket.next()).toEqual({ type: "peer-left" })
    expect((await poll(server, first.code, first.host)).body).toMatchObject({ status: "waiting", peer: null })
  })

  it("keeps what a socket holds when an attach fails", async () => {
    const room = await connected()
    room.guestSocket.send({ type: "attach-room", roomCode: "ZZZZZZ", participantId: "nobody" })
    expect(await room.guestSocket.next()).toEqual({ type: "error", message: "Room not found or expired" })
    room.guestSocket.send({ type: "signal", data: "still here" })
    expect(await room.hostSocket.next()).toEqual({ type: "signal", data: "still here" })
  })

  it("takes the participant out, and in again, when its transfer socket moves to another channel of the same room", async () => {
    const room = await connected()
    room.hostSocket.send({ type: "attach-room", roomCode: room.code, participantId: room.host, channel: "chat" })
    expect(await room.guestSocket.next()).toEqual({ type: "peer-left" })
    expect(await room.hostSocket.next()).toMatchObject({ type: "room-attached", role: "guest", peer: { role: "host" } })
    expect((await poll(server, room.code, room.guest)).body).toMatchObject({
      self: { role: "host" },
      peer: { name: "Host" }
    })
  })

  it("gives a chat seat to the new guest, not to the one who has left the room", async () => {
    const room = await connected()
    const chat = { host: await attach(room.code, room.host, "chat"), old: await attach(room.code, room.guest, "chat") }
    await Promise.all([chat.host.socket.next(), chat.old.socket.next()])
    await room.guestSocket.close()
    await expect.poll(async () => (await poll(server, room.code, room.host)).body.status).toBe("waiting")
    const joined = await post(`${server.http}/api/rooms/${room.code}/join`, { name: "New" })
    const fresh = await attach(room.code, joined.body.self.participantId, "chat")
    expect((await fresh.socket.next())["peer"]["id"]).toBe(chat.host.socket.id)
    expect((await chat.host.socket.next())["peer"]["name"]).toBe("New")
    expect(await chat.old.socket.next()).toEqual(seatTaken)
    await chat.old.socket.close()
    fresh.socket.send({ type: "signal", data: 1 })
    expect(await chat.host.socket.next()).toEqual({ type: "signal", data: 1 })
  })

  it("does not let anybody into a room's flight by its code", async () => {
    const room = await makeRoom(server)
    await attach(room.code, room.host)
    const stranger = await client()
    stranger.send({ type: "join-flight", flightCode: room.code })
    expect(await stranger.next()).toEqual({ type: "error", message: "Flight not found or full" })
  })

  it("says Already in a flight to a socket that holds a room seat, before the code is looked at", async () => {
    const room = await makeRoom(server)
    const { socket } = await attach(room.code, room.host, "chat")
    socket.send({ type: "create-flight" })
    expect(await socket.next()).toEqual({ type: "error", message: "Already in a flight" })
    socket.send({ type: "join-flight", flightCode: "ZZZZZZ" })
    expect(await socket.next()).toEqual({ type: "error", message: "Already in a flight" })
  })

  it("takes a seat left by somebody who closes while its attach is pending for nobody's", async () => {
    const room = await makeRoom(server)
    const host = await attach(room.code, room.host)
    const { url } = database.options()
    const blocker = url === undefined ? undefined : new pg.Client(url)
    // On PostgreSQL the room's answer is kept waiting by a lock, on a second room that is not in memory yet.
    if (blocker === undefined) return
    await blocker.connect()
    await blocker.query(
      `insert into rooms (room_code, host_participant_id, host_name, expires_at) values ('PENDNG', 'hosthosthost', 'H', now() + interval '1 hour')`
    )
    await blocker.query("begin")
    await blocker.query("lock table rooms in access exclusive mode")
    const leaver = await client()
    leaver.send({ type: "attach-room", roomCode: "PENDNG", participantId: "hosthosthost" })
    leaver.socket.terminate()
    await expect.poll(() => server.actors().connections).toBe(1)
    await blocker.query("rollback")
    await blocker.end()
    expect((await poll(server, "PENDNG", "hosthosthost")).status).toBe(200)
    expect(server.actors().flights).toBe(1)
    expect(host.socket.socket.readyState).toBe(WebSocket.OPEN)
  })

  it("keeps a page out that was opened beside another one just now, and lets one in that was loaded again", async () => {
    const room = await makeRoom(server, "Host", "Guest")
    const joinAgain = () => post(`${server.http}/api/rooms/${room.code}/join`, { name: "Guest" })
    const page = await client()
    page.send({ type: "register-details", name: "Guest" })
    await page.settled()
    // The first word since the socket was opened.
    expect((await poll(server, room.code, room.guest)).status).toBe(200)
    expect(await joinAgain()).toMatchObject({ status: 400, body: { error: "Room already has two participants" } })
    await page.close()
    await expect.poll(() => server.actors().connections).toBe(0)
    expect((await joinAgain()).status).toBe(200)
    expect((await poll(server, room.code, room.guest)).status).toBe(404)
    expect((await poll(server, room.code, room.host)).body.peer.name).toBe("Guest")
  })
})
