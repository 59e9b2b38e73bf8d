/** The measured servers, each in a process of its own. */
import { fork } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { freePortPairs } from "../tests/support/freePort.ts"
import { onServerCores } from "./pinning.ts"
import { stayAwake } from "./rounds.ts"

/** What a server has used since it started, and how many TCP connections it holds. */
interface Usage {
  readonly cpuMicroseconds: number
  readonly residentBytes: number
  /** What the garbage collector has not freed. */
  readonly heapBytes: number
  readonly sockets: number
}

export interface Server {
  readonly port: number
  /** `collect`: after a garbage collection. */
  usage(options?: { readonly collect: boolean }): Promise<Usage>
  /** Ends the process at once. */
  stop(): Promise<void>
}

export type ServerKind = "silktower" | "bare"

const scripts: Readonly<Record<ServerKind, string>> = { silktower: "../src/main.js", bare: "bareServer.js" }

/** All load comes from one address: budgets are counted, and never spent. */
export const largeBudgets = Object.fromEntries(
  [
    "CONNECTIONS_PER_ADDRESS",
    "UPGRADES_PER_MINUTE",
    "FRAMES_PER_SECOND",
    "ROOMS_PER_MINUTE",
    "FAILED_JOINS_PER_MINUTE",
    "POLLS_PER_SECOND",
    "REQUESTS_PER_SECOND",
    "THIRD_PARTY_REQUESTS_PER_MINUTE"
  ].map((name) => [`MAX_${name}`, "1000000"])
)

const pathOf = (file: string): string => fileURLToPath(new URL(file, import.meta.url))

/**
 * Starts a server as an operator would, in an empty folder with nothing in its environment but `environment`; resolves
 * when it listens. BENCH_NODE_OPTIONS is for whoever looks for what costs the time (`--cpu-prof --cpu-prof-dir=/tmp/p`).
 * Rejects when the process ends before it listens.
 */
export const startServer = async (
  kind: ServerKind,
  environment: Readonly<Record<string, string>>,
  directory: string
): Promise<Server> => {
  const extra = process.env["BENCH_NODE_OPTIONS"]?.split(" ") ?? []
  const [execPath, words] = onServerCores(process.execPath, [
    "--expose-gc",
    "--import",
    new URL("usage.js", import.meta.url).href,
    ...extra
  ])
  const child = fork(pathOf(scripts[kind]), {
    cwd: directory,
    execPath,
    execArgv: [...words],
    env: { PORT: "0", HOST: "127.0.0.1", ...largeBudgets, ...environment },
    // Log lines are written, but nobody has to read them.
    stdio: ["ignore", "ignore", "inherit", "ipc"]
  })
  const ended = once(child, "exit")
  const answer = async <A>(): Promise<A> => {
    const message = await Promise.race([once(child, "message"), ended.then(() => undefined)])
    if (message === undefined) throw new Error(`The ${kind} server ended with code ${child.exitCode}`)
    return message[0] as A
  }
  const { port } = await answer<{ port: number }>()

  return {
    port,
    usage: ({ collect } = { collect: false }) => {
      child.send({ collect })
      return answer<Usage>()
    },
    stop: async () => {
      if (child.connected) child.disconnect()
      await ended
    }
  }
}

/** Starts so many servers that are one; resolves when each of them says that it may have clients. */
export const startNodes = async (
  count: number,
  environment: Readonly<Record<string, string>>,
  directory: string
): Promise<readonly Server[]> => {
  const ports = await freePortPairs(count)
  const nodes = await Promise.all(
    ports.map((port) => {
      const own = { CLUSTER_ADDRESS: `127.0.0.1:${port}`, CLUSTER_SECRET: "the nodes of the bench" }
      return startServer("silktower", { ...environment, ...own }, directory)
    })
  )
  for (const { port } of nodes) {
    while (!(await fetch(`http://127.0.0.1:${port}/readyz`)).ok) await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return nodes
}

/** What each has used so far, microseconds of CPU. */
export const cpuOfEach = async (servers: readonly Server[]): Promise<readonly number[]> =>
  (await Promise.all(servers.map((server) => server.usage()))).map(({ cpuMicroseconds }) => cpuMicroseconds)

/**
 * CPU time that the server spends on this work, microseconds. `mayClientsSleep`: where a third process, such as the
 * database, needs the core that would be kept awake.
 */
export const cpuOf = async (
  server: Server,
  work: () => Promise<unknown>,
  { mayClientsSleep = false } = {}
): Promise<number> => {
  const before = await server.usage()
  const sleepAgain = mayClientsSleep ? () => {} : stayAwake()
  try {
    await work()
  } finally {
    sleepAgain()
  }
  return (await server.usage()).cpuMicroseconds - before.cpuMicroseconds
}
