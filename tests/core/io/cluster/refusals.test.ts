/** Who does not fit is refused by name, and nobody else is disturbed. */
import { once } from "node:events"
import { connect } from "node:net"
import * as Redacted from "effect/Redacted"
import { beforeEach, expect, it } from "vitest"
import { WebSocket } from "ws"
import type { ChannelsOptions } from "../../../../src/io/cluster/channels.ts"
import { createGreetings, digestOf, makeLife, ready, refusalCodes } from "../../../../src/io/cluster/greeting.ts"
import { clusterLimits } from "../../../../src/io/cluster/limits.ts"
import { channelAddress, channelUrl } from "../../../../src/io/cluster/nodeAddress.ts"
import { freePortPairs } from "../../../support/freePort.ts"
import { randomNumbers } from "../../../support/random.ts"
import { meet, nextMark, secret, startNode, type TestNode } from "./nodes.ts"

let ada: TestNode
let bob: TestNode

beforeEach(async () => {
  ada = await startNode()
  bob = await startNode()
  await meet(ada, bob)
})

/** Those who belong together have noticed nothing. */
const expectCalm = async () => {
  ada.channels.send(bob.address, "calm")
  bob.channels.send(ada.address, "calm")
  await ada.until(() => ada.times("message", bob.address) === 1)
  await bob.until(() => bob.times("message", ada.address) === 1)
  const between = (node: TestNode, peer: TestNode) =>
    node.told.filter(({ from }) => from === peer.address).map(({ what }) => what)
  expect(between(ada, bob)).toEqual(["met", "message"])
  expect(between(bob, ada)).toEqual(["met", "message"])
  expect([...ada.told, ...bob.told].filter(({ what }) => what === "frame")).toEqual([])
}

const strangers: readonly (readonly [string, () => Promise<Partial<ChannelsOptions>>])[] = [
  ["secret", async () => ({ secret: Redacted.make("another secret") })],
  ["version", async () => ({ version: clusterLimits.channelVersion + 1 })],
  ["shards", async () => ({ shards: 64 })],
  ["protocols", async () => ({ protocols: ["one /"] })],
  ["mark", async () => ({ mark: ada.mark })],
  // On another machine, by mistake with the same address.
  ["address", async () => ({ self: bob.address, listen: "127.0.0.2" })]
]

it.each(strangers)("refuses a node with another %s", async (reason, options) => {
  const eve = await startNode(await options())
  eve.channels.know([ada.address])
  if (eve.address !== bob.address) ada.channels.know([eve.address])
  const told = (node: TestNode, line: string) => node.lines(line).some((line) => line.reason === reason)
  await ada.until(() => told(ada, "cluster:refused"))
  await eve.until(() => told(eve, "cluster:refused_by"))
  const line = ada.lines("cluster:refused").find((line) => line.reason === reason)
  expect(line).toMatchObject({ level: "warn", node: eve.address, reason })
  expect(JSON.stringify([ada.lines("cluster:refused"), eve.lines("cluster:refused_by")])).not.toMatch(
    /secret of|another secret/
  )
  expect(eve.times("met")).toBe(0)
  expect(ada.channels.send(eve.address === bob.address ? "127.0.0.1:1" : eve.address, 1)).toBe(false)
  // Dialled every second, and told of once.
  expect(ada.lines("cluster:refused").filter((line) => line.reason === reason)).toHaveLength(1)
  await expectCalm()
})

it("refuses a mark that a third node has, as long as that one is there", async () => {
  const eve = await startNode({ mark: bob.mark })
  eve.channels.know([ada.address])
  ada.channels.know([eve.address])
  await ada.until(() => ada.lines("cluster:refused").some(({ reason }) => reason === "mark"))
  await expectCalm()
  await bob.channels.close()
  await ada.until(() => ada.channels.isOpen(eve.address))
})

it("refuses who calls it by another name", async () => {
  const alias = bob.address.replace("127.0.0.1", "localhost")
  ada.channels.know([alias])
  await bob.until(() => bob.lines("cluster:refused").length > 0)
  expect(bob.lines("cluster:refused")).toMatchObject([{ node: ada.address, reason: "address" }])
  expect(ada.channels.isOpen(alias)).toBe(false)
  await expectCalm()
})

