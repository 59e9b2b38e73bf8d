/**
 * Three nodes in one process, between which everything may be late: what they say to each other, and what the engine says of
 * owners. Nodes die and come back, ways break, shards move in order or are lost, people come, meet, and go.
 */
import { vi } from "vitest"
import type { AnyActorRef } from "xstate"
import { clusterLimits } from "../../../../../src/io/cluster/limits.ts"
import { markOf } from "../../../../../src/machines/cluster/homes.ts"
import type { Owner } from "../../../../../src/machines/cluster/shard/shardContext.ts"
import type { ConnectionContext } from "../../../../../src/machines/dropsilk/connection/connectionContext.ts"
import type { FlightContext } from "../../../../../src/machines/dropsilk/flight/flightContext.ts"
import type { NetworkContext } from "../../../../../src/machines/dropsilk/network/network.ts"
import { createNode, room, type TestClient, type TestNode } from "./node.ts"
import { createWays } from "./ways.ts"

const addresses = ["node-a:1", "node-b:1", "node-c:1"]
const codes = ["ABC234", "XYZ345", "QRS456"]
const channels = ["transfer", "chat", "screen-share"]

/** Long enough for whatever is said in one moment to be handed on. */
const moment = async () => {
  for (let turn = 0; turn < 8; turn++) await Promise.resolve()
}

