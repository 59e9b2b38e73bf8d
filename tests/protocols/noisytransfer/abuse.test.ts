import { expect, it } from "vitest"
import { describeOnPostgres, useDatabase } from "../../support/databases.ts"
import { untilStalled } from "../../support/stalled.ts"
import { useServer } from "../../support/useServer.ts"
import { figures, newRoom, useRelay } from "./relayClient.ts"

describeOnPostgres("whoever wants too much", () => {
  const databaseUrl = useDatabase()
  const server = useServer(() => ({ DATABASE_URL: databaseUrl }))
  const { open, meet } = useRelay(server)

  it("is paused when its peer does not read, and another room does not notice", async () => {
    const [sender, reader] = await meet()
    const [c, d] = await meet()
    reader.socket.pause()
    const padding = "p".repeat(200_000)
    for (let index = 0; index < 500; index++) sender.send(`{"type":"ice","n":${index},"p":"${padding}"}`)
    await untilStalled(sender.socket)
    expect(sender.socket.bufferedAmount).toBeGreaterThan(60_000_000)
    c.send('{"type":"offer"}')
    expect(await d.next()).toBe('{"type":"offer"}')
    reader.socket.resume()
    for (let index = 0; index < 500; index++)
      expect((await reader.next()).startsWith(`{"type":"ice","n":${index},`)).toBe(true)
  }, 30_000)

  it("is paused as well when what it leaves in a mailbox is not read", async () => {
    const [sender, reader] = await meet()
    reader.socket.pause()
    const padding = "p".repeat(200_000)
    for (let index = 0; index < 500; index++) {
      sender.send(`{"type":"send","to":"B","payload":"${padding}"}`)
    }
    await untilStalled(sender.socket)
    expect(sender.socket.bufferedAmount).toBeGreaterThan(60_000_000)
    reader.socket.resume()
    for (let seq = 0; seq < 500; seq++) expect((await reader.next()).endsWith(`"seq":${seq},"type":"send"}`)).toBe(true)
  }, 30_000)

  it("gets no second replay of a large mailbox before it has read the first", async () => {
    const a = await open(newRoom(), "A")
    const payload = "p".repeat(500_000)
    for (let index = 0; index < 8; index++) a.send({ type: "send", to: "A", payload })
    expect(await a.take(8)).toHaveLength(8)
    const sent = async () => (await figures(server)).get('nt_signal_bytes_total{dir="out",type="send"}') ?? 0
    const before = await sent()
    a.socket.pause()
    for (let times = 0; times < 30; times++) a.send({ type: "hello" })
    a.send({ type: "sender_ready" })
    let last = -1
    // Until nothing more comes: thirty replays would be 120 MB, and it reads none of them.
    await expect
      .poll(
        async () => {
          const now = await sent()
          const isStill = now === last && now > before
          last = now
          return isStill
        },
        { interval: 1_500, timeout: 15_000 }
      )
      .toBe(true)
    // What the system takes off the server's hands counts as read.
    expect(last - before).toBeLessThan(40_000_000)
    a.socket.resume()
    for (let times = 0; times < 30 * 8; times++) await a.next()
    expect(await a.unread()).toEqual([])
  }, 90_000)

  it("leaves nothing behind: rooms, connections and what their mailboxes held", async () => {
    for (let round = 0; round < 3; round++) {
      const clients = await Promise.all(
        Array.from({ length: 40 }, async () => {
          const client = await open(newRoom(), "A")
          for (let index = 0; index < 8; index++) client.send({ type: "send", to: "B", payload: "x".repeat(500_000) })
          return client
        })
      )
      // All of them together are more than all mailboxes hold, and they hear so, each time anew as much.
      const refused = await Promise.all(clients.map(async (client) => (await client.unread()).length))
      const total = refused.reduce((sum, count) => sum + count, 0)
      expect(total).toBe(40 * 8 - Math.floor(134_217_728 / 500_002))
      for (const client of clients) client.socket.terminate()
      await expect
        .poll(() => server.actors())
        .toMatchObject({ "noisytransfer-connections": 0, "noisytransfer-rooms": 0 })
    }
    expect(server.lines("relay:mailbox_full").length).toBeLessThanOrEqual(300)
    expect((await figures(server)).get("nt_rooms_active")).toBe(0)
  }, 150_000)

  it("does no harm with nested, endless or broken JSON", async () => {
    const [a, b] = await meet()
    const deep = 200_000
    for (const frame of [
      "[".repeat(deep) + "]".repeat(deep),
      `{"type":"send","to":"B","payload":${"[".repeat(deep)}${"]".repeat(deep)}}`,
      `{"type":"offer","x":${"[".repeat(deep)}`,
      `{"type":"telemetry","event":"ice-connected","mode":"${"m".repeat(900_000)}"}`,
      `{"type":"send","to":"${"B".repeat(900_000)}"}`
    ]) {
      a.send(frame)
    }
    a.send('{"type":"ice","last":1}')
    const texts = [await b.next()]
    while (!texts.at(-1)?.includes("last")) texts.push(await b.next())
    expect(texts.length).toBeLessThanOrEqual(2)
    expect([await a.unread(), await b.unread()]).toEqual([[], []])
  })
})
