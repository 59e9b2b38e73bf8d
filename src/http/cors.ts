/**
 * Which pages may read what. Pure: a path and an Origin header in, headers out. It is applied before anything else
 * looks at a request, because a third of what browsers send are preflights: each polled URL is asked for anew.
 */

/** One row of the table. */
export interface CorsRoute {
  readonly path: string
  /** Whether paths below it are meant as well. */
  readonly andBelow: boolean
  /** Whose pages may read the answers: those that the whole server lets in, everybody's, or those of which this is true. */
  readonly origins: "allowed" | "any" | ((origin: string) => boolean)
  /** True, of a row for everybody: every answer says `*`, also to whoever names no origin. */
  readonly saysAny?: boolean
  /** Joined with "," as they go on the wire. */
  readonly methods: string
  readonly headers: string
  /** True: what a preflight asks for is granted, in its own words, instead of `headers`. */
  readonly grantsHeaders?: boolean
  /** Seconds a browser may remember a preflight; absent: its own default (5 s). */
  readonly maxAge?: number
  /** True: an OPTIONS that no browser sends before a request is a method like any other, which the path does not take. */
  readonly preflightsOnly?: boolean
  /** True: pages may send what their browser keeps for this origin, as every answer says. */
  readonly credentials?: boolean
  /** What pages may read of every answer's headers, preflights among them; absent: what they always may, of all others. */
  readonly exposes?: string
  /** True: a page of another origin is refused nothing, and cannot read the answer. */
  readonly hidesOnly?: boolean
  /** First segments of paths that the row does not mean, for one that means all paths. */
  readonly but?: readonly string[]
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

/** The policy over a table; `allowsOrigin` decides about rows whose origins are those of the whole server. */
export const createCorsPolicy = (
  routes: readonly CorsRoute[],
  allowsOrigin: (origin: string) => boolean
): CorsPolicy => {
  const covers = ({ path, andBelow, but }: CorsRoute, asked: string) =>
    path === "/" && andBelow
      ? but === undefined || !but.includes(asked.split("/", 2)[1] as string)
      : asked.startsWith(path) &&
        (asked.length === path.length || (andBelow && asked.charCodeAt(path.length) === slash))

  return (path, origin) => {
    const route = routes.find((row) => covers(row, path))
    if (route === undefined) return undefined
    if (origin === undefined || !isEchoable.test(origin)) return { route }
    const { origins } = route
    const allows = origins === "any" || (origins === "allowed" ? allowsOrigin : origins)(origin)
    return allows ? { allowedOrigin: origin, route } : { route }
  }
}

const slash = 47

/** Node throws for a header with anything stranger in it, and no browser sends such an origin. */
const isEchoable = /^[\x21-\x7e]+$/

/**
 * The headers of every answer on such a path, preflights too, names and values in turn. `Vary` also when nothing is echoed, or caches would
 * mix origins up.
 */
export const corsHeaders = ({ allowedOrigin, route }: CorsAnswer): readonly string[] => {
  const { credentials, exposes, saysAny } = route
  if (saysAny === true) return ["access-control-allow-origin", "*"]
  const headers = ["vary", "Origin"]
  if (allowedOrigin !== undefined) headers.push("access-control-allow-origin", allowedOrigin)
  if (credentials === true) headers.push("access-control-allow-credentials", "true")
  if (exposes !== undefined) headers.push("access-control-expose-headers", exposes)
  return headers
}

/** What every answer but that to a preflight says beside that, names and values in turn. */
export const exposedHeaders = ({ allowedOrigin, route: { exposes } }: CorsAnswer): readonly string[] =>
  allowedOrigin === undefined || exposes !== undefined ? [] : ["access-control-expose-headers", readHeaders]

/**
 * What the 204 that answers a preflight says beside that, names and values in turn. `asked`: the headers that a page wants
 * to send, as it has put that.
 */
export const preflightHeaders = ({ route }: CorsAnswer, asked: string | undefined): readonly string[] => [
  ...["access-control-allow-methods", route.methods],
  ...headersGranted(route, asked),
  ...(route.maxAge === undefined ? [] : ["access-control-max-age", String(route.maxAge)])
]

const headersGranted = ({ headers, grantsHeaders }: CorsRoute, asked: string | undefined): readonly string[] => {
  if (grantsHeaders !== true) return ["access-control-allow-headers", headers]
  return asked === undefined ? [] : ["access-control-allow-headers", asked, "vary", "Access-Control-Request-Headers"]
}
