/** Requests as metrics and traces see them: by endpoint, method and status, never by what a client has sent. */
import type { IncomingMessage } from "node:http"
import type { Tracing } from "../io/telemetry/tracing.ts"
import type { RequestMetrics } from "./requestMetrics.ts"
import { createRoutePatterns } from "./requests/routePattern.ts"

/**
 * Runs what answers a request. What it gives back is to be called when the answer is over, with its status and the pattern of
 * the path, where that is known.
 */
export type Observe = (
  request: IncomingMessage,
  work: () => void
) => (status: number, pattern: string | undefined) => void

export interface ObserverOptions {
  /** Paths that are answered, parameters with a colon before them. */
  readonly paths: readonly string[]
  readonly metrics: RequestMetrics
  /** Absent: nobody collects traces. */
  readonly tracing?: Pick<Tracing, "request"> | undefined
}

/** The status of a request whose client left before the answer began, in the words of nginx. */
export const clientClosedRequest = 499

const knownMethods = new Set(["GET", "HEAD", "POST", "OPTIONS"])

export const createObserver = ({ paths, metrics, tracing }: ObserverOptions): Observe => {
  const routeOf = createRoutePatterns(paths)

  return (request, work) => {
    const startedAt = performance.now()
    const asked = request.method ?? ""
    const method = knownMethods.has(asked) ? asked : "_OTHER"
    let traced: ((status: number) => void) | undefined
    if (tracing === undefined) work()
    else {
      const route = routeOf(request.url ?? "/")
      const attributes = { "http.request.method": method, "http.route": route }
      traced = tracing.request(request, `${method} ${route}`, attributes, work)
    }
    return (status, pattern = routeOf(request.url ?? "/")) => {
      metrics.answered(pattern, method, status, (performance.now() - startedAt) / 1000)
      traced?.(status)
    }
  }
}
