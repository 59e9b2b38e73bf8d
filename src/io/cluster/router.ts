/**
 * The router: sees to what is said to actors of other nodes, and to what they say to ours. It stands before the registry,
 * which delivers what stays here. What cannot be delivered now waits for a while, in its order.
 */
import type { Address } from "../../machines/address.ts"
import { type Home, markIn, shardOfName } from "../../machines/cluster/homes.ts"
import type { Route } from "../../machines/cluster/shard/shardContext.ts"
import type { RegistryEvent } from "../../machines/registry.ts"
import type { SupervisorReply } from "../../machines/supervisor.ts"
import { createAsked } from "./asked.ts"
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
  /** Whether an address is that of an adapter that asks on behalf of HTTP. */
  readonly isDesk: (address: Address) => boolean
  /** How long whoever asks something waits for the answer at most, milliseconds. */
  readonly answerMs: number
  /** How long nothing is said to an owner that has sent something back, milliseconds, unless there is another one before. */
  readonly sentBackMs: number
}

interface Waiting {
  readonly said: Said
  /** The node from which it has come, or come back; undefined: it was said here. */
  readonly by?: string | undefined
  /** Where another node has said it: under which epoch. It goes back there when it cannot be heard here: by any other way what
   * that one says later could come before it. */
  readonly under?: string | undefined
  /** On the clock of performance.now(). */
  readonly until: number
}

interface ShardRoute {
  route: Route
  /** The epoch under which something was said to another node last, as long as that may come back; null: it comes too late. */
  awayEpoch: string | null
  /** Whether its owner has been told who of this node belongs there: until then it knows nobody who could be asked for. */
  isAnnounced: boolean
  waiting: Waiting[]
  /** Said under epochs of which this node has not been told yet. */
  early: Waiting[]
  /** The last epochs of which this node has been told, the latest first. */
  known: readonly string[]
  /** Whether the latest makes this node the owner, and has not let anything in yet. */
  isToOpen: boolean
  /** The owner of this epoch sends back what is said to it, until then on the clock of performance.now(): it may be about to
   * go, and what was on its way to it would be lost. */
  closed: { readonly epoch: string; readonly until: number } | null
}

