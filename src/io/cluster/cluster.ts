/**
 * A server as one of several: the engine that says who owns which shard, the channels to the other nodes, the router
 * before the registry, and the shards, put together. A server that is alone loads nothing of this.
 */
import type { AnyActorRef } from "xstate"
import type { Address } from "../../machines/address.ts"
import { shardAt, shardKind } from "../../machines/cluster/addresses.ts"
import {
  type Home,
  type HomeLeaving,
  type HomeSettled,
  type Homes,
  markIn,
  markOf,
  type NamedHome,
  type NodeGone
} from "../../machines/cluster/homes.ts"
import { shardMachine, shardsKind } from "../../machines/cluster/shard/shard.ts"
import type { Owner, ShardEvent } from "../../machines/cluster/shard/shardContext.ts"
import type { Kind } from "../../machines/kinds.ts"
import type { RegistryEvent } from "../../machines/registry.ts"
import type { SupervisorRef } from "../../machines/supervisor.ts"
import { countStates } from "../actors/actorStates.ts"
import type { Deadlines } from "../actors/deadlines.ts"
import type { PeerNode } from "./channels.ts"
import { createFarewells } from "./farewells.ts"
import { clusterLimits } from "./limits.ts"
import type { NodeMessage } from "./messages.ts"
import { createRouter } from "./router.ts"
import type { Whereabouts } from "./towerRows.ts"

export interface ClusterOptions {
  /** `host:port` of this node. */
  readonly self: string
  /** This node's number, see engine.ts. */
  readonly number: number
  /** Whether something can be said to a node now. */
  readonly isOpen: (node: string) => boolean
  /** Says it, in order. */
  readonly send: (node: string, messages: readonly NodeMessage[]) => void
  readonly deadlines: Pick<Deadlines, "after" | "cancel">
  readonly supervisor: (kind: string) => SupervisorRef
  /** Hands an event to the registry of this node. */
  readonly deliver: (event: RegistryEvent) => void
  /** Gives this node's shards away; resolves when they are. May be asked for again. */
  readonly leave: () => Promise<void>
  /** Nodes that are there and to which there is no way now, but may be in a moment. */
  readonly unmet: () => readonly string[]
  /** Another node says that it is going. */
  readonly onLeaving: (node: string) => void
}

const ownAddress = { kind: "cluster", id: "node" }

