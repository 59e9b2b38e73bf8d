import { createServer, request as httpRequest, type OutgoingHttpHeaders } from "node:http"
import type { AddressInfo } from "node:net"
import ipaddr from "ipaddr.js"
import { afterEach, describe, expect, it } from "vitest"
import type { TrustProxy } from "../../../../src/config/config.ts"
import {
  type ClientAddress,
  createAddressReader,
  customerOf,
  networkGroup
} from "../../../../src/io/admission/address.ts"
import { limits } from "../../../../src/limits.ts"
import { randomNumbers } from "../../../support/random.ts"

const localProxy: TrustProxy = { kind: "networks", networks: ["loopback", "uniquelocal"] }
const nobody: TrustProxy = { kind: "networks", networks: [] }

const closings: Array<() => void> = []
afterEach(() => {
  for (const close of closings.splice(0)) close()
})

/** What a server that trusts so sees of a real request from this machine. */
const seen = async (
  trust: TrustProxy,
  forwardedFor?: string | readonly string[],
  host = "127.0.0.1"
): Promise<ClientAddress> => {
  const read = createAddressReader(trust)
  const server = createServer((request, response) => response.end(JSON.stringify(read(request))))
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  closings.push(() => server.close())
  const headers: OutgoingHttpHeaders = forwardedFor === undefined ? {} : { "X-Forwarded-For": forwardedFor as string }
  const { port } = server.address() as AddressInfo
  return new Promise((resolve, reject) => {
    httpRequest({ host, port, headers, agent: false }, (response) => {
      let body = ""
      response.on("data", (chunk) => (body += chunk)).on("end", () => resolve(JSON.parse(body)))
    })
      .on("error", reject)
      .end()
  })
}

const addressSeen = async (trust: TrustProxy, forwardedFor?: string | readonly string[]): Promise<string> =>
  (await seen(trust, forwardedFor)).address

describe("the client address", () => {
  it("is the socket's without a proxy, over IPv4 and over IPv6 alike", async () => {
    expect(await seen(localProxy)).toEqual({ address: "127.0.0.1", group: "127.0.0.0/24" })
    expect(await seen(localProxy, undefined, "::1")).toEqual({ address: "127.0.0.1", group: "127.0.0.0/24" })
  })

  it("is what a trusted proxy has added last", async () => {
    expect(await seen(localProxy, "203.0.113.5")).toEqual({ address: "203.0.113.5", group: "203.0.113.5" })
    expect(await addressSeen(localProxy, "198.51.100.1, 203.0.113.5")).toBe("203.0.113.5")
  })

  it("is found behind several trusted proxies", async () => {
    expect(await addressSeen(localProxy, "198.51.100.1, 203.0.113.5, 10.0.0.2, 192.168.1.1")).toBe("203.0.113.5")
  })

  it("is the farthest one when all are trusted", async () => {
    expect(await addressSeen(localProxy, "192.168.1.7, 10.0.0.2")).toBe("192.168.1.7")
  })

  it("is found across several header lines", async () => {
    expect(await addressSeen(localProxy, ["198.51.100.1", "203.0.113.5", "10.0.0.2"])).toBe("203.0.113.5")
  })

  it("cannot be claimed by a client that comes through no trusted proxy", async () => {
    expect(await addressSeen(nobody, "203.0.113.5")).toBe("127.0.0.1")
    expect(await addressSeen({ kind: "networks", networks: ["192.0.2.1"] }, "203.0.113.5")).toBe("127.0.0.1")
  })

  it("is counted from the right when a number of hops is trusted", async () => {
    const header = "198.51.100.1, 203.0.113.5, 192.0.2.9"
    expect(await addressSeen({ kind: "hops", hops: 1 }, header)).toBe("192.0.2.9")
    expect(await addressSeen({ kind: "hops", hops: 2 }, header)).toBe("203.0.113.5")
    expect(await addressSeen({ kind: "hops", hops: 3 }, header)).toBe("198.51.100.1")
    expect(await addressSeen({ kind: "hops", hops: 9 }, header)).toBe("198.51.100.1")
  })

  it("of an IPv6 loopback proxy is trusted as such", async () => {
    const trust: TrustProxy = { kind: "networks", networks: ["::1"] }
    expect((await seen(trust, "203.0.113.5", "::1")).address).toBe("203.0.113.5")
  })

  it.each([
    ["constructor"],
    ["__proto__"],
    ["unknown"],
    ["1"],
    ["0x7f.1"],
    ["010.0.0.1"],
    ["203.0.113.5:http"],
    ["[203.0.113.5"],
    ["203.0.113.5, garbage"]
  ])("is the proxy's own when the proxy hands on what is no address: %s", async (header) => {
    expect(await seen(localProxy, header)).toEqual({ address: "127.0.0.1", group: "127.0.0.0/24" })
  })

  it("is the last believable one before what is no address", async () => {
    expect(await addressSeen(localProxy, "203.0.113.5, garbage, 10.0.0.2")).toBe("10.0.0.2")
  })

  it("is not hidden by empty entries", async () => {
    expect(await addressSeen(localProxy, "203.0.113.5, , 10.0.0.2,,")).toBe("203.0.113.5")
    expect(await addressSeen(localProxy, "")).toBe("127.0.0.1")
  })

  it.each([
    ["203.0.113.5:61234", "203.0.113.5"],
    ["[2001:DB8::1]:443", "2001:db8::1"],
    ["[2001:db8:0:0:0:0:0:1]", "2001:db8::1"],
    ["::ffff:203.0.113.5", "203.0.113.5"],
    ["::FFFF:CB00:7105", "203.0.113.5"],
    ["fe80::1%eth0", "fe80::1"],
    ["[fe80::1%25eth0]:443", "fe80::1"],
    ["::1", "127.0.0.1"]
  ])("in the form %s is %s", async (header, address) => {
    expect(await addressSeen(localProxy, header)).toBe(address)
  })

  it("is not looked for beyond a bounded number of entries, however long the header is", async () => {
    const proxies = (count: number): string => Array.from({ length: count }, () => "10.0.0.2").join(",")
    expect(await addressSeen(localProxy, `203.0.113.5,${proxies(limits.forwardedEntries - 1)}`)).toBe("203.0.113.5")
    expect(await addressSeen(localProxy, `203.0.113.5,${proxies(limits.forwardedEntries)}`)).toBe("10.0.0.2")
    expect(await addressSeen(localProxy, `203.0.113.5${",".repeat(10_000)}`)).toBe("127.0.0.1")
  })
})

