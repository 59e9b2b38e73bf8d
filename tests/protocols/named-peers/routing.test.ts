/** What peers say to each other, and what of it arrives where. */
import { describe, expect, it } from "vitest"
import { everybodyKnows } from "../../support/server.ts"
import { useServer } from "../../support/useServer.ts"
import { type PeerClient, usePeers } from "./peerClient.ts"

const server = useServer()
const peer = usePeers(server)

/** Peers of these names, who have heard of each other. */
const meet = async <const Names extends readonly string[]>(...names: Names) => {
  const clients: PeerClient[] = []
  for (const name of names) clients.push(await peer({ name }))
  for (const client of clients) await client.heard()
  return clients as unknown as { readonly [Index in keyof Names]: PeerClient }
}

describe("a message", () => {
  it("goes to its target only, with all its fields and the sender's name behind them", async () => {
    const [paris, nantes, lille] = await meet("paris", "nantes", "lille")
    for (const type of [
      "offer",
      "answer",
      "candidate",
      "ice",
      "ice_candidate",
      "request_offer",
      "my own",
      "",
      "error"
    ]) {
      const frame = { type, target: "nantes", sdp: "v=0\r\n", nested: { a: [1, null, { b: "é" }] }, nothing: null }
      paris.send(frame)
      const got = await nantes.next()
      expect(got).toEqual({ ...frame, from: "paris" })
      expect(Object.keys(got).at(-1)).toBe("from")
    }
    expect(await paris.heard()).toEqual([])
    expect(await lille.heard()).toEqual([])
  })

  it("comes from who has sent it, whoever it says it is from", async () => {
    const [paris, nantes] = await meet("paris", "nantes")
    const forged = [
      '{"type":"offer","target":"nantes","from":"lille"}',
      '{"from":"lille","type":"offer","target":"nantes"}',
      '{"type":"offer","from":{"a":"}"},"target":"nantes","from":["x",{"from":1}]}',
      '{"type":"offer","\\u0066rom":"lille","target":"nantes","from":null}',
      '{ "type" : "offer" , "fr\\u006fm" : "li\\"lle\\\\" , "target" : "nantes" } '
    ]
    for (const text of forged) {
      paris.send(text)
      await expect.poll(() => nantes.texts.length).toBe(1)
      const [got = ""] = nantes.texts
      expect(JSON.parse(got)).toEqual({ type: "offer", target: "nantes", from: "paris" })
      expect(got.match(/from/g)).toHaveLength(1)
      await nantes.next()
    }
  })

  it("keeps what only looks like a sender: in other fields, in texts and in values", async () => {
    const [paris, nantes] = await meet("paris", "nantes")
    const frame = {
      type: "offer",
      target: "nantes",
      a: { from: "lille" },
      b: ["from", "\\", '"from":1'],
      From: 1,
      "from ": 2
    }
    for (const sent of [frame, { from: 1, ...frame }, { ...frame, from: "nantes" }]) {
      paris.send(sent)
      expect(await nantes.next()).toEqual({ ...frame, from: "paris" })
    }
  })

  it.each([
    ["numbers as they are written", '"a":1.50,"b":12345678901234567890123,"c":1e999,"d":-0'],
    ["keys that objects have anyway", '"__proto__":{"x":1},"constructor":"c","toString":null'],
    ["the same key twice", '"a":1,"a":2'],
    ["texts as they are escaped", '"a":"\\u0000\\ud800\\/","b":"\u2028"'],
    ["white space", '  "a" :\t[ 1 ,\r\n 2 ]  ']
  ])("keeps %s", async (_, fields) => {
    const [paris, nantes] = await meet("paris", "nantes")
    for (const from of ["", '"from":"lille",']) {
      paris.send(`{${from}"type":"offer","target":"nantes",${fields}}`)
      await expect.poll(() => nantes.texts.length).toBe(1)
      expect(nantes.texts[0]).toBe(`{"type":"offer","target":"nantes",${fields},"from":"paris"}`)
      await nantes.next()
    }
  })

  it("goes by the last of several targets, as every reader of JSON takes it", async () => {
    const [paris, nantes, lille] = await meet("paris", "nantes", "lille")
    paris.send('{"type":"offer","target":"lille","target":"nantes"}')
    expect(await nantes.next()).toMatchObject({ target: "nantes", from: "paris" })
    expect(await lille.heard()).toEqual([])
  })

  it("may be sent to oneself, and in bytes", async () => {
    const [paris] = await meet("paris")
    paris.send(Buffer.from('{"type":"note","target":"paris"}'))
    expect(await paris.next()).toEqual({ type: "note", target: "paris", from: "paris" })
  })

  it("goes only there though it is of a type that goes to all without a target", async () => {
    const [paris, nantes, lille] = await meet("paris", "nantes", "lille")
    for (const type of ["stream_started", "stream_stopped", "stream_restored", "page_opened"]) {
      paris.send({ type, target: "nantes" })
      expect(await nantes.next()).toEqual({ type, target: "nantes", from: "paris" })
    }
    expect(await lille.heard()).toEqual([])
    expect(await paris.heard()).toEqual([])
  })

  it("arrives in the order sent: 200 at once", async () => {
    const [paris, nantes] = await meet("paris", "nantes")
    for (let number = 0; number < 200; number++) paris.send({ type: "candidate", target: "nantes", number })
    const got = await nantes.take(200)
    expect(got.map((frame) => frame["number"])).toEqual(Array.from({ length: 200 }, (_, number) => number))
  })

  it("may have 60 KiB of SDP", async () => {
    const [paris, nantes] = await meet("paris", "nantes")
    const sdp = "a=candidate\r\n".repeat(4096)
    paris.send({ type: "offer", target: "nantes", from: "paris", sdp })
    expect(await nantes.next()).toEqual({ type: "offer", target: "nantes", sdp, from: "paris" })
  })

  it.each(["berlin", "Nantes", "nantes ", "", "__proto__", "constructor", "toString", "\ud800"])(
    "to %j, who is nobody, is refused with that name, and nobody else hears of it",
    async (target) => {
      const [paris, nantes] = await meet("paris", "nantes")
      paris.send({ type: "offer", target, secret: "x" })
      const answer = await paris.next()
      expect(answer).toEqual({ type: "error", error: "target_not_found", target })
      expect(await nantes.heard()).toEqual([])
    }
  )

  it.each([["null"], ["5"], ["true"], ["{}"], ['["nantes"]']])("with the target %s goes nowhere", async (target) => {
    const [paris, nantes] = await meet("paris", "nantes")
    paris.send(`{"type":"stream_started","target":${target}}`)
    expect(await paris.next()).toEqual({ type: "error", error: "invalid_message" })
    expect(await nantes.heard()).toEqual([])
  })
})

