/**
 * One ordered channel from this node to each other one: messages, and the frames of links. Each node dials every other; what
 * it has to say goes out on the WebSocket that it has dialled, what it is told comes in on the one that the other dialled.
 */
import type * as Redacted from "effect/Redacted"
import { createActor } from "xstate"
import { channelMachine } from "../../machines/cluster/channel/channel.ts"
import type { ChannelEvent } from "../../machines/cluster/channel/channelContext.ts"
import { createFlush } from "../sockets/flush.ts"
import type { Sender } from "../sockets/sender.ts"
import { describeError } from "../telemetry/describeError.ts"
import type { Log } from "../telemetry/telemetry.ts"
import { createGreetings, digestOf, type Hello, makeLife, type Refusal, ready } from "./greeting.ts"
import { clusterLimits } from "./limits.ts"
import type { ClusterLine } from "./lines.ts"
import { channelAddress, type PeerNode } from "./nodeAddress.ts"
import { createRefusals } from "./refusals.ts"
import { createWayOut, type WayOut } from "./wayOut.ts"
import { openWaysIn, type WaysIn, type WaysInOptions } from "./waysIn.ts"

export type { PeerNode } from "./nodeAddress.ts"

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
  /** Whether nodes say such things: whoever says something else is refused. */
  readonly isWord: (message: unknown) => boolean
  /** What was said by `send`, in order, each a JSON value. */
  readonly onMessage: (from: PeerNode, message: unknown) => void
  /** A client's frame as it came, in order with the messages. */
  readonly onFrame: (from: PeerNode, target: string, source: string, bytes: Buffer) => void
  /** A connection that names a ticket: a client's, which another node passes on (passages.ts). Absent: none is expected. */
  readonly onPassage?: WaysInOptions["onPassage"]
  /** Both ways are open, and the other node knows: what either says from now on arrives, until they part. */
  readonly onMet: (peer: PeerNode) => void
  /** One of the ways has ended, and with it the other one: what was said last may be lost, and nothing of it is heard any
   * more. It may be met again in a moment. */
  readonly onParted: (peer: PeerNode) => void
  /** Its process is gone: its machine says that nobody listens there, three times in 0.1 s. */
  readonly onDead: (peer: PeerNode) => void
  readonly log: Log<ClusterLine>
  /** Where to dial instead of where a node is said to be: for tests of broken ways. */
  readonly via?: ((node: string) => string) | undefined
}

export interface Channels {
  /** Who is there, besides those who are known already. Throws on what is no address. */
  know(addresses: readonly string[]): void
  /** Whether it is met: something can be said to it now. */
  isOpen(address: string): boolean
  /** Whether it has answered of late, whatever anybody says of it. */
  isAnswering(address: string): boolean
  /** Why it could not be dialled the last time, as the system says. */
  troubleWith(address: string): string | undefined
  /** Says it; false: that is impossible now. It arrives unless they part. Throws on what is larger than 64 MiB as JSON. */
  send(address: string, message: unknown): boolean
  /** Sends a client's frame to a client of another node; the sender is not read while too much is under way there. */
  frame(address: string, target: string, source: string, sender: Sender, bytes: Buffer | string): boolean
  /** The sender is not read while too much is under way there. */
  heed(address: string, sender: Sender): void
  /** What has gone over all channels since the start. */
  bytes(): { readonly sent: number; readonly received: number }
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
}

