import { describe, expect, it } from "vitest"
import type { Sender } from "../../../../src/io/sockets/sender.ts"
import { freePortPairs } from "../../../support/freePort.ts"
import { meet, startNode, type TestNode } from "./nodes.ts"

const nobody: Sender = { id: "a1", stopReading: () => {}, readOn: () => {} }

describe("two nodes", () => {
  it("tell each other what is said, from the moment on that they have met", async () => {
    const [ada, bob] = [await startNode(), await startNode()]
    await meet(ada, bob)
    expect(ada.channels.send(bob.address, { t: "hello", n: 1 })).toBe(true)
    expect(bob.channels.send(ada.address, ["back", null, "ü"])).toBe(true)
    await bob.until(() => bob.times("message") === 1)
    await ada.until(() => ada.times("message") === 1)
    const peer = ({ address, mark }: TestNode) => ({ from: address, mark })
    expect(bob.told.at(-1)).toEqual({ what: "message", ...peer(ada), value: { t: "hello", n: 1 } })
    expect(ada.told.at(-1)).toEqual({ what: "message", ...peer(bob), value: ["back", null, "ü"] })
    expect(ada.told).toEqual([
      { what: "met", ...peer(bob), value: undefined },
      { what: "message", ...peer(bob), value: ["back", null, "ü"] }
    ])
    expect(ada.channels.isAnswering(bob.address)).toBe(true)
  })

  it("say no to what cannot be said", async () => {
    const ada = await startNode()
    expect(ada.channels.send("127.0.0.1:9", "anything")).toBe(false)
    expect(ada.channels.frame("127.0.0.1:9", "b1", "a1", nobody, Buffer.from("x"))).toBe(false)
    expect(() => ada.channels.know(["nonsense"])).toThrow("nonsense is no address of a node")
  })

  it("meet on IPv6", async () => {
    const [one, other] = await freePortPairs(2, "::1")
    const [ada, bob] = [await startNode({ self: `[::1]:${one}` }), await startNode({ self: `[::1]:${other}` })]
    await meet(ada, bob)
    ada.channels.send(bob.address, 6)
    await bob.until(() => bob.times("message", ada.address) === 1)
  })

  it("keep the order of 100,000 messages and frames", async () => {
    const [ada, bob] = [await startNode(), await startNode()]
    await meet(ada, bob)
    const all = 100_000
    for (let n = 0; n < all; n++) {
      if (n % 2 === 0) ada.channels.send(bob.address, n)
      else ada.channels.frame(bob.address, "b1", "a1", nobody, Buffer.from(String(n)))
      if (n % 1000 === 0) await new Promise(setImmediate)
    }
    const heard = () => bob.told.filter(({ what }) => what === "message" || what === "frame")
    await bob.until(() => bob.told.length > all)
    expect(heard().map(({ what, value }) => (what === "message" ? value : Number(value.text)))).toEqual(
      Array.from({ length: all }, (_, n) => n)
    )
  })
})
