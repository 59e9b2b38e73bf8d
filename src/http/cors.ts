/**
 * Which pages may read what. Pure: a path and an Origin header in, headers out. It is applied before anything else
 * looks at a request, because a third of what browsers send are preflights: each polled URL is asked for anew.
 */

import { firstSegment, isUnder } from "../io/admission/requestPath.ts"

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
  /** All that every answer carries but that to a preflight, names and values in turn. */
  readonly headers: readonly string[]
}

/** Answers undefined for paths without CORS. */
export type CorsPolicy = (path: string, origin: string | undefined) => CorsAnswer | undefined

/**
 * The policy over a table; `allowsOrigin` decides about rows whose origins are those of the whole server, `common` is what
 * every answer carries besides, whatever its path.
 */
export const createCorsPolicy = (
  routes: readonly CorsRoute[],
  allowsOrigin: (origin: string) => boolean,
  common: readonly string[]
): CorsPolicy => {
  const answerOf = (route: CorsRoute, origin: string | undefined): CorsAnswer => ({
    ...(origin === undefined ? {} : { allowedOrigin: origin }),
    route,
    headers: [...common, ...sharedHeaders(route, origin), ...exposedHeaders(route, origin)]
  })
  const rows = routes.map((route): Row => {
    const closed = answerOf(route, undefined)
    return { route, closed, last: closed }
  })
  const rowOf = createRowFinder(rows)

  return (path, origin) => {
    const row = rowOf(path)
    if (row === undefined) return undefined
    const { route, closed, last } = row
    if (origin === undefined || !isEchoable.test(origin)) return closed
    // The pages of one origin ask again and again.
    if (last.allowedOrigin === origin) return last
    const { origins } = route
    const allows = origins === "any" || (origins === "allowed" ? allowsOrigin : origins)(origin)
    return allows ? (row.last = answerOf(route, origin)) : closed
  }
}

interface Row {
  readonly route: CorsRoute
  /** To whoever may not read, or names no origin. */
  readonly closed: CorsAnswer
  /** To whoever could read last. */
  last: CorsAnswer
}

/** The first row that means a path. Only those are looked at that begin as it does. */
const createRowFinder = (rows: readonly Row[]): ((path: string) => Row | undefined) => {
  const ofAll = rows.filter(({ route }) => meansAll(route))
  const own = rows.filter(({ route }) => !meansAll(route))
  const segments = new Set(rows.flatMap(({ route: { path, but = [] } }) => [firstSegment(path), ...but]))
  const bySegment = new Map(
    [...segments].map((segment) => [
      segment,
      {
        own: own.filter(({ route }) => firstSegment(route.path) === segment),
        ofAll: ofAll.find(({ route: { but } }) => but === undefined || !but.includes(segment))
      }
    ])
  )
  const elsewhere = { own: [], ofAll: ofAll[0] }

  return (path) => {
    const rows = bySegment.get(firstSegment(path)) ?? elsewhere
    return (
      rows.own.find(({ route }) => (route.andBelow ? isUnder(path, route.path) : path === route.path)) ?? rows.ofAll
    )
  }
}

/** Whether a row means every path, but for those that it excepts. */
export const meansAll = ({ path, andBelow }: CorsRoute): boolean => path === "/" && andBelow

/** Node throws for a header with anything stranger in it, and no browser sends such an origin. */
const isEchoable = /^[\x21-\x7e]+$/

const exposedHeaders = ({ exposes }: CorsRoute, origin: string | undefined): readonly string[] =>
  origin === undefined || exposes !== undefined ? [] : ["access-control-expose-headers", readHeaders]

/**
 * The headers of every answer on such a path, preflights too. `Vary` also when nothing is echoed, or caches would mix
 * origins up.
 */
const sharedHeaders = ({ credentials, exposes, saysAny }: CorsRoute, origin: string | undefined): readonly string[] => {
  if (saysAny === true) return ["access-control-allow-origin", "*"]
  const headers = ["vary", "Origin"]
  if (origin !== undefined) headers.push("access-control-allow-origin", origin)
  if (credentials === true) headers.push("access-control-allow-credentials", "true")
  if (exposes !== undefined) headers.push("access-control-expose-headers", exposes)
  return headers
}

/**
 * What the 204 that answers a preflight says, names and values in turn. `asked`: the headers that a page wants to send, as
 * it has put that.
 */
export const preflightHeaders = (
  { allowedOrigin, route }: CorsAnswer,
  asked: string | undefined
): readonly string[] => [
  ...sharedHeaders(route, allowedOrigin),
  ...["access-control-allow-methods", route.methods],
  ...headersGranted(route, asked),
  ...(route.maxAge === undefined ? [] : ["access-control-max-age", String(route.maxAge)])
]

const headersGranted = ({ headers, grantsHeaders }: CorsRoute, asked: string | undefined): readonly string[] => {
  if (grantsHeaders !== true) return ["access-control-allow-headers", headers]
  return asked === undefined ? [] : ["access-control-allow-headers", asked, "vary", "Access-Control-Request-Headers"]
}