/** Listens and, once it is told of other nodes, dials them. Rejects where it cannot listen. */
export const createChannels = async (options: ChannelsOptions): Promise<Channels> => {
  const { self, mark, log, via = (node: string) => node } = options
  const silentAfter = Math.max(2, Math.ceil(options.silenceMs / options.pingMs))
  const channels = new Map<string, Channel>()
  const met = new Set<string>()
  /** What all ids of each node's clients begin with, as it has said last. */
  const marks = new Map<string, string>()
  const flush = createFlush()
  /** On ways that have ended. */
  let sentBefore = 0
  const protocols = digestOf(options.protocols)
  const { version = clusterLimits.channelVersion, shards } = options
  let ways: WaysIn

  /** Whoever listens must not take a way down with a fault of its own. */
  const guarded = (listener: () => void) => {
    try {
      listener()
    } catch (error) {
      log("error", "cluster:fault", describeError(error))
    }
  }

  const peerAt = (address: string): PeerNode => ({ address, mark: marks.get(address) ?? "" })

  /** Each says when both ways are open to it, and has met whoever says so, too: neither hears anything before that. */
  const lookAt = (address: string) => {
    if (channels.get(address)?.way.isOpen !== true || !ways.isReady(address)) return
    met.add(address)
    guarded(() => options.onMet(peerAt(address)))
  }
  const opened = (address: string) => {
    const way = channels.get(address)?.way
    if (way?.isOpen !== true || !ways.isIn(address)) return
    way.send(ready)
    lookAt(address)
  }
  /** No way outlives the other: what comes late on it would be taken for news. */
  const ended = (address: string) => {
    channels.get(address)?.tell({ type: "node.parted" })
    ways.hangUp(address)
    if (met.delete(address)) guarded(() => options.onParted(peerAt(address)))
  }

  const refusals = createRefusals(log)
  const refused = refusals("cluster:refused")
  const refusedBy = refusals("cluster:refused_by")

  const isThere = (address: string) => ways.isHeard(address) || channels.get(address)?.way.isOpen === true

  const objection = (node: string, hello: Hello): Refusal | undefined => {
    if (ways.isTaken(node, hello.life)) return "address"
    const isMarked = [...marks].some(([other, mark]) => other !== node && mark === hello.mark && isThere(other))
    return isMarked ? "mark" : undefined
  }

  const greetings = createGreetings({
    self,
    secret: options.secret,
    hello: { version, shards, protocols, life: makeLife(), mark },
    objection
  })

  const open = (node: string): Channel => {
    const way = createWayOut({
      ...{ node, via, greetings, flush },
      ...{ highBytes: options.highBytes, lowBytes: options.lowBytes },
      tell: (event) => actor.send(event),
      greeted: (hello) => void marks.set(node, hello.mark),
      ended: (sent) => {
        sentBefore += sent
      },
      refused: (reason) => refused(node, reason),
      refusedBy: (reason) => refusedBy(node, reason)
    })
    const actor = createActor(
      channelMachine.provide({
        actions: {
          dial: way.dial,
          hangUp: way.hangUp,
          ping: way.ping,
          tellOpen: () => {
            way.open()
            opened(node)
          },
          tellClosed: () => {
            way.shut()
            ended(node)
          },
          tellDead: () => guarded(() => options.onDead(peerAt(node)))
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
      isAnswering: () => actor.getSnapshot().matches({ node: "answering" })
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
    greeted: ({ address, mark }) => {
      marks.set(address, mark)
      opened(address)
    },
    ready: lookAt,
    ended,
    isWord: options.isWord,
    // Who speaks and is not met has not heard yet that its other way has ended.
    onMessage: (from, message) => {
      if (met.has(from.address)) guarded(() => options.onMessage(from, message))
    },
    onFrame: (from, { target, source, bytes }) => {
      if (met.has(from.address)) guarded(() => options.onFrame(from, target, source, bytes))
    },
    onPassage: options.onPassage ?? (() => false),
    refused,
    refusedBy
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
    isOpen: (address) => met.has(address),
    isAnswering: (address) => channels.get(address)?.isAnswering() === true,
    troubleWith: (address) => channels.get(address)?.way.trouble,
    send: (address, message) => met.has(address) && channels.get(address)?.way.send(message) === true,
    frame: (address, target, source, sender, bytes) =>
      met.has(address) && channels.get(address)?.way.frame(target, source, sender, bytes) === true,
    heed: (address, sender) => channels.get(address)?.way.heed(sender),
    bytes: () => ({
      sent: [...channels.values()].reduce((sum, { way }) => sum + way.sent, sentBefore),
      received: ways.received
    }),
    forget: (address) => {
      channels.get(address)?.tell({ type: "channel.forget" })
      channels.delete(address)
      marks.delete(address)
    },
    close: async () => {
      clearInterval(ticks)
      for (const { tell } of channels.values()) tell({ type: "channel.forget" })
      channels.clear()
      await ways.close()
    }
  }
}
