/** Which methods a path takes, from the list of all that is answered. */
import { createRoutePatterns } from "./routePattern.ts"

/** `path` is a pattern: its parameters begin with a colon. */
export interface Route {
  readonly method: string
  readonly path: string
}

/** What `Allow` says of a request target as the client wrote it (RFC 9110 10.2.1); undefined where nothing answers. */
export type AllowedMethods = (target: string) => string | undefined

/** The target of a question to the server as a whole (RFC 9110 9.3.7). */
export const wholeServer = "*"

export const createAllowedMethods = (routes: readonly Route[]): AllowedMethods => {
  const patternOf = createRoutePatterns(routes.map(({ path }) => path))
  const allowed = new Map(
    routes.map(({ path }) => [path, allowOf(routes.filter((route) => route.path === path))] as const)
  )
  const anywhere = allowOf(routes)
  return (target) => (target === wholeServer ? anywhere : allowed.get(patternOf(target)))
}

/** HEAD is taken wherever GET is, OPTIONS everywhere. */
const allowOf = (routes: readonly Route[]): string => {
  const methods = new Set(routes.flatMap(({ method }) => (method === "GET" ? ["GET", "HEAD"] : [method])))
  return [...[...methods].toSorted(), "OPTIONS"].join(", ")
}
