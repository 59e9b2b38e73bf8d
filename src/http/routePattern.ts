/** Which endpoint a path belongs to, in words that are few and hold nothing of what a client has sent. */

/** For paths that are no endpoint's. */
const elsewhere = "other"

/** Patterns are paths whose parameters begin with a colon, such as `/api/rooms/:code`. */
export const createRoutePatterns = (patterns: readonly string[]): ((url: string) => string) => {
  const plain = new Set(patterns.filter((pattern) => !pattern.includes("/:")))
  const withParameters = patterns
    .filter((pattern) => pattern.includes("/:"))
    .map((pattern) => ({ pattern, parts: pattern.split("/") }))

  return (url) => {
    const query = url.indexOf("?")
    const path = query === -1 ? url : url.slice(0, query)
    if (plain.has(path)) return path
    const asked = path.split("/")
    const found = withParameters.find(
      ({ parts }) =>
        parts.length === asked.length && parts.every((part, at) => part.startsWith(":") || part === asked[at])
    )
    return found?.pattern ?? elsewhere
  }
}
