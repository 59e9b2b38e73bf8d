/** Peers of one space whose sockets are on different servers that are one. */
import { once } from "node:events"
import { afterAll, afterEach, beforeAll, expect, it } from "vitest"
import { useProcesses } from "../../../support/clusterOfProcesses.ts"
import { type ServersAsOne, startCluster } from "../../../support/clusterOfServers.ts"
import { describeOnPostgres, useDatabase } from "../../../support/databases.ts"
import type { TestServer } from "../../../support/server.ts"
import { dialPeer, type PeerClient, type PeerOptions } from "../peerClient.ts"

/** Opens clients on chosen nodes; after each test they are gone. */
const usePeersOn = (nodes: () => readonly Pick<TestServer, "ws">[]) => {
  const clients: PeerClient[] = []
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()))
  })
  return async (node: number, { name, key, ...options }: PeerOptions = {}) => {
    const client = dialPeer(nodes()[node] as TestServer, options)
    clients.push(client)
    await once(client.socket, "open")
    if (name !== undefined) await client.logIn(name, key === undefined ? {} : { key })
    return client
  }
}

const connected = (peer: string) => ({ type: "peer_connected", peer })
const disconnected = (peer: string) => ({ type: "peer_disconnected", peer })
/** Spaces enough that some are on each of the nodes. */
const spaces = ["", ...Array.from({ length: 8 }, (_, index) => `?space=studio-${index}`)]

