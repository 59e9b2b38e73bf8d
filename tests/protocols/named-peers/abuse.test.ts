/** What one client, or one address, can do to the others: little, and it is told so. */
import { describe, expect, it } from "vitest"
import { untilStalled } from "../../support/stalled.ts"
import { TowerWatcher } from "../../support/towerStream.ts"
import { useServer } from "../../support/useServer.ts"
import { type PeerClient, type PeerOptions, usePeers } from "./peerClient.ts"

const metric = async (server: { readonly http: string }, line: string): Promise<number> => {
  const text = await (await fetch(`${server.http}/metrics`)).text()
  const found = text.split("\n").find((each) => each.startsWith(`silktower_${line} `))
  return Number(found?.slice(found.lastIndexOf(" ")) ?? 0)
}
const tooMany = { type: "error", error: "rate_limit_exceeded" }

describe("a message", () => {
  const server = useServer()
  const peer = usePeers(server)
  /** A message of so many bytes. */
  const messageOf = (bytes: number) => {
    const [head, tail] = ['{"type":"offer","target":"nantes","sdp":"', '"}']
    return head + "s".repeat(bytes - head.length - tail.length) + tail
  }

  it("of 65,536 bytes passes, and one of a byte more ends only who has sent it", async () => {
    const nantes = await peer({ name: "nantes" })
    const paris = await peer({ name: "paris" })
    paris.send(messageOf(65_536))
    expect((await nantes.take(2)).map(({ type }) => type)).toEqual(["peer_connected", "offer"])
    paris.send(messageOf(65_537))
    expect((await paris.closed()).code).toBe(1009)
    expect(await nantes.next()).toEqual({ type: "peer_disconnected", peer: "paris" })
    expect(await nantes.heard()).toEqual([])
  })

  it("for who does not read waits with its sender, and arrives in order once it does", async () => {
    const [slow, sender] = [await peer({ name: "slow" }), await peer({ name: "sender" })]
    slow.socket.pause()
    const padding = "p".repeat(60_000)
    const frames = 800
    for (let number = 0; number < frames; number++) sender.send({ type: "offer", target: "slow", number, padding })
    await untilStalled(sender.socket)
    // Of 48 MB the most wait in the sender's own memory, not in the server's.
    expect(sender.socket.bufferedAmount).toBeGreaterThan(20_000_000)
    slow.socket.resume()
    expect((await slow.next()).type).toBe("peer_connected")
    for (let number = 0; number < frames; number++) expect((await slow.next())["number"]).toBe(number)
  }, 30_000)
})

describe("events", () => {
  const server = useServer()
  const peer = usePeers(server)

  it("beyond 100 at once are lost and told of once a second; messages pass all the same", async () => {
    const [witness, loud] = [await peer({ name: "witness" }), await peer({ name: "loud" })]
    await witness.next()
    for (let number = 0; number < 150; number++) loud.send({ type: "stream_started", number })
    loud.send({ type: "offer", target: "witness" })
    const heard: number[] = []
    for (;;) {
      const frame = await witness.next()
      if (frame.type === "offer") break
      heard.push(frame["number"])
    }
    expect(heard.length).toBeGreaterThanOrEqual(100)
    expect(heard.length).toBeLessThan(150)
    expect(heard).toEqual(heard.toSorted((one, other) => one - other))
    expect(await loud.heard()).toEqual([tooMany])
    expect(await metric(server, 'refusals_total{budget="announcements"}')).toBeGreaterThan(0)
    // Twenty come back each second.
    await expect
      .poll(async () => {
        loud.send({ type: "page_opened" })
        return (await witness.heard()).length
      })
      .toBeGreaterThan(0)
  })
})

