/** Nodes that belong to the cluster and say what no node says, or nothing: a fault of one must not become that of all. */
import { once } from "node:events"
import { createServer } from "node:net"
import * as Redacted from "effect/Redacted"
import { describe, expect, it, onTestFinished } from "vitest"
import { createChannels } from "../../../../src/io/cluster/channels.ts"
import { clusterLimits } from "../../../../src/io/cluster/limits.ts"
import { isWord } from "../../../../src/io/cluster/words.ts"
import { clusterSecret } from "../../../support/clusterOfServers.ts"
import { describeOnPostgres, withClient } from "../../../support/databases.ts"
import { databaseWithTables } from "../../../support/engineNodes.ts"
import { freePortPairs } from "../../../support/freePort.ts"
import { startProcess } from "../../../support/process.ts"

const from = { kind: "connections", id: "01a" }
const tell = { type: "tell", to: { kind: "connections", id: "00a" }, from, event: { type: "x" } }
const start = { type: "start", to: { kind: "rooms", id: "ABCDEF" }, from, input: {} }
const owner = { node: "10.0.0.5:7946", epoch: "e" }
const passage = { t: "passage", ticket: "a", url: "/", headers: {}, client: { address: "::1", group: "local" } }

describe("what another node says", () => {
  it.each([
    [[]],
    [[{ kind: "socket", said: tell }]],
    [[{ kind: "socket", said: { ...tell, input: { a: 1 }, replyTo: from, requestId: 7 } }]],
    [[{ kind: "name", shard: 0, epoch: "e", said: start }]],
    [[{ kind: "name", shard: clusterLimits.shards - 1, epoch: "e", said: { ...start, event: { type: "x" } } }]],
    [
      [{ kind: "back", shard: 3, epoch: "e", said: start }, { kind: "leaving" }, { kind: "left" }, { kind: "farewell" }]
    ],
    [[{ kind: "all", said: { type: "tellAll", kind: "connections", from, event: { type: "x" } } }]],
    [
      [
        { kind: "fence", shard: 3, epoch: "e" },
        { kind: "fenced", shard: 3, epoch: "e" }
      ]
    ],
    [[{ kind: "announced", shard: 3, owner }]],
    [{ t: "wait", id: "a", reader: "b" }],
    [{ t: "goOn", id: "a", reader: "b" }],
    [passage],
    [{ t: "awaited", ticket: "a" }]
  ])("is %j", (word) => expect(isWord(word)).toBe(true))

  it.each([
    [null],
    [1],
    ["text"],
    [{}],
    [[null]],
    [[[]]],
    [[{ kind: "leaving" }, { kind: "nothing" }]],
    [[{ kind: "constructor" }]],
    [[{ kind: "socket" }]],
    [[{ kind: "socket", said: {} }]],
    [[{ kind: "socket", said: { ...tell, type: "endpoint" } }]],
    [[{ kind: "socket", said: { ...tell, to: { kind: "connections" } } }]],
    [[{ kind: "socket", said: { ...tell, event: null } }]],
    [[{ kind: "socket", said: { ...tell, event: { type: 7 } } }]],
    [[{ kind: "socket", said: { ...tell, replyTo: "nobody" } }]],
    [[{ kind: "socket", said: { ...tell, requestId: "1" } }]],
    [[{ kind: "socket", said: { ...start, input: 5 } }]],
    [[{ kind: "socket", said: { ...start, input: [] } }]],
    [[{ kind: "name", shard: clusterLimits.shards, epoch: "e", said: start }]],
    [[{ kind: "name", shard: 1.5, epoch: "e", said: start }]],
    [[{ kind: "name", shard: "__proto__", epoch: "e", said: start }]],
    [[{ kind: "name", shard: 1, said: start }]],
    [[{ kind: "back", shard: -1, epoch: "e", said: start }]],
    [[{ kind: "back", shard: 3, said: start }]],
    [[{ kind: "all", said: { kind: "connections", from, event: null } }]],
    [[{ kind: "fence", shard: 1 }]],
    [[{ kind: "announced", shard: 1 }]],
    [[{ kind: "announced", shard: 1, owner: { node: "x" } }]],
    [{ t: "wait", id: { a: 1 }, reader: "b" }],
    [{ t: "awaited" }],
    [{ ...passage, headers: null }],
    [{ ...passage, client: { address: "::1" } }]
  ])("is not %j", (word) => expect(isWord(word)).toBe(false))
})

const off = Object.fromEntries(
  ["NOISYTRANSFER", "NAMED_PEERS", "RONDEVU", "RONDEVU_SESSIONS"].map((name) => [`${name}_PATH`, "off"])
)

