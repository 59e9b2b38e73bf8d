/**
 * Several servers that are one, in this process, behind a balancer that gives each connection to the next of them. The ways
 * between them may take their time (see slowWays.ts).
 */
import { type AddressInfo, createServer, connect as dial, type Server } from "node:net"
import type { ApplicationOptions } from "../../src/application.ts"
import { followChannels } from "./channelsAtRest.ts"
import { freePortPairs } from "./freePort.ts"
import { startServer, type TestServer } from "./server.ts"
import { openSlowWays } from "./slowWays.ts"

export interface ServersAsOne {
  readonly nodes: readonly TestServer[]
  /** Where the balancer is. */
  readonly port: number
  readonly http: string
  readonly ws: string
  /**
   * Resolves when whatever one of them has said to another has been heard there, and whatever that led to as well. A node
   * says at once what it has to say, so at every moment something is under way or all is quiet.
   */
  quiet(): Promise<void>
  stop(): Promise<void>
}

export const clusterSecret = "a secret among the nodes of a test"

/** Resolves when each of them says that it may have clients. */
export const startCluster = async (
  size: number,
  environment: Readonly<Record<string, string>>,
  options: Partial<ApplicationOptions> = {},
  commandLine: readonly string[] = [],
  ways: "slow" | "fast" = "fast"
): Promise<ServersAsOne> => {
  const free = await freePortPairs(2 * size)
  const ports = free.slice(0, size)
  const slowWays = ways === "slow" ? await openSlowWays(ports, free.slice(size)) : undefined
  const channels = followChannels(new Set(free.map((port) => port + 1)))
  const nodes = await Promise.all(
    ports.map((port) =>
      startServer(
        {
          CLUSTER_ADDRESS: `127.0.0.1:${port}`,
          CLUSTER_SECRET: clusterSecret,
          CLUSTER_LEASE_MS: "6000",
          CLUSTER_LOOK_MS: "200",
          ...environment
        },
        { via: slowWays?.via, ...options },
        commandLine
      )
    )
  )
  await Promise.all(nodes.map(ready))
  const balancer = await balance(nodes)
  const { port } = balancer.address() as AddressInfo
  return {
    nodes,
    port,
    http: `http://127.0.0.1:${port}`,
    ws: `ws://127.0.0.1:${port}`,
    quiet: async () => {
      // What a node says in one moment is written at its end.
      do await new Promise((resolve) => setImmediate(resolve))
      while (channels.isUnderWay() || slowWays?.isCarrying() === true)
    },
    stop: async () => {
      balancer.close()
      await Promise.all(nodes.map((node) => node.stop()))
      slowWays?.close()
      channels.end()
    }
  }
}

const ready = async ({ http }: TestServer): Promise<void> => {
  while (!(await fetch(`${http}/readyz`)).ok) await new Promise((resolve) => setTimeout(resolve, 20))
}

const balance = (nodes: readonly TestServer[]): Promise<Server> => {
  let next = 0
  const server = createServer((client) => {
    const node = nodes[next++ % nodes.length] as TestServer
    const way = dial(node.port, "127.0.0.1")
    client.pipe(way).pipe(client)
    for (const [one, other] of [
      [client, way],
      [way, client]
    ] as const) {
      one.on("error", () => other.destroy())
      one.on("close", () => other.destroy())
    }
  })
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)))
}
