/** Two servers that are one, between which, and to whose database, there are ways that can be cut (see way.ts). */
import { expect, onTestFinished } from "vitest"
import { openWay, type Way } from "../../bench/soaking/way.ts"
import { clusterSecret } from "./clusterOfServers.ts"
import { freePortPairs } from "./freePort.ts"
import { startServer, type TestServer } from "./server.ts"

export interface ServersOverWays {
  /** Between the nodes' actors. Engines reach each other all the time. */
  readonly channels: readonly Way[]
  /** To PostgreSQL, for the other one. */
  readonly database: Way
  /** Each resolves when it says that it may have clients. */
  startOne(): Promise<TestServer>
  startOther(): Promise<TestServer>
}

/** Within a test: both are stopped when it has finished. */
export const serversOverWays = async (url: string): Promise<ServersOverWays> => {
  const [one, other, toOne, toOther, toPostgres] = (await freePortPairs(5)) as [number, number, number, number, number]
  const at = (port: number) => ({ host: "127.0.0.1", port })
  const engines = await Promise.all([openWay(toOne, at(one)), openWay(toOther, at(other))])
  const channels = await Promise.all([openWay(toOne + 1, at(one + 1)), openWay(toOther + 1, at(other + 1))])
  const postgres = new URL(url)
  const database = await openWay(toPostgres, { host: postgres.hostname, port: Number(postgres.port || 5432) })
  postgres.host = `127.0.0.1:${toPostgres}`
  onTestFinished(() => {
    for (const way of [...engines, ...channels, database]) way.close()
  })
  const start = async (port: number, databaseUrl: string) => {
    const server = await startServer(
      {
        DATABASE_URL: databaseUrl,
        CLUSTER_ADDRESS: `127.0.0.1:${port}`,
        CLUSTER_SECRET: clusterSecret,
        CLUSTER_LEASE_MS: "6000",
        CLUSTER_LOOK_MS: "200"
      },
      {
        via: (node) => {
          if (node === `127.0.0.1:${port}`) return node
          return `127.0.0.1:${port === one ? toOther : toOne}`
        }
      }
    )
    onTestFinished(server.stop)
    await expect.poll(async () => (await fetch(`${server.http}/readyz`)).status).toBe(200)
    return server
  }
  return {
    channels,
    database,
    startOne: () => start(one, url),
    startOther: () => start(other, postgres.href)
  }
}

/** How many events wait there for whoever they are for. */
export const waitingEvents = async ({ http }: TestServer): Promise<number> => {
  const text = await (await fetch(`${http}/metrics`)).text()
  return Number(/^silktower_cluster_waiting_events (\d+)$/m.exec(text)?.[1])
}