describe("frames", () => {
  const server = useServer({ MAX_FRAMES_PER_SECOND: "20" })
  const peer = usePeers(server)

  it("beyond the budget are lost and told of; who goes on for 5 s is closed with 1008", async () => {
    const [witness, flood] = [await peer({ name: "witness" }), await peer({ name: "flood" })]
    await witness.next()
    const began = performance.now()
    const timer = setInterval(() => {
      for (let number = 0; number < 40; number++) flood.send({ type: "own", target: "witness", number })
    }, 100)
    const ending = await flood.closed()
    clearInterval(timer)
    const seconds = (performance.now() - began) / 1000
    expect(ending).toEqual({ code: 1008, reason: "Too many frames" })
    expect(seconds).toBeGreaterThan(5)
    expect(seconds).toBeLessThan(8)
    const told = flood.frames.filter(({ type }) => type === "error")
    expect(new Set(told.map(({ error }) => error))).toEqual(new Set(["rate_limit_exceeded"]))
    expect(told.length).toBeGreaterThan(3)
    expect(told.length).toBeLessThanOrEqual(Math.ceil(seconds))
    const passed = (await witness.heard()).filter(({ type }) => type === "own").length
    expect(passed).toBeGreaterThan(99)
    // 100 at once, 20 a second.
    expect(passed).toBeLessThanOrEqual(100 + Math.ceil(seconds) * 20)
  }, 20_000)
})

describe("names", () => {
  const server = useServer({ NAMED_PEERS_MAX: "2", LOG_ACCESS_KEY: "key" })
  const peer = usePeers(server)
  const refused = async (options: PeerOptions, login: object) => {
    const client = await peer(options)
    client.send({ type: "login", ...login })
    return { ...(await client.closed()), frames: client.frames }
  }
  const tryAgain = { code: 1013, reason: "Try again later", frames: [] }

  it("of one space are no more than there may be, and those that are there can still be taken over", async () => {
    await peer({ name: "one" })
    const two = await peer({ name: "two", key: "k" })
    expect(await refused({}, { name: "three" })).toEqual(tryAgain)
    await peer({ name: "three", query: "?space=studio-7" })
    expect((await refused({}, { name: "two" })).code).toBe(4000)
    const again = await peer({ name: "two", key: "k" })
    expect((await two.closed()).code).toBe(4002)
    await again.close()
    await expect.poll(() => server.actors()["namedPeers"]).toBe(2)
    await peer({ name: "three" })
    expect(await metric(server, 'named_peer_refusals_total{cause="space_full"}')).toBe(1)
  })

  it("of one address are 128 at most, in all spaces, also when it has come and gone before", async () => {
    for (const round of [1, 2]) {
      const clients: PeerClient[] = []
      for (let number = 0; number < 128; number++) {
        clients.push(await peer({ name: "n", query: `?space=${round}-${number}`, from: "203.0.113.1" }))
      }
      expect(await refused({ from: "203.0.113.1", query: "?space=x" }, { name: "n" })).toEqual(tryAgain)
      const other = await peer({ name: "n", query: "?space=x", from: "203.0.113.2" })
      clients[5]?.send({ type: "login", name: "again" })
      expect(await clients[5]?.next()).toEqual({ type: "error", error: "already_logged_in" })
      await clients[0]?.close()
      await expect.poll(() => server.actors()["nameSpaces"]).toBe(128)
      clients.push(await peer({ name: "n", query: "?space=y", from: "203.0.113.1" }))
      await Promise.all([...clients, other].map((client) => client.close()))
      await expect.poll(() => server.actors()["nameSpaces"]).toBe(0)
    }
  }, 20_000)

  it("show half of their space on the tower page, and nothing of a key or an address", async () => {
    const key = "planted-key-for-the-tower"
    await peer({ name: "paris", key, query: "?space=studio-7", from: "203.0.113.9" })
    await peer({ name: "nantes" })
    const tower = await TowerWatcher.open(`${server.http}/tower/events?key=key`)
    const view = await tower.until(({ charts }) => charts["nameSpace"]?.["peopled"] === 2)
    await tower.close()
    const text = JSON.stringify(view)
    expect(text).toContain("stud···")
    expect(text).toContain("(common)")
    expect(text).toContain("paris")
    for (const secret of [key, "studio-7", "203.0.113.9"]) expect(text).not.toContain(secret)
  })

  it("that are tried in vain again and again fill no log", async () => {
    await peer({ name: "one" })
    const before = server.lines().length
    for (let round = 0; round < 20; round++) {
      await Promise.all(Array.from({ length: 20 }, () => refused({}, { name: "" })))
    }
    expect(server.lines("named_peer:refused").length).toBeGreaterThan(0)
    expect(server.lines().length - before).toBeLessThan(320)
  }, 20_000)
})
