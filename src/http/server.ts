/**
 * One port for HTTP: a plain node:http server in front of an Effect router. It knows routes, not what they are for.
 *
 * `upgrade` is left to whoever listens to it on the returned server.
 */
// Not from the index: that loads everything Node can do, 30 MB and 200 ms more.

import { EventEmitter } from "node:events"
import type { IncomingMessage, Server, ServerOptions, ServerResponse } from "node:http"
import { createServer } from "node:http"
import type { Server as SecureServer } from "node:https"
import { createServer as createSecureServer } from "node:https"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { toIncomingMessage } from "@effect/platform-node/NodeHttpServerRequest"
import * as ByteSize from "effect/ByteSize"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HttpMiddleware from "effect/http/HttpMiddleware"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerError from "effect/http/HttpServerError"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import type * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { decodedPath, originForm, pathOf } from "../io/admission/requestPath.ts"
import type { Certificate } from "../io/sockets/certificate.ts"
import { listen } from "../io/sockets/listening.ts"
import { limits as defaultLimits } from "../limits.ts"
import { type Answer, responseOf, sendAnswer } from "./answer.ts"
import { type AttachedTo, answerAsRequest, createAttachment, isWebSocket, type Owned } from "./attachment.ts"
import type { BudgetGate } from "./budgetGate.ts"
import type { CorsAnswer, CorsPolicy } from "./cors.ts"
import { preflightHeaders } from "./cors.ts"
import type { AnswersFast } from "./fastPath.ts"
import type { PlatformServices, Refusals } from "./httpPart.ts"
import type { Observe } from "./observer.ts"
import { clientClosedRequest } from "./observer.ts"
import type { AllowedMethods } from "./requests/methods.ts"
import { wholeServer } from "./requests/methods.ts"

export interface HttpServerOptions {
  /** Everything that answers. */
  readonly routes: Layer.Layer<never, never, HttpRouter.HttpRouter | PlatformServices>
  /** Its answers carry `guarding` as well. */
  readonly cors: CorsPolicy
  /** What every answer carries, names and values in turn: see `guardingHeaders`. */
  readonly guarding: readonly string[]
  /** Whether a page of this origin may change something at this host; both as in the request's headers. */
  readonly admitsPage: (origin: string, host: string | undefined) => boolean
  /** Told of every page that was refused a change, or will be kept from reading the answer by its browser. */
  readonly onRefusedPage?: ((where: "post" | "read", request: IncomingMessage) => void) | undefined
  /** Sees each request before anybody else, and answers those that are too many. */
  readonly budgetGate: BudgetGate
  /** What is wrong with a request, whatever it asks for, where that takes a while to find out; undefined: nobody asks. */
  readonly admits?: ((request: IncomingMessage) => Promise<Answer | undefined> | undefined) | undefined
  /** Sees each request before the routes do, and may answer it. */
  readonly fastPaths: AnswersFast
  /** Is around every request. */
  readonly observe?: Observe | undefined
  /** Is around what the routes do. */
  readonly within?: (<A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>) | undefined
  /** Gets paths without percent-encoding. */
  readonly allowedMethods: AllowedMethods
  /**
   * The answer where no route is. `path` is as the client wrote it, still percent-encoded; `allow` are the methods that
   * it takes, absent where it takes none.
   */
  readonly notFound: (method: string, path: string, allow: string | undefined) => Answer
  /** What is answered at this target to whoever is refused, and when a handler throws or breaks its promise. */
  readonly refusalsOf: (url: string) => Refusals
  /** Bytes that a body may have at this target; undefined: as many as everywhere. */
  readonly bodyBytesOf: (url: string) => number | undefined
  /** A target in the form that the routes know. */
  readonly canonical: (url: string) => string
  /** Told of every fault; clients never see it. */
  readonly onFault: (error: unknown) => void
  readonly limits?: Partial<HttpLimits>
  /** Absent: without encryption. */
  readonly certificate?: Certificate | undefined
  /** Absent: it has a port of its own. */
  readonly attached?: (AttachedTo & { readonly owned: Owned }) | undefined
}

