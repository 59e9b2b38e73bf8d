/** The ways to this node: its port for other nodes, who is let in there, and what they say. */
import { createServer, type IncomingMessage } from "node:http"
import type { Socket } from "node:net"
import type { Duplex } from "node:stream"
import { type WebSocket, WebSocketServer } from "ws"
import { type RemoteFrame, readRemoteFrame } from "./frameBytes.ts"
import {
  type GreetingFault,
  type Greetings,
  type Hello,
  isReady,
  type Refusal,
  refusalCodes,
  refusalOf
} from "./greeting.ts"
import { clusterLimits } from "./limits.ts"
import type { HostAndPort, PeerNode } from "./nodeAddress.ts"
import { passageHeader } from "./passages.ts"

export interface WaysInOptions {
  readonly at: HostAndPort
  readonly greetings: Pick<Greetings, "listener">
  /** Ticks without a word after which a way has ended, whatever TCP thinks. */
  readonly silentAfter: number
  /** A node is let in. */
  readonly greeted: (peer: PeerNode) => void
  /** It says that both ways are open to it; what it says from now on is heard. */
  readonly ready: (address: string) => void
  /** The way of a node has ended, or is replaced by another one. */
  readonly ended: (address: string) => void
  /** Whether nodes say such things. */
  readonly isWord: (message: unknown) => boolean
  readonly onMessage: (from: PeerNode, message: unknown) => void
  readonly onFrame: (from: PeerNode, frame: RemoteFrame) => void
  /** A connection that names a ticket: a client's, which another node passes on. False: nobody expects it. */
  readonly onPassage: (request: IncomingMessage, stream: Duplex, head: Buffer) => boolean
  /** `node`: how it calls itself, or where it comes from. */
  readonly refused: (node: string, reason: GreetingFault) => void
  readonly refusedBy: (node: string, reason: Refusal) => void
}

/** A node that was let in. */
interface Visitor {
  readonly peer: PeerNode
  readonly socket: WebSocket
  readonly life: string
  isReady: boolean
  /** Ticks since it was heard. */
  unheard: number
}

export interface WaysIn {
  /** Another life than this one is heard of just now at this address. */
  isTaken(address: string, life: string): boolean
  /** A node at this address is let in. */
  isIn(address: string): boolean
  /** It has said that both ways are open to it. */
  isReady(address: string): boolean
  /** A node at this address is heard of just now. */
  isHeard(address: string): boolean
  /** Bytes that have come since the start, greetings of strangers too. */
  readonly received: number
  /** Ends the way of a node. */
  hangUp(address: string): void
  tick(): void
  /** Ends all, and resolves when the port is free. */
  close(): Promise<void>
}

/** Ticks that may pass without a word of a node that is there. */
const lately = 2