/** In the registry, as one that can own nothing. */
const enroll = (url: string, known: number, port: number) =>
  withClient(url, (client) =>
    client.query(
      `insert into silktower_runners (address, runner, healthy, last_heartbeat)
       select $1, replace(runner, $2, $3), false, (now() + interval '1 minute') at time zone 'UTC'
         from silktower_runners where address = $4
       on conflict (address) do nothing`,
      [`127.0.0.1:${port}`, `"port":${known}`, `"port":${port}`, `127.0.0.1:${known}`]
    )
  )

describeOnPostgres("a server", () => {
  it("tells which nodes it cannot reach, and why", { timeout: 60_000 }, async () => {
    const url = await databaseWithTables()
    const [first, gone, silent] = (await freePortPairs(3)) as [number, number, number]
    const server = await startProcess({
      ...{ DATABASE_URL: url, CLUSTER_ADDRESS: `127.0.0.1:${first}`, CLUSTER_SECRET: clusterSecret },
      ...{ CLUSTER_LOOK_MS: "100" }
    })
    onTestFinished(server.kill)
    const listener = createServer().listen(silent + 1, "127.0.0.1")
    await once(listener, "listening")
    onTestFinished(() => void listener.close())
    // It is alive and registers again, also when it has been struck for refusing to be dialled.
    const printed = (port: number) => async () => {
      await enroll(url, first, port)
      return server.printed()
    }
    const told = (port: number, error: string) =>
      expect
        .poll(printed(port), { timeout: 20_000 })
        .toContain(`"level":"warn","message":"cluster:unreached","node":"127.0.0.1:${port}","error":"${error}"`)
    await told(gone, "ECONNREFUSED")
    await told(silent, "no answer")
  })

  it("refuses a node that says something else, by name, and goes on", { timeout: 60_000 }, async () => {
    const url = await databaseWithTables()
    const [first, second] = (await freePortPairs(2)) as [number, number]
    const address = `127.0.0.1:${first}`
    const server = await startProcess({
      ...{ DATABASE_URL: url, CLUSTER_ADDRESS: address, CLUSTER_SECRET: clusterSecret, CLUSTER_LOOK_MS: "100" },
      ...off
    })
    onTestFinished(server.kill)
    const ready = () =>
      expect.poll(async () => (await fetch(`${server.http}/readyz`)).status, { timeout: 20_000 }).toBe(200)
    await ready()

    const self = `127.0.0.1:${second}`
    const lines: unknown[] = []
    const met = { times: 0, partings: 0 }
    const channels = await createChannels({
      ...{ self, mark: "zz", secret: Redacted.make(clusterSecret), shards: clusterLimits.shards },
      ...{ protocols: ["dropsilk /"], silenceMs: 10_000, pingMs: 3_000, highBytes: 2 ** 20, lowBytes: 2 ** 18 },
      ...{ isWord: () => true, onMessage: () => {}, onFrame: () => {}, onDead: () => {} },
      onMet: () => void met.times++,
      onParted: () => void met.partings++,
      log: (_, message, fields) => void lines.push({ message, ...fields })
    })
    onTestFinished(channels.close)
    await enroll(url, first, second)
    channels.know([address])
    // It may be met again before anybody has looked whether it is open.
    const untilMet = (times: number) => expect.poll(() => met.times, { timeout: 20_000 }).toBe(times)
    const untilParted = (times: number) => expect.poll(() => met.partings, { timeout: 20_000 }).toBe(times)
    const words = [[{ kind: "socket", said: {} }], [null], { t: "wait" }]
    for (const [before, word] of words.entries()) {
      await untilMet(before + 1)
      channels.send(address, word)
      await untilParted(before + 1)
    }
    expect(lines).toContainEqual({ message: "cluster:refused_by", node: address, reason: "malformed" })
    expect(server.printed()).toContain(`"message":"cluster:refused","node":"${self}","reason":"malformed"`)
    expect(server.printed()).not.toMatch(/system:error|cluster:fault/)
    // What is well formed, and for nobody whom others may speak to.
    await untilMet(words.length + 1)
    for (const kind of ["tower", "registry", "shards", "__proto__"]) {
      channels.send(address, [
        { kind: "socket", said: { ...tell, to: { kind, id: "\u0000\n" } } },
        { kind: "all", said: { type: "tellAll", kind, from, event: { type: "shutdown" } } }
      ])
    }
    // Behind that.
    channels.send(address, {})
    await untilParted(words.length + 1)
    await ready()
    expect(server.printed()).not.toMatch(/system:error|cluster:fault|system:shutdown/)
  })
})
