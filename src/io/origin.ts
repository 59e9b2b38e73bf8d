/** Which web pages may speak to this server. */
import { networkInterfaces } from "node:os"

/** What the policy is made from: the pieces of Config that speak of origins. */
export interface OriginPolicyOptions {
  readonly environment: "development" | "production" | "test"
  /** Origins in any letter case, with or without default port and path; `app://.` and its like count as written. */
  readonly allowed: readonly string[]
  /** Tested against the normalised origin. Absent: there is none. */
  readonly previewPattern?: RegExp | undefined
  /** Ports of pages on this machine that are allowed besides. */
  readonly localPorts: readonly number[]
  /** This machine's addresses at this moment. Default: those of its network interfaces (some 40 µs to look up). */
  readonly ownAddresses?: () => Iterable<string>
}

export interface OriginPolicy {
  /** Whether an Origin header names an allowed origin. An absent one and `null` do not. */
  allows(origin: string | undefined): boolean
  /**
   * Whether a page may do more than read: open a WebSocket, or change something. Those of allowed origins may, and
   * outside production those that come from where the request goes, by its Host header: see docs/security.md.
   */
  admits(origin: string, host: string | undefined): boolean
  /** Whether a request with these headers may become a WebSocket: only in production must there be an origin. */
  admitsUpgrade(origin: string | undefined, host: string | undefined): boolean
  /** The port that would let this origin in as one of this machine, if it is one. */
  localPort(origin: string): number | undefined
}

/** UTF-16 units. A host name has 253 at most (RFC 1035 2.3.4); longer headers would only feed the pattern. */
export const longestOrigin = 300

/** Answers kept, so that polls do not parse the same header every second. */
const rememberedOrigins = 1000

export const createOriginPolicy = (options: OriginPolicyOptions): OriginPolicy => {
  const { environment, previewPattern } = options
  const ownAddresses = options.ownAddresses ?? addressesOfInterfaces
  const localPorts = new Set(options.localPorts)
  const localOrigins = options.localPorts.flatMap((port) => [`http://localhost:${port}`, `http://127.0.0.1:${port}`])
  const listed = new Set([...options.allowed, ...localOrigins].map((origin) => normaliseOrigin(origin)))
  const remembered = new Map<string, boolean>()

  const isListed = (origin: string): boolean => {
    const normal = normaliseOrigin(origin)
    if (normal === undefined) return false
    // `search` and not `test`: the latter starts where it last stopped if the pattern has the flag g or y.
    return listed.has(normal) || (previewPattern !== undefined && normal.search(previewPattern) !== -1)
  }

  const isListedAsRemembered = (origin: string): boolean => {
    const known = remembered.get(origin)
    if (known !== undefined) return known
    // Everything at once: a stranger sending ever new origins costs others one parse each.
    if (remembered.size >= rememberedOrigins) remembered.clear()
    const answer = isListed(origin)
    remembered.set(origin, answer)
    return answer
  }

  const isOwnAddress = (host: string): boolean => {
    if (host === "localhost" || host === "127.0.0.1") return true
    if (!/^192\.168\.\d+\.\d+$/.test(host)) return false
    // Never remembered: a laptop changes its address while the server runs.
    for (const address of ownAddresses()) if (address === host) return true
    return false
  }

  const localPort = (origin: string): number | undefined => {
    const [, host = "", port = "80"] = /^http:\/\/([^:]+)(?::(\d+))?$/.exec(normaliseOrigin(origin) ?? "") ?? []
    return Number(port) > 0 && isOwnAddress(host) ? Number(port) : undefined
  }

  const isLocal = (origin: string): boolean => localPorts.size > 0 && localPorts.has(localPort(origin) ?? 0)

  const allows = (origin: string | undefined): boolean =>
    origin !== undefined && origin.length <= longestOrigin && (isListedAsRemembered(origin) || isLocal(origin))

  const admits = (origin: string, host: string | undefined): boolean =>
    allows(origin) || (environment !== "production" && isSameHost(origin, host))

  return {
    allows,
    admits,
    admitsUpgrade: (origin, host) => (origin === undefined ? environment !== "production" : admits(origin, host)),
    localPort
  }
}

/** The form in which origins are compared; undefined for what is no origin. */
export const normaliseOrigin = (origin: string): string | undefined => {
  // `app://.` has no normal form: to the URL standard its origin is `null`, as is that of every other such scheme.
  if (!/^https?:/i.test(origin)) return /^[a-z][a-z0-9+.-]*:\/\/[^\s]+$/i.test(origin) ? origin : undefined
  const url = /^https?:\/\//i.test(origin) ? URL.parse(origin) : null
  return url === null || url.username !== "" || url.password !== "" ? undefined : url.origin
}

/**
 * Whether a page came from the host and port that its request goes to. Not by which scheme: where a proxy speaks TLS,
 * only the page's origin says https.
 */
const isSameHost = (origin: string, host: string | undefined): boolean => {
  if (host === undefined || origin.length > longestOrigin) return false
  const page = /^https?:\/\//i.test(origin) ? URL.parse(origin) : null
  return page !== null && page.host !== "" && page.host === URL.parse(`${page.protocol}//${host}`)?.host
}

function* addressesOfInterfaces(): Generator<string> {
  for (const addresses of Object.values(networkInterfaces())) {
    for (const { address } of addresses ?? []) yield address
  }
}