describe("an event", () => {
  it.each([
    { type: "stream_started" },
    { type: "stream_stopped", reason: "camera off", nested: { a: null } },
    { type: "stream_restored", from: "lille" },
    { type: "page_opened" }
  ])("$type goes to all others, with all its fields, from its sender", async (frame) => {
    const [paris, nantes, lille] = await meet("paris", "nantes", "lille")
    const stranger = await peer()
    paris.send(frame)
    for (const other of [nantes, lille]) expect(await other.next()).toEqual({ ...frame, from: "paris" })
    expect(await paris.heard()).toEqual([])
    expect(await stranger.heard()).toEqual([])
  })
})

describe("nonsense", () => {
  it.each([
    "{",
    "",
    "[]",
    "null",
    "5",
    '"x"',
    "{}",
    '{"type":5}',
    '{"type":"hello"}',
    '{"type":null}',
    '{"type":"candidate"}'
  ])("such as %j is refused, ends nothing and reaches nobody", async (text) => {
    const [paris, nantes] = await meet("paris", "nantes")
    for (const sent of [text, Buffer.from(text)]) {
      paris.send(sent)
      expect(await paris.next()).toEqual({ type: "error", error: "invalid_message" })
    }
    expect(await paris.heard()).toEqual([])
    expect(await nantes.heard()).toEqual([])
  })

  it("of bytes that are no UTF-8 as well", async () => {
    const [paris, nantes] = await meet("paris", "nantes")
    paris.send(Buffer.from([0x7b, 0xff, 0x7d]))
    expect(await paris.next()).toEqual({ type: "error", error: "invalid_message" })
    expect(await nantes.heard()).toEqual([])
  })

  it("before the login is no message either, and the login goes on from there", async () => {
    const client = await peer()
    client.send("{")
    expect(await client.next()).toEqual({ type: "error", error: "invalid_message" })
    await client.logIn("paris")
  })
})

