import { createServer, request as httpRequest } from "node:http"
import type { AddressInfo } from "node:net"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { TrustProxy } from "../../../../src/config/config.ts"
import { createAddressReader } from "../../../../src/io/admission/address.ts"
import { createAddressReasons } from "../../../../src/io/admission/addressReasons.ts"

const networks = (...networks: string[]): TrustProxy => ({ kind: "networks", networks })
const hops = (hops: number): TrustProxy => ({ kind: "hops", hops })

describe("why an address is taken for what it is", () => {
  let trust: TrustProxy
  const server = createServer((request, response) => {
    const read = createAddressReader(trust)(request)
    response.end(JSON.stringify({ read, explained: createAddressReasons(trust)(request.socket) }))
  })
  beforeAll(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)))
  afterAll(() => new Promise((resolve) => server.close(resolve)))

  /** What is said of a real request from this machine. */
  const explained = (trusting: TrustProxy, forwarded?: string): Promise<any> => {
    trust = trusting
    const headers = forwarded === undefined ? {} : { "X-Forwarded-For": forwarded }
    const { port } = server.address() as AddressInfo
    return new Promise((resolve, reject) => {
      httpRequest({ host: "127.0.0.1", port, headers, agent: false }, (response) => {
        let body = ""
        response.on("data", (chunk) => (body += chunk)).on("end", () => resolve(JSON.parse(body)))
      })
        .on("error", reject)
        .end()
    })
  }

  const itself = "It is the address of the connection itself."
  const local = (group: string) => `It is an address of a local network, so ${group} is its network.`
  const own = "Whoever has this very address is on its network."

  it.each([
    ["nobody in between", networks("loopback"), undefined, [itself, local("127.0.0.0/24")]],
    [
      "a proxy that is not trusted",
      networks(),
      "203.0.113.5",
      [
        itself,
        "127.0.0.1 is no trusted proxy (TRUST_PROXY), so what it says of others is not believed.",
        local("127.0.0.0/24")
      ]
    ],
    [
      "a trusted one",
      networks("loopback"),
      "203.0.113.5",
      ["Told by the trusted proxy 127.0.0.1 in X-Forwarded-For.", own]
    ],
    [
      "two by hops",
      hops(2),
      "198.51.100.1, 2001:db8:1:2::7, 10.0.0.2",
      [
        "Told by 2 trusted proxies in X-Forwarded-For: 10.0.0.2, 127.0.0.1.",
        "2001:db8:1:2::7 is no trusted proxy (TRUST_PROXY), so what it says of others is not believed.",
        "A home is given the first 64 bits of an IPv6 address, so 2001:db8:1:2::/64 is its network."
      ]
    ],
    [
      "something that is no address",
      networks("loopback"),
      "<script>",
      [itself, "What X-Forwarded-For says next is no address, so it is not believed.", local("127.0.0.0/24")]
    ]
  ] as const)("says so with %s, and always the address that is counted by", async (_, trusting, forwarded, because) => {
    const { read, explained: told } = await explained(trusting, forwarded)
    expect(told).toEqual({ ...read, neighbour: "127.0.0.1", forwarded: forwarded ?? null, because })
  })
})
