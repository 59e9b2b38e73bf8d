/** Two whose sockets are on different servers that are one. */
import { once } from "node:events"
import { afterAll, afterEach, beforeAll, expect, it } from "vitest"
import { WebSocket } from "ws"
import { useProcesses } from "../../../support/clusterOfProcesses.ts"
import { type ServersAsOne, startCluster } from "../../../support/clusterOfServers.ts"
import { describeOnPostgres, useDatabase } from "../../../support/databases.ts"
import type { TestServer } from "../../../support/server.ts"
import { type JoinOptions, mint, newRoom, RelayClient, redeem, type Side, urlOf } from "../relayClient.ts"

const roomFull = '{"type":"room_full"}'

/** Opens clients on chosen nodes; after each test they are gone. */
const useJoining = (nodes: () => readonly Pick<TestServer, "ws">[]) => {
  const clients: RelayClient[] = []
  afterEach(() => {
    for (const { socket } of clients.splice(0)) socket.terminate()
  })
  return async (node: number, room: string, side: Side, { sid, ...options }: JoinOptions = {}) => {
    const url = urlOf(nodes()[node] as TestServer, room, side, sid)
    const client = new RelayClient(new WebSocket(url, { perMessageDeflate: false, ...options }), side)
    clients.push(client)
    await once(client.socket, "open")
    return client
  }
}

const offer = (number: number | string) => JSON.stringify({ type: "offer", number })
const item = (to: Side, payload: unknown) => ({ type: "send", to, payload })
const envelope = (seq: number, payload: unknown) => JSON.stringify({ payload, seq, type: "send" })

describeOnPostgres("three servers that are one", () => {
  const url = useDatabase()
  let cluster: ServersAsOne
  const join = useJoining(() => cluster.nodes)
  beforeAll(async () => {
    cluster = await startCluster(3, { DATABASE_URL: url })
  }, 120_000)
  afterAll(() => cluster.stop(), 60_000)

  const meet = async (one: number, other: number, room = newRoom()) => {
    const pair = [await join(one, room, "A"), await join(other, room, "B")] as const
    for (const client of pair) expect(await client.next()).toBe(roomFull)
    return pair
  }
  /** Wherever the room is: as many rooms as make it likely that some are on each of the nodes. */
  const everywhere = [
    ...[0, 1, 2].flatMap((one) => [0, 1, 2].map((other) => [one, other] as const)),
    ...[0, 1, 2].map((one) => [one, (one + 1) % 3] as const)
  ]

  it("let both sides of a room meet, and pass frames and items both ways in the order sent", async () => {
    for (const [one, other] of everywhere) {
      const [a, b] = await meet(one, other)
      const said: string[] = []
      const heard: string[] = []
      for (let number = 0; number < 30; number++) {
        const isItem = number % 10 === 9
        a.send(isItem ? item("B", number) : offer(number))
        b.send(offer(`b${number}`))
        said.push(isItem ? envelope(Math.floor(number / 10), number) : offer(number))
        heard.push(offer(`b${number}`))
      }
      expect(await b.take(30)).toEqual(said)
      expect(await a.take(30)).toEqual(heard)
      await a.close()
      // Its seat is free for whoever comes, on any node.
      const again = await join((one + 1) % 3, urlRoom(a), "A")
      expect(await again.next()).toBe(roomFull)
      expect(await b.next()).toBe(roomFull)
    }
  })

  it("let no third one into a room, wherever it comes", async () => {
    await meet(0, 1, "6f2a2c38-7a2d-4a68-9a07-6a1b1a3f0c11")
    for (const node of [0, 1, 2]) {
      const third = await join(node, "6f2a2c38-7a2d-4a68-9a07-6a1b1a3f0c11", "A")
      expect(await third.closed).toEqual([1008, "side A busy"])
    }
  })

  it("give a side to a newcomer of its session on another node when its holder is silent", async () => {
    const room = newRoom()
    const b = await join(2, room, "B")
    const dead = await join(0, room, "A", { sid: "mine", autoPong: false })
    for (const client of [b, dead]) expect(await client.next()).toBe(roomFull)
    const next = await join(1, room, "A", { sid: "mine" })
    expect(await next.next()).toBe(roomFull)
    expect(await b.next()).toBe(roomFull)
    expect((await dead.closed)[0]).toBe(1006)
    next.send(offer("here again"))
    expect(await b.next()).toBe(offer("here again"))
  })

  it("keep what is left for a side until it comes, on whichever node", async () => {
    for (const [one, other] of everywhere) {
      const room = newRoom()
      const a = await join(one, room, "A")
      for (const payload of ["first", "second"]) a.send(item("B", payload))
      await a.unread()
      const b = await join(other, room, "B")
      for (const client of [a, b]) expect(await client.next()).toBe(roomFull)
      b.send({ type: "hello", deliveredUpTo: 0 })
      expect(await b.take(2)).toEqual([envelope(0, "first"), envelope(1, "second")])
    }
  })

  it("pause who sends frames or items to somebody on another node who does not read, and lose nothing", async () => {
    for (const frame of [offer("x".repeat(100_000)), JSON.stringify(item("B", "x".repeat(100_000)))]) {
      const [a, b] = await meet(0, 1)
      b.socket.pause()
      let sent = 0
      // Its own socket fills up as soon as the server does not read it any more.
      while (a.socket.bufferedAmount < 1_000_000 && sent < 2000) {
        a.send(frame)
        sent++
        await new Promise((resolve) => setImmediate(resolve))
      }
      expect(sent).toBeLessThan(2000)
      b.socket.resume()
      expect((await b.take(sent)).every((text) => text.includes("xxx"))).toBe(true)
      a.send(offer("and on"))
      expect(await b.next()).toBe(offer("and on"))
    }
  })

  it("let a code be redeemed once, wherever it was minted and however many ask at once", async () => {
    for (let round = 0; round < 3; round++) {
      const { code, appID } = JSON.parse((await mint(cluster.nodes[round] as TestServer)).text)
      const answers = await Promise.all(
        [0, 1, 2, 0, 1, 2].map((node) => redeem(cluster.nodes[node] as TestServer, JSON.stringify({ code })))
      )
      const right = answers.filter(({ status }) => status === 200)
      expect(right.map(({ text }) => JSON.parse(text).appID)).toEqual([appID])
      expect(answers.filter(({ status }) => status === 410)).toHaveLength(5)
    }
  })
})