/** Listens; rejects when it cannot. */
export const openWaysIn = async (options: WaysInOptions): Promise<WaysIn> => {
  const { at, greetings, silentAfter } = options
  const sockets = new Set<Socket>()
  /** On connections that have ended. */
  let receivedBefore = 0
  const visitors = new Map<string, Visitor>()
  /** Each ends a connection, unless that has come to something by then. */
  const timers = new WeakMap<Socket, NodeJS.Timeout>()

  /** Who has not even begun a greeting. */
  const refuseStranger = (stream: Pick<Socket, "remoteAddress">, reason: GreetingFault = "malformed") =>
    options.refused(stream.remoteAddress ?? "", reason)

  const server = createServer({ maxHeaderSize: clusterLimits.greetingBytes }, ({ socket }, response) => {
    refuseStranger(socket)
    response.writeHead(426, { Connection: "close" }).end()
  })
  const upgrader = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: clusterLimits.messageBytes
  })

  const endSoon = (stream: Socket, isLate = () => {}) => {
    clearTimeout(timers.get(stream))
    const end = () => {
      isLate()
      stream.destroy()
    }
    timers.set(stream, setTimeout(end, clusterLimits.greetingMs))
  }

  const remove = (address: string): WebSocket | undefined => {
    const visitor = visitors.get(address)
    if (visitor === undefined) return undefined
    visitors.delete(address)
    visitor.socket.removeAllListeners("message")
    options.ended(address)
    return visitor.socket
  }

  const letIn = (socket: WebSocket, address: string, { mark, life }: Hello): Visitor => {
    const visitor: Visitor = { ...{ peer: { address, mark }, socket, life }, isReady: false, unheard: 0 }
    remove(address)?.terminate()
    visitors.set(address, visitor)
    options.greeted(visitor.peer)
    return visitor
  }

  const receive = (socket: WebSocket, stream: Socket, head: Buffer) => {
    const greeting = greetings.listener()
    let visitor: Visitor | undefined
    let said = head.length

    const refuse = (reason: Refusal) => {
      socket.removeAllListeners("message")
      stream.off("data", count)
      socket.close(refusalCodes[reason], reason)
      // It need not answer.
      endSoon(stream)
      options.refused(greeting.node ?? stream.remoteAddress ?? "", reason)
    }
    /** However it is cut into frames. */
    const count = (bytes: Buffer) => {
      said += bytes.length
      if (said > clusterLimits.greetingBytes) refuse("malformed")
    }

    const greet = (data: Buffer, isBinary: boolean) => {
      const step = greeting.read(isBinary || data.length > clusterLimits.greetingBytes ? "" : data.toString())
      switch (step.type) {
        case "say":
          return socket.send(step.text)
        case "refuse":
          return refuse(step.reason)
        case "greeted":
          stream.off("data", count)
          clearTimeout(timers.get(stream))
          visitor = letIn(socket, greeting.node as string, step.hello)
          socket.send(step.last)
      }
    }

    const hear = (from: Visitor, data: Buffer, isBinary: boolean) => {
      from.unheard = 0
      if (!from.isReady) {
        if (isBinary || !isReady(data.toString())) return refuse("malformed")
        from.isReady = true
        return options.ready(from.peer.address)
      }
      if (isBinary) {
        const frame = readRemoteFrame(data)
        return frame === undefined ? refuse("malformed") : options.onFrame(from.peer, frame)
      }
      const message = parsed(data)
      if (message === undefined || !options.isWord(message.value)) return refuse("malformed")
      return options.onMessage(from.peer, message.value)
    }

    socket.on("message", (data: Buffer, isBinary) => {
      if (visitor === undefined) greet(data, isBinary)
      else hear(visitor, data, isBinary)
    })
    socket.on("ping", () => {
      if (visitor !== undefined) visitor.unheard = 0
    })
    socket.on("error", ignore)
    socket.on("close", (code) => {
      // Of what this node has ended itself nothing is heard any more.
      const refusal = socket.listenerCount("message") > 0 ? refusalOf(code) : undefined
      if (visitor !== undefined && visitors.get(visitor.peer.address) === visitor) remove(visitor.peer.address)
      if (refusal !== undefined) options.refusedBy(greeting.node ?? stream.remoteAddress ?? "", refusal)
    })
    stream.on("data", count)
    socket.send(greeting.opening as string)
  }

  server.on("connection", (stream) => {
    sockets.add(stream)
    // Whatever it says or does not say.
    endSoon(stream, () => refuseStranger(stream, "late"))
    stream.once("close", () => {
      sockets.delete(stream)
      receivedBefore += stream.bytesRead
      clearTimeout(timers.get(stream))
    })
  })
  server.on("clientError", (error: NodeJS.ErrnoException, stream: Socket) => {
    // It has ended by itself.
    if (error.code !== "ECONNRESET") refuseStranger(stream)
    stream.destroy()
  })
  upgrader.on("wsClientError", (_, stream: Socket) => {
    refuseStranger(stream)
    stream.destroy()
  })
  server.on("upgrade", (request, stream, head) => {
    stream.on("error", ignore)
    if (request.headers[passageHeader] !== undefined) {
      clearTimeout(timers.get(request.socket))
      if (options.onPassage(request, stream, head)) return
      refuseStranger(request.socket)
      return stream.destroy()
    }
    upgrader.handleUpgrade(request, stream, head, (socket) => receive(socket, request.socket, head))
  })

  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) =>
      reject(
        new Error(`The port for other nodes, ${at.port} of ${at.host}, cannot be had: ${cause.message}`, { cause })
      )
    )
    server.listen({ ...at }, resolve)
  })

  return {
    isTaken: (address, life) => {
      const visitor = visitors.get(address)
      return visitor !== undefined && visitor.life !== life && visitor.unheard <= lately
    },
    isIn: (address) => visitors.has(address),
    isReady: (address) => visitors.get(address)?.isReady === true,
    isHeard: (address) => (visitors.get(address)?.unheard ?? Number.POSITIVE_INFINITY) <= lately,
    get received() {
      return [...sockets].reduce((sum, { bytesRead }) => sum + bytesRead, receivedBefore)
    },
    hangUp: (address) => remove(address)?.terminate(),
    tick: () => {
      for (const [address, visitor] of visitors) {
        if (++visitor.unheard > silentAfter) remove(address)?.terminate()
      }
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const address of [...visitors.keys()]) remove(address)?.terminate()
        for (const stream of sockets) stream.destroy()
      })
  }
}

/** Undefined: it is no JSON. */
const parsed = (data: Buffer): { readonly value: unknown } | undefined => {
  try {
    return { value: JSON.parse(data.toString()) }
  } catch {
    return undefined
  }
}

/** What follows from an error is told by the end of the WebSocket. */
function ignore() {}