/** A WebSocket to a node's channel. */
const dial = async (node: TestNode): Promise<WebSocket> => {
  const socket = new WebSocket(channelUrl(node.address))
  socket.on("error", () => {})
  await once(socket, "open")
  return socket
}

/** What a node of the cluster could still do wrong, once it is let in. */
const dialAsNode = async (node: TestNode): Promise<WebSocket> => {
  const hello = { version: clusterLimits.channelVersion, shards: 32, protocols: digestOf(["one /", "other /ws"]) }
  const greeting = createGreetings({
    ...{ self: `127.0.0.1:${await freePortPairs(1)}`, secret, objection: () => undefined },
    hello: { ...hello, life: makeLife(), mark: nextMark() }
  }).dialler(node.address)
  const socket = new WebSocket(channelUrl(node.address))
  await new Promise<void>((resolve) =>
    socket.on("message", (data: Buffer) => {
      const step = greeting.read(data.toString())
      if (step.type === "say") socket.send(step.text)
      else resolve()
    })
  )
  return socket
}

it.each([
  ["no JSON", "{"],
  ["JSON of something else", '{"nonce":1}'],
  ["bytes", Buffer.from([1, 2, 3])],
  ["an address that is none", JSON.stringify({ from: "nobody", to: "x", nonce: "", proof: "" })],
  ["too much", "x".repeat(clusterLimits.greetingBytes + 1)]
])("ends a greeting of %s", async (what, said) => {
  const socket = await dial(ada)
  socket.send(said)
  const [code, reason] = await once(socket, "close")
  const expected = what.startsWith("an address") ? "address" : "malformed"
  expect([code, String(reason)]).toEqual([expected === "address" ? 4006 : 4007, expected])
  expect(ada.lines("cluster:refused")).toMatchObject([{ node: "127.0.0.1", reason: expected }])
  await expectCalm()
})

it("reads no more of a greeting than one has", async () => {
  const socket = await dial(ada)
  const one = Buffer.alloc(1024, "x")
  // Pieces of one message that never ends.
  for (let sent = 0; sent <= clusterLimits.greetingBytes; sent += one.length) socket.send(one, { fin: false })
  expect((await once(socket, "close"))[0]).toBe(4007)
  await expectCalm()
})

it.each([
  ["a frame that is none", Buffer.from([9, 9, 9]), 4007],
  ["a message that is no JSON", "{", 4007],
  ["a message that is too large", Buffer.alloc(clusterLimits.messageBytes + 1), 1009]
])("ends the way of a node that says %s", async (_, said, code) => {
  const socket = await dialAsNode(ada)
  socket.send(JSON.stringify(ready))
  socket.send(said)
  expect((await once(socket, "close"))[0]).toBe(code)
  await expectCalm()
})

it("ends the way of a node that speaks before it is ready", async () => {
  const socket = await dialAsNode(ada)
  socket.send(JSON.stringify({ t: "too early" }))
  expect((await once(socket, "close"))[0]).toBe(4007)
  await expectCalm()
})

it("hears nothing of a node that says it is ready and cannot be met", async () => {
  const socket = await dialAsNode(ada)
  socket.send(JSON.stringify(ready))
  socket.send(JSON.stringify({ t: "to nobody" }))
  // Behind that.
  socket.send("{")
  await once(socket, "close")
  await expectCalm()
  expect(ada.told.filter(({ what, from }) => what !== "line" && from !== bob.address)).toEqual([])
})

it("says by whom it is refused, even by a node that it has let in", async () => {
  const socket = await dialAsNode(ada)
  socket.close(refusalCodes.malformed, "malformed")
  await ada.until(() => ada.lines("cluster:refused_by").length > 0)
  expect(ada.lines("cluster:refused_by")).toMatchObject([
    { node: expect.stringMatching(/^127\.0\.0\.1:\d+$/), reason: "malformed" }
  ])
  await expectCalm()
})

it("answers HTTP with 426, and ends what says nothing after a second", async () => {
  const { host, port } = channelAddress(ada.address)
  expect((await fetch(`http://${host}:${port}/`)).status).toBe(426)
  const began = performance.now()
  const silent = connect(port, host)
  const slow = await dial(ada)
  await Promise.all([once(silent, "close"), once(slow, "close")])
  expect(performance.now() - began).toBeLessThan(10 * clusterLimits.greetingMs)
  await expectCalm()
})

