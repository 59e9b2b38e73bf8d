/** A start that fails holds nothing: no socket, no lock, no timer, no connection, whichever part of it has failed. */
import { PassThrough } from "node:stream"
import { Effect } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startApplication } from "../../src/application.ts"
import { loadConfig } from "../../src/config/config.ts"
import { protocols } from "../../src/protocols.ts"
import { FakeEngine } from "../protocols/sfu/fakeEngine.ts"
import { clusterSecret } from "../support/clusterOfServers.ts"
import { describeOnPostgres, temporaryDirectory, useDatabase, withClient } from "../support/databases.ts"
import { seedEmbeddedDatabase } from "../support/embeddedTemplate.ts"
import { freePort, freePortPairs } from "../support/freePort.ts"
import { useLiveHandles } from "../support/liveHandles.ts"

const live = useLiveHandles()

/** Of what is off unless somebody wants it as well. */
const everything = { HOST: "127.0.0.1", SFU_PATH: "/sfu" }

const start = async (environment: Readonly<Record<string, string>>, onAcquired: (part: string) => void) => {
  const config = await Effect.runPromise(loadConfig({ ...everything, ...environment }, [], protocols))
  const output = new PassThrough().resume()
  const endpoints = { mediaEngine: new FakeEngine().open }
  return startApplication(config, { protocols, output, pretty: false, onAcquired, endpoints })
}

/** All parts of a server of these protocols, in the order in which they are acquired. */
const partsOf = (served: typeof protocols): readonly string[] => [
  ...["telemetry", "certificate", "tracing", "database", "deadlines", "node", "actors"],
  ...served.map(({ name }) => `protocol ${name}`),
  ...["http", "sockets", "port", "renewals", "heartbeat"]
]

const suite = (
  environmentOf: () => Readonly<Record<string, string>>,
  isLetGo: () => Promise<void>,
  parts = partsOf(protocols)
) => {
  it("has these parts, which a whole start acquires and a stop releases", async () => {
    const acquired: string[] = []
    const server = await start({ ...environmentOf(), PORT: "0" }, (part) => acquired.push(part))
    expect(acquired).toEqual(parts)
    await server.stop()
    await isLetGo()
  })

  it.each(parts)("that fails behind %s", async (part) => {
    const PORT = String(await freePort())
    const failed = start({ ...environmentOf(), PORT }, (acquired) => {
      if (acquired === part) throw new Error(`${part} was the last`)
    })
    await expect(failed).rejects.toThrow(`${part} was the last`)
    await expect(fetch(`http://127.0.0.1:${PORT}/healthz`)).rejects.toThrow("fetch failed")
    await isLetGo()
  })
}

const nothingLives = () => expect.poll(live).toEqual([])

describe("a start on the embedded database", () => {
  let place: Awaited<ReturnType<typeof temporaryDirectory>>
  beforeAll(async () => {
    place = await temporaryDirectory()
    seedEmbeddedDatabase({ DATA_DIR: place.options.dataDirectory })
  })
  afterAll(() => place.remove())
  // The folder's lock is let go, or the next start would be refused.
  suite(() => ({ DATA_DIR: place.options.dataDirectory }), nothingLives)
})

describeOnPostgres("a start on PostgreSQL", () => {
  const url = useDatabase()
  suite(
    () => ({ DATABASE_URL: url }),
    () => nothingIsConnected(url)
  )
})

describeOnPostgres("a start as a node of a cluster", () => {
  const url = useDatabase()
  let port: number | undefined
  beforeAll(async () => {
    ;[port] = await freePortPairs(1)
  })
  suite(
    () => ({ DATABASE_URL: url, CLUSTER_ADDRESS: `127.0.0.1:${port}`, CLUSTER_SECRET: clusterSecret }),
    () => nothingIsConnected(url),
    partsOf(protocols.filter(({ homes }) => homes !== undefined))
  )
})

const nothingIsConnected = async (url: string): Promise<void> => {
  await nothingLives()
  const admin = new URL(url)
  const name = admin.pathname.slice(1)
  admin.pathname = "/postgres"
  const connections = () =>
    withClient(admin.href, async (client) => {
      const { rows } = await client.query("select from pg_stat_activity where datname = $1", [name])
      return rows.length
    })
  await expect.poll(connections).toBe(0)
}
