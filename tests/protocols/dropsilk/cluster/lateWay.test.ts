/** Two servers that are one, between which there is no way for a while. */
import { afterEach, expect, it, onTestFinished } from "vitest"
import { openWay } from "../../../../bench/soaking/way.ts"
import { clusterSecret } from "../../../support/clusterOfServers.ts"
import { describeOnPostgres, useDatabase } from "../../../support/databases.ts"
import { freePortPairs } from "../../../support/freePort.ts"
import { startServer, type TestClient, type TestServer } from "../../../support/server.ts"

/** Enough flights that some of them move to a node that comes. */
const flights = 12

const waiting = async ({ http }: TestServer): Promise<number> => {
  const text = await (await fetch(`${http}/metrics`)).text()
  return Number(/^silktower_cluster_waiting_events (\d+)$/m.exec(text)?.[1])
}

describeOnPostgres("flights that have moved to a node to which there is no way yet", () => {
  const url = useDatabase()
  const clients: TestClient[] = []
  afterEach(() => {
    for (const { socket } of clients.splice(0)) socket.terminate()
  })

  it("are found by whoever has asked for them meanwhile, as soon as there is one", async () => {
    const [one, other, toOne, toOther] = (await freePortPairs(4)) as [number, number, number, number]
    const at = (port: number) => ({ host: "127.0.0.1", port })
    // Engines reach each other all the time; the ways between the nodes' actors are closed first.
    const ways = await Promise.all([openWay(toOne, at(one)), openWay(toOther, at(other))])
    const channels = await Promise.all([openWay(toOne + 1, at(one + 1)), openWay(toOther + 1, at(other + 1))])
    for (const channel of channels) channel.refuse()
    onTestFinished(() => {
      for (const way of [...ways, ...channels]) way.close()
    })
    const start = async (port: number) => {
      const server = await startServer(
        {
          DATABASE_URL: url,
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
    const old = await start(one)
    const open = async (name: string) => {
      const client = await old.connect({ name })
      clients.push(client)
      return client
    }
    const codes: string[] = []
    for (let number = 0; number < flights; number++) {
      const host = await open("Ann")
      host.send({ type: "create-flight" })
      codes.push((await host.until("flight-created"))["flightCode"])
    }
    await start(other)
    const guests = await Promise.all(codes.map(() => open("Bob")))
    for (const [index, guest] of guests.entries()) guest.send({ type: "join-flight", flightCode: codes[index] })
    await expect.poll(() => waiting(old)).toBeGreaterThan(0)
    for (const channel of channels) channel.mend()
    const answers = await Promise.all(guests.map((guest) => guest.next()))
    expect(answers.map(({ type, message }) => message ?? type)).toEqual(codes.map(() => "peer-joined"))
  })
})
