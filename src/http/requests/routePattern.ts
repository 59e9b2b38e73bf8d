/** Which endpoint a path belongs to, in words that are few and hold nothing of what a client has sent. */

import { decodedPath } from "../../io/admission/requestPath.ts"

/** For paths that are no endpoint's. */
const elsewhere = "other"

/** Patterns are paths whose parameters begin with a colon, such as `/api/rooms/:roomCode`. */
export const createRoutePatterns = (patterns: readonly string[]): ((url: string) => string) => {
  const plain = new Set(patterns.filter((pattern) => !pattern.includes("/:")))
  /** By how many segments they have: one expression for all of these, in which each has a group of its own. */
  const withParameters = new Map<number, { readonly alike: readonly string[]; readonly matches: RegExp }>()
  for (const [segments, alike] of Map.groupBy(
    patterns.filter((pattern) => pattern.includes("/:")),
    segmentsOf
  )) {
    const groups = alike.map((pattern) => `(${pattern.replace(/:[^/]+/g, "[^/]*")})`)
    withParameters.set(segments, { alike, matches: new RegExp(`^(?:${groups.join("|")})$`) })
  }

  return (url) => {
    const path = decodedPath(url)
    if (plain.has(path)) return path
    const candidates = withParameters.get(segmentsOf(path))
    const found = candidates?.matches.exec(path)
    if (candidates === undefined || found == null) return elsewhere
    return candidates.alike[found.indexOf(path, 1) - 1] ?? elsewhere
  }
}

const segmentsOf = (path: string): number => {
  let segments = 0
  for (let at = path.indexOf("/"); at !== -1; at = path.indexOf("/", at + 1)) segments++
  return segments
}
