/**
 * The router: sees to what is said to actors of other nodes, and to what they say to ours. It stands before the registry,
 * which delivers what stays here. What cannot be delivered now waits for a while, in its order.
 */
import type { Address } from "../../machines/address.ts"
import { type Home, markIn, shardOfName } from "../../machines/cluster/homes.ts"
import type { Route } from "../../machines/cluster/shard/shardContext.ts"
import type { RegistryEvent } from "../../machines/registry.ts"
import type { SupervisorReply } from "../../machines/supervisor.ts"
import type { NodeMessage, Said } from "./messages.ts"

export interface RouterOptions {
  /** Of this node. */
  readonly mark: string
  readonly shards: number
  /** Where actors of a kind live; undefined: each node has its own. */
  readonly homeOf: (kind: string) => Home | undefined
  /** Whether an event says who belongs to somebody who is being put together. */
  readonly isClaim: (eventType: string) => boolean
  /** The address of an open node with this mark. */
  readonly nodeOf: (mark: string) => string | undefined
  /** All nodes that are open. */
  readonly nodes: () => Iterable<string>
  /** False: it cannot be said now. */
  readonly send: (node: string, message: NodeMessage) => boolean
  /** Hands on what is for an actor of this node. */
  readonly deliver: (event: RegistryEvent) => void
  /** How long something may wait, milliseconds, and how often it is looked at. */
  readonly patienceMs: number
  readonly lookMs: number
}

interface Waiting {
  readonly said: Said
  /** On the clock of performance.now(). */
  readonly until: number
  /** It has come back, and was said before all that has only waited. */
  readonly isBack: boolean
}

interface ShardRoute {
  route: Route
  waiting: Waiting[]
  /** The epoch under which something has come back, and until when nothing is sent there again: who gives a shard away may end
   * with what is on its way. On the clock of performance.now(). */
  givenAway: { readonly epoch: string; readonly until: number } | null
  /** The last epochs of which this node has been told. */
  known: readonly string[]
}

/** Of each shard: what was said under an older one has come back or gone through long ago. */
const epochsRemembered = 8

/** So often what has come back is sent to the same node again before it has waited for too long. */
const retriesOfPatience = 3

/** What has gone which way since the start. */
export interface RouterCounts {
  readonly forwarded: number
  readonly waited: number
  readonly sentBack: number
  readonly unavailable: number
}

