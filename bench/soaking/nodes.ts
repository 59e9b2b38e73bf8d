/** Servers that are one, each in a process of its own, and every way between them and to PostgreSQL. */
import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { freePortPairs } from "../../tests/support/freePort.ts"
import { largeBudgets } from "../servers.ts"
import { type Direction, openWay, type Way } from "./way.ts"

const script = fileURLToPath(new URL("node.js", import.meta.url))
/** ms for a node to start and own its share, on a machine that is busy. */
const startMs = 60_000

interface Running {
  readonly child: ChildProcess
  readonly port: number
}

export interface NodesOptions {
  /** How many can be started. */
  readonly size: number
  readonly databaseUrl: string
  readonly leaseMs: number
  readonly lookMs: number
}

export const openNodes = async ({ size, databaseUrl, leaseMs, lookMs }: NodesOptions) => {
  const indices = Array.from({ length: size }, (_, index) => index)
  const ports = await freePortPairs(size + size * size + size)
  const addresses = indices.map((index) => `127.0.0.1:${ports[index]}`)
  const database = new URL(databaseUrl)
  const toDatabase = { host: database.hostname, port: Number(database.port || 5432) }
  const running = new Map<number, Running>()
  /** By who dials and who is dialled: one for each of a node's two ports. */
  const ways = new Map<string, readonly Way[]>()
  const databaseWays: Way[] = []
  const portOfWay = (from: number, to: number) => ports[size + from * size + to] as number
  for (const from of indices) {
    const near = ports[size + size * size + from] as number
    databaseWays.push(await openWay(near, toDatabase))
    for (const to of indices) {
      if (to === from) continue
      const target = (offset: number) => ({ host: "127.0.0.1", port: (ports[to] as number) + offset })
      const open = (offset: number) => openWay(portOfWay(from, to) + offset, target(offset))
      ways.set(`${from} ${to}`, [await open(0), await open(1)])
    }
  }
  const waysOf = (from: number, to: number): readonly Way[] => ways.get(`${from} ${to}`) ?? []
  const cutWay = (from: number, to: number) => {
    const cut = (direction: Direction) => (way: Way) => way.cut(direction)
    waysOf(from, to).forEach(cut("there"))
    waysOf(to, from).forEach(cut("back"))
  }

  const start = async (index: number): Promise<void> => {
    const url = new URL(databaseUrl)
    url.host = `127.0.0.1:${ports[size + size * size + index]}`
    const others = indices.filter((other) => other !== index)
    const via = others.map((other) => [addresses[other], `127.0.0.1:${portOfWay(index, other)}`])
    const child = fork(script, {
      env: {
        ...{ PORT: "0", HOST: "127.0.0.1", LOG_LEVEL: "error", ...largeBudgets },
        ...{ DATABASE_URL: url.href, CLUSTER_ADDRESS: addresses[index], CLUSTER_SECRET: "a secret among the nodes" },
        ...{ CLUSTER_LEASE_MS: String(leaseMs), CLUSTER_LOOK_MS: String(lookMs) },
        SOAK_WAYS: JSON.stringify(Object.fromEntries(via))
      },
      stdio: ["ignore", "ignore", "inherit", "ipc"]
    })
    const ended = once(child, "exit").then(([code]) => {
      throw new Error(`Node ${index} ended with ${code} before it began`)
    })
    const [{ port }] = (await Promise.race([once(child, "message"), ended])) as [{ port: number }]
    ended.catch(() => {})
    running.set(index, { child, port })
  }
  const isReady = async (index: number): Promise<boolean> => {
    const { port } = running.get(index) as Running
    return fetch(`http://127.0.0.1:${port}/readyz`).then(
      ({ ok }) => ok,
      () => false
    )
  }
  const ready = async (): Promise<void> => {
    const until = performance.now() + startMs
    for (const index of running.keys()) {
      while (!(await isReady(index))) {
        if (performance.now() > until) {
          const { port } = running.get(index) as Running
          const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
          const states = text.match(/^silktower_cluster_\w+(\{.*\})? \d+$/gm)
          throw new Error(`Node ${index} is not ready after ${startMs} ms: ${states?.join(", ")}`)
        }
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }
  }
  /** Nodes to which nobody is sent, as a balancer would not. */
  const avoided = new Set<number>()
  /** When each was avoided last, on the clock of performance.now(). */
  const avoidedAt = new Map<number, number>()
  const useAgain = (index: number): void => {
    avoided.delete(index)
    avoidedAt.set(index, performance.now())
  }
  const end = async (index: number, signal: NodeJS.Signals): Promise<void> => {
    const { child } = running.get(index) as Running
    avoided.add(index)
    running.delete(index)
    const exited = once(child, "exit")
    child.kill(signal)
    await exited
  }

  return {
    /** Resolves when it may have clients. */
    start: async (index: number): Promise<void> => {
      await start(index)
      await ready()
      useAgain(index)
    },
    /** Resolves when all may have clients. */
    startAll: async (nodes: readonly number[]): Promise<void> => {
      await Promise.all(nodes.map(start))
      await ready()
    },
    ready,
    end,
    signal: (index: number, signal: NodeJS.Signals): void => void running.get(index)?.child.kill(signal),
    avoid: (index: number): void => void avoided.add(index),
    useAgain,
    /** Whether it was, at some time since then. */
    wasAvoided: (index: number, since: number): boolean =>
      avoided.has(index) || (avoidedAt.get(index) ?? Number.NEGATIVE_INFINITY) > since,
    /** Whom a balancer would give to newcomers. */
    usable: (): readonly number[] => [...running.keys()].filter((index) => !avoided.has(index)),
    hostOf: (index: number): string => `127.0.0.1:${running.get(index)?.port}`,
    /** What one says to the other does not arrive any more. */
    cutWay,
    cutOff: (index: number): void => {
      for (const other of indices) {
        cutWay(index, other)
        cutWay(other, index)
      }
    },
    /** As behind a cut cable. */
    cutDatabaseOf: (index: number): void => databaseWays[index]?.cut("there", "back"),
    /** As when it is stopped: nobody listens there. */
    stopDatabase: (): void => databaseWays.forEach((way) => way.refuse()),
    mend: (): void => [...databaseWays, ...[...ways.values()].flat()].forEach((way) => way.mend()),
    close: async (): Promise<void> => {
      await Promise.all([...running.keys()].map((index) => end(index, "SIGKILL")))
      for (const way of [...databaseWays, ...[...ways.values()].flat()]) way.close()
    }
  }
}

export type Nodes = Awaited<ReturnType<typeof openNodes>>
