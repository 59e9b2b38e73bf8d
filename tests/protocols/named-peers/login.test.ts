/** Who gets which name, and who does not. */
import { describe, expect, it } from "vitest"
import { useServer } from "../../support/useServer.ts"
import { clientCount, type PeerClient, usePeers } from "./peerClient.ts"

const server = useServer()
const peer = usePeers(server)

/** Its last words, and how it ends. */
const lastWords = async (client: PeerClient) => {
  const ending = await client.closed()
  return { frames: client.frames, ...ending }
}

describe("a login", () => {
  it("is answered with the name and all names, in order of login, and told to all others", async () => {
    const paris = await peer()
    expect(await paris.logIn("paris")).toEqual(["paris"])
    const nantes = await peer()
    expect(await nantes.logIn("nantes")).toEqual(["paris", "nantes"])
    const lille = await peer()
    lille.send({ type: "login", name: "lille" })
    const answer = await lille.next()
    expect(answer).toEqual({ type: "login_success", id: "lille", clients: ["paris", "nantes", "lille"] })
    expect(Object.keys(answer)).toEqual(["type", "id", "clients"])
    expect(await paris.take(2)).toEqual([
      { type: "peer_connected", peer: "nantes" },
      { type: "peer_connected", peer: "lille" }
    ])
    expect(await nantes.heard()).toEqual([{ type: "peer_connected", peer: "lille" }])
    expect(await lille.heard()).toEqual([])
  })

  it("takes the id where there is no name", async () => {
    const client = await peer()
    client.send({ type: "login", id: "paris" })
    expect(await client.next()).toEqual({ type: "login_success", id: "paris", clients: ["paris"] })
  })

  it("is read from bytes as from text, and has nothing to do with a target", async () => {
    const client = await peer()
    client.send(Buffer.from('{"type":"login","target":"nantes","name":"é 名"}'))
    expect(await client.next()).toMatchObject({ type: "login_success", id: "é 名" })
    client.send({ type: "ping", target: "nantes" })
    const before = Date.now()
    const pong = await client.next()
    expect(Object.keys(pong)).toEqual(["type", "timestamp"])
    expect(pong.type).toBe("pong")
    expect(Number.isInteger(pong["timestamp"])).toBe(true)
    expect(Math.abs(pong["timestamp"] - before)).toBeLessThan(1000)
  })

  it("may be made once a connection: it keeps its first name, and no second peer appears", async () => {
    const paris = await peer({ name: "paris" })
    const nantes = await peer({ name: "nantes" })
    for (const again of [{ name: "lyon" }, { name: "paris" }, { name: "" }, {}]) {
      nantes.send({ type: "login", ...again })
      expect(await nantes.next()).toEqual({ type: "error", error: "already_logged_in" })
    }
    paris.send({ type: "offer", target: "nantes" })
    expect(await nantes.next()).toEqual({ type: "offer", target: "nantes", from: "paris" })
    expect(await paris.heard()).toEqual([{ type: "peer_connected", peer: "nantes" }])
    expect(await clientCount(server)).toBe(2)
  })

  it("must come first: anything else but a ping is refused, reaches nobody and closes nothing", async () => {
    const paris = await peer({ name: "paris" })
    const stranger = await peer()
    for (const frame of [
      { type: "offer", target: "paris" },
      { type: "stream_started" },
      { type: "own" },
      { type: "o", target: 5 }
    ]) {
      stranger.send(frame)
      expect(await stranger.next()).toEqual({ type: "error", error: "not_logged_in" })
    }
    stranger.send({ type: "ping" })
    expect((await stranger.next()).type).toBe("pong")
    await stranger.close()
    expect(await paris.heard()).toEqual([])
  })
})

describe("a name", () => {
  const longest = "é".repeat(64)
  it.each([
    "a",
    longest,
    "é 名",
    "__proto__",
    "constructor",
    "toString",
    "Paris",
    "<b>",
    '"',
    "a\u00a0b",
    "\ud83d\ude00".repeat(32)
  ])("may be %j", async (name) => {
    const client = await peer()
    expect(await client.logIn(name)).toEqual([name])
    const other = await peer({ name: "other" })
    other.send({ type: "hello", target: name })
    expect(await client.take(2)).toEqual([
      { type: "peer_connected", peer: "other" },
      { type: "hello", target: name, from: "other" }
    ])
  })

  it.each([
    [undefined],
    [null],
    [5],
    [true],
    [{}],
    [["paris"]],
    [""],
    ["   "],
    [" paris"],
    ["paris\t"],
    ["\u2003paris"],
    ["pa\nris"],
    ["pa\u007fris"],
    ["pa\u0085ris"],
    ["\u0000"],
    ["a".repeat(65)]
  ])("may not be %j", async (name) => {
    const witness = await peer({ name: "witness" })
    const client = await peer()
    client.send({ type: "login", name })
    expect(await lastWords(client)).toEqual({
      frames: [{ type: "error", error: "invalid_name" }],
      code: 4001,
      reason: "Invalid name"
    })
    expect(await witness.heard()).toEqual([])
  })

  it("is no other in another letter case or form", async () => {
    await peer({ name: "paris" })
    await peer({ name: "Paris" })
    await peer({ name: "caf\u00e9" })
    const last = await peer()
    expect(await last.logIn("cafe\u0301")).toEqual(["paris", "Paris", "caf\u00e9", "cafe\u0301"])
  })

  it("is free again as soon as its end is told, and its end is told once", async () => {
    const witness = await peer({ name: "witness" })
    for (const end of ["close", "cut"] as const) {
      const client = await peer({ name: "paris" })
      expect(await witness.next()).toEqual({ type: "peer_connected", peer: "paris" })
      client[end]()
      expect(await witness.next()).toEqual({ type: "peer_disconnected", peer: "paris" })
      expect(await clientCount(server)).toBe(1)
      witness.send({ type: "offer", target: "paris" })
      expect(await witness.next()).toEqual({ type: "error", error: "target_not_found", target: "paris" })
    }
    const again = await peer()
    expect(await again.logIn("paris")).toEqual(["witness", "paris"])
    expect(await witness.heard()).toEqual([{ type: "peer_connected", peer: "paris" }])
  })
})

