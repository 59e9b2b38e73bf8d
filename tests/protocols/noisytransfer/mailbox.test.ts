import { expect, it } from "vitest"
import { describeOnPostgres, useDatabase } from "../../support/databases.ts"
import { itOfOneServer } from "../../support/ofOneServer.ts"
import { everybodyKnows } from "../../support/server.ts"
import { useServer } from "../../support/useServer.ts"
import { figures, newRoom, type RelayClient, useRelay } from "./relayClient.ts"

const full = '{"type":"room_full"}'
const item = (seq: number, payload: unknown = seq) =>
  `{"payload":${JSON.stringify(payload)},"seq":${seq},"type":"send"}`
const items = (...numbers: number[]) => numbers.map((seq) => item(seq))
const delivery = (seq: number, payload: unknown) =>
  `{"payload":${JSON.stringify(payload)},"seq":${seq},"type":"deliver"}`
const leave = (client: RelayClient, to: string, ...payloads: unknown[]) => {
  for (const payload of payloads) client.send({ type: "send", to, payload })
}
const hello = (client: RelayClient, deliveredUpTo?: unknown) => client.send({ type: "hello", deliveredUpTo })
const delivered = (client: RelayClient, upTo?: unknown) => client.send({ type: "delivered", upTo })

describeOnPostgres("a mailbox", () => {
  const databaseUrl = useDatabase()
  const server = useServer(() => ({ DATABASE_URL: databaseUrl }))
  const { open, meet } = useRelay(server)

  /** A side B that has 0, 1, 2 and 3 waiting for it, and has been told of nothing but that the room is full. */
  const withFour = async (room = newRoom(), sid?: string) => {
    const a = await open(room, "A")
    leave(a, "B", 0, 1, 2, 3)
    expect(await a.unread()).toEqual([])
    const b = await open(room, "B", sid === undefined ? {} : { sid })
    expect(await b.next()).toBe(full)
    expect(await a.next()).toBe(full)
    return [a, b] as const
  }

  it.each(["1.50", "12345678901234567890", '{"b":1,"a": [ ] }', '"\\u00e9"', "null", "-0", "1e999", '"😀"', "[[1]]"])(
    "keeps %s as it was written",
    async (payload) => {
      const [a, b] = await meet()
      a.send(`{ "payload" : ${payload} , "x":{"payload":2}, "to":"b", "type":"SEND" }`)
      a.send(Buffer.from(`{"payload":"first","\\u0070ayload":${payload},"to":"B","type":"send"}`))
      const texts = [0, 1].map((seq) => `{"payload":${payload},"seq":${seq},"type":"send"}`)
      expect(await b.take(2)).toEqual(texts)
      hello(b)
      expect(await b.take(2)).toEqual(texts)
    }
  )

  it("takes null for a payload that is not there", async () => {
    const [a, b] = await meet()
    a.send('{"type":"send","to":"B"}')
    expect(await b.next()).toBe('{"payload":null,"seq":0,"type":"send"}')
  })

  it("counts each side's items from 0, a side's own too, and answers nothing to whoever leaves them", async () => {
    const [a, b] = await meet()
    leave(a, "b", "x", "y")
    expect(await b.take(2)).toEqual([item(0, "x"), item(1, "y")])
    leave(b, "a", "z")
    leave(b, "B", "own")
    expect([await a.next(), await b.next()]).toEqual([item(0, "z"), item(2, "own")])
    expect([await a.unread(), await b.unread()]).toEqual([[], []])
  })

  it("gives what is left for a side that is away only when it asks, and again when it asks again", async () => {
    const [, b] = await withFour()
    expect(await b.unread()).toEqual([])
    hello(b, 0)
    expect(await b.take(4)).toEqual(items(0, 1, 2, 3))
    expect(await b.next()).toContain("barrier")
    hello(b)
    expect(await b.take(4)).toEqual(items(0, 1, 2, 3))
  })

  it("forgets what a hello says is there, and never what it says it lacks", async () => {
    const [, b] = await withFour()
    hello(b, 1)
    expect(await b.take(2)).toEqual(items(2, 3))
    hello(b, 3)
    expect(await b.unread()).toEqual([])
    const [, other] = await withFour()
    hello(other, 2)
    expect(await other.next()).toBe(item(3))
    hello(other, 0)
    expect(await other.next()).toBe(item(3))
    hello(other, 1)
    expect(await other.next()).toBe(item(3))
  })

  it.each([0, null, undefined])("takes a hello of %s for somebody who says nothing of what it has", async (number) => {
    const [, b] = await withFour()
    hello(b, number)
    expect(await b.take(4)).toEqual(items(0, 1, 2, 3))
    hello(b, number)
    expect(await b.take(4)).toEqual(items(0, 1, 2, 3))
  })

  it.each([-1, 1.5, "2", true, [], {}])("passes by a hello and a delivered of %s", async (number) => {
    const [, b] = await withFour()
    hello(b, number)
    delivered(b, number)
    expect(await b.unread()).toEqual([])
    hello(b)
    expect(await b.take(4)).toEqual(items(0, 1, 2, 3))
  })

  it.each([4, 5, 2 ** 60])("takes %s for a number of an earlier room, and brings everything", async (number) => {
    const [, b] = await withFour()
    delivered(b, number)
    hello(b, number)
    expect(await b.take(4)).toEqual(items(0, 1, 2, 3))
  })

  it("forgets what was delivered, the first item included, and brings nothing for it", async () => {
    const [, b] = await withFour()
    delivered(b, 0)
    hello(b, 0)
    expect(await b.take(3)).toEqual(items(1, 2, 3))
    delivered(b, 2)
    delivered(b, 1)
    hello(b)
    expect(await b.next()).toBe(item(3))
    delivered(b)
    delivered(b, null)
    hello(b)
    expect(await b.next()).toBe(item(3))
  })

  it("is its own side's alone", async () => {
    const [a, b] = await withFour()
    hello(a, 3)
    delivered(a, 3)
    expect(await a.next()).toContain("barrier")
    hello(b)
    expect(await b.take(4)).toEqual(items(0, 1, 2, 3))
  })

  it("stays when its side leaves and comes back, with what was acknowledged", async () => {
    const room = newRoom()
    const [a, b] = await withFour(room)
    hello(b, 1)
    expect(await b.take(2)).toEqual(items(2, 3))
    await b.close()
    leave(a, "B", 4)
    expect(await a.unread()).toEqual([])
    const again = await open(room, "B")
    expect(await again.next()).toBe(full)
    expect(await again.unread()).toEqual([])
    hello(again, 0)
    expect((await again.take(4)).slice(0, 3)).toEqual(items(2, 3, 4))
  })

  it("brings a replay in one run, and whatever comes meanwhile behind it", async () => {
    const room = newRoom()
    const a = await open(room, "A")
    leave(a, "B", ...Array.from({ length: 500 }, (_, index) => index))
    await a.unread()
    const b = await open(room, "B")
    expect(await b.next()).toBe(full)
    hello(b)
    for (let index = 500; index < 600; index++) leave(a, "B", index)
    const texts = await b.take(600)
    expect(texts.slice(0, 500)).toEqual(Array.from({ length: 500 }, (_, index) => item(index)))
    expect(texts.slice(500)).toEqual(Array.from({ length: 100 }, (_, index) => item(500 + index)))
  })

  it("is read by clients that name a session as deliver, from 1, where 0 is nothing yet", async () => {
    for (const sid of ["", "session"]) {
      const [a, b] = await withFour(newRoom(), sid)
      hello(b, 0)
      expect(await b.take(4)).toEqual([0, 1, 2, 3].map((n) => delivery(n + 1, n)))
      leave(a, "B", 4)
      expect(await b.next()).toBe(delivery(5, 4))
      delivered(b, 0)
      delivered(b, 1)
      hello(b, 0)
      expect(await b.take(4)).toEqual([1, 2, 3, 4].map((n) => delivery(n + 1, n)))
      hello(b, 4)
      expect(await b.next()).toBe(delivery(5, 4))
      delivered(b, 6)
      hello(b, 6)
      expect(await b.next()).toBe(delivery(5, 4))
      hello(b, 5)
      expect(await b.unread()).toEqual([])
    }
  })

  it("is one and the same for both kinds of clients", async () => {
    const room = newRoom()
    const [a, b] = await withFour(room, "session")
    delivered(b, 2)
    await b.close()
    await everybodyKnows()
    const plain = await open(room, "B")
    expect(await plain.next()).toBe(full)
    hello(plain)
    expect(await plain.take(2)).toEqual(items(2, 3))
    expect(await a.next()).toContain("room_full")
  })
})