describe("coming and going", () => {
  it("is told before what somebody sends, and behind it", async () => {
    const [witness] = await meet("witness")
    for (let round = 0; round < 20; round++) {
      const client = await peer()
      client.send({ type: "login", name: "paris" })
      for (let number = 0; number < 5; number++) client.send({ type: "note", target: "witness", number })
      expect((await client.next()).type).toBe("login_success")
      // Who goes before it has heard that it is logged in has sent nothing.
      await everybodyKnows()
      client.send({ type: "page_opened" })
      client.socket.close()
      expect((await witness.take(8)).map(({ type, number }) => number ?? type)).toEqual([
        "peer_connected",
        0,
        1,
        2,
        3,
        4,
        "page_opened",
        "peer_disconnected"
      ])
    }
    expect(await witness.heard()).toEqual([])
  })

  it("fits together with the lists: nobody is in neither, nobody in both", async () => {
    const clients = await Promise.all(Array.from({ length: 24 }, () => peer()))
    clients.forEach((client, index) => client.send({ type: "login", name: `peer ${index}` }))
    const lists = await Promise.all(clients.map(async (client) => (await client.next())["clients"] as string[]))
    const names = clients.map((_, index) => `peer ${index}`).toSorted()
    for (const [index, client] of clients.entries()) {
      const later = (await client.heard()).map((frame) => frame["peer"] as string)
      expect([...(lists[index] ?? []), ...later].toSorted()).toEqual(names)
    }
  })

  it("leaves no mailbox behind", async () => {
    const [paris, nantes] = await meet("paris", "nantes")
    await nantes.close()
    expect(await paris.next()).toEqual({ type: "peer_disconnected", peer: "nantes" })
    paris.send({ type: "offer", target: "nantes" })
    expect(await paris.next()).toMatchObject({ error: "target_not_found" })
    const again = await peer({ name: "nantes" })
    expect(await again.heard()).toEqual([])
  })
})

describe("a space", () => {
  it("ends what is said, listed and told at its border", async () => {
    const common = await peer({ name: "paris" })
    const [one, other] = [
      await peer({ name: "paris", query: "?space=studio-7" }),
      await peer({ name: "nantes", query: "?space=studio-7" })
    ]
    const elsewhere = await peer({ name: "nantes", query: "?x=1&space=Studio_7" })
    expect(await one.heard()).toEqual([{ type: "peer_connected", peer: "nantes" }])
    other.send({ type: "stream_started" })
    other.send({ type: "offer", target: "paris" })
    expect(await one.take(2)).toEqual([
      { type: "stream_started", from: "nantes" },
      { type: "offer", target: "paris", from: "nantes" }
    ])
    elsewhere.send({ type: "offer", target: "paris" })
    expect(await elsewhere.next()).toMatchObject({ error: "target_not_found", target: "paris" })
    common.send({ type: "offer", target: "nantes" })
    expect(await common.next()).toMatchObject({ error: "target_not_found", target: "nantes" })
    await other.close()
    expect(await one.next()).toEqual({ type: "peer_disconnected", peer: "nantes" })
    for (const client of [common, elsewhere, one]) expect(await client.heard()).toEqual([])
  })
})