it("ends what does not even begin a greeting, and tells where it comes from", async () => {
  const { host, port } = channelAddress(ada.address)
  const upgrade = "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: "
  for (const [said, reason] of [
    ["", "late"],
    ["\u0000\u0001\u0002", "malformed"],
    ["GET / HTTP/1.1\r\nHost: x\r\n\r\n", "malformed"],
    [upgrade, "late"],
    [`${upgrade}websocket\r\n\r\n`, "malformed"],
    [`${upgrade}silktower\r\nsilktower-passage: 1234\r\n\r\n`, "malformed"]
  ] as const) {
    const carol = await startNode()
    const stranger = connect(channelAddress(carol.address).port, host)
    stranger.write(said)
    await Promise.all([
      new Promise((resolve) =>
        stranger
          .on("error", () => {})
          .on("close", resolve)
          .resume()
      ),
      carol.until(() => carol.lines("cluster:refused").length > 0)
    ])
    expect(carol.lines("cluster:refused")).toMatchObject([{ level: "warn", node: host, reason }])
  }
  // Whoever only looks whether somebody listens is not worth a line.
  for (let times = 0; times < 20; times++) {
    const looking = connect(port, host)
    await once(looking, "connect")
    looking.end()
    await once(looking, "close")
  }
  expect(ada.lines("cluster:refused")).toEqual([])
  await expectCalm()
})

it("says which port it cannot have", async () => {
  await expect(startNode({ self: ada.address })).rejects.toThrow(
    `The port for other nodes, ${channelAddress(ada.address).port} of 127.0.0.1, cannot be had`
  )
})

const seed = Number(process.env["FUZZ_SEED"] ?? Date.now() % 2 ** 31)

it(`stands thousands of connections of garbage (seed ${seed})`, async () => {
  const random = randomNumbers(seed)
  const { host, port } = channelAddress(ada.address)
  const bytes = (length: number) => Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)))
  const upgrade = `GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${Buffer.alloc(16).toString("base64")}\r\n\r\n`
  const frame = (text: Buffer, opcode = 1) =>
    Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | Math.min(text.length, 125), 0, 0, 0, 0]), text.subarray(0, 125)])
  const values = () =>
    [random() * 1e9, null, "x", { nonce: bytes(24).toString("base64url") }, []][Math.floor(random() * 5)]
  const greeting = () =>
    Buffer.from(JSON.stringify({ from: bob.address, to: ada.address, nonce: values(), proof: values() }))
  const garbage: readonly (() => Buffer)[] = [
    () => bytes(1 + Math.floor(random() * 300)),
    () => Buffer.from(`GET /${bytes(20).toString("base64url")} HTTP/1.1\r\nHost: x\r\n\r\n`),
    () => Buffer.concat([Buffer.from(upgrade), bytes(1 + Math.floor(random() * 300))]),
    () => Buffer.concat([Buffer.from(upgrade), frame(bytes(100), Math.floor(random() * 16))]),
    () => Buffer.concat([Buffer.from(upgrade), frame(greeting())]),
    () => Buffer.concat([Buffer.from(upgrade), frame(Buffer.from("{}")), frame(greeting())])
  ]
  const one = () =>
    new Promise<void>((resolve) => {
      const socket = connect(port, host)
      socket.on("error", () => {})
      socket.on("close", () => resolve())
      // Half of them wait for what the node does about it.
      const isHasty = random() < 0.5
      socket.write(garbage[Math.floor(random() * garbage.length)]!(), () => {
        if (isHasty) socket.resetAndDestroy()
        else socket.end().resume()
      })
    })
  let begun = 0
  const end = performance.now() + 8_000
  const some = async () => {
    while (begun < 20_000 && performance.now() < end) {
      begun++
      await one()
    }
  }
  await Promise.all(Array.from({ length: 500 }, some))
  expect(begun).toBeGreaterThan(500)
  // However many: a line for each reason.
  expect(ada.lines("cluster:refused").length).toBeLessThan(20)
  await expectCalm()
})
