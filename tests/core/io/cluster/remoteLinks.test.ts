/** Two clients on two nodes that are linked. */
import { beforeEach, expect, it } from "vitest"
import { untilStalled } from "../../../support/stalled.ts"
import { type Client, introduce, type LinkedNode, link, startLinkedNode } from "./linkedNodes.ts"
import { meet } from "./nodes.ts"
import { startProxy } from "./proxy.ts"

let ada: LinkedNode
let bob: LinkedNode
let a: Client
let b: Client

beforeEach(async () => {
  ada = await startLinkedNode()
  bob = await startLinkedNode()
  await meet(ada, bob)
  a = await ada.connect()
  b = await bob.connect()
})

const linkAndIntroduce = () => {
  link("F", [ada, a], [bob, b])
  introduce([ada, a], [bob, b])
}

it("hear each other, are counted once as a meeting, and at both nodes as signals", async () => {
  linkAndIntroduce()
  a.socket.send("one")
  a.socket.send("two")
  await b.until((heard) => heard.length === 2)
  b.socket.send("three")
  await a.until((heard) => heard.length === 1)
  expect([a.heard, b.heard]).toEqual([["three"], ["one", "two"]])
  expect([ada.links.signalsOf("F"), bob.links.signalsOf("F")]).toEqual([3, 3])
  expect(ada.links.meetings).toEqual({ paired: 1, answered: 1, faulted: 0, vain: 0, open: 1 })
  expect(bob.links.meetings).toEqual({ paired: 0, answered: 0, faulted: 0, vain: 0, open: 0 })
  // Said again, as by an owner that has moved, it is the same link.
  link("F", [ada, a], [bob, b])
  a.socket.send("four")
  await b.until((heard) => heard.length === 3)
  ada.remoteLinks.close("F", a.id, { node: bob.address, id: b.id })
  bob.remoteLinks.close("F", b.id, { node: ada.address, id: a.id })
  expect(ada.links.meetings).toEqual({ paired: 1, answered: 1, faulted: 0, vain: 0, open: 0 })
  expect([ada.sockets.get(a.id)!.link, bob.sockets.get(b.id)!.link]).toEqual([null, null])
})

/** Everything that the one has said to the other so far has arrived. */
const untilArrived = async (from: LinkedNode, to: LinkedNode) => {
  const before = to.marks()
  from.channels.send(to.address, { t: "mark" })
  await to.until(() => to.marks() > before)
}

it("wait for each other's introduction and for the word of their link, in order", async () => {
  // At its own node the link is open already; what it says goes over at once.
  ada.remoteLinks.open("F", a.id, { node: bob.address, id: b.id }, true)
  a.socket.send("before the link")
  await expect.poll(() => ada.links.signalsOf("F")).toBe(1)
  await untilArrived(ada, bob)
  bob.remoteLinks.open("F", b.id, { node: ada.address, id: a.id }, false)
  a.socket.send("before the introduction")
  await expect.poll(() => ada.links.signalsOf("F")).toBe(2)
  await untilArrived(ada, bob)
  expect(bob.links.signalsOf("F")).toBe(0)
  bob.sockets.get(b.id)!.send("you are introduced")
  bob.links.introduced(bob.sockets.get(b.id)!, a.id)
  a.socket.send("behind it")
  await b.until((heard) => heard.length === 4)
  expect(b.heard).toEqual(["you are introduced", "before the link", "before the introduction", "behind it"])
})

it("lose nothing of what comes too early, however much: the sender is not read", async () => {
  const frames = 2000
  const text = (n: number) => `${n} ${"x".repeat(4096)}`
  ada.remoteLinks.open("F", a.id, { node: bob.address, id: b.id }, true)
  for (let n = 0; n < frames; n++) a.socket.send(text(n))
  await untilStalled(a.socket)
  expect(ada.links.signalsOf("F")).toBeLessThan(frames)
  bob.remoteLinks.open("F", b.id, { node: ada.address, id: a.id }, false)
  bob.links.introduced(bob.sockets.get(b.id)!, a.id)
  await b.until((heard) => heard.length === frames)
  expect(b.heard).toEqual(Array.from({ length: frames }, (_, n) => text(n)))
})

