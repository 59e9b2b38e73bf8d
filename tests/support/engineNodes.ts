/** Engines of a cluster, in this process or in one of their own, and what they have said of their shards. */
import { type ChildProcess, fork } from "node:child_process"
import { EventEmitter, once } from "node:events"
import * as Redacted from "effect/Redacted"
import { onTestFinished } from "vitest"
import { type EngineOptions, type Owner, startEngine } from "../../src/io/cluster/engine.ts"
import { migrate } from "../../src/io/database/migrations.ts"
import { createPostgresDatabase, withClient } from "./databases.ts"
import { freePort } from "./freePort.ts"

export const shards = 32
export const engineSecret = Redacted.make("a secret of the engines'")

/** What a node knows, for whoever waits for it to change. */
export interface Node {
  readonly self: string
  readonly number: number
  /** By shard; null: nobody is known to own it. */
  readonly owners: readonly (Owner | null)[]
  /** Epochs that this node has let go of. */
  readonly released: readonly string[]
  /**
   * Epochs that it took for a shard's though they were over: it had let go of them itself, or had known the shard to be
   * another one's meanwhile.
   */
  readonly stale: readonly string[]
  /** Who was there when the registry was read last. */
  readonly nodes: readonly string[]
  readonly lines: readonly string[]
  /** Emits `change` whenever one of the above does, and `look` each time the registry has been read. */
  readonly changes: EventEmitter
  strike(node: string): void
  close(): Promise<void>
}

export type NodeSettings = Partial<EngineOptions> & { readonly url: string }

/** A database of this test's own that has been migrated. */
export const databaseWithTables = async (): Promise<string> => {
  const { url, remove } = await createPostgresDatabase()
  onTestFinished(remove)
  await withClient(url, migrate)
  return url
}

/** What is told of a node, also from process to process. */
export type NodeNews =
  | { readonly is: "owner"; readonly shard: number; readonly owner: Owner | null }
  | { readonly is: "released"; readonly epoch: string }
  | { readonly is: "nodes"; readonly nodes: readonly string[] }
  | { readonly is: "line"; readonly line: string }

const optionsOf = (
  { url, ...settings }: NodeSettings,
  self: string,
  tell: (news: NodeNews) => void
): EngineOptions => ({
  self,
  databaseUrl: Redacted.make(url),
  secret: engineSecret,
  shards,
  pact: "0badcafe",
  // A third of it is what the library gives a statement; others use this machine too.
  leaseMs: 6_000,
  lookMs: 200,
  onOwner: (shard, owner) => tell({ is: "owner", shard, owner }),
  onRelease: async (_, epoch) => {
    // Whatever else follows from that in the same moment comes first.
    await Promise.resolve()
    tell({ is: "released", epoch })
  },
  onNodes: (nodes) => tell({ is: "nodes", nodes }),
  log: (level, message, fields) => tell({ is: "line", line: JSON.stringify({ level, message, ...fields }) }),
  ...settings
})

const createState = () => {
  const owners: (Owner | null)[] = Array.from({ length: shards }, () => null)
  const released: string[] = []
  const stale: string[] = []
  const lines: string[] = []
  /** All epochs of a shard that it was told of, by shard. */
  const epochs = owners.map((): string[] => [])
  const changes = new EventEmitter().setMaxListeners(0)
  const state = { owners, released, stale, lines, changes, nodes: [] as readonly string[] }
  const hear = (news: NodeNews): void => {
    if (news.is === "owner") {
      owners[news.shard] = news.owner
      const { epoch } = news.owner ?? {}
      const known = epochs[news.shard] as string[]
      if (epoch !== undefined && epoch !== known.at(-1)) {
        if (known.includes(epoch)) stale.push(epoch)
        known.push(epoch)
      }
      if (epoch !== undefined && released.includes(epoch)) stale.push(epoch)
    }
    if (news.is === "released") {
      released.push(news.epoch)
      if (owners.some((owner) => owner?.epoch === news.epoch)) stale.push(news.epoch)
    }
    if (news.is === "nodes") state.nodes = news.nodes
    if (news.is === "line") lines.push(news.line)
    changes.emit("change")
    if (news.is === "nodes") changes.emit("look")
  }
  return { state, hear }
}

export const freeAddress = async (): Promise<string> => `127.0.0.1:${await freePort()}`

/** An engine in this process, gone when the test is over. */
export const node = async (settings: NodeSettings): Promise<Node> => {
  const self = settings.self ?? (await freeAddress())
  const { state, hear } = createState()
  const engine = await startEngine(optionsOf(settings, self, hear))
  onTestFinished(engine.close)
  return Object.assign(state, { self, ...engine })
}

export interface NodeProcess extends Node {
  readonly child: ChildProcess
}

/** An engine in a process of its own, killed when the test is over. `settings` must be plain data. */
export const nodeProcess = async (settings: NodeSettings): Promise<NodeProcess> => {
  const self = await freeAddress()
  const { state, hear } = createState()
  const child = fork(new URL(import.meta.url), { stdio: ["ignore", "inherit", "inherit", "ipc"] })
  const started = Promise.withResolvers<number>()
  child.on("message", (news: NodeNews | { is: "started"; number: number }) => {
    if (news.is === "started") started.resolve(news.number)
    else hear(news)
  })
  child.once("exit", () => started.reject(new Error("The node's process has ended before it began")))
  child.send({ ...settings, self })
  const close = async () => {
    const ended = child.exitCode !== null || child.signalCode !== null ? undefined : once(child, "exit")
    child.kill("SIGKILL")
    await ended
  }
  onTestFinished(close)
  const number = await started.promise
  return Object.assign(state, {
    self,
    number,
    child,
    strike: () => {
      throw new Error("Let one of this process strike")
    },
    close
  })
}

/** Resolves when it is so; looked at again whenever one of the nodes hears something. */
export const until = async (nodes: readonly Node[], isSo: () => boolean): Promise<void> => {
  if (isSo()) return
  const done = Promise.withResolvers<void>()
  const look = () => {
    if (isSo()) done.resolve()
  }
  for (const { changes } of nodes) changes.on("change", look)
  await done.promise
  for (const { changes } of nodes) changes.off("change", look)
}

/** Whether all of them say the same of every shard, each has an owner, and it is one of them. */
export const isAgreed = (nodes: readonly Node[]): boolean =>
  Array.from({ length: shards }, (_, shard) => shard).every((shard) => {
    const [first, ...others] = nodes.map(({ owners }) => owners[shard])
    return (
      first !== null &&
      first !== undefined &&
      nodes.some(({ self }) => self === first.node) &&
      others.every((other) => other?.epoch === first.epoch && other.node === first.node)
    )
  })

export const agreement = (nodes: readonly Node[]): Promise<void> => until(nodes, () => isAgreed(nodes))

/** Resolves when the registry has been read so many times more. */
export const looks = async (node: Node, times: number): Promise<void> => {
  for (let look = 0; look < times; look++) await once(node.changes, "look")
}

/** How many shards each of them owns, by what the first one says. */
export const sharesOf = (nodes: readonly Node[]): readonly number[] =>
  nodes.map(({ self }) => nodes[0]?.owners.filter((owner) => owner?.node === self).length ?? 0)

// In a process of its own.
if (process.send !== undefined && process.argv[1] === new URL(import.meta.url).pathname) {
  process.once("message", async ({ self, ...settings }: NodeSettings & { readonly self: string }) => {
    const { number } = await startEngine(optionsOf(settings, self, (news) => process.send?.(news)))
    process.send?.({ is: "started", number })
  })
  // With whoever has started it.
  process.once("disconnect", () => process.exit())
}
