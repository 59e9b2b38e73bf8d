/** How connections end that nobody has ended: silence, crashes, the server's own end. */
import { describe, expect, it } from "vitest"
import type { AnyEventObject } from "xstate"
import { poison } from "../../support/poison.ts"
import { TowerWatcher } from "../../support/towerStream.ts"
import { serverForThisTest, useServer, useUnhandled } from "../../support/useServer.ts"
import { clientCount, connectPeer, usePeers } from "./peerClient.ts"

describe("the end of the server", () => {
  it("closes every socket with 1001, logged in or not, within 5 s", async () => {
    const server = await serverForThisTest()
    const clients = await Promise.all(
      ["paris", "nantes", undefined].map((name) => connectPeer(server, name === undefined ? {} : { name }))
    )
    const rude = await connectPeer(server, { name: "rude", query: "?space=s" })
    // It never answers the closing frame.
    rude.socket.pause()
    const waiting = await connectPeer(server, { query: "?space=s" })
    waiting.send({ type: "login", name: "rude" })
    const began = performance.now()
    const stopped = server.stop()
    for (const client of [...clients, waiting]) {
      expect(await client.closed()).toEqual({ code: 1001, reason: "Server shutdown" })
    }
    await stopped
    expect(performance.now() - began).toBeLessThan(5000)
    await rude.close()
  })
})

describe("a peer that falls silent", () => {
  const server = useServer({ WS_HEALTH_CHECK_INTERVAL_MS: "1000" })
  const peer = usePeers(server)

  it("is cut when it does not answer a ping until the next, and its end is told once", async () => {
    const witness = await peer({ name: "witness" })
    const silent = await peer({ name: "paris", autoPong: false })
    expect((await silent.closed()).code).toBe(1006)
    expect(await witness.take(2)).toEqual([
      { type: "peer_connected", peer: "paris" },
      { type: "peer_disconnected", peer: "paris" }
    ])
    expect(await witness.heard()).toEqual([])
  })
})

describe("a crash", () => {
  const unhandled = useUnhandled()
  const server = useServer()
  const peer = usePeers(server)
  const tell = (kind: string, id: string, event: AnyEventObject) =>
    server.tower.system.get(kind)?.send({ type: "child.tell", id, event })
  const idOf = (name: string) =>
    server.lines("named_peer:logged_in").findLast(({ peerName }) => peerName === name).peerId

  it("of a peer closes its socket with 1011, and its name is free", async () => {
    const witness = await peer({ name: "witness" })
    const paris = await peer({ name: "paris" })
    tell("namedPeers", idOf("paris"), poison("name.wanted", "probe"))
    expect(await paris.closed()).toEqual({ code: 1011, reason: "Internal error" })
    expect(await witness.take(2)).toEqual([
      { type: "peer_connected", peer: "paris" },
      { type: "peer_disconnected", peer: "paris" }
    ])
    const again = await peer()
    expect(await again.logIn("paris")).toEqual(["witness", "paris"])
    expect(await witness.heard()).toEqual([{ type: "peer_connected", peer: "paris" }])
    expect(unhandled).toEqual([])
  })

  it("of a space sends its peers away with 1011, no others, and they come again", async () => {
    const elsewhere = await peer({ name: "paris", query: "?space=studio-7" })
    const [one, other] = [await peer({ name: "one" }), await peer({ name: "other" })]
    tell("nameSpaces", "(common)", poison("peer.leave", "peerId"))
    for (const client of [one, other]) expect((await client.closed()).code).toBe(1011)
    expect(await elsewhere.heard()).toEqual([])
    const again = await peer()
    expect(await again.logIn("one")).toEqual(["one"])
    expect(await clientCount(server)).toBe(2)
    expect(unhandled).toEqual([])
  })

  it("of a space while somebody asks it for a name ends only those who are in it or ask", async () => {
    const holder = await peer({ name: "paris", autoPong: false })
    const waiting = await peer()
    waiting.send({ type: "login", name: "paris" })
    await new Promise((resolve) => holder.socket.once("ping", resolve))
    const stranger = await peer()
    tell("nameSpaces", "(common)", poison("peer.leave", "peerId"))
    for (const client of [holder, waiting]) expect((await client.closed()).code).toBe(1011)
    expect(await stranger.logIn("paris")).toEqual(["paris"])
  })
})

describe("somebody who is ended by hand", () => {
  const server = useServer({ LOG_ACCESS_KEY: "key" })
  const peer = usePeers(server)
  const byHand = { code: 1008, reason: "Ended by the operator" }
  /** Ends the row of the tower page whose cells fit; answers with them. */
  const ends = async (list: string, fits: (cells: readonly unknown[]) => boolean) => {
    const watcher = await TowerWatcher.open(`${server.http}/tower/events?key=key`)
    const rowOf = (view: any) => view[list].rows.find(({ cells }: any) => fits(cells))
    const { id, cells } = rowOf(await watcher.until((view) => rowOf(view) !== undefined))
    expect(await watcher.end(id)).toEqual({ told: list })
    await watcher.close()
    return cells
  }

  it("hears why, the others hear that it has gone, and its name is free", async () => {
    const witness = await peer({ name: "witness", query: "?space=studio-7" })
    const paris = await peer({ name: "paris", query: "?space=studio-7" })
    expect(await witness.next()).toEqual({ type: "peer_connected", peer: "paris" })
    expect(await ends("namedPeers", ([name]) => name === "paris")).toEqual(["paris", "stud···", "loggedIn"])
    expect(await paris.closed()).toEqual(byHand)
    expect(await witness.next()).toEqual({ type: "peer_disconnected", peer: "paris" })
    expect(server.lines("system:ended_by_hand").at(-1)).toMatchObject({ kind: "namedPeers", ip: "127.0.0.1" })
    await peer({ name: "paris", query: "?space=studio-7" })
    expect(await witness.next()).toEqual({ type: "peer_connected", peer: "paris" })
    expect(await witness.heard()).toEqual([])
  })

  it("hears so before it has logged in as well", async () => {
    const nobody = await connectPeer(server)
    expect(await ends("namedPeers", ([name]) => name === "(no name)")).toEqual(["(no name)", "(common)", "anonymous"])
    expect(await nobody.closed()).toEqual(byHand)
    await expect.poll(() => server.actors()["namedPeers"]).toBe(0)
  })

  it("hears so with all who are in its space, or wait for a name there, and nobody of another space does", async () => {
    const witness = await peer({ name: "witness" })
    const deaf = await peer({ name: "paris", query: "?space=studio-7", autoPong: false })
    const nantes = await peer({ name: "nantes", query: "?space=studio-7" })
    const waiting = await connectPeer(server, { query: "?space=studio-7" })
    waiting.send({ type: "login", name: "paris" })
    await ends("nameSpaces", ([name, peers, waits]) => name === "stud···" && peers === 2 && waits === 1)
    for (const client of [deaf, nantes, waiting]) expect(await client.closed()).toEqual(byHand)
    await expect.poll(() => server.actors()["nameSpaces"]).toBe(1)
    expect(await witness.heard()).toEqual([])
  })
})