/** See limits.ts for the units and reasons. */
export type HttpLimits = Record<
  "requestBodyBytes" | "requestHeadersTimeoutMs" | "requestTimeoutMs" | "keepAliveTimeoutMs",
  number
>

export interface RunningHttpServer {
  /** Ours, not listening yet, or that of somebody else. */
  readonly server: Server | SecureServer
  /** Where `upgrade` is told of, and `close`. */
  readonly events: EventEmitter
  /** Listens there, or takes our place in the server of somebody else. Rejects with CannotListen. */
  open(host: string, port: number): Promise<void>
  /**
   * Takes no more connections, lets running requests finish, closes idle connections, and resolves then. Upgraded
   * connections belong to whoever upgraded them and are not waited for. May be called before listening, and twice.
   */
  close(): Promise<void>
}

/**
 * On every answer. No type is guessed, no page of ours tells another where its reader came from, and no page frames one
 * of ours.
 */
export const guardingHeaders = (isSecure: boolean): readonly string[] =>
  Object.entries({
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    ...(isSecure ? { "strict-transport-security": `max-age=${defaultLimits.secureForSeconds}` } : {})
  }).flat()

/** Builds the routes; the caller listens. Rejects when the routes contradict each other. */
export const createHttpServer = async (options: HttpServerOptions): Promise<RunningHttpServer> => {
  const { cors, guarding, admitsPage, onRefusedPage, budgetGate, fastPaths, observe, certificate, allowedMethods } =
    options
  const limits: HttpLimits = { ...defaultLimits, ...options.limits }
  const scope = Scope.makeUnsafe()
  const handle = await Effect.runPromise(routesHandler(options, limits, scope))
  /** With the pattern of each request's path, where a fast path has told it. */
  const running = new Map<ServerResponse, string | undefined>()
  let closing: Promise<void> | undefined

  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    let observed: ReturnType<Observe> | undefined
    running.set(response, undefined)
    // Comes once, and a listener that is taken off again costs more.
    response.on("close", () => {
      observed?.(response.headersSent ? response.statusCode : clientClosedRequest, running.get(response))
      running.delete(response)
      if (closing !== undefined) setImmediate(() => frontage.settled())
    })
    if (closing !== undefined) response.shouldKeepAlive = false

    if (request.method !== "OPTIONS" || request.url !== wholeServer) {
      request.url = options.canonical(originForm(request.url ?? "/"))
    }
    if (observe === undefined) answer(request, response)
    else observed = observe(request, () => answer(request, response))
  }

  /** Sent by a page that may not: browsers name it, whoever is not a browser names none. */
  const isForeign = ({ headers: { origin, host } }: IncomingMessage, sharing: CorsAnswer | undefined): boolean =>
    origin !== undefined &&
    sharing !== undefined &&
    sharing.route.origins !== "any" &&
    sharing.route.hidesOnly !== true &&
    sharing.allowedOrigin === undefined &&
    (sharing.route.origins !== "allowed" || !admitsPage(origin, host))

  /** What is answered to a request that nobody need look at; undefined: somebody must. */
  const refusalOf = ({ method = "", url = "", headers }: IncomingMessage, foreign: boolean): Answer | undefined => {
    if (method === "POST" && foreign) return options.refusalsOf(url).wrongOrigin
    const length = Number(headers["content-length"] ?? 0)
    // Few send so much: who may is asked then.
    if (length > limits.requestBodyBytes && length > (options.bodyBytesOf(url) ?? 0)) {
      return options.refusalsOf(url).tooLarge
    }
    const path = pathOf(url)
    return hasEmptySegment(path) ? options.notFound(method, path, undefined) : undefined
  }

  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const sharing = cors(decodedPath(request.url as string), request.headers.origin)
    const headers = sharing?.headers ?? guarding
    if (budgetGate(request, response, headers)) return
    const foreign = isForeign(request, sharing)
    if (foreign) onRefusedPage?.(request.method === "POST" ? "post" : "read", request)
    if (
      request.method === "OPTIONS" &&
      (sharing?.route.preflightsOnly !== true || isPreflight(request)) &&
      answerOptions(request, response, guarding, sharing, allowOf(request.url as string, allowedMethods))
    )
      return
    const refusal = refusalOf(request, foreign)
    if (refusal !== undefined) return sendAnswer(response, headers, refusal)
    const admission = options.admits?.(request)
    if (admission === undefined) return respond(request, response, headers)
    admission.then(
      (refused) =>
        refused === undefined ? respond(request, response, headers) : sendAnswer(response, headers, refused),
      (error) => {
        options.onFault(error)
        sendAnswer(response, headers, options.refusalsOf(request.url as string).fault)
      }
    )
  }

  const respond = (request: IncomingMessage, response: ServerResponse, headers: readonly string[]): void => {
    const pattern = fastPaths(request, response, headers)
    if (pattern !== undefined) {
      // Who has gone while it was looked at is not running any more.
      if (running.has(response)) running.set(response, pattern)
      return
    }
    for (let index = 0; index < headers.length; index += 2) {
      response.setHeader(headers[index] as string, headers[index + 1] as string)
    }
    if (comparesLengthsBadly) Object.defineProperty(response, "strictContentLength", unchecked)
    handle(request, response)
  }

  const { attached } = options
  const frontage =
    attached === undefined ? ownServer(limits, certificate, onRequest) : placeIn(attached, attached.owned, onRequest)

  const close = async (): Promise<void> => {
    frontage.close()
    const finished = [...running.keys()].map((response) => {
      if (!response.headersSent) response.shouldKeepAlive = false
      return new Promise<void>((resolve) => response.once("close", () => resolve()))
    })
    await Promise.all(finished)
    await Effect.runPromise(Scope.close(scope, Exit.void))
  }

  return { ...frontage, close: () => (closing ??= close()) }
}

