/** Why a client's address is taken for what it is: as facts for its user, in sentences for whoever runs the server. */
import type { Socket } from "node:net"
import type { TrustProxy } from "../../config/config.ts"
import { unknownAddress } from "../../machines/clientAddress.ts"
import {
  type Address,
  type Asked,
  type ClientAddress,
  canonical,
  createWalk,
  entriesFromTheRight,
  forwardedOf,
  groupOf,
  neighbourReader,
  parseAddress,
  sharedRanges,
  telling,
  trustOf,
  unknownClient,
  unreadHeaders,
  withoutPort
} from "./address.ts"

/** One entry of X-Forwarded-For, nearest proxy first, and what became of it. */
export interface ForwardedEntry {
  /** As it came, cut where it is longer than any address. */
  readonly text: string
  /** `sender`: whoever has added it is no trusted proxy; `unread`: it stands behind one that was not believed. */
  readonly verdict: "believed" | "sender" | "no-address" | "unread"
}

/** How it was found out who a request comes from. */
export interface AddressExplanation {
  readonly client: ClientAddress
  /** Of the socket itself. Undefined: it has none any more. */
  readonly socketAddress: string | undefined
  readonly isSocketTrusted: boolean
  readonly forwarded: readonly ForwardedEntry[]
  /** Other headers in which proxies say who the client is, and which are never read. */
  readonly unreadHeaders: readonly string[]
  readonly family: "IPv4" | "IPv6" | "unknown"
  /** Which rule has made the network group: see `groupOf`. */
  readonly groupRule: "own-address" | "shared-24" | "home-64" | "translated" | "unknown"
  /** Whose X-Forwarded-For is believed, as an operator would set it. */
  readonly trustProxy: string
}

/** Explains what `createAddressReader` reads, by the same steps. */
export const createAddressExplainer = (trust: TrustProxy): ((asked: Asked) => AddressExplanation) => {
  const trusted = trustOf(trust)
  const walk = createWalk(trusted)
  const neighbour = neighbourReader(trusted)
  return (asked) => {
    const { headers } = asked
    const found = walk(asked, neighbour)
    const hop = found?.hop ?? 0
    const entries = [...entriesFromTheRight(headers["x-forwarded-for"])]
    const isNextTrusted = found !== undefined && trusted(found.believed.toString(), hop)
    const verdictOf = (index: number): ForwardedEntry["verdict"] => {
      if (index < hop) return "believed"
      if (index > hop) return "unread"
      return isNextTrusted ? "no-address" : "sender"
    }
    return {
      client: found === undefined ? unknownClient : clientOf(canonical(found.believed)),
      socketAddress: found && canonical(found.socketAddress).toString(),
      isSocketTrusted: found !== undefined && trusted(found.socketAddress.toString(), 0),
      forwarded: entries.map((text, index) => ({ text: text.slice(0, longestEntry), verdict: verdictOf(index) })),
      unreadHeaders: unreadHeaders.slice(1).filter((header) => headers[header.toLowerCase()] !== undefined),
      family: found === undefined ? "unknown" : canonical(found.believed).kind() === "ipv4" ? "IPv4" : "IPv6",
      groupRule: found === undefined ? "unknown" : ruleOf(canonical(found.believed)),
      trustProxy: shownTrust(trust)
    }
  }
}

/** Longer than any address with a zone and a port. */
const longestEntry = 100

const shownTrust = (trust: TrustProxy): string => {
  if (trust.kind === "hops") return `${trust.hops} ${trust.hops === 1 ? "hop" : "hops"}`
  if (trust.networks.length === 0) return "none"
  return trust.networks.map((network) => (network === "uniquelocal" ? "private" : network)).join(",")
}

const ruleOf = (address: Address): AddressExplanation["groupRule"] => {
  if (address.kind() === "ipv4") return sharedRanges.has(address.range()) ? "shared-24" : "own-address"
  return telling[address.range()] === undefined ? "home-64" : "translated"
}

const clientOf = (address: Address): ClientAddress => ({ address: address.toString(), group: groupOf(address) })

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

/** The same in sentences, of a connection and what was said on it last. */
export const createAddressReasons = (trust: TrustProxy): ((socket: Socket) => AddressReasons) => {
  const explain = createAddressExplainer(trust)
  return (socket) => {
    const said = forwardedOf(socket)
    const explained = explain({ socket, headers: said === undefined ? {} : { "x-forwarded-for": said } })
    const { client, socketAddress: neighbour = unknownAddress, forwarded } = explained
    return { ...client, neighbour, forwarded: said ?? null, because: sentencesOf(explained, neighbour, forwarded) }
  }
}

const sentencesOf = (
  { client: { address, group }, socketAddress }: AddressExplanation,
  neighbour: string,
  forwarded: readonly ForwardedEntry[]
): readonly string[] => {
  if (socketAddress === undefined) return ["The connection was closed before its address could be read."]
  const believed = forwarded.filter(({ verdict }) => verdict === "believed").map(({ text }) => writtenOf(text))
  // Each was told by the one before it.
  const passed = [neighbour, ...believed].slice(0, believed.length)
  const told = passed.length === 0 ? "It is the address of the connection itself." : `Told by ${proxies(passed)}.`
  const next = forwarded.find(({ verdict }) => verdict === "sender" || verdict === "no-address")
  const stop =
    next === undefined
      ? []
      : next.verdict === "no-address"
        ? ["What X-Forwarded-For says next is no address, so it is not believed."]
        : [`${address} is no trusted proxy (TRUST_PROXY), so what it says of others is not believed.`]
  return [told, ...stop, whyGroup(address, group)]
}

/** An entry that is an address, as addresses are written. */
const writtenOf = (entry: string): string => {
  const address = parseAddress(withoutPort(entry))
  return address === undefined ? entry : canonical(address).toString()
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
