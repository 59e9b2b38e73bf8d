/** A server of two that are one, which was cut off from everything and comes back. */
import { afterEach, expect, it, onTestFinished } from "vitest"
import { openWay } from "../../../../bench/soaking/way.ts"
import { clusterSecret } from "../../../support/clusterOfServers.ts"
import { describeOnPostgres, useDatabase } from "../../../support/databases.ts"
import { freePort, freePortPairs } from "../../../support/freePort.ts"
import { startServer, type TestClient, type TestServer } from "../../../support/server.ts"

/** Enough flights that some of them move to a node that comes back. */
const flights = 12

const shardsOf = async ({ http }: TestServer, state: string): Promise<number> => {
  const text = await (await fetch(`${http}/metrics`)).text()
  return Number(new RegExp(`^silktower_cluster_shards\\{state="${state}"\\} (\\d+)$`, "m").exec(text)?.[1] ?? 0)
}

describeOnPostgres("flights that have moved to a node that was cut off, and has not met the others again", () => {
  const url = useDatabase()
  const clients: TestClient[] = []
  afterEach(() => {
    for (const { socket } of clients.splice(0)) socket.terminate()
  })

  it("are found there as soon as it has", async () => {
    const [one, other, toOne, toOther] = (await freePortPairs(4)) as [number, number, number, number]
    const at = (port: number) => ({ host: "127.0.0.1", port })
    const ways = await Promise.all([openWay(toOne, at(one)), openWay(toOther, at(other))])
    const channels = await Promise.all([openWay(toOne + 1, at(one + 1)), openWay(toOther + 1, at(other + 1))])
    const postgres = new URL(url)
    const toPostgres = await freePort()
    const database = await openWay(toPostgres, { host: postgres.hostname, port: Number(postgres.port || 5432) })
    postgres.host = `127.0.0.1:${toPostgres}`
    onTestFinished(() => {
      for (const way of [...ways, ...channels, database]) way.close()
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
    const open = async (server: TestServer, name: string) => {
      const client = await server.connect({ name })
      clients.push(client)
      return client
    }
    const steady = await start(one, url)
    const cutOff = await start(other, postgres.href)
    await expect.poll(() => shardsOf(steady, "elsewhere")).toBeGreaterThan(0)
    for (const way of [...channels, database]) way.cut("there", "back")
    await expect.poll(() => shardsOf(steady, "open")).toBe(32)
    const codes: string[] = []
    for (let number = 0; number < flights; number++) {
      const host = await open(steady, "Ann")
      host.send({ type: "create-flight" })
      codes.push((await host.until("flight-created"))["flightCode"])
    }
    // Somebody has to be there when a part of them is, and before it is known who belongs to them.
    const guests = await Promise.all(codes.map(() => open(cutOff, "Bob")))
    database.mend()
    await expect.poll(() => shardsOf(steady, "elsewhere"), { interval: 5 }).toBeGreaterThan(0)
    for (const [index, guest] of guests.entries()) guest.send({ type: "join-flight", flightCode: codes[index] })
    setTimeout(() => channels.forEach((way) => way.mend()), 300)
    const answers = await Promise.all(guests.map((guest) => guest.next()))
    expect(answers.map(({ type, message }) => message ?? type)).toEqual(codes.map(() => "peer-joined"))
  })
})