interface Frontage extends Omit<RunningHttpServer, "close"> {
  /** A connection may have become idle. */
  settled(): void
  close(): void
}

const placeIn = (attached: AttachedTo, owned: Owned, onRequest: OnRequest): Frontage => {
  const { events, open, close } = createAttachment(attached, owned, onRequest)
  return { server: attached.server, events, open: async () => open(), settled: () => {}, close }
}

const ownServer = (limits: HttpLimits, certificate: Certificate | undefined, onRequest: OnRequest): Frontage => {
  const events = new EventEmitter()
  const settings: ServerOptions = {
    headersTimeout: limits.requestHeadersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval: Math.min(defaultLimits.timeoutCheckMs, limits.requestHeadersTimeoutMs),
    // Polls have no body, and need none of a stream's machinery.
    optimizeEmptyRequests: true,
    // Offers of other protocols (h2c) may be ignored (RFC 9110 7.8): they are answered as the requests they are.
    shouldUpgradeCallback: (request) => isWebSocket(request) && events.listenerCount("upgrade") > 0
  }
  const server: Server | SecureServer =
    certificate === undefined
      ? createServer(settings, onRequest)
      : createSecureServer({ ...settings, ...certificate, handshakeTimeout: limits.requestHeadersTimeoutMs }, onRequest)

  // Before 24.9 Node asks nobody.
  server.on("upgrade", (request, socket, head) => {
    if (!isWebSocket(request) || !events.emit("upgrade", request, socket, head))
      answerAsRequest(server, request, socket)
  })
  server.once("close", () => events.emit("close"))
  return {
    server,
    events,
    open: (host, port) => listen(server, host, port),
    settled: () => server.closeIdleConnections(),
    close: () => {
      server.close()
      server.closeIdleConnections()
    }
  }
}