describe("a name that somebody has", () => {
  it("stays its holder's while the holder lives, who hears nothing of it", async () => {
    const paris = await peer({ name: "paris" })
    const witness = await peer({ name: "witness" })
    const second = await peer()
    const before = performance.now()
    second.send({ type: "login", name: "paris" })
    expect(await lastWords(second)).toEqual({
      frames: [{ type: "error", error: "name_taken" }],
      code: 4000,
      reason: "Name already taken"
    })
    expect(performance.now() - before).toBeLessThan(1000)
    expect(await paris.heard()).toEqual([{ type: "peer_connected", peer: "witness" }])
    expect(await witness.heard()).toEqual([])
    witness.send({ type: "offer", target: "paris" })
    expect(await paris.next()).toEqual({ type: "offer", target: "paris", from: "witness" })
  })

  it("is given to one of eight who want it at the same moment", async () => {
    const clients = await Promise.all(Array.from({ length: 8 }, () => peer()))
    const before = performance.now()
    for (const client of clients) client.send({ type: "login", name: "paris" })
    const answers = await Promise.all(clients.map((client) => client.next()))
    const endings = await Promise.all(
      clients.filter((_, index) => answers[index]?.["error"] === "name_taken").map((client) => client.closed())
    )
    expect(performance.now() - before).toBeLessThan(400)
    expect(answers.filter(({ type }) => type === "login_success")).toEqual([
      { type: "login_success", id: "paris", clients: ["paris"] }
    ])
    expect(endings.map(({ code }) => code)).toEqual([4000, 4000, 4000, 4000, 4000, 4000, 4000])
    const holder = clients.find((client) => client.ending === undefined)
    expect(await holder?.heard()).toEqual([])
  })

  it("goes to whoever asks once its holder is dead, and the first of several gets it", async () => {
    const witness = await peer({ name: "witness" })
    const dead = await peer({ name: "paris", autoPong: false })
    const [first, ...others] = [await peer(), await peer(), await peer()]
    await witness.next()
    const before = performance.now()
    first?.send({ type: "login", name: "paris" })
    await new Promise((resolve) => dead.socket.once("ping", resolve))
    for (const other of others) other.send({ type: "login", name: "paris" })
    // What it says meanwhile waits.
    first?.send({ type: "offer", target: "witness" })
    expect(await first?.next()).toEqual({ type: "login_success", id: "paris", clients: ["witness", "paris"] })
    expect(performance.now() - before).toBeGreaterThan(1900)
    for (const other of others) {
      expect(await other.next()).toEqual({ type: "error", error: "name_taken" })
      expect((await other.closed()).code).toBe(4000)
    }
    expect(await lastWords(dead)).toEqual({
      frames: [],
      code: 4002,
      reason: "Replaced by new connection"
    })
    expect(await witness.take(3)).toEqual([
      { type: "peer_disconnected", peer: "paris" },
      { type: "peer_connected", peer: "paris" },
      { type: "offer", target: "witness", from: "paris" }
    ])
    expect(await witness.heard()).toEqual([])
  }, 15_000)

  it("stays its holder's when that one says anything at all", async () => {
    const mute = await peer({ name: "paris", autoPong: false })
    const second = await peer()
    second.send({ type: "login", name: "paris" })
    // The server asks for a sign of life: a frame is as good as the answer.
    await new Promise((resolve) => mute.socket.once("ping", resolve))
    mute.send({ type: "ping" })
    expect((await mute.next()).type).toBe("pong")
    expect((await lastWords(second)).code).toBe(4000)
  })

  it("goes at once to who waits when its holder leaves meanwhile", async () => {
    const holder = await peer({ name: "paris", autoPong: false })
    const witness = await peer({ name: "witness" })
    const [first, second] = [await peer(), await peer()]
    first.send({ type: "login", name: "paris" })
    await new Promise((resolve) => holder.socket.once("ping", resolve))
    second.send({ type: "login", name: "paris" })
    await holder.close()
    expect(await first.next()).toEqual({ type: "login_success", id: "paris", clients: ["witness", "paris"] })
    expect((await second.closed()).code).toBe(4000)
    expect(await witness.take(2)).toEqual([
      { type: "peer_disconnected", peer: "paris" },
      { type: "peer_connected", peer: "paris" }
    ])
  })

  it("is not lost by who waits and goes away again", async () => {
    const holder = await peer({ name: "paris", autoPong: false })
    const newcomer = await peer()
    newcomer.send({ type: "login", name: "paris" })
    await new Promise((resolve) => holder.socket.once("ping", resolve))
    await newcomer.close()
    await expect.poll(() => server.actors()["namedPeers"]).toBe(1)
    const next = await peer()
    next.send({ type: "login", name: "paris" })
    await expect
      .poll(async () => {
        expect(await holder.heard()).toEqual([])
        return next.ending?.code
      })
      .toBe(4000)
  })
})