it("hear nothing from anybody else", async () => {
  linkAndIntroduce()
  const stranger = await ada.connect()
  // Its node believes in a link that the other one knows nothing of.
  ada.remoteLinks.open("G", stranger.id, { node: bob.address, id: b.id }, true)
  stranger.socket.send("from a stranger")
  await expect.poll(() => ada.links.signalsOf("G")).toBe(1)
  await untilArrived(ada, bob)
  a.socket.send("from the peer")
  await b.until((heard) => heard.length === 1)
  expect(b.heard).toEqual(["from the peer"])
  expect(bob.links.signalsOf("G")).toBe(0)
})

it("pause the one who sends to a client that does not read, and nobody else", async () => {
  linkAndIntroduce()
  const [c, d] = [await ada.connect(), await bob.connect()]
  link("G", [ada, c], [bob, d])
  introduce([ada, c], [bob, d])
  const frames = 4000
  const bytes = 16 * 1024
  const text = (n: number) => String(n).padEnd(bytes, "x")
  b.socket.pause()
  for (let n = 0; n < frames; n++) a.socket.send(text(n))
  await untilStalled(a.socket)
  // Of 64 MB: what the kernel and the node of the one who does not read have of it, and that with all that the other node has
  // taken in. The rest has not left its sender.
  expect(bob.links.signalsOf("F") * bytes).toBeLessThan(16 * 2 ** 20)
  expect(ada.links.signalsOf("F") * bytes).toBeLessThan(24 * 2 ** 20)
  for (let n = 0; n < 100; n++) {
    c.socket.send(`ping ${n}`)
    await d.until((heard) => heard.length === n + 1)
    d.socket.send(`pong ${n}`)
    await c.until((heard) => heard.length === n + 1)
  }
  b.socket.resume()
  await b.until((heard) => heard.length === frames)
  expect(b.heard.every((heard, n) => heard === text(n))).toBe(true)
})

it("read on when the other's node is gone, and may meet somebody else", async () => {
  linkAndIntroduce()
  b.socket.pause()
  const text = "x".repeat(16 * 1024)
  for (let n = 0; n < 4000; n++) a.socket.send(text)
  await untilStalled(a.socket)
  await bob.channels.close()
  await ada.until(() => ada.parted.length > 0)
  expect(ada.parted).toEqual([{ own: a.id, peer: b.id }])
  expect(ada.sockets.get(a.id)!.link).toBeNull()
  expect(ada.links.meetings).toMatchObject({ open: 0, vain: 1 })
  const c = await ada.connect()
  ada.links.open("G", ada.sockets.get(a.id), ada.sockets.get(c.id))
  introduce([ada, a], [ada, c])
  a.socket.send("read on")
  await c.until((heard) => heard.includes("read on"))
})

it("read on when their nodes have parted, and hear each other when they are linked anew", async () => {
  const proxy = await startProxy(ada.address)
  const dan = await startLinkedNode({ via: (node) => (node === ada.address ? proxy.address : node) })
  await meet(ada, dan)
  const d = await dan.connect()
  link("H", [ada, a], [dan, d])
  introduce([ada, a], [dan, d])
  d.socket.pause()
  for (let n = 0; n < 1500; n++) a.socket.send(String(n).padEnd(16 * 1024))
  await untilStalled(a.socket)
  proxy.swallow("dialler")
  await ada.until(() => ada.times("parted", dan.address) === 1)
  await dan.until(() => dan.times("parted", ada.address) === 1)
  expect([ada.parted, dan.parted]).toEqual([[{ own: a.id, peer: d.id }], [{ own: d.id, peer: a.id }]])
  expect([ada.sockets.get(a.id)!.link, dan.sockets.get(d.id)!.link]).toEqual([null, null])
  proxy.heal()
  await ada.until(() => ada.times("met", dan.address) === 2)
  await dan.until(() => dan.times("met", ada.address) === 2)
  d.socket.resume()
  link("I", [ada, a], [dan, d])
  introduce([ada, a], [dan, d])
  a.socket.send("1500")
  await d.until((heard) => heard.at(-1) === "1500")
  const heard = d.heard.map(Number)
  expect(heard).toEqual(heard.toSorted((one, other) => one - other))
})

it("forget a client that has gone, whoever closes links", async () => {
  linkAndIntroduce()
  a.socket.terminate()
  await expect.poll(() => ada.links.meetings.open).toBe(0)
  expect(ada.sockets.has(a.id)).toBe(false)
})