const urlRoom = ({ socket }: RelayClient): string => new URL(socket.url).searchParams.get("appID") as string

describeOnPostgres("of three servers that are one", () => {
  const url = useDatabase()
  const nodes = useProcesses(3, () => ({ DATABASE_URL: url }))
  const join = useJoining(() => nodes)

  interface Pair {
    readonly room: string
    readonly ends: readonly [RelayClient, RelayClient]
    readonly on: readonly [number, number]
  }
  const meet = async (one: number, other: number): Promise<Pair> => {
    const room = newRoom()
    const ends = [await join(one, room, "A"), await join(other, room, "B")] as const
    for (const client of ends) expect(await client.next()).toBe(roomFull)
    return { room, ends, on: [one, other] }
  }
  /** As many of each way two can be on three nodes. */
  const meetEverywhere = async (times: number) => {
    const pairs: Pair[] = []
    for (let index = 0; index < times * 9; index++) pairs.push(await meet(index % 3, Math.floor(index / 3) % 3))
    return pairs
  }
  const speak = async ({ ends }: Pair, word: string) => {
    ends[0].send(offer(word))
    ends[1].send(offer(word))
    for (const end of ends) expect(await end.next()).toBe(offer(word))
  }
  /** The one that stays, and the other's side. */
  const comeBack = async (pair: Pair, gone: number, node: number) => {
    const stays = pair.on[0] === gone ? 1 : 0
    const again = await join(node, pair.room, stays === 0 ? "B" : "A")
    expect(await again.next()).toBe(roomFull)
    expect(await pair.ends[stays].next()).toBe(roomFull)
    again.send(offer("here again"))
    expect(await pair.ends[stays].next()).toBe(offer("here again"))
  }

  it("one is killed: its people come back to their rooms elsewhere, and nobody else notices", async () => {
    const pairs = await meetEverywhere(3)
    await nodes[2]?.kill()
    const untouched = pairs.filter(({ on }) => !on.includes(2))
    const bereaved = pairs.filter(({ on }) => on.includes(2) && on.some((node) => node !== 2))
    await Promise.all(untouched.map((pair) => speak(pair, "while it dies")))
    await Promise.all(bereaved.map((pair) => comeBack(pair, 2, pair.on.includes(0) ? 1 : 0)))
    await Promise.all(untouched.map((pair) => speak(pair, "afterwards")))
    for (const [one, other] of [
      [0, 1],
      [1, 0]
    ] as const) {
      await meet(one, other)
    }
  }, 120_000)

  it("one is killed: whoever may have left something in a room of its is closed with 1011, and no other one is", async () => {
    const untouched: Pair[] = []
    // As many as let chance leave out neither rooms of the dead node nor others.
    for (let index = 0; index < 40; index++) untouched.push(await meet(index % 2, 1 - (index % 2)))
    for (const { ends } of untouched) {
      ends[0].send(item("B", "kept"))
      expect(await ends[1].next()).toBe(envelope(0, "kept"))
    }
    await nodes[2]?.kill()
    const fates = await Promise.all(
      untouched.map(async ({ room, ends, on }) => {
        ends[0].send({ type: "send", to: "A", payload: "still here" })
        const first = await ends[0].next().catch(() => "closed")
        if (first !== "closed") {
          expect(first).toBe(envelope(0, "still here"))
          ends[1].send({ type: "hello", deliveredUpTo: 0 })
          expect(await ends[1].next()).toBe(envelope(0, "kept"))
          return "goes on"
        }
        // Of whoever said something meanwhile nobody can tell whether it was heard, which is another reason.
        expect([1011, 1013]).toContain((await ends[0].closed)[0])
        expect(await ends[1].closed).toEqual([1011, "Internal error"])
        const again = [await join(on[1], room, "A"), await join(on[0], room, "B")]
        for (const client of again) expect(await client.next()).toBe(roomFull)
        return "ended"
      })
    )
    expect(new Set(fates).size).toBe(2)
  }, 120_000)

  it("one is drained: its clients are told to go, and of the others nobody notices or loses what was left", async () => {
    const pairs = await meetEverywhere(2)
    for (const { ends } of pairs) {
      ends[0].send(item("B", "kept"))
      expect(await ends[1].next()).toBe(envelope(0, "kept"))
    }
    expect(await nodes[1]?.end("SIGTERM")).toBe(0)
    for (const { ends, on } of pairs) {
      for (const side of [0, 1] as const) {
        if (on[side] === 1) expect(await ends[side].closed).toEqual([1001, "Server shutdown"])
      }
    }
    for (const pair of pairs) {
      if (!pair.on.includes(1)) {
        await speak(pair, "afterwards")
        pair.ends[1].send({ type: "hello", deliveredUpTo: 0 })
        expect(await pair.ends[1].next()).toBe(envelope(0, "kept"))
      } else if (pair.on.some((node) => node !== 1)) {
        await comeBack(pair, 1, pair.on.includes(0) ? 2 : 0)
      }
    }
  }, 120_000)
})
