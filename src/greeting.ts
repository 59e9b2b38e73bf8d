/** What a server says at its start to whoever has started it: where it is, and who is let in. */
import { BlockList, isIP, isIPv6 } from "node:net"
import { networkInterfaces } from "node:os"
import type { Config } from "./config/config.ts"
import { limits } from "./limits.ts"
import { version } from "./version.ts"

export interface GreetingOptions {
  readonly port: number
  /** Which database it uses, without secrets. */
  readonly database: string
  /** Why protocols are not served that were to be, by name. */
  readonly absent?: Readonly<Record<string, string>>
  /** This machine's addresses. Default: those of its network interfaces. */
  readonly ownAddresses?: Iterable<string>
}

export const greeting = (config: Config, options: GreetingOptions): string => {
  const { port, database, absent = {}, ownAddresses = addressesOfInterfaces() } = options
  const scheme = config.tls === undefined ? "http" : "https"
  const at = (host: string) => `${scheme}://${isIPv6(host) ? `[${host}]` : host}:${port}`
  const home = at(isEverywhere(config.host) || isLoopback(config.host) ? "localhost" : config.host)
  const lines: readonly (readonly [string, string])[] = [
    ["listening", `${home} (WebSocket on the same port)`],
    ...networkOf(config.host, ownAddresses).map((host) => ["network", at(host)] as const),
    ["database", database],
    ...originsOf(config).map((line, index) => [index === 0 ? "origins" : "", line] as const),
    [
      "tower",
      config.logs.accessKey === undefined
        ? "closed: set LOG_ACCESS_KEY to a long key to watch the server at /tower"
        : `${home}/tower?key=… (the key in LOG_ACCESS_KEY)`
    ],
    ...protocolsOf(config, home, absent).map((line, index) => [index === 0 ? "protocols" : "", line] as const),
    ["docs", `${home}/docs, and of its frames /asyncapi.json below each protocol`]
  ]
  const rows = lines.map(([name, text]) => `  ${name.padEnd(11)} ${text}`)
  return ["", `  silktower ${version}`, ...rows, "", ""].join("\n")
}

/** Those that are served, each with where; and those that are not though they were to be, each with why. */
const protocolsOf = (
  { protocols }: Config,
  home: string,
  absent: Readonly<Record<string, string>>
): readonly string[] => {
  const served = Object.entries(protocols).flatMap(([name, { mount }]) =>
    mount === null ? [] : ([[name, mount]] as const)
  )
  const width = Math.max(...served.map(([name]) => name.length))
  return served.map(([name, mount]) => {
    const why = absent[name]
    return `${name.padEnd(width)} ${why === undefined ? `${home}${mount === "/" ? "" : mount}` : `off: ${why}`}`
  })
}

// --- Addresses

const isEverywhere = (host: string): boolean => host === "0.0.0.0" || /^[0:]+$/.test(host)

const loopback = new BlockList()
loopback.addSubnet("127.0.0.0", 8, "ipv4")
loopback.addAddress("::1", "ipv6")
/** Good on one link only; a browser cannot be told on which. */
const linkLocal = new BlockList()
linkLocal.addSubnet("169.254.0.0", 16, "ipv4")
linkLocal.addSubnet("fe80::", 10, "ipv6")

const isIn = (list: BlockList, address: string): boolean => list.check(address, isIPv6(address) ? "ipv6" : "ipv4")

const isLoopback = (host: string): boolean =>
  host.toLowerCase() === "localhost" || (isIP(host) !== 0 && isIn(loopback, host))

/** Where other machines reach a server that listens everywhere; one that listens elsewhere has said so already. */
const networkOf = (host: string, ownAddresses: Iterable<string>): readonly string[] => {
  if (!isEverywhere(host)) return []
  const reachable = [...ownAddresses].filter(
    (address) =>
      // 0.0.0.0 is all of IPv4, :: is both.
      (host !== "0.0.0.0" || !isIPv6(address)) && !isIn(loopback, address) && !isIn(linkLocal, address)
  )
  const olderFirst = reachable.toSorted((one, other) => isIP(one) - isIP(other))
  return olderFirst.slice(0, limits.greeting.addresses)
}

function* addressesOfInterfaces(): Generator<string> {
  for (const addresses of Object.values(networkInterfaces())) {
    for (const { address } of addresses ?? []) yield address
  }
}

// --- Origins

const originsOf = ({ origins, environment }: Config): readonly string[] => {
  const admitted = [...origins.localPorts.map((port) => `http://localhost:${port}`), ...origins.allowed]
  const rest = admitted.length - limits.greeting.origins
  const parts = [
    ...admitted.slice(0, limits.greeting.origins),
    ...(rest > 0 ? [`${rest} more`] : []),
    ...(origins.previewPattern === undefined ? [] : ["VERCEL_PREVIEW_ORIGIN_REGEX"])
  ]
  // Programs that are no browsers send none.
  const besides = environment === "production" ? "" : `in ${environment} also own pages and who sends none; `
  return [parts.length === 0 ? "none" : parts.join(", "), `${besides}others: ALLOWED_ORIGINS, --allow-local-port`]
}
