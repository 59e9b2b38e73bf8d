/** Which endpoint a path belongs to, in words that are few and hold nothing of what a client has sent. */

import { decodedPath } from "../../io/admission/requestPath.ts"

/** For paths that are no endpoint's. */
const elsewhere = "other"

/** Patterns are paths whose parameters begin with a colon, such as `/api/rooms/:roomCode`. */
export const createRoutePatterns = (patterns: readonly string[]): ((url: string) => string) => {
  const plain = new Set(patterns.filter((pattern) => !pattern.includes("/:")))
  const withParameters = patterns
    .filter((pattern) => pattern.includes("/:"))
    .map((pattern) => ({ pattern, matches: new RegExp(`^${pattern.replace(/:[^/]+/g, "[^/]*")}$`) }))

  return (url) => {
    const path = decodedPath(url)
    if (plain.has(path)) return path
    return withParameters.find(({ matches }) => matches.test(path))?.pattern ?? elsewhere
  }
}
