/** How two nodes meet and part, whichever of their two ways ends, and whoever hears of that first. */
import { expect, it } from "vitest"
import { freePortPairs } from "../../../support/freePort.ts"
import { meet, startNode, story, type TestNode } from "./nodes.ts"
import { type BreakableWay, startProxy } from "./proxy.ts"

/** Says which of their meetings it is as soon as they have met. */
const startTalker = async (self: string, toOther: BreakableWay, silenceMs: number): Promise<TestNode> => {
  let meetings = 0
  const node = await startNode({
    ...{ self, silenceMs, via: () => toOther.address },
    listener: { onMet: ({ address }) => void node.channels.send(address, { meeting: ++meetings, n: -1 }) }
  })
  return node
}

const startPair = async (silenceMs = 400) => {
  const [one, other] = (await freePortPairs(2)).map((port) => `127.0.0.1:${port}`) as [string, string]
  const [toAda, toBob] = [await startProxy(one), await startProxy(other)]
  const [ada, bob] = [await startTalker(one, toBob, silenceMs), await startTalker(other, toAda, silenceMs)]
  await meet(ada, bob)
  await untilGreeted(ada, bob, 1)
  return { ada, bob, toAda, toBob }
}

/** Each has heard the other's first words of this meeting. */
const untilGreeted = async (ada: TestNode, bob: TestNode, meeting: number) => {
  for (const node of [ada, bob]) await node.until(() => node.told.some(({ value }) => value?.meeting === meeting))
}

/** Meetings and partings, and between them the numbers of the meetings of which something was heard. */
const course = (node: TestNode, peer: TestNode): readonly unknown[] =>
  story(node.told, peer.address)
    .map((each: any) => each.meeting ?? each)
    .filter((each, index, all) => each !== all[index - 1])

/** What of a meeting arrives is its beginning, without a gap. */
const expectNoGap = (node: TestNode, peer: TestNode) => {
  const heard = story(node.told, peer.address).filter((each: any) => each.meeting === 1)
  expect(heard).toEqual(heard.map((_, index) => ({ meeting: 1, n: index - 1 })))
}

const breaks: Readonly<Record<string, (pair: Awaited<ReturnType<typeof startPair>>) => void>> = {
  "the way from here ends here": ({ toBob }) => toBob.end("dialler"),
  "the way from here ends there": ({ toBob }) => toBob.end("listener"),
  "the way to here ends here": ({ toAda }) => toAda.end("listener"),
  "the way to here ends there": ({ toAda }) => toAda.end("dialler"),
  "both ways end here, and the other hears of it by the next ones": ({ toAda, toBob }) => {
    toBob.end("dialler")
    toAda.end("listener")
  }
}

it.each(Object.keys(breaks))("they part once and meet anew when %s", async (which) => {
  // Nobody has to fall silent first.
  const pair = await startPair(600_000)
  const { ada, bob } = pair
  for (let n = 0; n < 1000; n++) {
    ada.channels.send(bob.address, { meeting: 1, n })
    bob.channels.send(ada.address, { meeting: 1, n })
  }
  breaks[which]?.(pair)
  await untilGreeted(ada, bob, 2)
  expect(course(ada, bob)).toEqual(["met", 1, "parted", "met", 2])
  expect(course(bob, ada)).toEqual(["met", 1, "parted", "met", 2])
  expectNoGap(ada, bob)
  expectNoGap(bob, ada)
})

it.each(["dialler", "listener"] as const)(
  "both part when what the %s of one way says is swallowed, and meet anew when it is healed",
  async (whose) => {
    const { ada, bob, toBob } = await startPair()
    toBob.swallow(whose)
    await ada.until(() => ada.times("parted") === 1)
    await bob.until(() => bob.times("parted") === 1)
    expect([ada.channels.isOpen(bob.address), bob.channels.isOpen(ada.address)]).toEqual([false, false])
    expect([ada.channels.send(bob.address, 1), bob.channels.send(ada.address, 1)]).toEqual([false, false])
    toBob.heal()
    await untilGreeted(ada, bob, 2)
    expect(course(ada, bob)).toEqual(["met", 1, "parted", "met", 2])
    expect(course(bob, ada)).toEqual(["met", 1, "parted", "met", 2])
  }
)

it("they meet only when both ways are open", async () => {
  const [port, other] = await freePortPairs(2)
  const toBob = await startProxy(`127.0.0.1:${other}`)
  toBob.swallow("listener")
  const ada = await startNode({ self: `127.0.0.1:${port}`, via: () => toBob.address })
  const bob = await startNode({ self: `127.0.0.1:${other}` })
  ada.channels.know([bob.address])
  bob.channels.know([ada.address])
  await expect.poll(() => bob.channels.isAnswering(ada.address)).toBe(true)
  expect([bob.channels.isOpen(ada.address), bob.channels.send(ada.address, 1)]).toEqual([false, false])
  toBob.heal()
  await Promise.all([ada.until(() => ada.times("met") === 1), bob.until(() => bob.times("met") === 1)])
  expect([...ada.told, ...bob.told].filter(({ what }) => what !== "line").map(({ what }) => what)).toEqual([
    "met",
    "met"
  ])
})
