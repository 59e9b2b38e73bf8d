import { expect, it } from "vitest"
import { WebSocket } from "ws"
import { describeOnPostgres, useDatabase } from "../../support/databases.ts"
import { everybodyKnows } from "../../support/server.ts"
import { serverForThisTest, useServer } from "../../support/useServer.ts"
import { newRoom, RelayClient, type Side, urlOf, useRelay } from "./relayClient.ts"

const full = '{"type":"room_full"}'

describeOnPostgres("a room", () => {
  const databaseUrl = useDatabase()
  const server = useServer(() => ({ DATABASE_URL: databaseUrl }))
  const { open, meet } = useRelay(server)

  it("says nothing to one alone, and to both once that it is full", async () => {
    const room = newRoom()
    const a = await open(room, "A")
    expect(await a.unread()).toEqual([])
    const b = await open(room, "B")
    expect(await b.next()).toBe(full)
    expect(await a.next()).toBe(full)
    expect([await a.unread(), await b.unread()]).toEqual([[], []])
  })

  it("is full once for everybody however many come at once", async () => {
    const rooms = Array.from({ length: 60 }, newRoom)
    const clients = await Promise.all(
      rooms.flatMap((room) => (["A", "B"] as const).map((side: Side) => open(room, side)))
    )
    for (const client of clients) expect(await client.next()).toBe(full)
    for (const client of clients) expect(await client.unread()).toEqual([])
  })

  it("is left in silence, and full again for both when somebody comes back", async () => {
    const room = newRoom()
    const [a, b] = await meet(room)
    await b.close()
    await everybodyKnows()
    expect(await a.unread()).toEqual([])
    a.send({ type: "offer", lost: true })
    const again = await open(room, "B")
    expect([await a.next(), await again.next()]).toEqual([full, full])
    a.send({ type: "offer" })
    expect(await again.next()).toBe('{"type":"offer"}')
  })

  it.each([
    '{"type":"offer","sdp":{"type":"offer","sdp":"v=0\\r\\n"}}',
    '{"type":"answer","sdp":null}',
    '{"type":"ice","cand":{"candidate":"x"}}',
    '{"type":"ice","cand":null}',
    '{"type":"sender_ready"}',
    '{"type":"OFFER"}',
    '{"type":"Sender_Ready"}',
    ' \r\n{\t"b" : 1.50 , "type" : "ice", "a":12345678901234567890, "u":"\\u00e9é😀" } ',
    '{"\\u0074ype":"\\u006fffer"}',
    '{"type":"send","type":"offer"}',
    '{"type":"offer","__proto__":{"type":"x"}}'
  ])("passes on %s byte for byte, as text, and to the other side alone", async (frame) => {
    const [a, b] = await meet()
    a.send(frame)
    b.send(Buffer.from(frame))
    expect([await a.next(), await b.next()]).toEqual([frame, frame])
    expect([a.hasBinary, b.hasBinary]).toEqual([false, false])
    expect([await a.unread(), await b.unread()]).toEqual([[], []])
  })

  it.each([
    "{",
    "",
    "null",
    "[]",
    '["type"]',
    '"offer"',
    "1",
    "{}",
    '{"type":1}',
    '{"type":null}',
    '{"type":["offer"]}',
    '{"type":""}',
    '{"type":"unknown"}',
    '{"type":" offer"}',
    '{"Type":"offer"}',
    '{"type":"room_full"}',
    '{"type":"bye"}',
    '{"type":"deliver"}',
    '{"type":"constructor"}',
    '{"type":"offer"} x',
    '{"type":"offer","type":"bye"}',
    '{"type":"offer",}',
    '\ufeff{"type":"offer"}',
    '{"type":"send"}',
    '{"type":"send","to":1,"payload":1}',
    '{"type":"send","to":"C","payload":1}',
    '{"type":"send","to":"","payload":1}',
    '{"type":"send","to":" A","payload":1}',
    '{"type":"telemetry","event":"ice-connected","mode":"direct"}',
    '{"type":"telemetry"}'
  ])("passes by %s in silence", async (frame) => {
    const [a, b] = await meet()
    a.send(frame)
    a.send(Buffer.from(frame))
    a.send('{"type":"offer","last":true}')
    expect(await b.next()).toBe('{"type":"offer","last":true}')
    expect([await a.unread(), await b.unread()]).toEqual([[], []])
  })

  it("passes by a binary frame that is no text", async () => {
    const [a, b] = await meet()
    const broken = Buffer.concat([Buffer.from('{"type":"offer","x":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')])
    a.send(broken)
    a.send('{"type":"ice"}')
    expect(await b.next()).toBe('{"type":"ice"}')
    expect(b.socket.readyState).toBe(WebSocket.OPEN)
  })

  it("keeps the order of everything that one side sends, and what belongs to another room out of it", async () => {
    const [a, b] = await meet()
    const [c, d] = await meet()
    const sent: string[] = []
    for (let index = 0; index < 200; index++) {
      const payload = index % 3 === 0
      const frame = payload
        ? `{"type":"send","to":"B","payload":${index}}`
        : `{"type":"${index % 3 === 1 ? "ice" : "offer"}","n":${index}}`
      a.send(frame)
      sent.push(payload ? `{"payload":${index},"seq":${index / 3},"type":"send"}` : frame)
    }
    expect(await b.take(200)).toEqual(sent)
    expect([await a.unread(), await c.unread(), await d.unread()]).toEqual([[], [], []])
  })

  it("passes on a burst of 200 and 900 KB in one frame", async () => {
    const [a, b] = await meet()
    const burst = Array.from({ length: 200 }, (_, index) => `{"type":"ice","n":${index}}`)
    for (const frame of burst) a.send(frame)
    expect(await b.take(200)).toEqual(burst)
    const large = `{"type":"offer","x":"${"é".repeat(450_000)}"}`
    b.send(large)
    expect((await a.next()) === large).toBe(true)
  })

  it("takes messages of exactly a megabyte, and closes who sends a byte more", async () => {
    const [a, b] = await meet()
    const frameOf = (bytes: number) => `{"type":"offer","x":"${"x".repeat(bytes - 23)}"}`
    expect(frameOf(100)).toHaveLength(100)
    a.send(frameOf(1_048_576))
    expect(await b.next()).toHaveLength(1_048_576)
    a.send(frameOf(1_048_577))
    expect((await a.closed)[0]).toBe(1009)
    expect(await b.unread()).toEqual([])
  })

  it("answers a client that closes with its code and without its reason", async () => {
    for (const [code, reason] of [
      [1000, "bye"],
      [4321, "app"]
    ] as const) {
      const client = await open(newRoom(), "A")
      expect(await client.close(code, reason)).toEqual([code, ""])
    }
  })

  it("has its mailboxes and their numbers for as long as somebody is there", async () => {
    const room = newRoom()
    const a = await open(room, "A")
    a.send({ type: "send", to: "B", payload: "kept" })
    a.send({ type: "send", to: "A", payload: 1 })
    expect(await a.next()).toBe('{"payload":1,"seq":0,"type":"send"}')
    await a.close()
    await expect.poll(() => server.actors()["noisytransfer-rooms"]).toBe(0)
    const again = await open(room, "A")
    again.send({ type: "hello" })
    again.send({ type: "send", to: "A", payload: 2 })
    expect(await again.next()).toBe('{"payload":2,"seq":0,"type":"send"}')
  })
})