/** Of each shard: what was said under an older one has come back or gone through long ago. */
const epochsRemembered = 8

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
      awayEpoch: null,
      isAnnounced: false,
      waiting: [],
      early: [],
      known: [],
      isToOpen: false,
      closed: null
    })
  )
  /** Nodes that own nothing any more: what is for their shards waits for the next owner. */
  const left = new Set<string>()
  const counts = { forwarded: 0, waited: 0, sentBack: 0, unavailable: 0 }

  const shardOf = ({ kind, id }: Address): number | null => {
    const home = homeOf(kind)
    return home === undefined || home === "socket" ? null : shardOfName(home.nameOf(id), shards.length)
  }

  /** Questions that other nodes have and have not answered yet, the oldest first. */
  const asked = createAsked(options.answerMs)

  const refuse = ({ to, replyTo, requestId }: Said) => {
    counts.unavailable++
    if (replyTo === undefined) return
    const event: SupervisorReply = { type: "child.unavailable", id: to.id, requestId }
    deliver({ type: "tell", to: replyTo, from: to, event })
  }

  const waitingFor = (said: Said, by?: string, under?: string): Waiting => {
    counts.waited++
    return { said, by, under, until: performance.now() + patienceMs }
  }

  const claims = ({ event }: Said): boolean => event !== undefined && isClaim(event.type)

  /** Whether it has gone on its way to another node. */
  const forward = (index: number, { route, isAnnounced, closed }: ShardRoute, said: Said): boolean => {
    if (route.to !== "node") return false
    // A claim is not repeated before there is another owner.
    const isClosed = closed?.epoch === route.epoch && performance.now() < closed.until
    if ((isClosed || !isAnnounced) && !claims(said)) return false
    if (left.has(route.node)) return false
    const isSaid = send(route.node, { kind: "name", shard: index, epoch: route.epoch, said })
    if (!isSaid) return false
    counts.forwarded++
    // Actors have deadlines of their own, and go on from what they have heard.
    if (said.replyTo !== undefined && options.isDesk(said.replyTo)) asked.note(said, route.node)
    return true
  }

  const staysHere = ({ route }: ShardRoute, said: Said): boolean =>
    route.to === "here" || (route.to === "claims" && claims(said))

  const sendBack = (index: number, said: Said, node: string, epoch: string) => {
    counts.sentBack++
    send(node, { kind: "back", shard: index, epoch, said })
  }

  /**
   * Whatever that node has said and nobody has heard yet goes back: before its later words do, and before it speaks to another
   * owner, for which it asks.
   */
  const giveBack = (node: string, index: number): void => {
    const shard = shards[index]
    if (shard === undefined) return
    for (const { said, by, under } of [...shard.waiting, ...shard.early]) {
      // Whoever belongs to an actor says so to the next owner anew.
      if (by === node && under !== undefined && !claims(said)) sendBack(index, said, node, under)
    }
    const isOthers = ({ by, under }: Waiting) => by !== node || under === undefined
    shard.waiting = shard.waiting.filter(isOthers)
    shard.early = shard.early.filter(isOthers)
  }

  /** Sends on what waits as far as that is possible now; whoever has waited too long is told. */
  const flush = (index: number) => {
    const shard = shards[index] as ShardRoute
    if (shard.waiting.length + shard.early.length === 0) return
    const { waiting, early } = shard
    const now = performance.now()
    shard.waiting = []
    shard.early = early.filter(({ until }) => until > now)
    for (const { said, until } of early) if (until <= now) refuse(said)
    for (const each of waiting) {
      const { by, under } = each
      if (staysHere(shard, each.said)) deliver(each.said)
      // A claim is for one owner: whoever makes it makes it to the next one anew.
      else if (claims(each.said) && shard.route.to === "node") continue
      else if (by !== undefined && under !== undefined && shard.route.to === "node")
        sendBack(index, each.said, by, under)
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
    // Who belongs to an actor is said when its owner is known, and again to the next one: it waits for nobody.
    if (claims(said)) forward(index, shard, said)
    // Behind what waits already.
    else if (shard.waiting.length > 0 || !forward(index, shard, said)) shard.waiting.push(waitingFor(said))
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
    /** How events for a shard's actors go from now on; to another node only when that has been announced. */
    route: (index: number, route: Route): void => {
      const shard = shards[index] as ShardRoute
      shard.route = route
      shard.isAnnounced = false
      if (route.to === "here" || route.to === "claims") shard.isToOpen = false
      if (route.to !== "nowhere") shard.awayEpoch = route.to === "node" ? route.epoch : null
      flush(index)
    },
    /** The owner of this epoch has been told who of this node belongs there. */
    announced: (index: number, epoch: string): void => {
      const shard = shards[index] as ShardRoute
      if (shard.route.to !== "node" || shard.route.epoch !== epoch) return
      shard.isAnnounced = true
      flush(index)
    },
    /** This node has been told of an owner, itself or another one: what is said under that epoch is not early any more. */
    heardOf: (index: number, epoch: string, isOurs: boolean): void => {
      const shard = shards[index] as ShardRoute
      if (shard.known.includes(epoch)) return
      shard.known = [epoch, ...shard.known].slice(0, epochsRemembered)
      shard.isToOpen = isOurs && shard.route.to !== "here"
      const isDue = ({ under }: Waiting) => under === epoch
      shard.waiting.push(...shard.early.filter(isDue))
      shard.early = shard.early.filter((each) => !isDue(each))
    },
    /** What another node has said for a name. */
    receive: (node: string, { shard: index, epoch, said }: Extract<NodeMessage, { kind: "name" }>): void => {
      const shard = shards[index]
      if (shard === undefined || shardOf(said.to) !== index) return
      const isLatest = shard.known[0] === epoch
      // It knows already that this node is to own it, be it anew: then whoever lives here now is about to be let go.
      if (!shard.known.includes(epoch)) shard.early.push(waitingFor(said, node, epoch))
      else if (staysHere(shard, said)) deliver(said)
      // Whoever claims to belong to an actor does so again to the next owner.
      else if (claims(said)) {
        if (isLatest && shard.route.to !== "node") shard.waiting.push(waitingFor(said, node, epoch))
      }
      // It is not open yet, or all that others say waits until everybody has claimed its own.
      else if ((shard.isToOpen && isLatest) || shard.route.to === "claims") {
        shard.waiting.push(waitingFor(said, node, epoch))
      } else {
        giveBack(node, index)
        sendBack(index, said, node, epoch)
      }
    },
    giveBack,
    /**
     * What has come back waits for another owner. One that has begun meanwhile has heard what was said later: whoever has said
     * this may have taken it back, and asks again, or belongs there and has said so.
     */
    takeBack: (node: string, { shard: index, epoch, said }: Extract<NodeMessage, { kind: "back" }>): void => {
      const shard = shards[index]
      if (shard === undefined) return
      const { route } = shard
      asked.forget(said)
      if (epoch !== shard.awayEpoch) return refuse(said)
      if (route.to === "node" && route.node === node) {
        shard.closed = { epoch: route.epoch, until: performance.now() + options.sentBackMs }
      }
      // It was said before all that has only waited here.
      const behind = shard.waiting.findIndex(({ by }) => by === undefined)
      shard.waiting.splice(behind === -1 ? shard.waiting.length : behind, 0, waitingFor(said, node))
    },
    /**
     * The way to a node is broken. What has come over it and nobody has heard yet is lost, as what was under way is: of two
     * things that somebody says, the first must not be heard without the second. Of a node that leaves in order nothing is.
     */
    parted: (node: string, isLeaving: boolean): void => {
      left.delete(node)
      if (isLeaving) return
      for (const shard of shards) {
        const lost = [...shard.waiting, ...shard.early].filter(({ by }) => by === node)
        shard.waiting = shard.waiting.filter(({ by }) => by !== node)
        shard.early = shard.early.filter(({ by }) => by !== node)
        for (const { said } of lost) refuse(said)
      }
      // Whether it has done what was asked of it nobody knows; whoever asked need not wait to hear that.
      for (const said of asked.of(node)) refuse(said)
    },
    /** A node owns nothing any more and is about to end: what was said to it now would be lost with it. */
    left: (node: string): void => void left.add(node),
    /** Somebody of another node has said this to an actor with a socket of this one, or to whoever asks for one. */
    answered: asked.answered,
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
      return shards.reduce((sum, { waiting, early }) => sum + waiting.length + early.length, 0)
    },
    close: (): void => clearInterval(look)
  }
}

export type Router = ReturnType<typeof createRouter>
