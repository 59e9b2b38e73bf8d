/**
 * WebSockets: who may open one where, and what is done with it. Each protocol has a place of its own on the port; it
 * knows nothing of what the frames say.
 */
import type { EventEmitter } from "node:events"
import type { IncomingMessage } from "node:http"
import type { Duplex } from "node:stream"
import { type WebSocket, WebSocketServer } from "ws"
import { limits, piecesFor } from "../../limits.ts"
import { decodedPath, isUnder } from "../admission/requestPath.ts"
import { ClientSocket } from "./clientSocket.ts"
import { CurtWebSocket, ExplainingWebSocket } from "./explainingWebSocket.ts"
import { createFlush } from "./flush.ts"
import { refuseUpgrade as refuse, type UpgradeRefusal } from "./upgradeRefusal.ts"

export type { UpgradeRefusal } from "./upgradeRefusal.ts"

/** How sockets are treated, whoever speaks over them. */
export interface SocketSettings {
  /** Bytes of one message; one more closes the socket with 1009. */
  readonly maxPayloadBytes: number
  /** A client that has not answered the last ping when the next is due is terminated. */
  readonly healthCheckIntervalMs: number
  /** A client that is probed has so long for a sign of life. */
  readonly probeTimeoutMs: number
  /** Bytes of frames that wait while the client is held, before its socket is paused. */
  readonly heldFramesBytes: number
  /** Unsent bytes at which those who send to this client are paused, and at which they go on. */
  readonly backPressureHighBytes: number
  readonly backPressureLowBytes: number
  /** A client that stays above the low mark for so long is terminated. */
  readonly slowReaderTimeoutMs: number
  /** Frames, pings and pongs among them, that a client may send in the long run, and at once; it is closed with 1008 beyond.
   * 0: without a limit. */
  readonly framesPerSecond: number
  readonly frameBurst: number
}

/** The connection is somebody else's from now on. */
export interface UpgradeTaken {
  readonly takes: (socket: Duplex, head: Buffer) => void
}

/** What is done with sockets and what they say. */
export interface SocketHandler {
  opened(socket: ClientSocket, request: IncomingMessage): void
  /** Frames of one socket come one at a time, in order, and not while it is held. */
  frame(socket: ClientSocket, bytes: Buffer, isBinary: boolean): void
  /** `abrupt`: the client has sent no close frame, and not because we had told it to go. */
  closed(socket: ClientSocket, abrupt: boolean): void
  /** It has sent too many frames, and is closed for that. */
  flooded(socket: ClientSocket): void
  /** `frame` has thrown: a fault of ours, which must not become the process's. */
  failed(socket: ClientSocket, error: unknown): void
  /** Absent: whoever sends too many frames is closed at once. Else what is too much is lost at first. */
  readonly floods?: {
    /** Milliseconds after which a client that goes on is closed. */
    readonly toleratedMs: number
    /** Says so to the client, once a second at most. */
    tell(socket: ClientSocket): void
  }
  /** How long the client took to answer the server's ping, milliseconds. */
  roundTrip?(socket: ClientSocket, milliseconds: number): void
}

/** Null: there is none. */
export type UpgradeObjection = UpgradeRefusal | UpgradeTaken | null

/** One protocol's place. */
export interface SocketMount {
  /** `/`, or a path without a slash at its end: it and what is below it. */
  readonly path: string
  /** A refusal for this upgrade request, who takes it instead, or null to accept it; a promise where that takes a while to find
   * out. Never rejects. */
  readonly refuses: (request: IncomingMessage) => UpgradeObjection | Promise<UpgradeObjection>
  /** Bytes of one message; absent: those of the server. */
  readonly maxPayloadBytes?: number | undefined
  /** False: the closing frame repeats a client's code without its reason, where RFC 6455 5.5.1 asks for the code only. */
  readonly echoesReason?: boolean | undefined
  /** False: no subprotocol is ever selected; absent: the first that a client offers. */
  readonly selectsSubprotocol?: boolean | undefined
  readonly handler: SocketHandler
}

export interface SocketServerOptions extends SocketSettings {
  /** At the root any path upgrades that is nobody else's. */
  readonly mounts: readonly SocketMount[]
}

export interface SocketServer {
  /** Refuses further upgrades with 503. */
  refuseNewcomers(): void
  /** Ends what is still open without a handshake. */
  terminate(): void
  readonly clients: number
  /** Those who are connected, the oldest first. */
  everybody(): Iterable<ClientSocket>
}

