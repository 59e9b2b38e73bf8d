/** What a node hears of others that die, stand still, are cut off, or come back. */
import { type ChildProcess, spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import * as Redacted from "effect/Redacted"
import { expect, it, onTestFinished } from "vitest"
import { freePortPair, meet, nextMark, secret, startNode, type TestNode } from "./nodes.ts"
import { startProxy } from "./proxy.ts"

const root = fileURLToPath(new URL("../../../..", import.meta.url))

interface NodeProcess {
  readonly address: string
  readonly child: ChildProcess
  readonly told: readonly { readonly what: string; readonly from?: string }[]
  /** Resolves when it has been told this, at least so often. */
  until(what: string, times?: number): Promise<void>
}

/** A node in a process of its own, that all of these are met with. */
const startProcess = async (...nodes: readonly TestNode[]): Promise<NodeProcess> => {
  const address = `127.0.0.1:${await freePortPair()}`
  const options = {
    ...{
      self: address,
      mark: nextMark(),
      secret: Redacted.value(secret),
      shards: 32,
      protocols: ["one /", "other /ws"]
    },
    ...{ silenceMs: 400, pingMs: 40, highBytes: 2 ** 20, lowBytes: 2 ** 18, peers: nodes.map(({ address }) => address) }
  }
  const script = "tests/core/io/cluster/nodeProcess.ts"
  const child = spawn(process.execPath, [script, JSON.stringify(options)], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"]
  })
  onTestFinished(() => void child.kill("SIGKILL"))
  const told: { what: string; from?: string }[] = []
  const waiting = new Set<() => void>()
  createInterface(child.stdout!).on("line", (line) => {
    told.push(JSON.parse(line))
    for (const look of waiting) look()
  })
  const started: NodeProcess = {
    ...{ address, child, told },
    until: (what, times = 1) =>
      new Promise((resolve) => {
        const look = () => {
          if (told.filter((each) => each.what === what).length < times) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
      })
  }
  await started.until("listens")
  for (const { channels } of nodes) channels.know([address])
  await started.until("open", nodes.length)
  await Promise.all(nodes.map((node) => node.until(() => node.channels.isOpen(address))))
  return started
}

it("knows at once of a process that is killed, and only of that one", async () => {
  const [ada, bob] = [await startNode({ silenceMs: 60_000 }), await startNode()]
  await meet(ada, bob)
  const other = await startProcess(ada)
  const killedAt = performance.now()
  other.child.kill("SIGKILL")
  await ada.until(() => ada.times("dead") === 1)
  expect(performance.now() - killedAt).toBeLessThan(2000)
  expect(ada.told.filter(({ what }) => ["dead", "silent", "reborn"].includes(what))).toEqual([
    { what: "dead", from: other.address, mark: expect.any(String) }
  ])
  expect(ada.channels.isAnswering(other.address)).toBe(false)
  expect(ada.channels.send(other.address, 1)).toBe(false)
  expect(ada.channels.isOpen(bob.address)).toBe(true)
})

it("hears of a process that stands still, buries it, and meets it again in another life", async () => {
  const [ada, bob] = [await startNode(), await startNode()]
  await meet(ada, bob)
  const other = await startProcess(ada, bob)
  other.child.kill("SIGSTOP")
  await ada.until(() => ada.times("silent", other.address) === 1)
  expect(ada.channels.isAnswering(other.address)).toBe(false)
  ada.channels.bury(other.address)
  await bob.until(() => bob.times("silent", other.address) === 1)
  other.child.kill("SIGCONT")
  await other.until("buried")
  // While it stood still nobody was silent.
  expect(other.told.map(({ what }) => what)).not.toContain("silent")
  await ada.until(() => ada.times("open", other.address) === 2)
  await bob.until(() => bob.times("open", other.address) === 2)
  // Who has buried it knows already; to whomever else it has come back as another one.
  expect(ada.times("reborn")).toBe(0)
  expect(bob.times("reborn", other.address)).toBe(1)
  expect(ada.channels.isAnswering(other.address)).toBe(true)
  expect([...ada.told, ...bob.told].filter(({ what, from }) => what === "silent" && from !== other.address)).toEqual([])
})

it("tells a living node at once that it was buried, and hears nothing that it says until then", async () => {
  const [ada, bob, cy] = [await startNode(), await startNode(), await startNode()]
  await meet(ada, bob, cy)
  ada.channels.bury(bob.address)
  expect(ada.channels.isOpen(bob.address)).toBe(false)
  bob.channels.send(ada.address, "in the old life")
  await bob.until(() => bob.times("buried") === 1)
  await ada.until(() => ada.times("open", bob.address) === 2)
  await cy.until(() => cy.times("reborn", bob.address) === 1 && cy.times("open", bob.address) === 2)
  await bob.until(() => bob.channels.isOpen(ada.address))
  bob.channels.send(ada.address, "in the new one")
  await ada.until(() => ada.times("message") === 1)
  expect(ada.told.at(-1)).toMatchObject({ value: "in the new one" })
  expect(bob.times("buried")).toBe(1)
  expect(bob.lines("cluster:renewed")).toHaveLength(1)
})

it("takes who comes back at the same address for another one", async () => {
  const [ada, bob] = [await startNode(), await startNode()]
  await meet(ada, bob)
  await bob.channels.close()
  const again = await startNode({ self: bob.address })
  again.channels.know([ada.address])
  await ada.until(() => ada.times("open", bob.address) === 2)
  expect(ada.told.filter(({ what }) => what === "reborn")).toEqual([
    { what: "reborn", from: bob.address, mark: bob.mark }
  ])
  again.channels.send(ada.address, "from the new one")
  await ada.until(() => ada.times("message") === 1)
  expect(ada.told.at(-1)).toMatchObject({ from: bob.address, mark: again.mark })
})

it.each(["dialler", "listener"] as const)(
  "hears silence where what the %s says is swallowed, until it is healed",
  async (whose) => {
    const bob = await startNode()
    const proxy = await startProxy(bob.address)
    const ada = await startNode({ via: () => proxy.address })
    await meet(ada, bob)
    proxy.swallow(whose)
    await ada.until(() => ada.times("silent", bob.address) === 1)
    expect(ada.channels.isOpen(bob.address)).toBe(false)
    // The other way is another one.
    expect(bob.channels.isAnswering(ada.address)).toBe(true)
    expect(bob.channels.send(ada.address, "still here")).toBe(true)
    await ada.until(() => ada.times("message", bob.address) === 1)
    proxy.heal()
    await ada.until(() => ada.times("open", bob.address) === 2)
    ada.channels.send(bob.address, "healed")
    await bob.until(() => bob.times("message") === 1)
    expect([...ada.told, ...bob.told].map(({ what }) => what)).not.toContain("reborn")
    expect(ada.times("silent")).toBe(1)
  }
)

it("forgets a node: it is dialled no more", async () => {
  const [ada, bob] = [await startNode(), await startNode()]
  await meet(ada, bob)
  ada.channels.forget(bob.address)
  expect(ada.channels.isOpen(bob.address)).toBe(false)
  expect(ada.channels.send(bob.address, 1)).toBe(false)
  ada.channels.know([bob.address])
  await ada.until(() => ada.times("open", bob.address) === 2)
})