describe("the network group", () => {
  it.each([
    ["203.0.113.5", "203.0.113.5"],
    ["2606:4700::1111", "2606:4700::/64"],
    ["2606:4700:0:0:ffff::1", "2606:4700::/64"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2002:cb00:7105:1::5", "2002:cb00:7105:1::/64"],
    ["192.168.1.77", "192.168.1.0/24"],
    ["10.20.30.40", "10.20.30.0/24"],
    ["172.16.0.1", "172.16.0.0/24"],
    ["172.31.255.255", "172.31.255.0/24"],
    ["172.32.0.1", "172.32.0.1"],
    ["169.254.9.9", "169.254.9.0/24"],
    ["100.64.1.2", "100.64.1.0/24"],
    ["100.127.1.2", "100.127.1.0/24"],
    ["100.128.1.2", "100.128.1.2"],
    ["127.9.9.9", "127.9.9.0/24"],
    ["::1", "127.0.0.0/24"],
    ["fe80::aaaa:1", "fe80::/64"],
    ["fe80::aaaa:1%en0", "fe80::/64"],
    ["fd12:3456:789a:1:ffff::9", "fd12:3456:789a:1::/64"],
    ["::ffff:192.168.1.77", "192.168.1.0/24"],
    ["0.0.0.0", "0.0.0.0"],
    ["constructor", "unknown"],
    ["", "unknown"]
  ])("of %s is %s", (address, group) => {
    expect(networkGroup(address)).toBe(group)
  })
})

describe("what one customer has", () => {
  it.each([
    ["203.0.113.7", "203.0.113.7"],
    // On one private network, but each on its own: a budget is for one of them.
    ["192.168.1.77", "192.168.1.77"],
    ["::ffff:203.0.113.7", "203.0.113.7"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8:1:2::", "2001:db8:1:2::/64"],
    ["::1", "127.0.0.1"],
    ["unknown", "unknown"]
  ])("for %s is %s", (address, customer) => {
    expect(customerOf(address)).toBe(customer)
  })

  it("is the IPv4 address that a translator has put into an IPv6 one, and not all of IPv4", () => {
    const translated = [
      "64:ff9b::203.0.113.7",
      "64:ff9b::203.0.113.8",
      "64:ff9b:1::203.0.113.7",
      "::ffff:0:203.0.113.7"
    ]
    expect(new Set(translated.map(customerOf)).size).toBe(translated.length)
    expect(new Set(translated.map(networkGroup)).size).toBe(translated.length)
    // Whoever writes such an address is no neighbour of those who have the one in it, nor a proxy that has it.
    expect(networkGroup("64:ff9b::192.168.1.77")).not.toBe(networkGroup("192.168.1.77"))
  })

  it("is the IPv4 address behind Teredo, whatever its port and server, and not all of a Teredo server's clients", () => {
    const home = ["2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:0:4136:e378:0:1111:3fff:fdd2", "2001:0:1:1::3fff:fdd2"]
    expect(new Set(home.map(customerOf)).size).toBe(1)
    expect(new Set(home.map(networkGroup)).size).toBe(1)
    expect(networkGroup("2001:0:4136:e378:8000:63bf:3fff:fdd3")).not.toBe(networkGroup(home[0] as string))
  })

  it("is never more than its network", () => {
    const random = randomNumbers(2)
    const byte = () => Math.floor(random() * 256)
    const first = [[10], [192, 168, 1], [100, 64], [203, 0, 113], []]
    const first6 = [[0xfe, 0x80], [0xfd], [0x20, 0x01, 0, 0], [0, 0x64, 0xff, 0x9b], [0x20, 0x02], [0x20, 0x01], []]
    const drawn = (starts: readonly (readonly number[])[], length: number): string => {
      const start = starts[byte() % starts.length] as readonly number[]
      // Few bytes are different, so that many have a network, and what a customer has, in common.
      const rest = Array.from({ length: length - start.length }, () => (random() < 0.8 ? 0 : byte() % 3))
      return ipaddr.fromByteArray([...start, ...rest]).toString()
    }
    const networks = new Map<string, string>()
    let shared = 0
    for (let left = 20_000; left > 0; left--) {
      const address = random() < 0.3 ? drawn(first, 4) : drawn(first6, 16)
      const before = networks.get(customerOf(address))
      if (before !== undefined) shared++
      expect(networkGroup(address), address).toBe(before ?? networkGroup(address))
      networks.set(customerOf(address), networkGroup(address))
    }
    expect(shared).toBeGreaterThan(1000)
  })
})
