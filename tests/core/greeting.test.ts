import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { loadConfig } from "../../src/config/config.ts"
import { pathVariableOf } from "../../src/config/protocolSettings.ts"
import { greeting } from "../../src/greeting.ts"
import { protocols } from "../../src/protocols.ts"

const ownAddresses = ["127.0.0.1", "::1", "2001:db8::5", "fe80::1", "192.168.1.20", "169.254.3.4", "10.0.0.7"]

const greet = (environment: Readonly<Record<string, string>> = {}, addresses: readonly string[] = ownAddresses) => {
  const config = Effect.runSync(loadConfig(environment, [], protocols))
  return greeting(config, { port: 8080, database: "somewhere", ownAddresses: addresses })
}
const linesOf = (text: string, name: string): readonly string[] =>
  text
    .split("\n")
    .filter((line) => line.startsWith(`  ${name} `))
    .map((line) => line.slice(name.length + 2).trim())

describe("the greeting", () => {
  it("tells where other machines reach a server that listens everywhere", () => {
    const everywhere = greet()
    expect(linesOf(everywhere, "listening")).toEqual(["http://localhost:8080 (WebSocket on the same port)"])
    expect(linesOf(everywhere, "network")).toEqual(["http://192.168.1.20:8080", "http://10.0.0.7:8080"])
    expect(linesOf(greet({ HOST: "::" }), "network")).toEqual([
      "http://192.168.1.20:8080",
      "http://10.0.0.7:8080",
      "http://[2001:db8::5]:8080"
    ])
  })

  it("tells no more addresses than one reads, on a machine full of containers", () => {
    const bridges = Array.from({ length: 30 }, (_, index) => `172.17.${index}.1`)
    expect(linesOf(greet({}, bridges), "network")).toHaveLength(4)
  })

  it.each(["127.0.0.1", "127.8.9.1", "::1", "localhost"])("tells of no network when HOST is %s", (HOST) => {
    const text = greet({ HOST })
    expect(linesOf(text, "network")).toEqual([])
    expect(linesOf(text, "listening")).toEqual([expect.stringContaining("http://localhost:8080 ")])
  })

  it.each([
    ["192.168.1.20", "http://192.168.1.20:8080"],
    ["2001:db8::5", "http://[2001:db8::5]:8080"],
    ["signal.example.org", "http://signal.example.org:8080"]
  ])("does not speak of localhost when HOST is %s", (HOST, url) => {
    const text = greet({ HOST })
    expect(linesOf(text, "listening")).toEqual([`${url} (WebSocket on the same port)`])
    expect(linesOf(text, "docs")).toEqual([`${url}/docs, and of its frames /asyncapi.json below each protocol`])
    expect(text).not.toContain("localhost")
  })

  it("tells which protocols are served where, and of none that is not", () => {
    const off = Object.fromEntries(protocols.slice(1).map(({ name }) => [pathVariableOf(name), "off"]))
    const [dropsilk = ""] = linesOf(greet(off), "protocols")
    expect(dropsilk).toBe("dropsilk http://localhost:8080")
    expect(linesOf(greet({ ...off, DROPSILK_PATH: "/files" }), "protocols")).toEqual([
      "dropsilk http://localhost:8080/files"
    ])
    expect(linesOf(greet({ ...off, DROPSILK_PATH: "off" }), "protocols")).toEqual([])
  })

  it("tells of pages for people, where they are", () => {
    const config = Effect.runSync(loadConfig({ HOST: "192.168.1.20" }, [], protocols))
    const pages = [{ name: "try", path: "/files/try", about: "send a file" }]
    const text = greeting(config, { port: 8080, database: "somewhere", ownAddresses, pages })
    expect(linesOf(text, "try")).toEqual(["http://192.168.1.20:8080/files/try (send a file)"])
  })

  it("tells why a protocol is not served that was to be", () => {
    const config = Effect.runSync(loadConfig({ DROPSILK_PATH: "/files" }, [], protocols))
    const absent = { dropsilk: "There is no such thing: get one." }
    const text = greeting(config, { port: 8080, database: "somewhere", ownAddresses, absent })
    expect(linesOf(text, "protocols")[0]).toMatch(/^dropsilk +off: There is no such thing: get one\.$/)
    expect(text).not.toContain("/files")
  })

  it("names the origins that are let in, in one line however many there are", () => {
    const ALLOWED_ORIGINS = Array.from({ length: 40 }, (_, index) => `https://app${index}.example.org`).join(",")
    const [origins] = linesOf(greet({ ALLOWED_ORIGINS }), "origins")
    expect(origins).toMatch(/^https:\/\/app0\.example\.org, https:\/\/app1\.example\.org, 38 more/)
    expect(origins?.length).toBeLessThan(160)
    const few = linesOf(greet({ ALLOWED_ORIGINS: "https://app.example.org" }), "origins")[0]
    expect(few).toBe("https://app.example.org")
    expect(few).not.toContain("more")
  })

  it("tells what is let in besides, in development only, and what lets others in", () => {
    const production = { NODE_ENV: "production", DATABASE_URL: "postgres://localhost/x" }
    expect(greet()).toContain("in development also own pages and who sends none")
    expect(greet(production)).not.toContain("without an origin")
    expect(greet(production)).toContain("others: ALLOWED_ORIGINS, --allow-local-port")
  })

  it("tells where the tower page is without its key, or what it needs", () => {
    const open = greet({ LOG_ACCESS_KEY: "sesame" })
    expect(linesOf(open, "tower")).toEqual(["http://localhost:8080/tower?key=… (the key in LOG_ACCESS_KEY)"])
    expect(open).not.toContain("sesame")
    expect(linesOf(greet(), "tower")).toEqual([expect.stringMatching(/^closed: set LOG_ACCESS_KEY .*\/tower$/)])
  })

  it("speaks of https where there is a certificate", () => {
    const text = greet({ TLS_CERT_FILE: "cert.pem", TLS_KEY_FILE: "key.pem" })
    expect(linesOf(text, "listening")).toEqual([expect.stringContaining("https://localhost:8080")])
    expect(linesOf(text, "network")[0]).toBe("https://192.168.1.20:8080")
  })
})