describeOnPostgres("a mailbox that is full", () => {
  const databaseUrl = useDatabase()
  const server = useServer(() => ({
    DATABASE_URL: databaseUrl,
    NOISYTRANSFER_MAILBOX_ITEMS: "3",
    NOISYTRANSFER_MAILBOX_BYTES: "100",
    NOISYTRANSFER_MAILBOXES_BYTES: "150"
  }))
  const { open, meet } = useRelay(server)
  const refusal = (to: string, reason: string) => JSON.stringify({ type: "mailbox_full", to, reason })

  it("refuses what does not fit, by name, to its sender alone, and takes no number for it", async () => {
    const room = newRoom()
    const a = await open(room, "A")
    leave(a, "B", 0, 1, 2, 3)
    expect(await a.next()).toBe(refusal("B", "items"))
    const b = await open(room, "B")
    expect([await a.next(), await b.next()]).toEqual([full, full])
    hello(b)
    expect(await b.take(3)).toEqual(items(0, 1, 2))
    delivered(b, 0)
    hello(b)
    expect(await b.take(2)).toEqual(items(1, 2))
    leave(a, "B", 3)
    expect(await b.next()).toBe(item(3))
    expect(server.lines("relay:mailbox_full")[0]).toMatchObject({ level: "warn", reason: "items" })
    expect((await figures(server)).get('nt_mailbox_refusals_total{reason="items"}')).toBe(1)
  })

  it("counts the bytes of payloads as they are written", async () => {
    const a = await open(newRoom(), "A")
    const text = (bytes: number) => "x".repeat(bytes - 2)
    leave(a, "B", text(60), text(41))
    expect(await a.next()).toBe(refusal("B", "bytes"))
    leave(a, "B", text(40), text(2))
    expect(await a.next()).toBe(refusal("B", "bytes"))
    leave(a, "A", text(101))
    expect(await a.next()).toBe(refusal("A", "bytes"))
  })

  it("forgets the oldest of what its holder was sent, rather than refuse", async () => {
    const [a, b] = await meet()
    leave(a, "B", 0, 1, 2, 3, 4)
    expect(await b.take(5)).toEqual(items(0, 1, 2, 3, 4))
    hello(b)
    expect(await b.take(3)).toEqual(items(2, 3, 4))
    leave(a, "B", "x".repeat(99))
    expect(await a.next()).toBe(refusal("B", "bytes"))
    hello(b)
    expect(await b.take(3)).toEqual(items(2, 3, 4))
    leave(a, "B", "y".repeat(98))
    expect(await b.next()).toBe(item(5, "y".repeat(98)))
    hello(b)
    expect(await b.next()).toBe(item(5, "y".repeat(98)))
  })

  it("keeps what was sent to somebody who sits there no longer", async () => {
    const room = newRoom()
    const [a, b] = await meet(room)
    leave(a, "B", 0, 1, 2)
    expect(await b.take(3)).toEqual(items(0, 1, 2))
    await b.close()
    await everybodyKnows()
    leave(a, "B", 3)
    expect(await a.next()).toBe(refusal("B", "items"))
    const again = await open(room, "B")
    expect(await again.next()).toBe(full)
    leave(a, "B", 3)
    expect(await a.take(2)).toEqual([full, refusal("B", "items")])
    hello(again)
    expect(await again.take(3)).toEqual(items(0, 1, 2))
    leave(a, "B", 3)
    expect(await again.next()).toBe(item(3))
  })

  itOfOneServer("is full when all together are, until one room has gone", async () => {
    const [one, other] = [await open(newRoom(), "A"), await open(newRoom(), "A")]
    leave(one, "B", "x".repeat(98))
    expect(await one.unread()).toEqual([])
    leave(other, "B", "y".repeat(68))
    expect(await other.next()).toBe(refusal("B", "server"))
    leave(other, "B", "y".repeat(18))
    await one.close()
    await expect.poll(() => server.actors()["noisytransfer-rooms"]).toBe(1)
    leave(other, "B", "y".repeat(68))
    expect(await other.unread()).toEqual([])
  })
})
