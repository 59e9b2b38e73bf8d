/**
 * One ordered channel from this node to each other one: messages, and the frames of links. Each node dials every other; what
 * it has to say goes out on the WebSocket that it has dialled, what it is told comes in on the one that the other dialled.
 */
import type * as Redacted from "effect/Redacted"
import { createActor } from "xstate"
import { limits } from "../../limits.ts"
import { channelMachine } from "../../machines/cluster/channel/channel.ts"
import type { ChannelEvent } from "../../machines/cluster/channel/channelContext.ts"
import { createTokenBuckets } from "../admission/tokenBuckets.ts"
import { createFlush } from "../sockets/flush.ts"
import type { Sender } from "../sockets/sender.ts"
import { describeError } from "../telemetry/describeError.ts"
import type { Log } from "../telemetry/telemetry.ts"
import { createGreetings, digestOf, type Hello, makeLife, type Refusal } from "./greeting.ts"
import { clusterLimits } from "./limits.ts"
import type { ClusterLine } from "./lines.ts"
import { createLives, type PeerNode } from "./lives.ts"
import { channelAddress } from "./nodeAddress.ts"
import { createWayOut, type WayOut } from "./wayOut.ts"
import { openWaysIn, type WaysIn } from "./waysIn.ts"

export type { PeerNode } from "./lives.ts"

export interface ChannelsOptions {
  /** `host:port`, an IPv6 address in brackets; the channel listens on the next port. */
  readonly self: string
  /** The interface to bind; absent: the host of `self`. */
  readonly listen?: string | undefined
  /** Two characters of [0-9a-z]: the beginning of all ids of this node's clients. */
  readonly mark: string
  /** Nodes prove it to each other before anything else. */
  readonly secret: Redacted.Redacted<string>
  /** What nodes speak to each other; absent: what this code speaks. */
  readonly version?: number | undefined
  readonly shards: number
  /** Name and mount of each that is served: the same at all nodes. */
  readonly protocols: readonly string[]
  /** A node that has not answered for so long does not answer, milliseconds. It is counted in pings: while this process
   * stands still nobody is silent. */
  readonly silenceMs: number
  readonly pingMs: number
  /** Unsent bytes towards one node at which those who send frames there are paused, and at which they go on. */
  readonly highBytes: number
  readonly lowBytes: number
  /** What was said by `send`, in order, each a JSON value. */
  readonly onMessage: (from: PeerNode, message: unknown) => void
  /** A client's frame as it came, in order with the messages. */
  readonly onFrame: (from: PeerNode, target: string, source: string, bytes: Buffer) => void
  /** Both ways to it are open: what either says to the other arrives, until they have parted. */
  readonly onMet: (peer: PeerNode) => void
  /** One of the ways has ended, and what was said on it last may be lost. It may be met again in a moment. */
  readonly onParted: (peer: PeerNode) => void
  /** What is said to it from now on arrives, as long as the way holds; it is told again of each new way. */
  readonly onOpen: (peer: PeerNode) => void
  /** Its process is gone: its machine says that nobody listens there, three times in 0.1 s. */
  readonly onDead: (peer: PeerNode) => void
  /** It lives another life than before: what it said in that one is over. `peer`: as it was known then. */
  readonly onReborn: (peer: PeerNode) => void
  /** It does not answer, and may yet be alive: the way to it may be broken. */
  readonly onSilent: (peer: PeerNode) => void
  /** Another node has taken this one for dead, and all ways have ended: what was true of its clients is true no more. */
  readonly onBuried: () => void
  readonly log: Log<ClusterLine>
  /** Where to dial instead of where a node is said to be: for tests of broken ways. */
  readonly via?: ((node: string) => string) | undefined
}

export interface Channels {
  /** Who is there, besides those who are known already. Throws on what is no address. */
  know(addresses: readonly string[]): void
  /** Whether something can be said to it now. */
  isOpen(address: string): boolean
  /** Whether it has answered of late, whatever anybody says of it. */
  isAnswering(address: string): boolean
  /** Says it; false: that is impossible now. It arrives unless the way ends. Throws on what is larger than 64 MiB as JSON. */
  send(address: string, message: unknown): boolean
  /** Sends a client's frame to a client of another node; the sender is not read while too much is under way there. */
  frame(address: string, target: string, source: string, sender: Sender, bytes: Buffer | string): boolean
  /** The life that the node lives is over; should it speak again, it is told so. */
  bury(address: string): void
  /** Ends the channel to it, and with that what is known of it. */
  forget(address: string): void
  /** Ends all channels; resolves when the port is free. */
  close(): Promise<void>
}

interface Channel {
  readonly way: WayOut
  readonly tell: (event: ChannelEvent) => void
  /** Answers, as its chart says. */
  readonly isAnswering: () => boolean
  /** The life that its WebSocket was opened to. */
  life: string | null
}

