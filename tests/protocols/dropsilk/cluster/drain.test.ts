/** What people notice when one of several servers that are one goes over DRAIN_SECONDS: they are with the other one. */
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest"
import { createTower, type StateChange, type Tower } from "../../../../src/client/index.ts"
import { connected, greetEachOther, RTCPeerConnection } from "../../../client/towers.ts"
import { type ServersAsOne, startCluster } from "../../../support/clusterOfServers.ts"
import { describeOnPostgres, useDatabase } from "../../../support/databases.ts"
import { poll, type TestServer } from "../../../support/server.ts"

describeOnPostgres("of two servers that are one", () => {
  const url = useDatabase()
  let cluster: ServersAsOne
  beforeAll(async () => {
    cluster = await startCluster(2, { DATABASE_URL: url, DRAIN_SECONDS: "2" })
  }, 60_000)
  afterAll(() => cluster.stop(), 30_000)

  const towerOf = (name: string): Tower => {
    const tower = createTower({ url: cluster.http, name, RTCPeerConnection })
    onTestFinished(() => tower.close())
    return tower
  }

  it("one goes over a while: whoever was there is on the other one, in the same rooms, and data channels stay open", async () => {
    const [goes, stays] = cluster.nodes as [TestServer, TestServer]
    const pairs = await Promise.all(
      Array.from({ length: 3 }, async (_, number) => {
        const [host, guest] = [towerOf(`Host ${number}`), towerOf(`Guest ${number}`)]
        const room = await host.createRoom()
        const seats = [await room.attach(), await (await guest.joinRoom(room.code)).attach()] as const
        const peerings = await connected(...seats)
        return { towers: [host, guest], room, seats, peerings }
      })
    )
    const firstChanges = new Map<Tower, StateChange>()
    for (const tower of pairs.flatMap(({ towers }) => towers)) {
      tower.on("state", (change) => firstChanges.has(tower) || firstChanges.set(tower, change))
    }
    const guests = goes.actors()["connections"] as number
    expect(guests).toBeGreaterThan(0)
    const { mark } = stays.lines("cluster:met")[0]
    await goes.stop()
    await expect.poll(() => firstChanges.size).toBe(guests)
    for (const change of firstChanges.values()) {
      expect(change).toMatchObject({ state: "waiting", code: 1001, retryInMs: expect.any(Number) })
      expect(change.retryInMs).toBeLessThan(1000)
    }
    await expect
      .poll(() => stays.lines("cluster:left"))
      .toMatchObject([{ level: "info", node: expect.any(String), mark }])
    // It has said so: nobody takes it for dead.
    expect([...stays.lines("cluster:parted"), ...stays.lines("cluster:buried")]).toEqual([])
    await expect.poll(() => stays.actors()["connections"]).toBe(6)
    for (const { room, seats, peerings } of pairs) {
      await expect.poll(() => seats.map((seat) => seat.peer?.name)).not.toContain(undefined)
      await greetEachOther(...peerings)
      expect((await poll(stays, room.code, room.participantId)).body).toMatchObject({ status: "paired" })
    }
  })
})
