/** Where a server is found that listens: by whoever is on its machine, and by the machines around it. */
import { BlockList, isIP, isIPv6 } from "node:net"
import { networkInterfaces } from "node:os"
import type { Config } from "./config/config.ts"
import { limits } from "./limits.ts"

type Listening = Pick<Config, "host" | "tls">

const urlAt = ({ tls }: Listening, host: string, port: number): string =>
  `${tls === undefined ? "http" : "https"}://${isIPv6(host) ? `[${host}]` : host}:${port}`

/** For this machine. */
export const homeUrl = (config: Listening, port: number): string =>
  urlAt(config, isEverywhere(config.host) || isLoopback(config.host) ? "localhost" : config.host, port)

/**
 * For other machines of its networks, the older kind of addresses first; none for a server that listens at one address only.
 * `ownAddresses`: this machine's, by default those of its network interfaces.
 */
export const networkUrls = (
  config: Listening,
  port: number,
  ownAddresses: Iterable<string> = addressesOfInterfaces()
): readonly string[] => networkOf(config.host, ownAddresses).map((host) => urlAt(config, host, port))

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

/** This machine's addresses. */
export function* addressesOfInterfaces(): Generator<string> {
  for (const addresses of Object.values(networkInterfaces())) {
    for (const { address } of addresses ?? []) yield address
  }
}
