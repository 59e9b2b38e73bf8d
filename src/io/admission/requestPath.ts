/** The path of a request target, for everybody who looks at one beside the router. */

/** As the client wrote it, still percent-encoded. */
export const pathOf = (url: string): string => {
  const query = url.indexOf("?")
  return query === -1 ? url : url.slice(0, query)
}

/** The path as the router compares it: an encoded letter is that letter, an encoded slash separates nothing. */
export const decodedPath = (url: string): string => {
  // Everybody who looks at a request asks this, one after the other.
  if (url !== lastUrl) {
    lastUrl = url
    lastPath = decoded(pathOf(url))
  }
  return lastPath
}

let [lastUrl, lastPath] = ["/", "/"]

const decoded = (path: string): string => {
  if (!path.includes("%")) return path
  try {
    return decodeURI(path)
  } catch {
    return path
  }
}

/** What a path begins with, without slashes; empty of the root. */
export const firstSegment = (path: string): string => {
  const end = path.indexOf("/", 1)
  return end === -1 ? path.slice(1) : path.slice(1, end)
}

/** Whether a decoded path is this one or below it, segment by segment; everything is below `/`. */
export const isUnder = (path: string, mount: string): boolean =>
  mount === "/" || path === mount || path.startsWith(`${mount}/`)

/**
 * A request target as `/path?query`. A target may be a whole URL (RFC 9112 3.2.2), and `;` and `#` are ordinary
 * characters of a path here, while the router would end the path there.
 */
export const originForm = (target: string): string => {
  let url = target
  if (!url.startsWith("/")) {
    const parsed = URL.parse(target)
    if (parsed === null) return "/*"
    url = parsed.pathname + parsed.search
  }
  if (!/[;#]/.test(url)) return url
  const path = pathOf(url)
  return path.replaceAll(";", "%3B").replaceAll("#", "%23") + url.slice(path.length)
}