export const createWorld = async (random: () => number) => {
  const oneOf = <Item>(items: readonly Item[]): Item | undefined => items[Math.floor(random() * items.length)]
  const log: string[] = []
  const ways = createWays(random)
  const nodes = new Map<string, TestNode>()
  /** What the engine has to tell each node of owners, oldest first. */
  const news = new Map<string, (readonly [shard: number, owner: Owner | null])[]>()
  const owners: (Owner | null)[] = Array.from({ length: clusterLimits.shards }, () => null)
  const [time, numbers] = [{ now: 1_000 }, { node: 0, epoch: 0, code: 0 }]

  const everyPair = () =>
    addresses.flatMap((one, index) => addresses.slice(index + 1).map((other) => [one, other] as const))

  const tellOwner = (shard: number) => {
    const owner = owners[shard] as Owner | null
    for (const [self, queue] of news) {
      if (self !== owner?.node) queue.push([shard, owner])
      else {
        // Nobody hears of an owner before that one knows it, by its lock, whatever it has heard or is to hear of others.
        news.set(
          self,
          queue.filter(([of]) => of !== shard)
        )
        log.push(`${self} owns ${shard} (${owner.epoch})`)
        nodes.get(self)?.cluster.onOwner(shard, owner)
      }
    }
  }
  const own = (shard: number, owner: string | null) => {
    owners[shard] = owner === null ? null : { node: owner, epoch: `epoch ${numbers.epoch++}` }
    tellOwner(shard)
  }
  const marks = new Map<string, string>()
  const markOfNode = (self: string) => marks.get(self) as string
  const begin = (self: string) => {
    log.push(`${self} begins as ${markOf(numbers.node)}`)
    const options = { self, number: numbers.node++, ways, now: () => time.now, code: () => drawCode() }
    const node = createNode(options)
    nodes.set(self, node)
    marks.set(self, node.mark)
    news.set(
      self,
      owners.map((owner, shard) => [shard, owner] as const)
    )
  }
  const drawCode = () => (random() < 0.5 ? (oneOf(codes) as string) : `NEW${String(numbers.code++).padStart(3, "2")}`)

  const die = (self: string) => {
    log.push(`${self} dies`)
    const node = nodes.get(self)
    nodes.delete(self)
    news.delete(self)
    for (const other of addresses) if (other !== self) ways.break(self, other)
    ways.forget(self)
    node?.stop()
    for (const [shard, owner] of owners.entries()) if (owner?.node === self) own(shard, null)
  }
  const adopt = () => {
    for (const [shard, owner] of owners.entries()) {
      if (owner === null && random() < 0.5) own(shard, oneOf([...nodes.keys()]) ?? null)
    }
  }
  /** In order: what is kept is saved before another node has it. */
  const giveAway = async () => {
    const shard = Math.floor(random() * owners.length)
    const owner = owners[shard]
    const node = owner == null ? undefined : nodes.get(owner.node)
    if (owner == null || node === undefined) return
    log.push(`shard ${shard} is given away by ${owner.node}`)
    await node.cluster.onRelease(shard, owner.epoch)
    if (owners[shard]?.epoch !== owner.epoch) return
    own(shard, null)
    if (random() < 0.8) own(shard, oneOf([...nodes.keys()]) ?? null)
  }
  /** Its owner stands still, as others see it. */
  const lose = () => {
    const shard = Math.floor(random() * owners.length)
    log.push(`shard ${shard} is lost`)
    own(shard, null)
    if (random() < 0.5) own(shard, oneOf([...nodes.keys()]) ?? null)
  }

  const everybody = (): readonly (readonly [TestNode, TestClient])[] =>
    [...nodes.values()].flatMap((node) => [...node.clients].map((client) => [node, client] as const))

  const arrive = () => {
    const way = oneOf(ways.busy().filter(({ to }) => nodes.has(to)))
    if (way === undefined) return false
    const { from, to } = way
    const arrival = ways.next(way)
    if (arrival?.is === "met") metAs.set(`${to} ${from}`, arrival.mark)
    const mark = metAs.get(`${to} ${from}`)
    if (arrival !== undefined && mark !== undefined) {
      log.push(`${from} → ${to}: ${JSON.stringify(arrival)}`)
      nodes.get(to)?.hear(from, mark, arrival)
    }
    return true
  }
  /** As whom a node has met another one: whoever has died since then is heard to the end. */
  const metAs = new Map<string, string>()

  const hearOfOwner = () => {
    const [self, queue] = oneOf([...news].filter(([, queue]) => queue.length > 0)) ?? []
    const next = queue?.shift()
    if (self === undefined || next === undefined) return false
    const [shard, owner] = next
    log.push(`${self} hears that ${shard} is of ${owner?.node ?? "nobody"} (${owner?.epoch})`)
    nodes.get(self)?.cluster.onOwner(shard, owner)
    return true
  }

  const speak = ([node, client]: readonly [TestNode, TestClient]) => {
    // The server holds its frames while it waits for an answer.
    if (client.isHeld) return
    const frame = oneOf<object>([
      { type: "create-flight" },
      { type: "join-flight", flightCode: oneOf(codes) },
      { type: "join-flight", flightCode: oneOf(codes) },
      { type: "register-details", name: `somebody ${time.now}` },
      {
        type: "attach-room",
        roomCode: room.code,
        participantId: oneOf(room.participants),
        channel: oneOf(channels)
      }
    ]) as object
    log.push(`${client.id}: ${JSON.stringify(frame)}`)
    node.say(client, frame)
  }

  const doSomething = async () => {
    time.now++
    const chance = random()
    const somebody = oneOf(everybody())
    if (chance < 0.5) arrive()
    else if (chance < 0.62) hearOfOwner()
    else if (chance < 0.67 || somebody === undefined) {
      const node = oneOf([...nodes.values()])
      if (everybody().length < 10) log.push(`${node?.connect().id} comes`)
    } else if (chance < 0.85) speak(somebody)
    else if (chance < 0.88) {
      const [node, client] = somebody
      log.push(`${client.id} goes`)
      node.hangUp(client, random() < 0.5)
    } else if (chance < 0.91) {
      const node = oneOf([...nodes.values()])
      const actor = oneOf(node?.due() ?? [])
      if (actor !== undefined) {
        log.push(`time for ${actor.id} at ${node?.self}`)
        node?.ring(actor)
      }
    } else if (chance < 0.93) await giveAway()
    else if (chance < 0.94) lose()
    else if (chance < 0.96) adopt()
    else if (chance < 0.98) {
      const [one, other] = oneOf(everyPair()) as readonly [string, string]
      if (ways.isWhole(one, other)) {
        log.push(`the way between ${one} and ${other} breaks`)
        ways.break(one, other)
      } else if (nodes.has(one) && nodes.has(other)) ways.make(one, other, markOfNode)
    } else if (nodes.size > 1 && random() < 0.2) die(oneOf([...nodes.keys()]) as string)
    else for (const self of addresses) if (!nodes.has(self)) begin(self)
    await moment()
  }

  /** Every way is whole, every shard has an owner, whatever was said has arrived, and nobody waits for anything. */
  const settle = async () => {
    for (const self of addresses) if (!nodes.has(self)) begin(self)
    for (const [one, other] of everyPair()) ways.make(one, other, markOfNode)
    for (let round = 0; round < 1_000; round++) {
      for (const [shard, owner] of owners.entries()) if (owner === null) own(shard, oneOf(addresses) as string)
      while (arrive() || hearOfOwner()) await moment()
      await moment()
      if (ways.busy().length > 0) continue
      const waiting = [...nodes.values()].flatMap((node) => node.due().map((actor) => [node, actor] as const))
      const isStill = [...nodes.values()].every(({ cluster }) => cluster.isReady() && cluster.router.waiting === 0)
      if (waiting.length === 0 && isStill) return
      // What waits for an owner is sent on, or given up after a while.
      vi.advanceTimersByTime(clusterLimits.waitingLookMs)
      for (const [node, actor] of waiting) node.ring(actor)
      await moment()
    }
    throw new Error(`There is no end to it:\n${log.slice(-100).join("\n")}`)
  }

  for (const self of addresses) begin(self)
  for (const [shard] of owners.entries()) own(shard, addresses[shard % addresses.length] as string)
  await settle()

  const living = (kind: string) =>
    [...nodes.values()].flatMap((node) => node.children(kind).map((actor) => ({ node, actor, id: actor.id })))

  return {
    log,
    doSomething,
    settle,
    everybody,
    /** Actors found by names that live where they should not. */
    misplaced: (): readonly string[] =>
      ["flights", "networks"].flatMap((kind) =>
        living(kind)
          .filter(({ node, id }) => !node.cluster.router.isHere({ kind, id }))
          .map(({ node, id }) => `${kind} ${id} at ${node.self}`)
      ),
    /** Of each client: what its connection believes, and whom the client was told of last. */
    beliefs: () =>
      everybody().map(([, { id, actor, peer: told }]) => {
        const { seat, peer } = (actor as AnyActorRef).getSnapshot().context as ConnectionContext
        return { id, flight: seat?.flightId ?? null, attempt: seat?.attempt ?? null, peer, told }
      }),
    /** Of each client: what its flight knows. */
    truths: () => {
      const flights = living("flights").map(({ actor }) => actor.getSnapshot().context as FlightContext)
      return everybody().map(([, { id }]) => {
        const flight = flights.find(({ seats }) => seats.some((seat) => seat.id === id))
        const attempt = flight?.seats.find((seat) => seat.id === id)?.attempt ?? null
        const peer = flight?.seats.find((seat) => seat.id !== id)?.id ?? null
        return { id, flight: flight?.id ?? null, attempt, peer, told: peer }
      })
    },
    /** Who sits in flights, in all of them together. */
    seated: (): readonly string[] =>
      living("flights").flatMap(({ actor }) =>
        (actor.getSnapshot().context as FlightContext).seats.map(({ id }) => id)
      ),
    /** Who is on the network, as it knows. */
    listed: (): readonly string[] =>
      living("networks").flatMap(({ actor }) =>
        (actor.getSnapshot().context as NetworkContext).clients.map(({ id }) => id)
      ),
    states: (kind: string): readonly unknown[] => living(kind).map(({ actor }) => actor.getSnapshot().value),
    /** Everybody says something to whoever is at the other end; gives back who has heard whom. */
    callAround: async (): Promise<readonly (readonly [string, string])[]> => {
      for (const [node, client] of everybody()) node.say(client, { type: "signal", data: client.id })
      await settle()
      return everybody().flatMap(([, client]) =>
        client.signals.splice(0).map((from): readonly [string, string] => [from, client.id])
      )
    },
    end: (): void => {
      for (const node of nodes.values()) node.stop()
    }
  }
}