export const createRouter = (options: RouterOptions) => {
  const { mark, homeOf, isClaim, nodeOf, nodes, send, deliver, patienceMs } = options
  const shards = Array.from(
    { length: options.shards },
    (): ShardRoute => ({
      route: { to: "nowhere" },
      waiting: [],
      givenAway: null,
      known: []
    })
  )
  const counts = { forwarded: 0, waited: 0, sentBack: 0, unavailable: 0 }

  const shardOf = ({ kind, id }: Address): number | null => {
    const home = homeOf(kind)
    return home === undefined || home === "socket" ? null : shardOfName(home.nameOf(id), shards.length)
  }

  const refuse = ({ to, replyTo, requestId }: Said) => {
    counts.unavailable++
    if (replyTo === undefined) return
    const event: SupervisorReply = { type: "child.unavailable", id: to.id, requestId }
    deliver({ type: "tell", to: replyTo, from: to, event })
  }

  const wait = (shard: ShardRoute, said: Said, isBack = false) => {
    counts.waited++
    const { waiting } = shard
    const behind = isBack ? waiting.findIndex((each) => !each.isBack) : -1
    const place = behind === -1 ? waiting.length : behind
    waiting.splice(place, 0, { said, until: performance.now() + patienceMs, isBack })
  }

  /** Whether it has gone on its way to another node. */
  const forward = (index: number, { route, givenAway }: ShardRoute, said: Said): boolean => {
    if (route.to !== "node") return false
    if (givenAway?.epoch === route.epoch && performance.now() < givenAway.until) return false
    const isSaid = send(route.node, { kind: "name", shard: index, epoch: route.epoch, said })
    if (isSaid) counts.forwarded++
    return isSaid
  }

  const staysHere = ({ route }: ShardRoute, { event }: Said): boolean =>
    route.to === "here" || (route.to === "claims" && event !== undefined && isClaim(event.type))

  /** Sends on what waits as far as that is possible now; whoever has waited too long is told. */
  const flush = (index: number) => {
    const shard = shards[index] as ShardRoute
    const { waiting } = shard
    if (waiting.length === 0) return
    shard.waiting = []
    const now = performance.now()
    for (const each of waiting) {
      if (staysHere(shard, each.said)) deliver(each.said)
      else if (forward(index, shard, each.said)) continue
      else if (each.until > now) shard.waiting.push(each)
      else refuse(each.said)
    }
  }

  const look = setInterval(() => {
    for (let index = 0; index < shards.length; index++) flush(index)
  }, options.lookMs)
  look.unref()

  const toName = (index: number, said: Said): boolean => {
    const shard = shards[index] as ShardRoute
    if (staysHere(shard, said)) return false
    // Behind what waits already; a claim waits for nobody.
    const isNext = shard.waiting.length === 0 || (said.event !== undefined && isClaim(said.event.type))
    if (!(isNext && forward(index, shard, said))) wait(shard, said)
    return true
  }

  const toSocket = (said: Said): boolean => {
    const node = markIn(said.to.id)
    if (node === mark) return false
    const address = nodeOf(node)
    if (address !== undefined && send(address, { kind: "socket", said })) counts.forwarded++
    else refuse(said)
    return true
  }

  return {
    counts: counts as RouterCounts,
    /** Sees to what is not for an actor of this node, and says so with true. */
    elsewhere: (event: RegistryEvent): boolean => {
      switch (event.type) {
        case "tell":
        case "start": {
          const home = homeOf(event.to.kind)
          if (home === undefined) return false
          if (home === "socket") return toSocket(event)
          return toName(shardOfName(home.nameOf(event.to.id), shards.length), event)
        }
        case "tellAll":
          if (homeOf(event.kind) === "socket") {
            for (const node of nodes()) send(node, { kind: "all", said: event })
          }
          return false
        default:
          return false
      }
    },
    /** How events for a shard's actors go from now on. */
    route: (index: number, route: Route): void => {
      const shard = shards[index] as ShardRoute
      shard.route = route
      flush(index)
    },
    /** This node has been told of an owner: what is said under that epoch later is not early any more. */
    heardOf: (index: number, epoch: string): void => {
      const shard = shards[index] as ShardRoute
      if (!shard.known.includes(epoch)) shard.known = [...shard.known, epoch].slice(-epochsRemembered)
    },
    /** What another node has said for a name. */
    receive: (node: string, { shard: index, epoch, said }: Extract<NodeMessage, { kind: "name" }>): void => {
      const shard = shards[index]
      if (shard === undefined || shardOf(said.to) !== index) return
      if (staysHere(shard, said)) deliver(said)
      // It knows already that this node is to own it, or all that others say waits until everybody has claimed its own.
      else if (!shard.known.includes(epoch) || shard.route.to === "claims") wait(shard, said)
      else {
        counts.sentBack++
        send(node, { kind: "back", shard: index, said })
      }
    },
    /** What has come back waits for another owner. */
    takeBack: ({ shard: index, said }: Extract<NodeMessage, { kind: "back" }>): void => {
      const shard = shards[index]
      if (shard === undefined) return
      wait(shard, said, true)
      const { route } = shard
      if (route.to !== "node") return
      shard.givenAway = { epoch: route.epoch, until: performance.now() + patienceMs / retriesOfPatience }
    },
    /** Whether the actor with this address would live here. */
    isHere: (address: Address): boolean => {
      const index = shardOf(address)
      return index === null || (shards[index] as ShardRoute).route.to === "here"
    },
    /** The node where the actor with this address lives, if it is another one that is known. */
    nodeOf: (address: Address): string | undefined => {
      const index = shardOf(address)
      const route = index === null ? undefined : (shards[index] as ShardRoute).route
      return route?.to === "node" ? route.node : undefined
    },
    /** Whether the actors of a shard live here. */
    isOpen: (index: number): boolean => (shards[index] as ShardRoute).route.to === "here",
    shardOf,
    /** How many events wait. */
    get waiting(): number {
      return shards.reduce((sum, { waiting }) => sum + waiting.length, 0)
    },
    close: (): void => clearInterval(look)
  }
}

export type Router = ReturnType<typeof createRouter>