describe("a key", () => {
  it("takes the name over from a living holder at once", async () => {
    const witness = await peer({ name: "witness" })
    const old = await peer({ name: "paris", key: "s3cret-\ud800" })
    await witness.next()
    const young = await peer()
    const before = performance.now()
    expect(await young.logIn("paris", { key: "s3cret-\ud800" })).toEqual(["witness", "paris"])
    expect(performance.now() - before).toBeLessThan(1000)
    expect(await lastWords(old)).toEqual({
      frames: [],
      code: 4002,
      reason: "Replaced by new connection"
    })
    expect(await witness.take(2)).toEqual([
      { type: "peer_disconnected", peer: "paris" },
      { type: "peer_connected", peer: "paris" }
    ])
    witness.send({ type: "offer", target: "paris" })
    expect(await young.next()).toEqual({ type: "offer", target: "paris", from: "witness" })
    // The new one has it now, and can be replaced by it as well.
    const youngest = await peer({ name: "paris", key: "s3cret-\ud800" })
    expect((await young.closed()).code).toBe(4002)
    expect(await youngest.heard()).toEqual([])
  })

  it.each([
    ["without one", {}],
    ["with another", { key: "wrong" }],
    ["with one that only looks alike", { key: "s3cret-\ud801" }]
  ])("keeps its holder's name from who comes %s", async (_, more) => {
    const holder = await peer({ name: "paris", key: "s3cret-\ud800" })
    const other = await peer()
    other.send({ type: "login", name: "paris", ...more })
    expect((await lastWords(other)).code).toBe(4000)
    expect(await holder.heard()).toEqual([])
  })

  it("does nothing for a name that was taken without one, and is forgotten with the name", async () => {
    const holder = await peer({ name: "paris" })
    const other = await peer()
    other.send({ type: "login", name: "paris", key: "s3cret" })
    expect((await other.closed()).code).toBe(4000)
    await holder.close()
    await expect.poll(() => server.actors()["nameSpaces"]).toBe(0)
    await (await peer({ name: "paris", key: "one" })).close()
    await expect.poll(() => server.actors()["nameSpaces"]).toBe(0)
    await peer({ name: "paris", key: "another" })
    const late = await peer()
    late.send({ type: "login", name: "paris", key: "one" })
    expect((await late.closed()).code).toBe(4000)
  })

  it.each([[""], ["k".repeat(129)], [5], [null], [{}]])("may not be %j: the login is no message", async (key) => {
    const client = await peer()
    client.send({ type: "login", name: "paris", key })
    expect(await client.next()).toEqual({ type: "error", error: "invalid_message" })
    expect(await client.logIn("paris", { key: "k".repeat(128) })).toEqual(["paris"])
  })

  it("is shown to nobody: neither in a frame nor in the log, the metrics or the tower", async () => {
    const key = "planted-key-of-a-peer"
    const witness = await peer({ name: "witness" })
    await peer({ name: "paris", key })
    const young = await peer({ name: "paris", key })
    const other = await peer()
    other.send({ type: "login", name: "paris", key: `${key}!` })
    await other.closed()
    await young.heard()
    const texts = [...(await witness.heard()).map((frame) => JSON.stringify(frame)), server.log()]
    texts.push(await (await fetch(`${server.http}/metrics`)).text())
    for (const text of texts) expect(text).not.toContain(key)
    expect(server.log()).toContain("named_peer:replaced")
  })
})

it("closes who has not logged in within 30 s, and nobody who has", { timeout: 40_000 }, async () => {
  const paris = await peer({ name: "paris" })
  const silent = await peer()
  const before = performance.now()
  expect(await lastWords(silent)).toEqual({ frames: [], code: 1008, reason: "Login timeout" })
  const seconds = (performance.now() - before) / 1000
  expect(seconds).toBeGreaterThan(29.5)
  expect(seconds).toBeLessThan(31.5)
  expect(await paris.heard()).toEqual([])
})
