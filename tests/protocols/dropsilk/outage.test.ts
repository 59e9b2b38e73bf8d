import { expect, it } from "vitest"
import { describeOnPostgres, useDatabase, withClient } from "../../support/databases.ts"
import { connect, makeRoom, meetInFlight, poll, post, type TestClient } from "../../support/server.ts"
import { useWay } from "../../support/standIns/way.ts"
import { useServer } from "../../support/useServer.ts"

describeOnPostgres("while the database is away", () => {
  const databaseUrl = useDatabase()
  const way = useWay(databaseUrl)
  const server = useServer(() => ({ DATABASE_URL: way.url, DATABASE_SSL: "off" }))

  const ask = async (path: string, init?: RequestInit) => {
    const response = await fetch(server.http + path, init)
    return {
      status: response.status,
      retryAfter: response.headers.get("retry-after"),
      body: (await response.json()) as any
    }
  }
  const create = () =>
    ask("/api/rooms", { method: "POST", headers: { "content-type": "application/json" }, body: '{"name":"Ann"}' })
  const away = {
    status: 503,
    retryAfter: expect.stringMatching(/^\d+$/),
    body: { error: "Service temporarily unavailable." }
  }

  const flight = async (): Promise<readonly [TestClient, TestClient]> => {
    const [ann, bob] = [await connect(server.ws), await connect(server.ws)]
    await meetInFlight(ann, bob)
    return [ann, bob]
  }
  const expectToTalk = async ([ann, bob]: readonly [TestClient, TestClient], text: string) => {
    ann.send({ type: "signal", data: text })
    expect(await bob.until("signal")).toEqual({ type: "signal", data: text })
  }
  const back = () => expect.poll(async () => (await create()).status, { timeout: 20_000 }).toBe(201)

  it("rooms answer 503 and when to come back, flights go on, polls of living rooms too, and all is well afterwards", async () => {
    const room = await makeRoom(server)
    const pair = await flight()
    expect(await ask("/readyz")).toMatchObject({ status: 200, body: { status: "ready" } })
    way.cut()

    expect(await create()).toMatchObject(away)
    expect(await ask("/api/rooms/ABCDEF?participantId=abc")).toMatchObject(away)
    const chat = `/api/rooms/${room.code}/participants/${room.host}/chat`
    const active = { method: "POST", headers: { "content-type": "application/json" }, body: '{"active":true}' }
    expect(await ask(chat, active)).toMatchObject(away)
    const { status, body } = await poll(server, room.code, room.host)
    expect([status, body.chat.requestedBySelf]).toEqual([200, false])

    await expectToTalk(pair, "while it is away")
    await expectToTalk(await flight(), "a new one too")
    await expect
      .poll(() => ask("/readyz"), { timeout: 10_000 })
      .toMatchObject({ status: 503, body: { status: "not_ready", reason: "database" } })
    expect((await fetch(`${server.http}/healthz`)).status).toBe(200)

    way.mend()
    await back()
    expect(await ask(chat, active)).toMatchObject({ status: 200, body: { chat: { requestedBySelf: true } } })
    await expectToTalk(pair, "and afterwards")
    await expect.poll(() => ask("/readyz"), { timeout: 10_000 }).toMatchObject({ status: 200 })
    expect(server.log()).toContain('"room:error"')
  })

  it("one that has gone silent costs its askers a wait that ends, and nobody else anything", async () => {
    const pair = await flight()
    await create()
    way.block()
    const asked = create()
    await expectToTalk(pair, "while it is silent")
    await expect
      .poll(() => ask("/readyz"), { timeout: 10_000 })
      .toMatchObject({ status: 503, body: { reason: "database" } })
    expect(await asked).toMatchObject(away)
    way.mend()
    await back()
  }, 40_000)

  it("every change that was answered is there when connections are cut in the middle of statements", async () => {
    const rooms = await Promise.all(Array.from({ length: 10 }, () => makeRoom(server)))
    const refused = new Map<number, number>()
    await Promise.all(
      rooms.map(async ({ code, host }, index) => {
        for (let files = 1; files <= 20; files++) {
          if (index === 0 && files % 5 === 0) way.loseNextAnswer()
          const { status } = await post(`${server.http}/api/rooms/${code}/participants/${host}/ready`, {
            fileCount: files,
            totalBytes: files
          })
          refused.set(status, (refused.get(status) ?? 0) + 1)
          // Who was told to try again does.
          if (status === 503) files--
          else expect(status).toBe(200)
        }
      })
    )
    expect(refused.get(503)).toBeGreaterThan(0)
    const rows = await withClient(databaseUrl, (client) =>
      client.query("select room_code, host_file_count from rooms where room_code = any ($1)", [
        rooms.map(({ code }) => code)
      ])
    )
    expect(rows.rows.map((row) => row.host_file_count)).toEqual(rooms.map(() => 20))
    for (const room of rooms) {
      expect((await poll(server, room.code, room.host)).body).toMatchObject({
        status: "ready",
        self: { fileCount: 20 }
      })
    }
  }, 40_000)

  it("somebody who leaves a partner for a place that it does not get is told that it has none", async () => {
    const room = await makeRoom(server)
    const [host, guest] = await Promise.all(
      [room.host, room.guest].map(async (participantId) => {
        const client = await connect(server.ws)
        client.send({ type: "attach-room", roomCode: room.code, participantId, channel: "transfer" })
        await client.until("peer-joined")
        return client
      })
    )
    way.cut()
    guest?.send({ type: "attach-room", roomCode: room.code, participantId: room.guest, channel: "chat" })
    expect(await guest?.until("error")).toMatchObject({ message: "Server error processing your request" })
    await Promise.all([guest, host].map((client) => client?.until("peer-left")))
    way.mend()
    await back()
  }, 40_000)

  it("somebody who leaves a room meanwhile is out of it afterwards", async () => {
    const room = await makeRoom(server)
    const guest = await connect(server.ws)
    guest.send({ type: "attach-room", roomCode: room.code, participantId: room.guest, channel: "transfer" })
    await guest.until("room-attached")
    way.cut()
    await guest.close()
    way.mend()
    // Its host sees it gone at once, whether that could be written or not.
    expect((await poll(server, room.code, room.host)).body).toMatchObject({ status: "waiting", peer: null })
    const guestInRow = () =>
      withClient(databaseUrl, async (client) => {
        const { rows } = await client.query("select guest_participant_id from rooms where room_code = $1", [room.code])
        return rows
      })
    await expect.poll(guestInRow, { timeout: 20_000 }).toEqual([{ guest_participant_id: null }])
    expect((await post(`${server.http}/api/rooms/${room.code}/join`, { name: "Cid" })).status).toBe(200)
  }, 40_000)
})
