import { isDeepStrictEqual } from "node:util"
import { afterAll, afterEach, beforeAll, expect, it, onTestFinished } from "vitest"
import type { Whereabouts } from "../../../../src/io/cluster/towerRows.ts"
import type { ListedRows, TowerView } from "../../../../src/io/tower/towerView.ts"
import { clusterSecret, type ServersAsOne, startCluster } from "../../../support/clusterOfServers.ts"
import { describeOnPostgres, useDatabase } from "../../../support/databases.ts"
import { freePortPairs } from "../../../support/freePort.ts"
import { makeRoom, poll, post, startServer, type TestClient, type TestServer } from "../../../support/server.ts"
import { TowerWatcher } from "../../../support/towerStream.ts"

/** Of a node's tower page: its list of nodes as well. */
type Shown = TowerView & { readonly nodes: ListedRows }

describeOnPostgres("three servers that are one", () => {
  const url = useDatabase()
  let cluster: ServersAsOne
  const clients: TestClient[] = []
  const on = async (index: number, name?: string) => {
    const client = await (cluster.nodes[index] as TestServer).connect(name === undefined ? {} : { name })
    clients.push(client)
    return client
  }
  beforeAll(async () => {
    cluster = await startCluster(3, {
      DATABASE_URL: url,
      ROOM_CLEANUP_CRON: "* * * * * *",
      LOG_ACCESS_KEY: "open-sesame"
    })
  }, 60_000)
  afterEach(async () => {
    for (const client of clients.splice(0)) client.socket.terminate()
  })
  afterAll(() => cluster.stop(), 30_000)

  it("take nobody for gone who polls the node that has the room, whichever another one comes to", async () => {
    for (const [index, other] of cluster.nodes.entries()) {
      for (const maker of cluster.nodes) {
        // It is where it was made. From the second one on its polls there are answered without it.
        const { code, guest } = await makeRoom(maker, "Host", "Guest")
        expect(await poll(maker, code, guest)).toMatchObject({ status: 200 })
        await on(index, "Guest")
        expect(await poll(maker, code, guest)).toMatchObject({ status: 200 })
        expect(await post(`${other.http}/api/rooms/${code}/join`, { name: "Guest" })).toMatchObject({
          status: 400,
          body: { error: "Room already has two participants" }
        })
        for (const client of clients.splice(0)) await client.close()
      }
    }
  })

  it("let people meet in a flight whose sockets are on different nodes, and signal to each other", async () => {
    for (const [one, other] of [
      [0, 1],
      [1, 2],
      [2, 0],
      [1, 1]
    ] as const) {
      const ann = await on(one, "Ann")
      const bob = await on(other, "Bob")
      ann.send({ type: "create-flight" })
      const { flightCode } = await ann.until("flight-created")
      bob.send({ type: "join-flight", flightCode })
      const [met, joined] = await Promise.all([ann.until("peer-joined"), bob.until("peer-joined")])
      expect([met["peer"], joined["peer"]]).toEqual([
        { id: bob.id, name: "Bob" },
        { id: ann.id, name: "Ann" }
      ])
      for (let number = 0; number < 50; number++) {
        ann.send({ type: "signal", data: `a${number}` })
        bob.send({ type: "signal", data: `b${number}` })
      }
      for (let number = 0; number < 50; number++) {
        expect(await bob.until("signal")).toEqual({ type: "signal", data: `a${number}` })
        expect(await ann.until("signal")).toEqual({ type: "signal", data: `b${number}` })
      }
      await ann.close()
      expect((await bob.until("peer-left"))["type"]).toBe("peer-left")
    }
  })

  it("let no server in that has another secret, or serves something else, and it is told why", async () => {
    const [port] = await freePortPairs(1)
    const start = (different: Readonly<Record<string, string>>) =>
      startServer({
        DATABASE_URL: url,
        CLUSTER_ADDRESS: `127.0.0.1:${port}`,
        CLUSTER_SECRET: clusterSecret,
        ...different
      })
    const others: readonly Readonly<Record<string, string>>[] = [
      { CLUSTER_SECRET: "the secret of somebody else" },
      { DROPSILK_PATH: "/files" }
    ]
    for (const different of others) {
      await expect(start(different)).rejects.toMatchObject({
        name: "ClusterDiffers",
        message: expect.stringContaining("CLUSTER_SECRET, which protocols are served where")
      })
    }
    for (const node of cluster.nodes) expect((await fetch(`${node.http}/readyz`)).status).toBe(200)
  })

  it("show on the tower page who is there and what each owns, and say where somebody is", async () => {
    const ann = await on(0, "Ann")
    ann.send({ type: "create-flight" })
    const { flightCode } = await ann.until("flight-created")
    const marks: string[] = []
    for (const index of [0, 1, 2]) marks.push((await on(index)).id.slice(0, 2))
    /** All see the same, but which of them they are. */
    const seen = (rows: Shown["nodes"]["rows"][number]["cells"][] | undefined) =>
      rows?.map(([node, mark, , ...shards]) => [node, mark, ...shards]).toSorted()
    const look = () =>
      Promise.all(
        cluster.nodes.map(async ({ http }) => {
          const watcher = await TowerWatcher.open(`${http}/tower/events?key=open-sesame`)
          onTestFinished(() => watcher.close())
          const { nodes, tables } = (await watcher.until(() => true)) as unknown as Shown
          expect(tables.map(({ name }) => name)).toContain("nodes")
          return nodes.rows.map(({ cells }) => cells)
        })
      )
    let here: Awaited<ReturnType<typeof look>>[number] | undefined
    // On a busy machine a shard may be on its way at the moment.
    await expect
      .poll(async () => {
        const [first, ...others] = await look()
        here = first
        const owned = first?.reduce((sum, [, , , shards]) => sum + Number(shards), 0)
        return owned === 32 && others.every((rows) => isDeepStrictEqual(seen(rows), seen(first)))
      })
      .toBe(true)
    const own = here?.[0]
    expect(own?.slice(1, 3)).toEqual([marks[0], "this node"])
    expect(here?.slice(1).map(([, mark, way]) => [mark, way])).toEqual(
      expect.arrayContaining([marks[1], marks[2]].map((mark) => [mark, "open"]))
    )
    const where = async (http: string, id: string) =>
      ((await (await fetch(`${http}/tower/where?key=open-sesame&id=${id}`)).json()) as { rows: readonly Whereabouts[] })
        .rows
    for (const { http } of cluster.nodes) {
      // Codes are drawn until they are the node's own.
      expect(await where(http, flightCode)).toContainEqual({
        kinds: expect.arrayContaining(["flights", "rooms"]),
        shard: expect.any(Number),
        node: own?.[0],
        isHere: http === cluster.nodes[0]?.http
      })
      expect(await where(http, ann.id)).toContainEqual({
        kinds: ["connections", "noisytransfer-connections", "namedPeers"],
        shard: null,
        node: own?.[0],
        isHere: http === cluster.nodes[0]?.http
      })
      expect((await fetch(`${http}/tower/where?id=${flightCode}`)).status).toBe(403)
    }
    const bytes = async (http: string) =>
      Number(
        /^silktower_cluster_channel_bytes_sent_total (\d+)$/m.exec(await (await fetch(`${http}/metrics`)).text())?.[1]
      )
    for (const { http } of cluster.nodes) expect(await bytes(http)).toBeGreaterThan(0)
  })

  it("do timed work once: one of them does it, and the others leave it out", async () => {
    const outcomes = async () => {
      const all = await Promise.all(cluster.nodes.map(async ({ http }) => (await fetch(`${http}/api/status`)).json()))
      return all.map(({ jobs }: any) => jobs.roomCleanup.lastResult?.outcome).toSorted()
    }
    await expect.poll(outcomes).toEqual(["complete", "skipped", "skipped"])
  })

  it("show everybody of a network in one list, and pass invitations", async () => {
    const [ann, bob, cid] = [await on(0, "Ann"), await on(1, "Bob"), await on(2, "Cid")]
    await ann.list((names) => ["Bob", "Cid"].every((name) => names.includes(name)))
    await cid.list((names) => ["Ann", "Bob"].every((name) => names.includes(name)))
    ann.send({ type: "create-flight" })
    const { flightCode } = await ann.until("flight-created")
    ann.send({ type: "invite-to-flight", inviteeId: bob.id, flightCode })
    expect(await bob.until("flight-invitation")).toMatchObject({ flightCode, fromName: "Ann" })
  })

  it("keep rooms that are asked of any of them, and let their participants attach on any", async () => {
    const room = await makeRoom(cluster)
    for (const node of cluster.nodes) {
      expect((await poll(node, room.code, room.host)).body).toMatchObject({ status: "paired", self: { role: "host" } })
    }
    const [ann, bob] = [await on(0), await on(1)]
    for (const [client, participantId] of [
      [ann, room.host],
      [bob, room.guest]
    ] as const) {
      client.send({ type: "attach-room", roomCode: room.code, participantId, channel: "transfer" })
      await client.until("room-attached")
    }
    await Promise.all([ann.until("peer-joined"), bob.until("peer-joined")])
    ann.send({ type: "signal", data: "an offer" })
    expect(await bob.until("signal")).toEqual({ type: "signal", data: "an offer" })
  })
})
