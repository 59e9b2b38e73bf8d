/** Which web pages may speak to this server. */

import { networkInterfaces } from "node:os"
import { limits } from "../../limits.ts"
import { localAddress, loopbackAddress } from "./address.ts"

/** What the policy is made from: the pieces of Config that speak of origins. */
export interface OriginPolicyOptions {
  readonly environment: "development" | "production" | "test"
  /** Origins in any letter case, with or without default port and path; `app://.` and its like count as written. */
  readonly allowed: readonly string[]
  /** Tested against the normalised origin. Absent: there is none. */
  readonly previewPattern?: RegExp | undefined
  /** Ports at which pages of this machine are allowed besides, by http and https. */
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

/** The ports that no origin names. */
const usualPorts = new Map([
  ["http:", 80],
  ["https:", 443]
])

export const createOriginPolicy = (options: OriginPolicyOptions): OriginPolicy => {
  const { environment, previewPattern } = options
  const ownAddresses = options.ownAddresses ?? addressesOfInterfaces
  const localPorts = new Set(options.localPorts)
  const listed = new Set(options.allowed.map((origin) => normaliseOrigin(origin)))
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
    if (remembered.size >= limits.rememberedOrigins) remembered.clear()
    const answer = isListed(origin)
    remembered.set(origin, answer)
    return answer
  }

  /** By name only where every browser takes the name for this machine (RFC 6761 6.3). */
  const isThisMachine = (host: string): boolean => {
    if (/^(?:.+\.)?localhost$/.test(host)) return true
    const address = localAddress(host.replace(/^\[(.*)\]$/, "$1"))
    if (address === undefined) return false
    if (address === loopbackAddress) return true
    // Never remembered: a laptop changes its address while the server runs.
    for (const own of ownAddresses()) if (localAddress(own) === address) return true
    return false
  }

  const localPort = (origin: string): number | undefined => {
    const page = URL.parse(normaliseOrigin(origin) ?? "")
    const usualPort = usualPorts.get(page?.protocol ?? "")
    if (page === null || usualPort === undefined || !isThisMachine(page.hostname)) return undefined
    return page.port === "" ? usualPort : Number(page.port) || undefined
  }

  const isLocal = (origin: string): boolean => localPorts.size > 0 && localPorts.has(localPort(origin) ?? 0)

  const allows = (origin: string | undefined): boolean =>
    origin !== undefined && origin.length <= limits.originUnits && (isListedAsRemembered(origin) || isLocal(origin))

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
 * Whether a page can have this origin, and only this one is meant. What no page can have would be let in by nothing, and
 * nobody would hear of it.
 */
export const isOriginOfPage = (text: string): boolean => {
  if (!/^https?:/i.test(text)) {
    const [, scheme = ""] = /^([a-z][a-z0-9+.-]*):\/\/[^\s/?#*]+$/.exec(text) ?? []
    return scheme !== "" && !schemesWithoutPages.has(scheme)
  }
  // The URL standard takes two in one entry for one, with a path.
  const url = /^https?:\/\/(?!.*:\/\/)\S+$/i.test(text) ? URL.parse(text) : null
  return url !== null && url.username + url.password === "" && url.port !== "0" && isHostOfPage(url.hostname)
}

/** Browsers write schemes in lower case. */
const schemesWithoutPages = new Set(["about", "blob", "data", "file", "ftp", "javascript", "ws", "wss"])

/** The URL standard takes `*` and `;` for letters of a host's name. */
const isHostOfPage = (host: string): boolean => /^(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?|\[[0-9a-f:.]+\])$/.test(host)

/**
 * Whether a page came from the host and port that its request goes to. Not by which scheme: where a proxy speaks TLS,
 * only the page's origin says https.
 */
const isSameHost = (origin: string, host: string | undefined): boolean => {
  if (host === undefined || origin.length > limits.originUnits) return false
  const page = /^https?:\/\//i.test(origin) ? URL.parse(origin) : null
  return page !== null && page.host !== "" && page.host === URL.parse(`${page.protocol}//${host}`)?.host
}

function* addressesOfInterfaces(): Generator<string> {
  for (const addresses of Object.values(networkInterfaces())) {
    for (const { address } of addresses ?? []) yield address
  }
}
