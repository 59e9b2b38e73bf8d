/**
 * Upgrade requests that are for another node: whoever accepts one passes the connection on, byte by byte, and the WebSocket is
 * that node's, with its pings, limits, back pressure and closing codes. The request itself is told over the channel, which has
 * proved who speaks; the connection that is dialled for it names a ticket, which is good for once.
 */
import { randomBytes } from "node:crypto"
import type { IncomingHttpHeaders, IncomingMessage } from "node:http"
import { connect, type Socket } from "node:net"
import type { Duplex } from "node:stream"
import type { Lost } from "../../protocol.ts"
import { type ClientAddress, knowClient } from "../admission/address.ts"
import { refuseUpgrade, type UpgradeRefusal } from "../sockets/upgradeRefusal.ts"
import type { PeerNode } from "./channels.ts"
import { closingFrame, createFrameWatch } from "./frameWatch.ts"
import { clusterLimits } from "./limits.ts"
import type { HostAndPort } from "./nodeAddress.ts"

/** Where a connection names its ticket. */
export const passageHeader = "silktower-passage"

/** What is told of a passage. */
export type PassageMessage =
  /** A connection with this ticket will be this client's, with this request. */
  | {
      readonly t: "passage"
      readonly ticket: string
      readonly url: string
      readonly headers: IncomingHttpHeaders
      readonly client: ClientAddress
    }
  /** It is expected now. */
  | { readonly t: "awaited"; readonly ticket: string }

export interface PassagesOptions {
  readonly send: (node: string, message: PassageMessage) => boolean
  /** Where the channel of a node listens. */
  readonly channelOf: (node: string) => HostAndPort
}

/** What a passage needs of the request and its client. */
export interface Passing {
  readonly request: Pick<IncomingMessage, "url" | "headers">
  readonly client: ClientAddress
  readonly lost: Lost
}

export interface Passages {
  /** Passes a connection on whose upgrade request has been read. */
  passOn(node: string, passing: Passing, socket: Duplex, head: Buffer): void
  /** Hands on the upgrades that come from other nodes from now on. */
  receive(upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void): void
  /** Whether this upgrade has come from another node. */
  isPassed(request: IncomingMessage): boolean
  /** A connection that names a ticket; false: there is none such. */
  onConnection(request: IncomingMessage, socket: Duplex, head: Buffer): boolean
  onMessage(from: PeerNode, message: unknown): void
  /** Ends all that are passed on to a node. */
  gone(node: string): void
  /** How many are passed on now. */
  readonly count: number
  /** This node goes: resolves when everybody has been told. */
  end(): Promise<void>
}

const goingAway: Lost = { code: 1001, reason: "Server shutdown" }
const unreachable: UpgradeRefusal = { status: 503, body: "Service Unavailable" }

/** One that is passed on. */
interface Passage {
  readonly node: string
  /** Ends it. */
  end(lost?: Lost): void
  readonly ended: Promise<void>
}

export const createPassages = ({ send, channelOf }: PassagesOptions): Passages => {
  /** Of this node's clients, until the other node expects them. */
  const asked = new Map<string, { readonly node: string; readonly answer: (isAwaited: boolean) => void }>()
  /** Of other nodes' clients. */
  const awaited = new Map<string, Extract<PassageMessage, { t: "passage" }>>()
  const passages = new Set<Passage>()
  const passed = new WeakSet<IncomingMessage>()
  let hear: Parameters<Passages["receive"]>[0] = (_, socket) => socket.destroy()

  const join = (node: string, ticket: string, { lost }: Passing, socket: Duplex, head: Buffer): Passage => {
    const way: Socket = connect(channelOf(node))
    const watch = createFrameWatch()
    let closing = lost
    way.setNoDelay(true)
    way.write(
      `GET / HTTP/1.1\r\nHost: node\r\nConnection: Upgrade\r\nUpgrade: silktower\r\n${passageHeader}: ${ticket}\r\n\r\n`
    )
    way.write(head)
    socket.pipe(way)
    way.on("data", (bytes: Buffer) => {
      watch.saw(bytes)
      if (!socket.write(bytes)) way.pause()
    })
    socket.on("drain", () => way.resume())
    socket.on("close", () => way.destroy())
    way.on("error", ignore)
    const ended = new Promise<void>((resolve) => socket.once("close", resolve))
    way.once("close", () => {
      if (socket.destroyed) return
      socket.unpipe(way)
      if (!watch.isAnswered) return refuseUpgrade(socket, unreachable)
      if (watch.mayClose) socket.end(closingFrame(closing.code, closing.reason))
      else socket.end()
      // What its client still says goes nowhere; should it not read, it is cut.
      socket.resume()
      setTimeout(() => socket.destroy(), clusterLimits.passage.closingMs).unref()
    })
    return {
      node,
      ended,
      end: (why = lost) => {
        closing = why
        way.destroy()
      }
    }
  }

  return {
    passOn: (node, passing, socket, head) => {
      const ticket = randomBytes(16).toString("hex")
      const { request, client } = passing
      const answer = (isAwaited: boolean) => {
        clearTimeout(timer)
        if (!asked.delete(ticket) || socket.destroyed) return
        if (!isAwaited) return refuseUpgrade(socket, unreachable)
        const passage = join(node, ticket, passing, socket, head)
        passages.add(passage)
        void passage.ended.then(() => passages.delete(passage))
      }
      const timer = setTimeout(() => answer(false), clusterLimits.passage.awaitMs).unref()
      asked.set(ticket, { node, answer })
      const { url = "/", headers } = request
      if (!send(node, { t: "passage", ticket, url, headers, client })) answer(false)
    },
    receive: (upgrade) => {
      hear = upgrade
    },
    isPassed: (request) => passed.has(request),
    onConnection: (request, socket, head) => {
      const ticket = request.headers[passageHeader] as string
      const passage = awaited.get(ticket)
      awaited.delete(ticket)
      if (passage === undefined) return false
      request.url = passage.url
      request.headers = passage.headers
      knowClient(request, passage.client)
      passed.add(request)
      hear(request, socket, head)
      return true
    },
    onMessage: ({ address }, message) => {
      const said = message as PassageMessage
      if (said.t === "passage") {
        awaited.set(said.ticket, said)
        setTimeout(() => awaited.delete(said.ticket), clusterLimits.passage.awaitMs).unref()
        send(address, { t: "awaited", ticket: said.ticket })
      } else if (said.t === "awaited" && asked.get(said.ticket)?.node === address) {
        asked.get(said.ticket)?.answer(true)
      }
    },
    gone: (node) => {
      for (const each of asked.values()) if (each.node === node) each.answer(false)
      for (const passage of passages) if (passage.node === node) passage.end()
    },
    get count() {
      return passages.size
    },
    end: async () => {
      for (const { answer } of asked.values()) answer(false)
      await Promise.all(
        [...passages].map((passage) => {
          passage.end(goingAway)
          return passage.ended
        })
      )
    }
  }
}

/** What follows from an error is told by the end of the connection. */
function ignore() {}
