/** Which address a client really has, and which network group it belongs to. */
import type { IncomingMessage } from "node:http"
import { isIP, type Socket } from "node:net"
import ipaddr from "ipaddr.js"
import proxyAddr from "proxy-addr"
import type { TrustProxy } from "../../config/config.ts"
import { limits } from "../../limits.ts"
import { unknownAddress } from "../../machines/clientAddress.ts"

export type Address = ipaddr.IPv4 | ipaddr.IPv6

/** Who a request comes from. Clients of one `group` see each other; so whatever decides it must not be forged. */
export interface ClientAddress {
  /** Canonical text; `unknown` when the socket has none, as when it was closed before it was read. */
  readonly address: string
  readonly group: string
}

export const unknownClient: ClientAddress = { address: unknownAddress, group: unknownAddress }

/** In which proxies say who the client is. Only the first is read, from those that are trusted. */
export const unreadHeaders = [
  "X-Forwarded-For",
  "Forwarded",
  "X-Real-IP",
  "X-Client-IP",
  "CF-Connecting-IP",
  "True-Client-IP",
  "Fastly-Client-IP",
  "Fly-Client-IP",
  "DO-Connecting-IP",
  "X-Azure-ClientIP",
  "X-Envoy-External-Address"
] as const
export type UnreadHeader = (typeof unreadHeaders)[number]

/** On the socket itself: tens of thousands of entries of a WeakMap are work for every garbage collection. */
const known = Symbol("client address")
interface KnownSocket extends Socket {
  [known]?: { readonly forwarded: string | string[] | undefined; readonly client: ClientAddress }
}

/**
 * Makes a reader of client addresses. It starts at the socket's address and walks X-Forwarded-For from right to left
 * for as long as the address it stands on is a trusted proxy's. An entry that is no address is not believed: the walk
 * ends at the last address before it. `onUnread` hears of every header that may well say who the client is, and is not
 * gone by, so that its sender's own address counts instead; unless nobody is meant to be a proxy.
 */
export const createAddressReader = (
  trust: TrustProxy,
  onUnread: (header: UnreadHeader, socketAddress: string) => void = () => {}
): ((request: IncomingMessage) => ClientAddress) => {
  const trusted = trustOf(trust)
  const neighbour = neighbourReader(trusted)
  const hasProxies = trust.kind === "hops" ? trust.hops > 0 : trust.networks.length > 0
  const walk = createWalk(trusted)
  const read = (request: IncomingMessage): ClientAddress => {
    const found = walk(request, neighbour)
    if (found === undefined) return unknownClient
    const { believed, hop } = found
    const address = canonical(believed)
    if (hop === 0 && hasProxies) {
      const isTrusted = trusted(believed.toString(), 0)
      const unread = unreadHeaders.find(
        // From who is trusted it is read; there was nothing in it.
        (header) => request.headers[header.toLowerCase()] !== undefined && !(isTrusted && header === "X-Forwarded-For")
      )
      if (unread !== undefined) onUnread(unread, address.toString())
    }
    return { address: address.toString(), group: groupOf(address) }
  }

  // Every request is asked about, and the requests of one connection are mostly one client's.
  return (request) => {
    const socket: KnownSocket = request.socket
    const forwarded = request.headers["x-forwarded-for"]
    const before = socket[known]
    if (before !== undefined && before.forwarded === forwarded) return before.client
    const client = read(request)
    socket[known] = { forwarded, client }
    return client
  }
}

/**
 * The network group of an address, which alone decides who sees whom and who is `lan` to whom: private, loopback, link-local
 * and carrier-grade NAT addresses of IPv4 group by /24, any other address is with those of the same customer. What is no
 * address is `unknown`, and belongs with nobody.
 */
export const networkGroup = (address: string): string => {
  const parsed = parseAddress(address)
  return parsed === undefined ? unknownClient.group : groupOf(canonical(parsed))
}

/**
 * What one customer has of the address space, for budgets: an IPv4 address, or the first 64 bits of an IPv6 one, as that is
 * what a home or a phone is given at least (RFC 6177, RFC 7278). What is no address stays what it is.
 */
export const customerOf = (address: string): string => {
  // Most are IPv4, and asked about several times for each connection.
  if (!address.includes(":")) return address
  const parsed = parseAddress(address)
  return parsed === undefined ? address : withoutHost(canonical(parsed))
}

/**
 * An address as it is compared, if it is one of the kinds of which each network has its own: private, loopback, link-local,
 * unique-local or carrier-grade NAT. All loopback addresses are one.
 */
export const localAddress = (address: string): string | undefined => {
  const parsed = parseAddress(address)
  if (parsed === undefined || !localRanges.has(parsed.range())) return undefined
  return parsed.range() === "loopback" ? loopbackAddress : parsed.toString()
}

/** What every loopback address is compared as. */
export const loopbackAddress = "127.0.0.1"

type Neighbour = ReturnType<typeof neighbourReader>

/** Where an address is read from. */
export interface Asked {
  readonly socket: Pick<Socket, "remoteAddress">
  readonly headers: IncomingMessage["headers"]
}

