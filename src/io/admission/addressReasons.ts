/** Why a client's address is taken for what it is, in sentences for whoever runs the server. */
import type { Socket } from "node:net"
import type { TrustProxy } from "../../config/config.ts"
import { unknownAddress } from "../../machines/clientAddress.ts"
import {
  canonical,
  entriesFromTheRight,
  forwardedOf,
  networkGroup,
  parseAddress,
  sharedRanges,
  trustOf,
  withoutPort
} from "./address.ts"

export interface AddressReasons {
  /** Whom the client is taken for, as in `ClientAddress`. */
  readonly address: string
  readonly group: string
  /** Who is at the other end of the connection. */
  readonly neighbour: string
  /** X-Forwarded-For, as it came; null: there was none. */
  readonly forwarded: string | null
  /** Why it is this address, and why this group. */
  readonly because: readonly string[]
}

export const createAddressExplainer = (trust: TrustProxy): ((socket: Socket) => AddressReasons) => {
  const trusted = trustOf(trust)

  return (socket) => {
    const forwarded = forwardedOf(socket) ?? null
    const first = parseAddress(socket.remoteAddress ?? "")
    if (first === undefined) {
      const because = ["The connection was closed before its address could be read."]
      return { address: unknownAddress, group: unknownAddress, neighbour: unknownAddress, forwarded, because }
    }
    const neighbour = canonical(first).toString()
    const passed: string[] = []
    let believed = first
    let stop = ""
    for (const entry of entriesFromTheRight(forwarded ?? undefined)) {
      const from = canonical(believed).toString()
      if (!trusted(believed.toString(), passed.length)) {
        stop = `${from} is no trusted proxy (TRUST_PROXY), so what it says of others is not believed.`
        break
      }
      const next = parseAddress(withoutPort(entry))
      if (next === undefined) {
        stop = "What X-Forwarded-For says next is no address, so it is not believed."
        break
      }
      passed.push(from)
      believed = next
    }
    const address = canonical(believed).toString()
    const group = networkGroup(address)
    const told = passed.length === 0 ? "It is the address of the connection itself." : `Told by ${proxies(passed)}.`
    const because = [told, ...(stop === "" ? [] : [stop]), whyGroup(address, group)]
    return { address, group, neighbour, forwarded, because }
  }
}

const proxies = (passed: readonly string[]): string =>
  passed.length === 1
    ? `the trusted proxy ${passed[0]} in X-Forwarded-For`
    : `${passed.length} trusted proxies in X-Forwarded-For: ${passed.toReversed().join(", ")}`

const whyGroup = (address: string, group: string): string => {
  if (group === address) return "Whoever has this very address is on its network."
  const parsed = parseAddress(address)
  return parsed?.kind() === "ipv4" && sharedRanges.has(parsed.range())
    ? `It is an address of a local network, so ${group} is its network.`
    : `A home is given the first 64 bits of an IPv6 address, so ${group} is its network.`
}