describeOnPostgres("three servers that are one", () => {
  const url = useDatabase()
  let cluster: ServersAsOne
  const peer = usePeersOn(() => cluster.nodes)
  beforeAll(async () => {
    cluster = await startCluster(3, { DATABASE_URL: url })
  }, 120_000)
  afterAll(() => cluster.stop(), 60_000)

  it("show everybody the same list, pass frames by name, and tell who has gone behind all that it said", async () => {
    for (const query of spaces) {
      const ann = await peer(0, { query, name: "ann" })
      const bob = await peer(1, { query })
      expect(await bob.logIn("bob")).toEqual(["ann", "bob"])
      const cid = await peer(2, { query })
      expect(await cid.logIn("cid")).toEqual(["ann", "bob", "cid"])
      expect(await ann.take(2)).toEqual([connected("bob"), connected("cid")])
      expect(await bob.next()).toEqual(connected("cid"))
      for (let number = 0; number < 50; number++) {
        ann.send({ type: "offer", target: "bob", number, from: "somebody else" })
        bob.send({ type: "answer", target: "ann", number })
      }
      ann.send({ type: "stream_started" })
      await ann.close()
      const numbers = Array.from({ length: 50 }, (_, number) => number)
      expect(await bob.take(52)).toEqual([
        ...numbers.map((number) => ({ type: "offer", target: "bob", number, from: "ann" })),
        { type: "stream_started", from: "ann" },
        disconnected("ann")
      ])
      expect(await cid.take(2)).toEqual([{ type: "stream_started", from: "ann" }, disconnected("ann")])
      bob.send({ type: "offer", target: "ann" })
      expect(await bob.next()).toEqual({ type: "error", error: "target_not_found", target: "ann" })
      // The same name is free, on any node.
      const again = await peer(2, { query })
      expect(await again.logIn("ann")).toEqual(["bob", "cid", "ann"])
    }
  })

  it("let one of those in who ask for a name at once, wherever they ask", async () => {
    for (const query of spaces) {
      const all = await Promise.all([0, 1, 2, 0, 1, 2].map((node) => peer(node, { query })))
      for (const client of all) client.send({ type: "login", name: "paris" })
      const answers = await Promise.all(all.map((client) => client.next()))
      expect(answers.map(({ type }) => type).toSorted()).toEqual([...Array(5).fill("error"), "login_success"])
      expect(answers.filter(({ error }) => error === "name_taken")).toHaveLength(5)
    }
  })

  it("know the key of a name whose holder is on another node, and take it for no other", async () => {
    const old = await peer(0, { name: "paris", key: "secret" })
    const witness = await peer(2, { name: "witness" })
    const stranger = await peer(1)
    stranger.send({ type: "login", name: "paris", key: "guess" })
    expect(await stranger.next()).toMatchObject({ error: "name_taken" })
    const owner = await peer(1, { name: "paris", key: "secret" })
    expect((await old.closed()).code).toBe(4002)
    expect(await witness.take(2)).toEqual([disconnected("paris"), connected("paris")])
    witness.send({ type: "offer", target: "paris" })
    expect(await owner.next()).toEqual({ type: "offer", target: "paris", from: "witness" })
  })

  it("give the name of somebody silent to who waits for it on another node", async () => {
    const witness = await peer(2, { name: "witness" })
    const silent = await peer(0, { name: "paris", autoPong: false })
    const heir = await peer(1)
    await heir.logIn("paris")
    expect((await silent.closed()).code).toBe(4002)
    expect(await witness.take(3)).toEqual([connected("paris"), disconnected("paris"), connected("paris")])
  })

  it("pause who sends to somebody on another node who does not read, and lose nothing", async () => {
    const [ann, bob] = [await peer(0, { name: "ann" }), await peer(1, { name: "bob" })]
    await ann.next()
    bob.socket.pause()
    let sent = 0
    // Its own socket fills up as soon as the server does not read it any more.
    while (ann.socket.bufferedAmount < 1_000_000 && sent < 4000) {
      ann.send({ type: "offer", target: "bob", number: sent++, sdp: "x".repeat(50_000) })
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(sent).toBeLessThan(4000)
    bob.socket.resume()
    const numbers = (await bob.take(sent)).map(({ number }) => number)
    expect(numbers).toEqual(Array.from({ length: sent }, (_, number) => number))
    ann.send({ type: "offer", target: "bob", number: "and on" })
    expect(await bob.next()).toMatchObject({ number: "and on" })
  })
})

describeOnPostgres("of three servers that are one", () => {
  const url = useDatabase()
  const nodes = useProcesses(3, () => ({ DATABASE_URL: url }))
  const peer = usePeersOn(() => nodes)

  /** Three in each space, one on each node. */
  const meet = async () => {
    const all = []
    for (const query of spaces) {
      const [ann, bob, cid] = [
        await peer(0, { query, name: "ann" }),
        await peer(1, { query, name: "bob" }),
        await peer(2, { query, name: "cid" })
      ]
      await ann.take(2)
      await bob.take(1)
      all.push({ query, ann, bob, cid })
    }
    return all
  }
  const speak = async (one: PeerClient, from: string, other: PeerClient, target: string) => {
    one.send({ type: "offer", target })
    expect(await other.next()).toEqual({ type: "offer", target, from })
  }

  it("one is killed: the others hear who has gone, go on, and who comes back elsewhere finds them", async () => {
    const all = await meet()
    await nodes[2]?.kill()
    await Promise.all(
      all.map(async ({ query, ann, bob }) => {
        for (const client of [ann, bob]) expect(await client.next()).toEqual(disconnected("cid"))
        await speak(ann, "ann", bob, "bob")
        await speak(bob, "bob", ann, "ann")
        const again = await peer(0, { query })
        expect(await again.logIn("cid")).toEqual(["ann", "bob", "cid"])
        for (const client of [ann, bob]) expect(await client.next()).toEqual(connected("cid"))
        await speak(bob, "bob", again, "cid")
      })
    )
  }, 120_000)

  it("one is drained: its peers are told to go, the others hear so, and no name or frame is lost", async () => {
    const all = await meet()
    let isOver = false
    /** Somebody speaks all the time while spaces move. */
    const speaking = Promise.all(
      all.map(async ({ ann }) => {
        let number = 0
        while (!isOver) {
          ann.send({ type: "offer", target: "cid", number: number++ })
          await new Promise((resolve) => setTimeout(resolve, 20))
        }
        return number
      })
    )
    expect(await nodes[1]?.end("SIGTERM")).toBe(0)
    isOver = true
    const said = await speaking
    for (const [index, { query, ann, bob, cid }] of all.entries()) {
      expect(await bob.closed()).toEqual({ code: 1001, reason: "Server shutdown" })
      expect(await ann.next()).toEqual(disconnected("bob"))
      const heard = await cid.take((said[index] as number) + 1)
      expect(heard.filter(({ type }) => type === "peer_disconnected")).toEqual([disconnected("bob")])
      expect(heard.flatMap(({ number }) => number ?? [])).toEqual(
        Array.from({ length: said[index] as number }, (_, n) => n)
      )
      const dee = await peer(0, { query })
      expect(await dee.logIn("dee")).toEqual(["ann", "cid", "dee"])
    }
  }, 120_000)
})
