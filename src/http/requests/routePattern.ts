/** Which endpoint a path belongs to, in words that are few and hold nothing of what a client has sent. */

import { decodedPath } from "../../io/admission/requestPath.ts"

/** For paths that are no endpoint's. */
const elsewhere = "other"

/** What may follow the segments so far. */
interface Place {
  /** The pattern that ends here. */
  pattern?: string
  readonly literal: Map<string, Place>
  parameter?: Place
}

const newPlace = (): Place => ({ literal: new Map() })

/**
 * Patterns are paths whose parameters begin with a colon, such as `/api/rooms/:roomCode`. Where several fit, that which
 * says more is meant, and of alike ones the first.
 */
export const createRoutePatterns = (patterns: readonly string[]): ((url: string) => string) => {
  const root = newPlace()
  for (const pattern of patterns) {
    let place = root
    for (const segment of pattern.split("/").slice(1)) {
      let next = segment.startsWith(":") ? place.parameter : place.literal.get(segment)
      if (next === undefined) {
        next = newPlace()
        if (segment.startsWith(":")) place.parameter = next
        else place.literal.set(segment, next)
      }
      place = next
    }
    place.pattern ??= pattern
  }
  return (url) => patternAt(root, decodedPath(url), 0) ?? elsewhere
}

/** The pattern of what follows the slash at `at`. */
const patternAt = ({ literal, parameter }: Place, path: string, at: number): string | undefined => {
  const end = path.indexOf("/", at + 1)
  const same = literal.size === 0 ? undefined : literal.get(path.slice(at + 1, end === -1 ? path.length : end))
  if (end === -1) return same?.pattern ?? parameter?.pattern
  return (same && patternAt(same, path, end)) ?? (parameter && patternAt(parameter, path, end))
}