/** One node's part of the cluster, but for what it listens on and whom it asks. */
export const createCluster = (options: ClusterOptions) => {
  const { self, number, deadlines, supervisor, deliver } = options
  const mark = markOf(number)
  const homes = new Map<string, Home>()
  const belongings = new Map<string, Homes["belongings"][string]>()
  const claims = new Set<string>()
  const hearers = new Set<string>()
  /** The nodes to which there is a way, by mark. */
  const open = new Map<string, string>()
  /** Nodes that are there and have not been met yet, or not again: who is put together here may have people with them. Each
   * with what gives it up. */
  const expected = new Map<string, NodeJS.Timeout>()
  /** Shards to which those belong whose link to a node is not there, by its mark: there they are taken for linked still. */
  const estranged = new Map<string, Set<number>>()

  // What is said in one moment arrives in one moment: it travels together.
  const outboxes = new Map<string, NodeMessage[]>()
  const flush = () => {
    const going = [...outboxes]
    outboxes.clear()
    for (const [node, messages] of going) sendAll(node, messages)
  }
  /** In one message if they fit, which only those do not that hold what people leave for each other. */
  const sendAll = (node: string, messages: readonly NodeMessage[]) => {
    try {
      options.send(node, messages)
    } catch (error) {
      if (messages.length === 1 || !(error instanceof RangeError)) throw error
      const middle = messages.length >> 1
      sendAll(node, messages.slice(0, middle))
      sendAll(node, messages.slice(middle))
    }
  }
  const send = (node: string, message: NodeMessage): boolean => {
    if (!options.isOpen(node)) return false
    if (outboxes.size === 0) queueMicrotask(flush)
    const outbox = outboxes.get(node)
    if (outbox === undefined) outboxes.set(node, [message])
    else outbox.push(message)
    return true
  }

  const router = createRouter({
    mark,
    shards: clusterLimits.shards,
    homeOf: (kind) => homes.get(kind),
    isClaim: (type) => claims.has(type),
    nodeOf: (other) => open.get(other),
    nodes: () => open.values(),
    send,
    deliver,
    patienceMs: clusterLimits.patienceMs,
    lookMs: clusterLimits.waitingLookMs,
    isDesk: ({ kind }) => homes.get(kind) === "socket" && !belongings.has(kind),
    answerMs: clusterLimits.answerMs,
    sentBackMs: clusterLimits.sentBackMs
  })

  const tellShard = (index: number, event: ShardEvent) =>
    deliver({ type: "tell", to: shardAt(index), from: ownAddress, event })
  const tellShards = (event: ShardEvent) => deliver({ type: "tellAll", kind: shardKind, from: ownAddress, event })

  const named = (): readonly (readonly [string, NamedHome])[] =>
    [...homes].flatMap(([kind, home]) => (home === "socket" ? [] : [[kind, home] as const]))
  const livingIn = (kind: string, index: number): readonly [string, AnyActorRef][] =>
    [...supervisor(kind).getSnapshot().children].filter(([id]) => router.shardOf({ kind, id }) === index)

  /** Shards of which the actors here say who belongs to them, in one pass over all of these. */
  const unannounced = new Map<number, Owner>()
  const announceAll = () => {
    const due = new Map(unannounced)
    unannounced.clear()
    for (const [kind, belongingsOf] of belongings) {
      for (const actor of supervisor(kind).getSnapshot().children.values()) {
        for (const { to, moved } of belongingsOf(actor.getSnapshot().context as never)) {
          const index = router.shardOf(to)
          if (index !== null && due.has(index)) actor.send(moved)
        }
      }
    }
    for (const [shard, owner] of due) {
      if (owner.node === self) tellShard(shard, { type: "shard.announced", node: self, epoch: owner.epoch })
      else {
        send(owner.node, { kind: "announced", shard, owner })
        router.announced(shard, owner.epoch)
      }
    }
  }
  const expectNoMore = (node: string) => {
    clearTimeout(expected.get(node))
    return expected.delete(node)
  }
  const expect = (node: string) => {
    if (expected.has(node) || [...open.values()].includes(node)) return
    const giveUp = () => {
      if (expectNoMore(node)) tellShards({ type: "node.parted", node })
    }
    expected.set(node, setTimeout(giveUp, clusterLimits.meetingMs).unref())
  }

  /** Whoever owns each shard, as the engine has said last. */
  const owners = new Map<number, Owner>()
  const tellOwner = (index: number) => {
    const owner = owners.get(index)
    if (owner === undefined) return tellShard(index, { type: "owner.unknown" })
    router.heardOf(index, owner.epoch, owner.node === self)
    // Whoever was cut off may own something again before it has met anybody again.
    if (owner.node === self) options.unmet().forEach(expect)
    tellShard(index, { type: "owner.known", ...owner, nodes: [self, ...open.values(), ...expected.keys()] })
  }

  const forgetOwner = (index: number) => {
    owners.delete(index)
    // As its shard will have it in a moment; but what is being handed on in this one must not go the old way.
    router.route(index, { to: "nowhere" })
    tellOwner(index)
  }

  const announce = (index: number, owner: Owner | null) => {
    if (owner === null) return
    if (unannounced.size === 0) queueMicrotask(announceAll)
    unannounced.set(index, owner)
  }

  /** There is a way to that node: whoever is linked with its sockets is found out anew. */
  const reconcile = (mark: string) => {
    for (const index of estranged.get(mark) ?? []) announce(index, owners.get(index) ?? null)
    estranged.delete(mark)
  }

  const chart = shardMachine.provide({
    actions: {
      requestDeadline: ({ self: actor }, { afterMs }) => deadlines.after(actor, afterMs),
      cancelDeadline: ({ self: actor }) => deadlines.cancel(actor),
      route: ({ context }, route) => router.route(context.index, route),
      routeAway: ({ context: { index, owner } }) => {
        if (owner !== null) router.route(index, { to: "node", ...owner })
      },
      fence: ({ context: { index, owner, former } }) => {
        if (owner === null || former === null) return
        const { epoch } = owner
        // Whoever cannot be asked has nothing under way any more.
        if (!send(former, { kind: "fence", shard: index, epoch })) {
          queueMicrotask(() => tellShard(index, { type: "shard.fenced", epoch }))
        }
      },
      leave: ({ context: { index } }) => void options.leave().then(() => tellShard(index, { type: "shard.left" })),
      announce: ({ context: { index, owner } }) => announce(index, owner),
      askOwner: ({ context: { index } }) => {
        if (owners.has(index)) queueMicrotask(() => tellOwner(index))
      },
      settle: ({ context: { index } }) => {
        const event: HomeSettled = { type: "home.settled" }
        for (const [kind, { hasMembers }] of named()) {
          if (hasMembers === true) for (const [, actor] of livingIn(kind, index)) actor.send(event)
        }
      },
      letGo: ({ context: { index } }) => {
        for (const [kind, { rest, entrusts }] of named()) {
          const living = livingIn(kind, index)
          const event: HomeLeaving = { type: "home.leaving" }
          if (entrusts === true) for (const [, actor] of living) actor.send(event)
          if (rest === undefined) supervisor(kind).send({ type: "children.forget", ids: living.map(([id]) => id) })
          else for (const [, actor] of living) actor.send(rest)
        }
      }
    }
  })
  const kind: Kind = shardsKind(
    chart,
    { self, fenceMs: clusterLimits.fenceMs, gatherMs: clusterLimits.gatherMs },
    clusterLimits.shards
  )

  const farewells = createFarewells({
    nodes: () => open.values(),
    tell: (node) => void send(node, { kind: "left" }),
    withinMs: clusterLimits.fenceMs
  })

  const hear = (from: PeerNode, message: NodeMessage) => {
    switch (message.kind) {
      case "socket":
        router.answered(message.said)
        // Whatever else there is on each node is spoken to by nobody else.
        return homes.get(message.said.to.kind) === "socket" ? deliver(message.said) : undefined
      case "name":
        return router.receive(from.address, message)
      case "back":
        return router.takeBack(from.address, message)
      case "all":
        if (homes.get(message.said.kind) !== "socket") return
        return supervisor(message.said.kind)?.send({ type: "children.tell", event: message.said.event })
      case "fence":
        router.giveBack(from.address, message.shard)
        return void send(from.address, { ...message, kind: "fenced" })
      case "fenced":
        return tellShard(message.shard, { type: "shard.fenced", epoch: message.epoch })
      case "leaving":
        return options.onLeaving(from.address)
      case "left":
        router.left(from.address)
        return void send(from.address, { kind: "farewell" })
      case "farewell":
        return farewells.said(from.address)
      case "announced":
        return tellShard(message.shard, { type: "shard.announced", node: from.address, epoch: message.owner.epoch })
    }
  }

  const part = ({ address, mark: theirs }: PeerNode, isLeaving: boolean) => {
    if (open.get(theirs) !== address) return
    open.delete(theirs)
    farewells.said(address)
    outboxes.delete(address)
    router.parted(address, isLeaving)
    const event: NodeGone = { type: "node.gone", mark: theirs }
    for (const [each, { hasMembers }] of named()) {
      if (hasMembers === true) supervisor(each).send({ type: "children.tell", event })
    }
    for (const each of hearers) deliver({ type: "tell", to: { kind: each, id: mark }, from: ownAddress, event })
    tellShards({ type: "node.parted", node: address })
  }

  return {
    mark,
    /** The kind of actors that shards are. */
    kind,
    router,
    /** Protocols say where their actors live, before any of these is there. */
    serve: (declared: Homes): void => {
      for (const [each, home] of Object.entries(declared.homes)) homes.set(each, home)
      for (const [each, belongingsOf] of Object.entries(declared.belongings)) belongings.set(each, belongingsOf)
      for (const claim of declared.claims) claims.add(claim)
      for (const each of declared.hearOfNodes ?? []) hearers.add(each)
    },
    /** This node has heard of another one, to which there is no way yet: it is given up when it has not been met in the time
     * that that takes. */
    expect,
    // What channels tell
    onMet: (peer: PeerNode): void => {
      expectNoMore(peer.address)
      open.set(peer.mark, peer.address)
      tellShards({ type: "node.met", node: peer.address })
      reconcile(peer.mark)
    },
    /** This actor has no link, or none any more, to an actor with a socket to whom it is taken for linked. */
    onBroken: (id: string, peer: string): void => {
      const mark = markIn(peer)
      const shards = estranged.get(mark) ?? new Set()
      estranged.set(mark, shards)
      for (const [each, belongingsOf] of belongings) {
        const context = supervisor(each).getSnapshot().children.get(id)?.getSnapshot().context
        for (const { to } of context === undefined ? [] : belongingsOf(context as never)) {
          const index = router.shardOf(to)
          if (index !== null) shards.add(index)
        }
      }
      if (open.has(mark)) reconcile(mark)
    },
    /** The address of the open node where an actor has its socket. */
    nodeOf: (id: string): string | undefined => open.get(markIn(id)),
    /** The address of the open node where an actor lives, if that is another one. */
    placeOf: (address: Address): string | undefined => {
      const home = homes.get(address.kind)
      const node = home === "socket" ? open.get(markIn(address.id)) : router.nodeOf(address)
      return node === self ? undefined : node
    },
    onParted: part,
    onMessage: (from: PeerNode, messages: unknown): void => {
      for (const message of messages as readonly NodeMessage[]) hear(from, message)
    },
    // What the engine tells
    onOwner: (index: number, owner: Owner | null): void => {
      if (owner === null) return forgetOwner(index)
      owners.set(index, owner)
      tellOwner(index)
    },
    onAway: (): void => tellShards({ type: "registry.away" }),
    /** Whether somebody is known to own each shard. While the registry cannot be read they go on without that. */
    knowsOwners: (): boolean => owners.size === clusterLimits.shards,
    /** Others may have gone on without this node: whoever went on without knowing an owner waits for one. */
    doubt: (): void => {
      for (let index = 0; index < clusterLimits.shards; index++) if (!owners.has(index)) forgetOwner(index)
    },
    /** Resolves when all that is kept of a shard is saved, or after a while. */
    onRelease: async (index: number, epoch: string): Promise<void> => {
      tellShard(index, { type: "shard.release", epoch })
      const keepers = named().filter(([, { rest }]) => rest !== undefined)
      const until = performance.now() + clusterLimits.release.withinMs
      while (performance.now() < until && keepers.some(([each]) => livingIn(each, index).length > 0)) {
        await new Promise((resolve) => setTimeout(resolve, clusterLimits.release.lookMs))
      }
    },
    /** Every shard has an owner that is reached. */
    isReady: (): boolean =>
      [...supervisor(shardKind).getSnapshot().children.values()].every((actor) =>
        ["open", "elsewhere"].includes(actor.getSnapshot().value as string)
      ),
    /** How many shards are in which state. */
    shardStates: (): ReadonlyMap<string, number> => countStates(supervisor(shardKind)),
    /** The marks of other nodes to which there is a way. */
    others: (): readonly string[] => [...open.keys()],
    /** The shards of each node that owns some, as was heard last. */
    owned: (): ReadonlyMap<string, readonly number[]> => {
      const shards = new Map<string, number[]>()
      for (const [index, { node }] of owners) shards.set(node, [...(shards.get(node) ?? []), index])
      return shards
    },
    /** Where actors live that have this name or id. */
    where: (id: string): readonly Whereabouts[] => {
      const byShard = new Map<number, string[]>()
      for (const [each] of named()) {
        const index = router.shardOf({ kind: each, id }) as number
        byShard.set(index, [...(byShard.get(index) ?? []), each])
      }
      const theirs = markIn(id)
      const node = theirs === mark ? self : open.get(theirs)
      const withSocket = [...belongings.keys()]
      return [
        ...[...byShard].map(([shard, kinds]) => {
          const owner = owners.get(shard)?.node ?? null
          return { kinds, shard, node: owner, isHere: owner === self }
        }),
        ...(node === undefined ? [] : [{ kinds: withSocket, shard: null, node, isHere: node === self }])
      ]
    },
    /** Tells the other nodes that this one is going. */
    sayGoodbye: (): void => {
      for (const node of open.values()) send(node, { kind: "leaving" })
    },
    /** This node owns nothing any more. Resolves when it may end. */
    takeLeave: farewells.take,
    close: (): void => {
      for (const node of expected.keys()) expectNoMore(node)
      router.close()
    }
  }
}

export type Cluster = ReturnType<typeof createCluster>
