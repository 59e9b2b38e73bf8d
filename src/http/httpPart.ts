/**
 * What a protocol, or the core itself, brings to the HTTP surface. A part knows its paths as if it had the port for itself:
 * where it is mounted, surface.ts knows.
 *
 * ```ts
 * export const echoPart = (log: Log) =>
 *   httpPart({
 *     api: EchoApi,
 *     handlers: HttpApiBuilder.group(EchoApi, "echo", (handlers) => handlers.handle("say", ({ query }) => …)),
 *     budgets: { "/say": ["requests"] },
 *     cors: [{ path: "/say", andBelow: false, origins: "allowed", methods: "GET,OPTIONS", headers: "Content-Type" }]
 *   })
 * ```
 */
import type { IncomingMessage } from "node:http"
import type * as HttpRouter from "effect/http/HttpRouter"
import type * as HttpServer from "effect/http/HttpServer"
import type * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import type * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as Layer from "effect/Layer"
import type { RejectsInvalidInput } from "../wire/core/invalidRequest.ts"
import type { Answer } from "./answer.ts"
import type { CorsRoute } from "./cors.ts"
import type { FastPath } from "./fastPath.ts"
import { rejectsInvalidInput } from "./requests/invalidRequest.ts"

/** What the platform gives to everything that answers. */
export type PlatformServices = Layer.Success<typeof HttpServer.layerServices>

/** What clients are told before a handler has been asked, or when it has failed. */
export interface Refusals {
  /** A budget is spent; the surface adds `Retry-After`. */
  readonly tooMany: Answer
  /** A body over `requestBodyBytes`. */
  readonly tooLarge: Answer
  /** A page of an origin that may change nothing here. */
  readonly wrongOrigin: Answer
  /** A fault of the server. */
  readonly fault: Answer
  /** A path whose percent-encoding is broken; absent: the core's words. */
  readonly brokenPath?: Answer
}

/** What every part brings. */
interface Brought {
  /** Which pages may read what; paths that are not listed can be read by no page of another origin. */
  readonly cors: readonly CorsRoute[]
  /** What is answered beside the router; see fastPath.ts. Those that are asked most come first. */
  readonly fastPaths?: readonly FastPath[]
  /** JSON documents by path, made when first asked for. */
  readonly documents?: Readonly<Record<`/${string}`, () => unknown>>
  /**
   * The answer where no route is. `path` is decoded, `allow` says which methods it takes, undefined where it takes none.
   * Undefined, or absent: the core's words.
   */
  readonly notFound?: (method: string, path: string, allow: string | undefined) => Answer | undefined
  /** Absent: the core's words. */
  readonly refusals?: Refusals
  /** Bytes that the body of a request to this path may have, decoded; absent: as many as everywhere. Handlers that read more
   * than that say so to the platform: see requests/bodySize.ts. */
  readonly bodyBytes?: (path: string) => number
  /** True: a slash after the path prefix is forgiven. */
  readonly slashAfterMount?: boolean
  /**
   * What is wrong with a request to any path here, such as credentials that are none, asked before anybody answers it.
   * Undefined: this part has nothing to say to it; a promise of undefined: nothing is wrong.
   */
  readonly refuses?: (request: IncomingMessage) => Promise<Answer | undefined> | undefined
  /** Whether a third party calls back, which does so from a few addresses for everybody: it takes no `thirdParties`. */
  readonly isCallback?: (request: IncomingMessage) => boolean
  /** Told that the server closes: answers that would never end by themselves must end now. */
  readonly close?: () => void
}

type PathOf<Endpoint> = Endpoint extends { readonly path: infer Path extends string } ? Path : never
/** Every path that groups of endpoints declare. */
export type PathsOf<Groups> = PathOf<HttpApiGroup.Endpoints<Groups>>

export interface HttpPartDeclaration<Id extends string, Groups extends HttpApiGroup.Constraint> extends Brought {
  /** Its endpoints. Groups of all parts share one namespace: their identifiers must be unique. */
  readonly api: HttpApi.HttpApi<Id, Groups>
  /** What answers them, by `HttpApiBuilder.group`. */
  readonly handlers: Layer.Layer<
    HttpApiGroup.ToService<Id, Groups>,
    never,
    HttpRouter.HttpRouter | PlatformServices | RejectsInvalidInput
  >
  /**
   * The budgets that requests to each path take from. The core takes `requests`, `checks` (instead of `requests`) and
   * `thirdParties` before anything else looks at a request; all other names are the part's own, which its handlers take.
   */
  readonly budgets: Readonly<Record<PathsOf<Groups>, readonly string[]>>
}

/** A part as the surface sees it, whatever its endpoints are. */
export interface HttpPart extends Brought {
  readonly api: HttpApi.Top
  readonly routes: Layer.Layer<never, never, HttpRouter.HttpRouter | PlatformServices>
  readonly budgets: Readonly<Record<string, readonly string[]>>
}

/** A part and the path prefix that it is under; `/`: it has the paths as it declares them. */
export interface MountedPart {
  readonly mount: `/${string}`
  readonly part: HttpPart
}

/** Checks that a part's handlers and budgets are those of its endpoints, and forgets which these are. */
export const httpPart = <Id extends string, Groups extends HttpApiGroup.Constraint>({
  api,
  handlers,
  ...brought
}: HttpPartDeclaration<Id, Groups>): HttpPart => ({
  ...brought,
  api: api as unknown as HttpApi.Top,
  routes: HttpApiBuilder.layer(api).pipe(Layer.provide(handlers), Layer.provide(rejectsInvalidInput))
})
