/** The HTTP surface put together: every group with its handlers, the documents, CORS, and the answers to the rest. */

import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Layer from "effect/Layer"
import type { RoomDesk } from "../io/dropsilk/roomDesk.ts"
import type { IssueIceServers } from "../io/services/turnCredentials.ts"
import type { Certificate } from "../io/sockets/certificate.ts"
import type { Metrics } from "../io/telemetry/metrics.ts"
import type { Tracing } from "../io/telemetry/tracing.ts"
import { Api, ContactGroup, LogsGroup, ServerGroup } from "./api.ts"
import { createBudgetLane, type LaneBudgets } from "./budgetLane.ts"
import { corsRoutes, createCorsPolicy } from "./cors.ts"
import { docsPage, jsonDocument } from "./documents.ts"
import type { ContactOptions } from "./dropsilk/contact.ts"
import { contactHandlers } from "./dropsilk/contact.ts"
import { createPollLane } from "./dropsilk/pollLane.ts"
import type { RoomBudgets } from "./dropsilk/rooms.ts"
import { roomHandlers } from "./dropsilk/rooms.ts"
import type { ServerStatus } from "./dropsilk/status.ts"
import { serverHandlers, statusHandlers } from "./dropsilk/status.ts"
import { turnHandlers } from "./dropsilk/turn.ts"
import type { UploadsOptions } from "./dropsilk/uploads.ts"
import { uploadHandlers } from "./dropsilk/uploads.ts"
import type { HealthOptions } from "./health.ts"
import { healthHandlers } from "./health.ts"
import { invalidRequest, rejectsInvalidInput } from "./invalidRequest.ts"
import type { LogAccess } from "./logs.ts"
import { logsHandlers } from "./logs.ts"
import type { Route } from "./methods.ts"
import { createAllowedMethods } from "./methods.ts"
import { createObserver } from "./observer.ts"
import type { RequestMetrics } from "./requestMetrics.ts"
import { decodedPath } from "./requestPath.ts"
import type { HttpLimits, HttpServerOptions, RunningHttpServer } from "./server.ts"
import { createHttpServer } from "./server.ts"
import type { TowerPageOptions } from "./tower/towerPage.ts"
import { createTowerPage, towerPaths } from "./tower/towerPage.ts"
import { errorResponse, wireErrors } from "./wireErrors.ts"

const documentPaths = ["/openapi.json", "/asyncapi.json"] as const
const docsPath = "/docs"
/** What is answered besides the endpoints of the API. */
export const pagePaths = [docsPath, ...documentPaths, ...towerPaths] as const

export interface HttpSurfaceOptions {
  readonly desk: RoomDesk
  readonly budgets: RoomBudgets & LaneBudgets
  readonly status: ServerStatus
  readonly readiness: HealthOptions["readiness"]
  readonly metrics: Pick<Metrics, "text" | "contentType"> & RequestMetrics
  /** Absent: nobody collects traces. */
  readonly tracing?: Pick<Tracing, "request" | "within"> | undefined
  /** Absent: no STUN or TURN server is configured. */
  readonly iceServers?: IssueIceServers | undefined
  readonly uploads: UploadsOptions
  readonly contact: ContactOptions
  /** Absent: nobody may read the logs. */
  readonly logs?: LogAccess
  /** Absent: there is no tower page. */
  readonly tower?: Omit<TowerPageOptions, "onFault">
  /** Whether pages of this origin may read answers; gets the Origin header as it came. */
  readonly allowsOrigin: (origin: string) => boolean
  /** Whether pages of this origin may change something at this host; both as in the request's headers. */
  readonly admitsPage: HttpServerOptions["admitsPage"]
  /** Told of every page that was refused. */
  readonly onRefusedPage?: HttpServerOptions["onRefusedPage"]
  /** Told of every fault that a client sees as 500, for the log. */
  readonly onFault: (error: unknown) => void
  /** Other JSON documents by path, made when first asked for. */
  readonly documents?: Readonly<Partial<Record<(typeof documentPaths)[number], () => unknown>>>
  readonly limits?: Partial<HttpLimits>
  /** Absent: without encryption. */
  readonly certificate?: Certificate | undefined
}

