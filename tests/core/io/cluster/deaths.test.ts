/** What a node hears of others that die, stand still, or come back. */
import { type ChildProcess, spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import * as Redacted from "effect/Redacted"
import { expect, it, onTestFinished } from "vitest"
import { freePortPairs } from "../../../support/freePort.ts"
import { meet, type News, nextMark, secret, startNode, story, type TestNode, type Told } from "./nodes.ts"

const root = fileURLToPath(new URL("../../../..", import.meta.url))

interface NodeProcess {
  readonly address: string
  readonly child: ChildProcess
  readonly told: readonly News<Told | "listens">[]
  /** Resolves when it has been told this, at least so often. */
  until(what: Told | "listens", times?: number): Promise<void>
}

/** A node in a process of its own, that all of these are met with. */
const startProcess = async (...nodes: readonly TestNode[]): Promise<NodeProcess> => {
  const address = `127.0.0.1:${await freePortPairs(1)}`
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
  const told: News<Told | "listens">[] = []
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
  await started.until("met", nodes.length)
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
  expect(story(ada.told, other.address)).toEqual(["met", "parted", "dead"])
  expect(story(ada.told, bob.address)).toEqual(["met"])
  expect(ada.channels.isAnswering(other.address)).toBe(false)
  expect(ada.channels.send(other.address, 1)).toBe(false)
  expect(ada.channels.isOpen(bob.address)).toBe(true)
})

it("parts from a process that stands still, and meets it anew when it goes on", async () => {
  const [ada, bob] = [await startNode(), await startNode()]
  await meet(ada, bob)
  const other = await startProcess(ada, bob)
  ada.channels.send(other.address, "before")
  await ada.until(() => ada.times("message") === 1)
  other.child.kill("SIGSTOP")
  for (let n = 0; n < 100; n++) ada.channels.send(other.address, "meanwhile")
  await ada.until(() => ada.times("parted", other.address) === 1)
  await bob.until(() => bob.times("parted", other.address) === 1)
  await expect.poll(() => ada.channels.isAnswering(other.address)).toBe(false)
  expect(ada.channels.send(other.address, "to nobody")).toBe(false)
  other.child.kill("SIGCONT")
  await ada.until(() => ada.times("met", other.address) === 2)
  await bob.until(() => bob.times("met", other.address) === 2)
  expect(ada.channels.isAnswering(other.address)).toBe(true)
  ada.channels.send(other.address, "after")
  await ada.until(() => ada.times("message") === 2)
  // What it says to what was under way when they parted is heard by nobody.
  expect(story(ada.told, other.address)).toEqual(["met", "before", "parted", "met", "after"])
  expect(story(bob.told, other.address)).toEqual(["met", "parted", "met"])
  // What it has been told it tells by another way, which may be later.
  await expect.poll(() => story(other.told, ada.address).slice(-3)).toEqual(["parted", "met", "after"])
  await expect.poll(() => story(other.told, bob.address)).toEqual(["met", "parted", "met"])
  expect(story(other.told, ada.address).filter((each) => each !== "meanwhile")).toEqual(story(ada.told, other.address))
  expect(story(ada.told, bob.address)).toEqual(["met"])
})

it("takes who comes back at the same address for another one", async () => {
  const [ada, bob] = [await startNode(), await startNode()]
  await meet(ada, bob)
  await bob.channels.close()
  const again = await startNode({ self: bob.address })
  again.channels.know([ada.address])
  await ada.until(() => ada.times("met", bob.address) === 2)
  expect(ada.told.filter(({ what }) => what === "met" || what === "parted")).toEqual([
    { what: "met", from: bob.address, mark: bob.mark },
    { what: "parted", from: bob.address, mark: bob.mark },
    { what: "met", from: bob.address, mark: again.mark }
  ])
  await again.until(() => again.times("met") === 1)
  again.channels.send(ada.address, "from the new one")
  await ada.until(() => ada.times("message") === 1)
  expect(ada.told.at(-1)).toMatchObject({ from: bob.address, mark: again.mark })
})

it("forgets a node: it is dialled no more", async () => {
  const [ada, bob] = [await startNode(), await startNode()]
  await meet(ada, bob)
  ada.channels.forget(bob.address)
  expect(ada.times("parted", bob.address)).toBe(1)
  expect(ada.channels.isOpen(bob.address)).toBe(false)
  expect(ada.channels.send(bob.address, 1)).toBe(false)
  ada.channels.know([bob.address])
  await ada.until(() => ada.times("met", bob.address) === 2)
})