/** The mount of a request target: the longest path that it begins with, segment by segment. */
const createMountOf = (mounts: readonly SocketMount[]) => {
  const byLength = mounts.toSorted((one, other) => other.path.length - one.path.length)
  return (url: string): SocketMount | undefined => {
    const path = decodedPath(url)
    return byLength.find((mount) => isUnder(path, mount.path))
  }
}

/** Makes a mount's sockets, uncompressed. */
const upgraderOf = (mount: SocketMount, options: SocketServerOptions): WebSocketServer => {
  const { maxPayloadBytes, echoesReason, selectsSubprotocol } = mount
  const maxPayload = maxPayloadBytes ?? options.maxPayloadBytes
  return new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload,
    maxFragments: piecesFor(maxPayload),
    maxBufferedChunks: piecesFor(maxPayload),
    ...(selectsSubprotocol === false ? { handleProtocols: () => false as const } : {}),
    WebSocket: echoesReason === false ? CurtWebSocket : ExplainingWebSocket
  })
}

/** Not all of whom it is answered come back in one second. */
const shuttingDown = (): UpgradeRefusal => ({
  status: 503,
  body: "Server is shutting down.",
  headers: { "Retry-After": String(1 + Math.floor(Math.random() * limits.retryUpgradeSeconds)) }
})
const nobodyHere: UpgradeRefusal = { status: 404, body: "Not Found" }

/** Takes over the upgrades that a server tells of, until it tells of its `close`. */
export const createSocketServer = (server: EventEmitter, options: SocketServerOptions): SocketServer => {
  const clients = new Map<WebSocket, ClientSocket>()
  const flush = createFlush()
  let accepting = true
  const upgraders = new Map(options.mounts.map((mount) => [mount, upgraderOf(mount, options)]))

  const mountOf = createMountOf(options.mounts)

  const open = ({ handler, path }: SocketMount, socket: WebSocket, request: IncomingMessage) => {
    const client = new ClientSocket(socket, request.socket, flush, handler, options)
    client.path = path
    clients.set(socket, client)
    socket.on("message", onMessage)
    socket.on("ping", onPing)
    socket.on("pong", onPong)
    socket.on("close", onClose)
    socket.on("error", ignore)
    handler.opened(client, request)
  }

  // One function each for all sockets, found by `this`: closures of their own would cost every idle client memory.
  function onMessage(this: WebSocket, data: Buffer, isBinary: boolean) {
    clients.get(this)?.received(data, isBinary)
  }
  function onPing(this: WebSocket) {
    clients.get(this)?.controlled()
  }
  function onPong(this: WebSocket) {
    const client = clients.get(this)
    client?.answered()
    client?.controlled()
  }
  function onClose(this: WebSocket, code: number) {
    const client = clients.get(this)
    if (client === undefined) return
    clients.delete(this)
    client.ended(code)
  }

  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", ignore)
    const mount = mountOf(request.url ?? "/")
    if (mount === undefined) return refuse(socket, nobodyHere)
    const upgrade = (objection: UpgradeObjection) => {
      if (objection !== null) return "takes" in objection ? objection.takes(socket, head) : refuse(socket, objection)
      // The answer leaves together with the first frames.
      flush(socket)
      upgraders.get(mount)?.handleUpgrade(request, socket, head, (webSocket) => open(mount, webSocket, request))
    }
    const refusal = accepting ? mount.refuses(request) : shuttingDown()
    if (!(refusal instanceof Promise)) return upgrade(refusal)
    refusal.then((found) => {
      // Whoever has gone meanwhile is told nothing.
      if (!socket.destroyed) upgrade(accepting ? found : shuttingDown())
    })
  })

  const healthCheck = setInterval(() => {
    for (const client of clients.values()) client.checkHealth()
  }, options.healthCheckIntervalMs)
  healthCheck.unref()
  server.once("close", () => clearInterval(healthCheck))

  return {
    refuseNewcomers: () => {
      accepting = false
    },
    terminate: () => {
      for (const socket of clients.keys()) socket.terminate()
    },
    get clients() {
      return clients.size
    },
    everybody: () => clients.values()
  }
}

/** ws closes a socket after any error by itself, with the code that says what was wrong. */
function ignore() {}