/** Nodes 20 and 22 did not, before their last releases, take a length that is written as a text for the number that it is. */
const comparesLengthsBadly = Number.parseInt(process.versions.node, 10) < 24
const unchecked: PropertyDescriptor = { get: () => false, set: () => {} }

/** As browsers ask before a request (Fetch standard, 4.9). */
const isPreflight = ({ headers }: IncomingMessage): boolean =>
  headers.origin !== undefined && headers["access-control-request-method"] !== undefined

/** Answers a preflight, or whoever asks what a path takes, as proxies do to see whether a server lives. */
const answerOptions = (
  request: IncomingMessage,
  response: ServerResponse,
  guarding: readonly string[],
  sharing: CorsAnswer | undefined,
  allow: string | undefined
): boolean => {
  if (sharing === undefined && allow === undefined) return false
  const takes = allow === undefined ? [] : ["allow", allow]
  const shares =
    sharing === undefined ? [] : preflightHeaders(sharing, request.headers["access-control-request-headers"])
  response.writeHead(204, [...guarding, ...takes, ...shares]).end()
  return true
}

const allowOf = (url: string, allowedMethods: AllowedMethods): string | undefined =>
  hasEmptySegment(pathOf(url)) ? undefined : allowedMethods(url)

type OnRequest = (request: IncomingMessage, response: ServerResponse) => void

const routesHandler = (
  options: HttpServerOptions,
  limits: HttpLimits,
  scope: Scope.Closeable
): Effect.Effect<OnRequest> =>
  Effect.gen(function* () {
    const routes = yield* HttpRouter.toHttpEffect(options.routes)
    const app = options.within?.(routes) ?? routes
    return yield* NodeHttpServer.makeHandler(Effect.catchCause(app, answerFailure(options)), { scope })
  }).pipe(
    Effect.provideService(HttpRouter.RouterConfig, {
      // A path is what it is: neither slashes too many nor letter case are forgiven.
      ignoreTrailingSlash: false,
      ignoreDuplicateSlashes: false,
      caseSensitive: true,
      // Longer than Node lets a request line be: whether a parameter is too long, its schema says.
      maxParamLength: 65_536
    }),
    Effect.provideService(HttpServerRequest.MaxBodySize, ByteSize.bytes(limits.requestBodyBytes)),
    // Its spans hold whole URLs, and so participants' ids.
    Effect.provideService(HttpMiddleware.TracerDisabledWhen, () => true),
    Effect.provide(HttpServer.layerServices),
    Scope.provide(scope)
  )

/** What is answered when no handler has: no route, a body too large or cut off, or a fault. */
const answerFailure =
  ({ notFound, allowedMethods, refusalsOf, onFault }: HttpServerOptions) =>
  (cause: Cause.Cause<unknown>) =>
    Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
      // The request that the routes have seen may be without the prefix of their part.
      const { method = "", url = "" } = toIncomingMessage(request)
      // The client has gone, or the server is going: the platform ends such requests.
      if (Cause.hasInterruptsOnly(cause)) return Effect.failCause(cause)
      const error = Cause.squash(cause)
      const reason = HttpServerError.isHttpServerError(error) ? error.reason : undefined
      if (reason?._tag === "RouteNotFound") {
        return Effect.succeed(responseOf(notFound(method, pathOf(url), allowOf(url, allowedMethods))))
      }
      if (reason?._tag === "RequestParseError") {
        if (reason.reason !== "BodyTooLarge") return Effect.failCause(cause)
        return Effect.succeed(responseOf(refusalsOf(url).tooLarge))
      }
      onFault(error)
      return Effect.succeed(responseOf(refusalsOf(url).fault))
    })

/** A slash at the end or two in a row: to the router an empty parameter, but no path of ours has one. */
const hasEmptySegment = (path: string): boolean => path.length > 1 && (path.endsWith("/") || path.includes("//"))
