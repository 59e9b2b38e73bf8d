/** A call whose people come to different nodes: three servers that are one, each with a media engine of its own. */
import { once } from "node:events"
import { afterEach, beforeEach, expect, it } from "vitest"
import { type ServersAsOne, startCluster } from "../../../support/clusterOfServers.ts"
import { describeOnPostgres, useDatabase } from "../../../support/databases.ts"
import { post, type TestServer } from "../../../support/server.ts"
import { FakeEngine } from "../fakeEngine.ts"
import { capabilities, dialSfu, type SfuClient, type SfuClientOptions, secret } from "../sfuClient.ts"

describeOnPostgres("calls on three servers that are one", () => {
  const url = useDatabase()
  let cluster: ServersAsOne
  let engines: FakeEngine[] = []
  const clients: SfuClient[] = []
  beforeEach(async () => {
    engines = []
    const mediaEngine: FakeEngine["open"] = (settings, told) => {
      const engine = new FakeEngine()
      engines.push(engine)
      return engine.open(settings, told)
    }
    const environment = { DATABASE_URL: url, SFU_PATH: "/sfu", SFU_JWT_SECRET: secret, TRUST_PROXY: "1" }
    cluster = await startCluster(3, environment, { endpoints: { mediaEngine } })
  }, 60_000)
  afterEach(async () => {
    for (const client of clients.splice(0)) client.socket.terminate()
    await cluster.stop()
  }, 60_000)

  const nodeAt = (node: number) => cluster.nodes[node] as TestServer
  const dial = async (node: number, userId: string, roomId: string, options: SfuClientOptions = {}) => {
    const client = await dialSfu(nodeAt(node), { userId, userName: userId.toUpperCase(), roomId, ...options })
    clients.push(client)
    await once(client.socket, "open")
    return client
  }
  const join = async (node: number, userId: string, roomId: string, options?: SfuClientOptions) => {
    const client = await dial(node, userId, roomId, options)
    const { existingProducers } = await client.join(roomId)
    return { client, sees: existingProducers.map((each: { userId: string }) => each.userId) as string[] }
  }
  /** With both transports, so that it is told of others at once. */
  const ready = async (node: number, userId: string, roomId: string) => {
    const { client, sees } = await join(node, userId, roomId)
    return { client, sees, sends: await client.transport(), receives: await client.transport() }
  }
  const engineOf = (): FakeEngine => {
    const [engine, ...others] = engines.filter(({ holds }) => holds.routers > 0)
    expect(others).toEqual([])
    return engine as FakeEngine
  }

  it("meets on one node, and each hears of everybody in order", async () => {
    const all = [await ready(0, "ada", "R"), await ready(1, "bob", "R"), await ready(2, "eve", "R")] as const
    const [ada, bob, eve] = all
    for (const { client, sends } of all) await client.produce(sends)
    for (const { client } of all) {
      const heard = await client.take(2)
      expect(heard.map(({ type }) => type)).toEqual(["new-producer", "new-producer"])
      for (const { data } of heard) {
        const { receives } = all.find((each) => each.client === client) as (typeof all)[number]
        expect(await client.consume(receives, data.producerId)).toMatchObject({
          params: { producerId: data.producerId }
        })
      }
    }
    expect(engineOf().holds).toMatchObject({ routers: 1, transports: 6, producers: 3, consumers: 6 })
    const late = await join(1, "joe", "R")
    expect(late.sees).toEqual(["ada", "bob", "eve"])
    await eve.client.close()
    for (const { client } of [ada, bob]) {
      expect(await client.next()).toMatchObject({ type: "producer-closed", data: { userId: "eve" } })
    }
  })

  it("is one call, though its people come to all nodes in one moment", async () => {
    const rooms = Array.from({ length: 12 }, (_, index) => `room ${index}`)
    await Promise.all(
      rooms.map(async (roomId) => {
        const all = await Promise.all([0, 1, 2].map((node) => ready(node, `u${node}`, roomId)))
        for (const { client, sends } of all) await client.produce(sends)
        for (const { client } of all) expect(await client.take(2)).toHaveLength(2)
      })
    )
    expect(engines.reduce((sum, { holds }) => sum + holds.routers, 0)).toBe(rooms.length)
  })

  it("keeps the rules of the node that has it, whichever was come to", async () => {
    const { client: ada } = await join(0, "ada", "R")
    const { client: bob } = await join(1, "bob", "R", { from: "203.0.113.9" })
    const line = () =>
      cluster.nodes.flatMap((node) => node.lines("sfu:joined")).find(({ userName }) => userName === "BOB")
    await expect.poll(line).toMatchObject({ ip: "203.0.113.9" })
    expect(cluster.nodes.map((node) => node.actors()["participants"])).toEqual([2, 0, 0])
    // As much as may be, there and back.
    const padding = "x".repeat(200 * 1024)
    bob.send({ type: "no such request", requestId: padding })
    expect((await bob.response(padding))["data"]).toEqual({ error: "Invalid message" })
    bob.send({ type: "no such request", requestId: padding + padding })
    expect(await bob.closed()).toMatchObject({ code: 1009 })
    const { client: eve } = await join(2, "eve", "R")
    engineOf().killWorker()
    for (const client of [ada, eve]) {
      expect(await client.closed()).toEqual({ code: 1011, reason: "Media engine restarted" })
    }
    // They come again, and find each other.
    await (await ready(2, "eve", "R")).client.produce()
    expect((await join(1, "ada", "R")).sees).toEqual(["eve"])
  })

  it("gives nobody a name that is in use in the room, wherever that was logged in", async () => {
    const login = async (node: number) => {
      const { body } = await post(`${nodeAt(node).http}/sfu/auth/login`, { userId: "u", userName: "U", roomId: "R" })
      return { token: body.token as string, userId: JSON.parse(atob(body.token.split(".")[1])).userId as string }
    }
    const first = await login(0)
    expect(first.userId).toBe("u")
    await dial(0, "u", "R", { token: first.token })
    for (const node of [0, 1, 2]) expect((await login(node)).userId).toMatch(/^u-[0-9a-z]{4}$/)
  })

  it("tells those to come again whose node goes, or the node of their conference", async () => {
    const [ada, bob, eve] = [
      await ready(0, "ada", "R"),
      await ready(1, "bob", "R"),
      await ready(2, "eve", "R")
    ] as const
    for (const { client, sends } of [ada, bob, eve]) await client.produce(sends)
    for (const { client } of [ada, bob, eve]) await client.take(2)
    // Whoever was passed on by it.
    await nodeAt(2).stop()
    expect(await eve.client.closed()).toEqual({ code: 1001, reason: "Server shutdown" })
    for (const { client } of [ada, bob]) {
      expect(await client.next()).toMatchObject({ type: "producer-closed", data: { userId: "eve" } })
    }
    expect((await join(1, "eve", "R")).sees).toEqual(["ada", "bob"])
    // And everybody.
    await nodeAt(0).stop()
    for (const { client } of [ada, bob]) {
      expect(await client.closed()).toEqual({ code: 1001, reason: "Server shutdown" })
    }
    const again = await ready(1, "bob", "R")
    expect(again.sees).toEqual([])
    expect(
      await again.client.ask("produce", { transportId: again.sends, kind: "audio", rtpParameters: capabilities })
    ).toMatchObject({ id: expect.any(String) })
  })
})