/** From the socket's address along X-Forwarded-For; undefined for a socket without one. */
export const createWalk =
  (trusted: (address: string, hop: number) => boolean) => (request: Asked, neighbour: Neighbour) => {
    const { address: socketAddress, isTrusted } = neighbour(request.socket.remoteAddress ?? "")
    if (socketAddress === undefined) return undefined
    let believed = socketAddress
    let hop = 0
    for (const entry of entriesFromTheRight(request.headers["x-forwarded-for"])) {
      if (!(hop === 0 ? isTrusted : trusted(believed.toString(), hop))) break
      const next = parseAddress(withoutPort(entry))
      if (next === undefined) break
      believed = next
      hop += 1
    }
    return { socketAddress, believed, hop }
  }

/** What the proxies of a connection have said in X-Forwarded-For when it was read last; undefined: nothing. */
export const forwardedOf = (socket: Socket): string | undefined => {
  const forwarded = (socket as KnownSocket)[known]?.forwarded
  return Array.isArray(forwarded) ? forwarded.join(",") : forwarded
}

/** Whose a request is, where another node has read it and passes its connection on. */
export const knowClient = ({ socket, headers }: IncomingMessage, client: ClientAddress): void => {
  ;(socket as KnownSocket)[known] = { forwarded: headers["x-forwarded-for"], client }
}

/** Reads the address at the other end of a socket. Behind a proxy it is nearly always the one read before. */
export const neighbourReader = (trusted: (address: string, hop: number) => boolean) => {
  const read = (text: string) => {
    const address = parseAddress(text)
    return { text, address, isTrusted: address !== undefined && trusted(address.toString(), 0) }
  }
  let last = read("")
  return (text: string) => (text === last.text ? last : (last = read(text)))
}

/** Whether the proxy that is so many hops away is believed. */
export const trustOf = (trust: TrustProxy): ((address: string, hop: number) => boolean) =>
  trust.kind === "hops" ? (_, hop) => hop < trust.hops : proxyAddr.compile([...trust.networks])

/** Entries of the header, the nearest proxy's first; empty ones are skipped (RFC 9110 5.6.1). */
export function* entriesFromTheRight(header: string | string[] | undefined): Generator<string> {
  const text = Array.isArray(header) ? header.join(",") : (header ?? "")
  let end = text.length
  // Counted with the empty ones: the sender decides how long the header is, not how long it keeps us busy.
  for (let looked = 0; end > 0 && looked < limits.forwardedEntries; looked += 1) {
    const comma = text.lastIndexOf(",", end - 1)
    const entry = text.slice(comma + 1, end).trim()
    if (entry !== "") yield entry
    end = comma
  }
}

/** Some proxies add the port: `1.2.3.4:5678`, `[2001:db8::1]:443`. */
export const withoutPort = (entry: string): string =>
  /^\[([^\]]*)\](?::\d{1,5})?$/.exec(entry)?.[1] ?? /^([\d.]+):\d{1,5}$/.exec(entry)?.[1] ?? entry

/** Undefined for what is no address. IPv4-mapped IPv6 becomes IPv4; the zone goes, as it means nothing elsewhere. */
export const parseAddress = (text: string): Address | undefined => {
  const address = text.split("%", 1)[0] ?? ""
  // ipaddr.js alone would take `1` for 0.0.0.1 and `010.0.0.1` for 8.0.0.1.
  return isIP(address) === 0 ? undefined : ipaddr.process(address)
}

export const canonical = (address: Address): Address =>
  address.kind() === "ipv6" && address.range() === "loopback" ? ipaddr.parse(loopbackAddress) : address

/** ipaddr.js's names of the ranges of IPv4 in which many machines share a network of their own. */
export const sharedRanges = new Set<string>(["private", "loopback", "linkLocal", "carrierGradeNat"])
/** The same, and what IPv6 has of the kind. */
const localRanges = new Set<string>([...sharedRanges, "uniqueLocal"])

export const groupOf = (address: Address): string =>
  address.kind() === "ipv4" && sharedRanges.has(address.range())
    ? prefixOf(address, (byte) => byte < 3, "/24")
    : withoutHost(address)

/** Which bytes say whose an IPv6 address is, by ipaddr.js's names of ranges; elsewhere the first eight. */
export const telling: Readonly<Record<string, ((byte: number) => boolean) | undefined>> = {
  // Made of IPv4 addresses by a translator (RFC 6052 2.1, RFC 8215, RFC 7915): all of IPv4 is in one /64. They are not
  // read as the IPv4 address inside, or whoever can send from one would be whom it names.
  rfc6052: () => true,
  rfc6145: () => true,
  // The first 64 bits are a Teredo server's; the home's IPv4 address stands at the end, after a port (RFC 4380 4).
  teredo: (byte) => byte < 4 || byte >= 12
}

/** 6to4 needs no line of its own: a home has 2002:a.b.c.d::/48, and so 64 bits are no more than its own (RFC 3056 2). */
const withoutHost = (address: Address): string => {
  if (address.kind() === "ipv4") return address.toString()
  const tells = telling[address.range()]
  return tells === undefined ? prefixOf(address, (byte) => byte < 8, "/64") : prefixOf(address, tells, "")
}

const prefixOf = (address: Address, keeps: (byte: number) => boolean, length: string): string =>
  ipaddr.fromByteArray(address.toByteArray().map((byte, index) => (keeps(index) ? byte : 0))).toString() + length
