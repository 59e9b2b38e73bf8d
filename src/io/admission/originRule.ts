/** Which web pages may speak to one protocol, where it has a list of its own. */
import { isIPv6 } from "node:net"
import { normaliseOrigin, type OriginPolicy } from "./origin.ts"

/** As the list of a whole server, but that machines, which name no origin, may always open a socket. */
export type OriginRule = Pick<OriginPolicy, "allows" | "admitsUpgrade">

/**
 * `listed`: full origins, bare host names at any port, or `*` for any. Undefined: any page in development and tests, and in
 * production those that the whole server lets in.
 */
export const createOriginRule = (
  policy: OriginPolicy,
  environment: "development" | "production" | "test",
  listed: readonly string[] | undefined
): OriginRule => {
  const origins = new Set((listed ?? []).map((entry) => normaliseOrigin(entry)))
  const hosts = new Set((listed ?? []).filter((entry) => !entry.includes("://")).map(asInUrl))
  const isAny = hosts.has("*") || (listed === undefined && environment !== "production")

  const isListed = (origin: string): boolean => {
    const normal = normaliseOrigin(origin)
    if (normal === undefined) return false
    return origins.has(normal) || hosts.has(URL.parse(normal)?.hostname ?? "")
  }
  const allows = (origin: string | undefined): boolean =>
    origin !== undefined && (isAny || (listed === undefined ? policy.allows(origin) : isListed(origin)))

  return { allows, admitsUpgrade: (origin) => origin === undefined || allows(origin) }
}

/** A host as the URL standard writes it. */
const asInUrl = (host: string): string => (isIPv6(host) ? `[${host}]` : host).toLowerCase()