/** Builds the server; the caller listens. */
export const createHttpSurface = async (options: HttpSurfaceOptions): Promise<RunningHttpServer> => {
  const handlers = Layer.mergeAll(
    serverHandlers(options.status),
    statusHandlers(options.status),
    healthHandlers(options),
    logsHandlers(options.logs),
    roomHandlers(options.desk, options.budgets),
    turnHandlers(options.iceServers),
    uploadHandlers(options.uploads),
    contactHandlers(options.contact)
  )
  const documents = Object.entries({ "/openapi.json": () => OpenApi.fromApi(Api), ...options.documents })
  const documentRoutes = documents.map(([path, make]) => jsonDocument(path as `/${string}`, make))

  const pages: readonly string[] = [
    docsPath,
    ...(options.tower === undefined ? [] : towerPaths),
    ...documents.map(([path]) => path)
  ]
  const answered: readonly Route[] = [...pages.map((path) => ({ method: "GET", path })), ...endpoints]

  const { onFault } = options
  const pollLane = createPollLane(options.desk, onFault, options.budgets, options.budgets.addressOf)
  const tower = options.tower && createTowerPage({ ...options.tower, onFault })

  const running = await createHttpServer({
    routes: Layer.mergeAll(
      HttpApiBuilder.layer(Api).pipe(Layer.provide(handlers), Layer.provide(rejectsInvalidInput)),
      docsPage(docsPath),
      ...documentRoutes
    ),
    budgetLane: createBudgetLane(options.budgets),
    pollLane,
    lane: tower?.lane,
    observe: createObserver({
      paths: answered.map(({ path }) => path),
      metrics: options.metrics,
      tracing: options.tracing
    }),
    within: options.tracing?.within,
    cors: createCorsPolicy(corsRoutes, options.allowsOrigin),
    admitsPage: options.admitsPage,
    onRefusedPage: options.onRefusedPage,
    allowedMethods: createAllowedMethods(answered),
    notFound,
    tooLarge: errorResponse(wireErrors.bodyTooLarge),
    wrongOrigin: errorResponse(wireErrors.wrongOrigin),
    fault: errorResponse(wireErrors.fault),
    onFault,
    certificate: options.certificate,
    ...(options.limits === undefined ? {} : { limits: options.limits })
  })
  return {
    ...running,
    close: () => {
      // A stream never ends by itself, and the server waits for every answer.
      tower?.close()
      return running.close()
    }
  }
}

const notFound: HttpServerOptions["notFound"] = (method, path, allow) => {
  const undecodable = undecodableParameters(method, path)
  if (undecodable.length > 0) return invalidRequest(undecodable.map((name) => `${name}: must be percent-encoded UTF-8`))
  const refusal = refusalOf(decodedPath(path), allow !== undefined)
  return allow === undefined ? refusal : HttpServerResponse.setHeader(refusal, "allow", allow)
}

const refusalOf = (path: string, isKnown: boolean): HttpServerResponse.HttpServerResponse => {
  if (path === "/api/rooms" || path.startsWith("/api/rooms/")) return unknownRoomEndpoint
  return isKnown && !pathsOfOld.has(path) ? wrongMethod : unknownPath
}

const wrongMethod = errorResponse(wireErrors.wrongMethod)
const unknownRoomEndpoint = errorResponse(wireErrors.unknownRoomEndpoint)
const unknownPath = HttpServerResponse.text("Not Found", { status: 404, contentType: "text/plain; charset=utf-8" })

/** Parameters whose percent-encoding is broken in a path that is an endpoint's otherwise; the router just sees none. */
const undecodableParameters = (method: string, path: string): readonly string[] => {
  if (!path.includes("%")) return []
  const asked = path.split("/")
  const declared = endpoints
    .filter((endpoint) => endpoint.method === (method === "HEAD" ? "GET" : method))
    .map((endpoint) => endpoint.path.split("/"))
    .filter((parts) => parts.length === asked.length)
    .find((parts) => parts.every((part, at) => isParameter(part) || part === asked[at]))
  return (declared ?? [])
    .filter((part, at) => isParameter(part) && !isDecodable(asked[at] ?? ""))
    .map((part) => part.slice(1))
}

const endpoints: readonly Route[] = Object.values(Api.groups).flatMap((group) => Object.values(group.endpoints))

/** Paths outside `/api` that DropSilk's clients know: another method gets 404 there, as from their own server. */
const pathsOfOld: ReadonlySet<string> = new Set(
  [ServerGroup, LogsGroup, ContactGroup].flatMap((group) => Object.values(group.endpoints).map(({ path }) => path))
)

const isParameter = (part: string): boolean => part.startsWith(":")

const isDecodable = (segment: string): boolean => {
  try {
    decodeURIComponent(segment)
    return true
  } catch {
    return false
  }
}
