/**
 * Two whose sockets are on different servers that are one, between which one way is late: relayed frames go from one to the
 * other, items by the node that has the room.
 */
import { expect, it, onTestFinished } from "vitest"
import { WebSocket } from "ws"
import { clusterSecret } from "../../../support/clusterOfServers.ts"
import { describeOnPostgres, useDatabase } from "../../../support/databases.ts"
import { freePortPairs } from "../../../support/freePort.ts"
import { startServer, type TestServer } from "../../../support/server.ts"
import { openSlowWays } from "../../../support/slowWays.ts"
import { newRoom, RelayClient, type Side, urlOf } from "../relayClient.ts"

/** As many rooms as make it likely that some are on each of the nodes. */
const rooms = 24
/** Turns of the event loop that all of them share: well over what the way by a third node takes. */
const late = { least: 300, most: 300 }

/** Three servers. What the one with this number says to the second is late. */
const startThree = async (url: string, speaker: number): Promise<readonly TestServer[]> => {
  const [first, second, third, way] = (await freePortPairs(4)) as [number, number, number, number]
  const lateWay = await openSlowWays([second], [way], late)
  onTestFinished(lateWay.close)
  const servers = await Promise.all(
    [first, second, third].map((port, number) =>
      startServer(
        {
          DATABASE_URL: url,
          CLUSTER_ADDRESS: `127.0.0.1:${port}`,
          CLUSTER_SECRET: clusterSecret,
          CLUSTER_LEASE_MS: "6000",
          CLUSTER_LOOK_MS: "200"
        },
        number === speaker ? { via: lateWay.via } : {}
      )
    )
  )
  for (const server of servers) onTestFinished(server.stop)
  for (const { http } of servers) await expect.poll(async () => (await fetch(`${http}/readyz`)).status).toBe(200)
  return servers
}

const said = (to: Side) => [
  { type: "offer", number: 0 },
  { type: "send", to, payload: 1 },
  { type: "send", to, payload: 2 },
  { type: "ice", number: 3 },
  { type: "send", to, payload: 4 },
  { type: "ice", number: 5 }
]
/** By the number in each. */
const heardBy = async (client: RelayClient): Promise<readonly number[]> =>
  (await client.take(6)).map((text) => {
    const { number, payload } = JSON.parse(text)
    return number ?? payload
  })
const asSaid = [0, 1, 2, 3, 4, 5]

describeOnPostgres("what one side sends reaches the other in the order sent, frames and items alike", () => {
  const url = useDatabase()

  const hearEachOther = async (speaker: number) => {
    const [near, far] = (await startThree(url, speaker)) as [TestServer, TestServer]
    const pairs = await Promise.all(
      Array.from({ length: rooms }, async () => {
        const room = newRoom()
        const join = (server: TestServer, side: Side) => {
          const client = new RelayClient(new WebSocket(urlOf(server, room, side)), side)
          onTestFinished(() => client.socket.terminate())
          return client
        }
        const pair = [join(near, "A"), join(far, "B")] as const
        for (const client of pair) expect(await client.next()).toBe('{"type":"room_full"}')
        return pair
      })
    )
    for (const [a, b] of pairs) {
      for (const frame of said("B")) a.send(frame)
      for (const frame of said("A")) b.send(frame)
    }
    expect(await Promise.all(pairs.map(([, b]) => heardBy(b)))).toEqual(pairs.map(() => asSaid))
    expect(await Promise.all(pairs.map(([a]) => heardBy(a)))).toEqual(pairs.map(() => asSaid))
  }

  it("when the way from its node to the other's is late", () => hearEachOther(0))
  it("when the way from a third node, which has the room, is late", () => hearEachOther(2))
})