/** Listens and, once it is told of other nodes, dials them. Rejects where it cannot listen. */
export const createChannels = async (options: ChannelsOptions): Promise<Channels> => {
  const { self, mark, log, via = (node: string) => node } = options
  const silentAfter = Math.max(2, Math.ceil(options.silenceMs / options.pingMs))
  const channels = new Map<string, Channel>()
  const lives = createLives()
  const flush = createFlush()
  const now = () => performance.now()
  /** One line a minute for each node and reason. */
  const lines = createTokenBuckets({ burst: 1, perSecond: 1000 / limits.refusalLineMs, keys: 1000, now })
  const protocols = digestOf(options.protocols)
  const { version = clusterLimits.channelVersion, shards } = options
  let life = makeLife()
  let ways: WaysIn

  /** Whoever listens must not take a way down with a fault of its own. */
  const guarded = (listener: () => void) => {
    try {
      listener()
    } catch (error) {
      log("error", "cluster:fault", describeError(error))
    }
  }

  /** Nodes to and from which ways are open. */
  const met = new Set<string>()
  const lookAt = (address: string) => {
    const isMet = ways.isIn(address) && channels.get(address)?.way.isOpen === true
    if (isMet === met.has(address)) return
    const peer = lives.peer(address)
    if (isMet) met.add(address)
    else met.delete(address)
    guarded(() => (isMet ? options.onMet(peer) : options.onParted(peer)))
  }

  const refusal = (line: "cluster:refused" | "cluster:refused_by") => (node: string, reason: Refusal) => {
    if (lines.take(`${line} ${node} ${reason}`) === 0) log("warn", line, { node, reason })
  }
  const refused = refusal("cluster:refused")
  const refusedBy = refusal("cluster:refused_by")

  const isThere = (address: string) => ways.isHeard(address) || channels.get(address)?.way.isOpen === true

  const objection = (node: string, hello: Hello): Refusal | undefined => {
    if (ways.isTaken(node, hello.life)) return "address"
    return lives.withMark(hello.mark).some((address) => address !== node && isThere(address)) ? "mark" : undefined
  }

  const greetings = createGreetings({
    self,
    secret: options.secret,
    hello: () => ({ version, shards, protocols, life, mark }),
    isBuried: lives.isBuried,
    objection
  })

  /** A node has said who it is, on either way. */
  const meet = (address: string, hello: Hello) => {
    const before = lives.meet(address, hello.mark, hello.life)
    if (before === undefined) return
    ways.leave(address, hello.life)
    const channel = channels.get(address)
    if (channel !== undefined && channel.life !== hello.life) channel.tell({ type: "node.lost" })
    guarded(() => options.onReborn(before))
  }

  const buried = (which: string) => {
    if (which !== life) return
    life = makeLife()
    log("warn", "cluster:renewed", { node: self })
    ways.hangUp()
    for (const { way, tell } of channels.values()) {
      way.hangUp()
      tell({ type: "way.ended" })
    }
    guarded(options.onBuried)
  }

  const open = (node: string): Channel => {
    const way = createWayOut({
      ...{ node, via, greetings, flush },
      ...{ highBytes: options.highBytes, lowBytes: options.lowBytes },
      tell: (event) => actor.send(event),
      greeted: (hello) => {
        channel.life = hello.life
        meet(node, hello)
      },
      refused: (reason) => refused(node, reason),
      refusedBy: (reason) => refusedBy(node, reason),
      buried
    })
    const actor = createActor(
      channelMachine.provide({
        actions: {
          dial: way.dial,
          hangUp: way.hangUp,
          ping: way.ping,
          tellOpen: () => {
            way.open()
            guarded(() => options.onOpen(lives.peer(node)))
            lookAt(node)
          },
          tellClosed: () => {
            way.shut()
            lookAt(node)
          },
          tellSilent: () => guarded(() => options.onSilent(lives.peer(node))),
          tellDead: () => guarded(() => options.onDead(lives.peer(node)))
        }
      }),
      {
        input: {
          node,
          settings: {
            ...{ deadAfter: clusterLimits.deadAfter, silentAfter },
            ...{ dialMs: clusterLimits.dialMs, greetingMs: clusterLimits.greetingMs },
            againMs: clusterLimits.againMs
          }
        }
      }
    )
    const channel: Channel = {
      way,
      tell: (event) => actor.send(event),
      isAnswering: () => actor.getSnapshot().matches({ node: "answering" }),
      life: null
    }
    channels.set(node, channel)
    actor.start()
    return channel
  }

  const { host, port } = channelAddress(self)
  ways = await openWaysIn({
    at: { host: options.listen ?? host, port },
    greetings,
    silentAfter,
    greeted: ({ address }, hello) => {
      meet(address, hello)
      lookAt(address)
    },
    ended: lookAt,
    onMessage: (from, message) => guarded(() => options.onMessage(from, message)),
    onFrame: (from, { target, source, bytes }) => guarded(() => options.onFrame(from, target, source, bytes)),
    refused,
    refusedBy,
    buried
  })

  const ticks = setInterval(() => {
    ways.tick()
    for (const { tell } of channels.values()) tell({ type: "tick" })
  }, options.pingMs)

  return {
    know: (addresses) => {
      for (const address of addresses) {
        channelAddress(address)
        if (address !== self && !channels.has(address)) open(address)
      }
    },
    isOpen: (address) => channels.get(address)?.way.isOpen === true,
    isAnswering: (address) => channels.get(address)?.isAnswering() === true,
    send: (address, message) => channels.get(address)?.way.send(message) === true,
    frame: (address, target, source, sender, bytes) =>
      channels.get(address)?.way.frame(target, source, sender, bytes) === true,
    bury: (address) => {
      const over = lives.bury(address)
      if (over === undefined) return
      ways.bury(address, over)
      channels.get(address)?.way.bury(over)
    },
    forget: (address) => {
      channels.get(address)?.tell({ type: "channel.forget" })
      channels.delete(address)
      lives.forget(address)
    },
    close: async () => {
      clearInterval(ticks)
      for (const { tell } of channels.values()) tell({ type: "channel.forget" })
      channels.clear()
      await ways.close()
    }
  }
}
