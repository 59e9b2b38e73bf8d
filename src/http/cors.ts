/**
 * Which pages may read what. Pure: a path and an Origin header in, headers out. It is applied before anything else
 * looks at a request, because a third of what browsers send are preflights: each polled URL is asked for anew.
 */

/** One row of the table. */
export interface CorsRoute {
  readonly path: string
  /** Whether paths below it are meant as well. */
  readonly andBelow: boolean
  /** Whose pages may read the answers: the configured ones, or everybody's. */
  readonly origins: "allowed" | "any"
  /** Joined with "," as they go on the wire. */
  readonly methods: string
  readonly headers: string
  /** Seconds a browser may remember a preflight; absent: its own default (5 s). */
  readonly maxAge?: number
}

/** What pages may read beside what they always may: when to come again, and which methods a path takes. */
const readHeaders = "Retry-After,Allow"

/** What CORS says about one request. */
export interface CorsAnswer {
  /** The Origin header to echo exactly as it came; absent: the page may not read the answer. */
  readonly allowedOrigin?: string
  readonly route: CorsRoute
}

/** Answers undefined for paths without CORS. */
export type CorsPolicy = (path: string, origin: string | undefined) => CorsAnswer | undefined

/** The policy over a table; `allowsOrigin` decides about rows whose origins are the configured ones. */
export const createCorsPolicy = (
  routes: readonly CorsRoute[],
  allowsOrigin: (origin: string) => boolean
): CorsPolicy => {
  const covers = ({ path, andBelow }: CorsRoute, asked: string) =>
    asked.startsWith(path) && (asked.length === path.length || (andBelow && asked.charCodeAt(path.length) === slash))

  return (path, origin) => {
    const route = routes.find((row) => covers(row, path))
    if (route === undefined) return undefined
    if (origin === undefined || !isEchoable.test(origin)) return { route }
    if (route.origins === "allowed" && !allowsOrigin(origin)) return { route }
    return { allowedOrigin: origin, route }
  }
}

const slash = 47

/** Node throws for a header with anything stranger in it, and no browser sends such an origin. */
const isEchoable = /^[\x21-\x7e]+$/

/**
 * The headers of every answer on such a path, preflights too, names and values in turn. `Vary` also when nothing is echoed, or caches would
 * mix origins up.
 */
export const corsHeaders = ({ allowedOrigin }: CorsAnswer): readonly string[] =>
  allowedOrigin === undefined ? ["vary", "Origin"] : ["vary", "Origin", "access-control-allow-origin", allowedOrigin]

/** What every answer but that to a preflight says beside that, names and values in turn. */
export const exposedHeaders = ({ allowedOrigin }: CorsAnswer): readonly string[] =>
  allowedOrigin === undefined ? [] : ["access-control-expose-headers", readHeaders]

/** What the 204 that answers a preflight says beside that, names and values in turn. */
export const preflightHeaders = ({ route }: CorsAnswer): readonly string[] => [
  ...["access-control-allow-methods", route.methods, "access-control-allow-headers", route.headers],
  ...(route.maxAge === undefined ? [] : ["access-control-max-age", String(route.maxAge)])
]
