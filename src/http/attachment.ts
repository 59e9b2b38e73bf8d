/**
 * A place in a server of somebody else's: requests and upgrades for us are answered by us, and the server's own listeners
 * never see them; everything else is theirs, whether they were added before us or come later.
 *
 * That is why we stand before the listeners, at the server's `emit`, and not among them: a listener cannot keep a request
 * from the others, and one that takes their place would not know of those that are added behind it.
 */
import { EventEmitter } from "node:events"
import type { IncomingMessage, Server } from "node:http"
import { ServerResponse } from "node:http"
import type { Server as SecureServer } from "node:https"
import type { Duplex } from "node:stream"
import { decodedPath, isUnder, originForm } from "../io/admission/requestPath.ts"

/** Where we have our place. */
export interface AttachedTo {
  readonly server: Server | SecureServer
  /** Everything below is ours, and looks to us as if it were at the root. `/`: ours is what a
   * server of ours answers, but for the page of the site and its icon. */
  readonly basePath: string
}

/** What is ours where we share the root; both get decoded paths. */
export interface Owned {
  request(path: string): boolean
  upgrade(path: string): boolean
}

/** What a site shows of itself, whoever else answers there. */
const ofTheSite: ReadonlySet<string> = new Set(["/", "/favicon.ico"])

type OnRequest = (request: IncomingMessage, response: ServerResponse) => void

interface Place {
  /** Answers what is ours; false: it is not. */
  request(request: IncomingMessage, response: ServerResponse): boolean
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean
}

export interface Attachment {
  /** Tells of `upgrade` as a server does, and of `close`, when the place has been given up. */
  readonly events: EventEmitter
  /** Takes the place. */
  open(): void
  /** Gives the server back as it was. May be called before `open`, and twice. */
  close(): void
}

export const createAttachment = ({ server, basePath }: AttachedTo, owned: Owned, onRequest: OnRequest): Attachment => {
  const events = new EventEmitter()
  /** The target as we know it; undefined: it is not ours. */
  const ours = (url: string, isOwned: (path: string) => boolean): string | undefined => {
    if (url === "*") return undefined
    const target = originForm(url)
    if (basePath === "/") return isOwned(decodedPath(target)) ? target : undefined
    if (!isUnder(decodedPath(target), basePath) || !target.startsWith(basePath)) return undefined
    const rest = target.slice(basePath.length)
    return rest.startsWith("/") ? rest : `/${rest}`
  }
  const place: Place = {
    request: (request, response) => {
      const url = ours(request.url ?? "/", (path) => !ofTheSite.has(path) && owned.request(path))
      if (url === undefined) return false
      request.url = url
      onRequest(request, response)
      return true
    },
    upgrade: (request, socket, head) => {
      const url = ours(request.url ?? "/", owned.upgrade)
      if (url === undefined) return false
      request.url = url
      return events.emit("upgrade", request, socket, head)
    }
  }
  let leave: (() => void) | undefined
  return {
    events,
    open: () => {
      leave = enter(server, place)
    },
    close: () => {
      leave?.()
      leave = undefined
      events.emit("close")
    }
  }
}

/** Those who share a server with its own listeners, ourselves several times among them. */
const shared = new WeakMap<Server, { readonly places: Set<Place>; giveBack(): void }>()

const enter = (server: Server, place: Place): (() => void) => {
  const { places, giveBack } = shared.get(server) ?? share(server)
  places.add(place)
  return () => {
    places.delete(place)
    if (places.size === 0) giveBack()
  }
}

const share = (server: Server) => {
  const places = new Set<Place>()
  const own = Object.getOwnPropertyDescriptor(server, "emit")
  const { emit } = server
  const emitOrAnswer = (event: string | symbol, ...parameters: unknown[]): boolean => {
    const [request, other, head] = parameters as [IncomingMessage, ServerResponse & Duplex, Buffer]
    const all = [...places]
    if (event === "request" && all.some((each) => each.request(request, other))) return true
    if (event === "checkContinue" && all.some((each) => each.request(request, continued(other)))) return true
    if (event === "upgrade" && all.length > 0) {
      if (isWebSocket(request) && all.some((each) => each.upgrade(request, other, head))) return true
      // Without us such an offer would have been ignored, as it may be (RFC 9110 7.8).
      if (server.listenerCount("upgrade") === 1) return answerAsRequest(server, request, other)
    }
    return emit.call(server, event, ...parameters)
  }
  server.emit = emitOrAnswer
  // Node tells of upgrades only where somebody listens.
  server.on("upgrade", listening)
  const sharing = {
    places,
    giveBack: () => {
      shared.delete(server)
      server.off("upgrade", listening)
      // Whoever has stood before us since would be put aside; with no place left, ours does nothing.
      if (server.emit !== emitOrAnswer) return
      if (own === undefined) delete (server as Partial<Server>).emit
      else Object.defineProperty(server, "emit", own)
    }
  }
  shared.set(server, sharing)
  return sharing
}

const listening = (): void => {}

/** Whoever waits to be told may send its body. */
const continued = (response: ServerResponse): ServerResponse => {
  response.writeContinue()
  return response
}

export const isWebSocket = ({ headers }: IncomingMessage): boolean => headers.upgrade?.toLowerCase() === "websocket"

/** Lets a server answer an offer to upgrade as the request that it is, on a connection that ends with it. */
export const answerAsRequest = (server: Server, request: IncomingMessage, socket: Duplex): true => {
  socket.on("error", () => {})
  const response = new ServerResponse(request)
  response.shouldKeepAlive = false
  response.assignSocket(socket as Parameters<ServerResponse["assignSocket"]>[0])
  response.once("finish", () => socket.end())
  const { "content-length": length = "0", "transfer-encoding": coding } = request.headers
  // Its body has gone past the parser.
  if (length !== "0" || coding !== undefined) response.writeHead(501).end()
  else {
    if (!request.complete) request.push(null)
    server.emit("request", request, response)
  }
  return true
}
