/** The HTTP surface put together from its parts: their endpoints and documents, CORS, budgets, and the answers to the rest. */
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as Layer from "effect/Layer"
import { decodedPath } from "../io/admission/requestPath.ts"
import type { Certificate } from "../io/sockets/certificate.ts"
import type { Tracing } from "../io/telemetry/tracing.ts"
import { coreErrors } from "../wire/core/errors.ts"
import { type Answer, errorAnswer, textAnswer } from "./answer.ts"
import { createBudgetGate, type GateBudgets } from "./budgetGate.ts"
import { jsonDocument, openApiDocument, wholeApi } from "./core/documents.ts"
import { createCorsPolicy } from "./cors.ts"
import { docsPage } from "./docs/docsPage.ts"
import { createFastPaths } from "./fastPath.ts"
import type { MountedPart } from "./httpPart.ts"
import { createMounts, type Mounts } from "./mounts.ts"
import { createObserver } from "./observer.ts"
import type { RequestMetrics } from "./requestMetrics.ts"
import { invalidRequest } from "./requests/invalidRequest.ts"
import type { Route } from "./requests/methods.ts"
import { createAllowedMethods } from "./requests/methods.ts"
import type { HttpLimits, HttpServerOptions, RunningHttpServer } from "./server.ts"
import { createHttpServer, guardingHeaders } from "./server.ts"

/** Where all endpoints are described, for programs and for people. */
export const descriptionPaths = { document: "/openapi.json", page: "/docs" } as const

export interface HttpSurfaceOptions {
  /** Everything that answers. Of two parts that would answer the same, the first does. */
  readonly parts: readonly MountedPart[]
  readonly budgets: GateBudgets
  readonly metrics: RequestMetrics
  /** Absent: nobody collects traces. */
  readonly tracing?: Pick<Tracing, "request" | "within"> | undefined
  /** Whether pages of this origin may read answers; gets the Origin header as it came. */
  readonly allowsOrigin: (origin: string) => boolean
  /** Whether pages of this origin may change something at this host; both as in the request's headers. */
  readonly admitsPage: HttpServerOptions["admitsPage"]
  /** Told of every page that was refused. */
  readonly onRefusedPage?: HttpServerOptions["onRefusedPage"]
  /** Told of every fault that a client sees as 500, for the log. */
  readonly onFault: (error: unknown) => void
  readonly limits?: Partial<HttpLimits>
  /** Absent: without encryption. */
  readonly certificate?: Certificate | undefined
  /** Absent: it has a port of its own. `owned`: what is ours beside what is answered here. */
  readonly attached?: HttpServerOptions["attached"]
}

/** Builds the server; the caller listens. Rejects when parts contradict each other. */
export const createHttpSurface = async (options: HttpSurfaceOptions): Promise<RunningHttpServer> => {
  const { parts, onFault } = options
  const mounts = createMounts(parts)
  const api = wholeApi(mounts.apis)
  const openApi = { path: descriptionPaths.document, make: () => openApiDocument(api) }
  const documents = [[openApi.path, openApi.make] as const, ...mounts.documents]

  const pages = [descriptionPaths.page, ...documents.map(([path]) => path)]
  const answered: readonly Route[] = [
    ...pages.map((path) => ({ method: "GET", path })),
    ...mounts.fastPaths.map(({ method, pattern }) => ({ method, path: pattern })),
    ...mounts.endpoints
  ]

  const guarding = guardingHeaders(options.certificate !== undefined)
  const allowedMethods = createAllowedMethods(answered)
  const { attached } = options
  const running = await createHttpServer({
    attached: attached && {
      ...attached,
      owned: {
        ...attached.owned,
        request: (path) => attached.owned.request(path) || allowedMethods(path) !== undefined
      }
    },
    routes: Layer.mergeAll(
      docsPage({ path: descriptionPaths.page, openApi, documents: mounts.documents }),
      ...documents.map(([path, make]) => jsonDocument(path, make)),
      ...parts.map(routesOf)
    ),
    budgetGate: createBudgetGate(mounts, options.budgets),
    ...(parts.some(({ part }) => part.refuses !== undefined)
      ? { admits: (request) => mounts.refuses(decodedPath(request.url as string), request) }
      : {}),
    fastPaths: createFastPaths(mounts.fastPaths, {
      faultOf: ({ url }) => mounts.refusalsOf(decodedPath(url as string)).fault,
      onFault
    }),
    observe: createObserver({
      paths: answered.map(({ path }) => path),
      metrics: options.metrics,
      tracing: options.tracing
    }),
    within: options.tracing?.within,
    cors: createCorsPolicy(mounts.cors, options.allowsOrigin, guarding),
    guarding,
    admitsPage: options.admitsPage,
    onRefusedPage: options.onRefusedPage,
    allowedMethods,
    notFound: (method, path, allow) =>
      undecodable(mounts, method, path) ?? missing(mounts, method, decodedPath(path), allow),
    refusalsOf: (url) => mounts.refusalsOf(decodedPath(url)),
    bodyBytesOf: (url) => mounts.bodyBytesOf(decodedPath(url)),
    canonical: mounts.canonical,
    onFault,
    certificate: options.certificate,
    ...(options.limits === undefined ? {} : { limits: options.limits })
  })
  return {
    ...running,
    close: () => {
      // A stream never ends by itself, and the server waits for every answer.
      for (const { part } of parts) part.close?.()
      return running.close()
    }
  }
}

/** A part's routes under its prefix; its handlers see the paths without. */
const routesOf = ({ mount, part: { routes } }: MountedPart): typeof routes =>
  mount === "/"
    ? routes
    : Layer.provide(
        routes,
        Layer.effect(
          HttpRouter.HttpRouter,
          Effect.map(HttpRouter.HttpRouter, (router) => router.prefixed(mount))
        )
      )

const wrongMethod = errorAnswer(coreErrors.wrongMethod)
const unknownPath = textAnswer(404, "Not Found")

const missing = (mounts: Mounts, method: string, path: string, allow: string | undefined): Answer => {
  const answer = mounts.notFound(method, path, allow) ?? (allow === undefined ? unknownPath : wrongMethod)
  return allow === undefined ? answer : { ...answer, headers: { ...answer.headers, allow } }
}

/**
 * The refusal of a path that is an endpoint's but for parameters whose percent-encoding is broken; the router just sees
 * none.
 */
const undecodable = (mounts: Mounts, method: string, path: string): Answer | undefined => {
  if (!path.includes("%")) return undefined
  const asked = path.split("/")
  const declared = mounts.endpoints
    .filter((endpoint) => endpoint.method === (method === "HEAD" ? "GET" : method))
    .map((endpoint) => endpoint.path.split("/"))
    .filter((parts) => parts.length === asked.length)
    .find((parts) => parts.every((part, at) => isParameter(part) || part === asked[at]))
  const broken = (declared ?? []).filter((part, at) => isParameter(part) && !isDecodable(asked[at] ?? ""))
  if (broken.length === 0) return undefined
  const { brokenPath } = mounts.refusalsOf(decodedPath(path))
  if (brokenPath !== undefined) return brokenPath
  return invalidRequest(broken.map((part) => `${part.slice(1)}: must be percent-encoded UTF-8`))
}

const isParameter = (part: string): boolean => part.startsWith(":")

const isDecodable = (segment: string): boolean => {
  try {
    decodeURIComponent(segment)
    return true
  } catch {
    return false
  }
}
