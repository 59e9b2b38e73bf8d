/** Which web pages may speak to this server. */
import { networkInterfaces } from "node:os"

/** What the policy is made from: the pieces of Config that speak of origins. */
export interface OriginPolicyOptions {
  readonly environment: "development" | "production" | "test"
  /** Origins in any letter case, with or without default port and path; `app://.` and its like count as written. */
  readonly allowed: readonly string[]
  /** Tested against the normalised origin. */
  readonly previewPattern: RegExp
  /** Ports of pages on this machine that are allowed besides. */
  readonly localPorts: readonly number[]
  /** This machine's addresses at this moment. Default: those of its network interfaces (some 40 µs to look up). */
  readonly ownAddresses?: () => Iterable<string>
}

export interface OriginPolicy {
  /** Whether an Origin header names an allowed origin. An absent one and `null` do not. */
  allows(origin: string | undefined): boolean
  /** Whether a request with this Origin header may become a WebSocket: only in production must there be one. */
  allowsUpgrade(origin: string | undefined): boolean
  /** The form in which origins are compared; undefined for what is no origin. */
  normalise(origin: string): string | undefined
}

/** UTF-16 units. A host name has 253 at most (RFC 1035 2.3.4); longer headers would only feed the pattern. */
const longestOrigin = 300

/** Answers kept, so that polls do not parse the same header every second. */
const rememberedOrigins = 1000

export const createOriginPolicy = (options: OriginPolicyOptions): OriginPolicy => {
  const { environment, previewPattern } = options
  const ownAddresses = options.ownAddresses ?? addressesOfInterfaces
  const localPorts = new Set(options.localPorts)
  const localOrigins = options.localPorts.flatMap((port) => [`http://localhost:${port}`, `http://127.0.0.1:${port}`])
  const listed = new Set([...options.allowed, ...localOrigins].map((origin) => normalise(origin)))
  const remembered = new Map<string, boolean>()

  const isListed = (origin: string): boolean => {
    const normal = normalise(origin)
    // `search` and not `test`: the latter starts where it last stopped if the pattern has the flag g or y.
    return normal !== undefined && (listed.has(normal) || normal.search(previewPattern) !== -1)
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

  // Never remembered: a laptop changes its address while the server runs.
  const isOwnAddress = (origin: string): boolean => {
    if (localPorts.size === 0) return false
    const parts = /^http:\/\/(192\.168\.\d+\.\d+)(?::(\d+))?$/.exec(normalise(origin) ?? "")
    if (parts === null || !localPorts.has(Number(parts[2] ?? 80))) return false
    for (const address of ownAddresses()) if (address === parts[1]) return true
    return false
  }

  const allows = (origin: string | undefined): boolean =>
    origin !== undefined && origin.length <= longestOrigin && (isListedAsRemembered(origin) || isOwnAddress(origin))

  return {
    allows,
    allowsUpgrade: (origin) => (origin === undefined ? environment !== "production" : allows(origin)),
    normalise
  }
}

const normalise = (origin: string): string | undefined => {
  // `app://.` has no normal form: to the URL standard its origin is `null`, as is that of every other such scheme.
  if (!/^https?:/i.test(origin)) return /^[a-z][a-z0-9+.-]*:\/\/[^\s]+$/i.test(origin) ? origin : undefined
  const url = /^https?:\/\//i.test(origin) ? URL.parse(origin) : null
  return url === null || url.username !== "" || url.password !== "" ? undefined : url.origin
}

function* addressesOfInterfaces(): Generator<string> {
  for (const addresses of Object.values(networkInterfaces())) {
    for (const { address } of addresses ?? []) yield address
  }
}