describeOnPostgres("a server that goes, or is asked too much", () => {
  const databaseUrl = useDatabase()
  const join = async (server: { ws: string }) => {
    const client = new RelayClient(new WebSocket(urlOf(server, newRoom(), "A")), "A")
    await new Promise((resolve) => client.socket.once("open", resolve))
    return client
  }

  it("says so with 1001 to whoever is there", async () => {
    const server = await serverForThisTest({ DATABASE_URL: databaseUrl })
    const client = await join(server)
    await server.stop()
    expect(await client.closed).toEqual([1001, "Server shutdown"])
  })

  it("closes who sends too many frames, and counts it", async () => {
    const server = await serverForThisTest({ DATABASE_URL: databaseUrl, MAX_FRAMES_PER_SECOND: "10" })
    const client = await join(server)
    for (let times = 0; times < 60; times++) client.send("{}")
    expect(await client.closed).toEqual([1008, "Too many frames"])
    expect(server.lines("abuse:refused")[0]).toMatchObject({ budget: "frames" })
  })

  it("takes messages as large as its operator says", async () => {
    const server = await serverForThisTest({ DATABASE_URL: databaseUrl, NOISYTRANSFER_MAX_PAYLOAD_BYTES: "2000" })
    const client = await join(server)
    client.send("x".repeat(2000))
    expect(await client.unread()).toEqual([])
    client.send("x".repeat(2001))
    expect((await client.closed)[0]).toBe(1009)
  })
})
