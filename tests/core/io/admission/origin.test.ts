import { networkInterfaces } from "node:os"
import { describe, expect, it } from "vitest"
import { createOriginPolicy, normaliseOrigin, type OriginPolicyOptions } from "../../../../src/io/admission/origin.ts"

const policy = (pieces: Partial<OriginPolicyOptions> = {}) =>
  createOriginPolicy({
    environment: "development",
    allowed: ["https://dropsilk.xyz", "https://Shop.Example.org:443/welcome", "app://."],
    previewPattern: /^https:\/\/dropsilk-[a-zA-Z0-9]+-ahmed-arats-projects\.vercel\.app$/,
    localPorts: [],
    ...pieces
  })

describe("a page's origin", () => {
  it.each([
    ["https://dropsilk.xyz"],
    ["HTTPS://DropSilk.XYZ"],
    ["https://dropsilk.xyz:443"],
    ["https://dropsilk.xyz/"],
    ["https://dropsilk.xyz/some/path?x=1"],
    ["https://shop.example.org"],
    ["app://."],
    ["https://dropsilk-abc123-ahmed-arats-projects.vercel.app"],
    ["https://DROPSILK-abc123-ahmed-arats-projects.vercel.app:443/"]
  ])("%s is allowed", (origin) => {
    const origins = policy()
    expect(origins.allows(origin)).toBe(true)
    expect(origins.allows(origin), "when asked again").toBe(true)
  })

  it.each([
    [undefined],
    [""],
    ["null"],
    ["http://dropsilk.xyz"],
    ["https://dropsilk.xyz:8443"],
    ["https://dropsilk.xyz.evil.example"],
    ["https://evil.example/https://dropsilk.xyz"],
    ["https://dropsilk.xyz@evil.example"],
    ["https://evil@dropsilk.xyz"],
    ["https:dropsilk.xyz"],
    ["dropsilk.xyz"],
    ["https://evil.example, https://dropsilk.xyz"],
    ["https://dropsilk-abc123-ahmed-arats-projects.vercel.app.evil.example"],
    ["https://dropsilk--ahmed-arats-projects.vercel.app"],
    ["app://./"],
    ["APP://."],
    ["app://other"],
    ["app://"],
    ["http://localhost:3000"],
    ["constructor"]
  ])("%s is not allowed", (origin) => {
    const origins = policy()
    expect(origins.allows(origin)).toBe(false)
    expect(origins.allows(origin), "when asked again").toBe(false)
  })

  it("of endless length is not even tested", () => {
    const origins = policy({ previewPattern: /^https:\/\/(a+)+$/ })
    expect(origins.allows(`https://${"a".repeat(20)}`)).toBe(true)
    expect(origins.allows(`https://${"a".repeat(15_000)}!`)).toBe(false)
  })

  it("gets the same answer every time, also from a pattern that remembers where it stopped", () => {
    const origins = policy({ previewPattern: /^https:\/\/preview-\d\.example\.org$/g })
    const answers = Array.from({ length: 4 }, (_, index) => origins.allows(`https://preview-${index}.example.org`))
    expect(answers).toEqual([true, true, true, true])
  })

  it("gets the same answer after thousands of strangers", () => {
    const origins = policy()
    expect(origins.allows("https://dropsilk.xyz")).toBe(true)
    for (let index = 0; index < 5000; index += 1) expect(origins.allows(`https://e${index}.example`)).toBe(false)
    expect(origins.allows("https://dropsilk.xyz")).toBe(true)
    expect(origins.allows("https://e1.example")).toBe(false)
  })
})

const own = "signal.example.org:8080"

describe("a WebSocket upgrade", () => {
  it("must carry an allowed origin in production", () => {
    const origins = policy({ environment: "production" })
    expect(origins.admitsUpgrade("https://dropsilk.xyz", own)).toBe(true)
    expect(origins.admitsUpgrade("app://.", own)).toBe(true)
    expect(origins.admitsUpgrade(undefined, own)).toBe(false)
    expect(origins.admitsUpgrade("https://evil.example", own)).toBe(false)
    expect(origins.admitsUpgrade("null", own)).toBe(false)
  })

  it.each([["development"], ["test"]] as const)("may come without one in %s, not with a wrong one", (environment) => {
    const origins = policy({ environment })
    expect(origins.admitsUpgrade(undefined, own)).toBe(true)
    expect(origins.admitsUpgrade("https://dropsilk.xyz", own)).toBe(true)
    expect(origins.admitsUpgrade("https://evil.example", own)).toBe(false)
    expect(origins.admitsUpgrade("", own)).toBe(false)
    expect(origins.admitsUpgrade("null", own)).toBe(false)
  })
})

describe("a page of the host that it speaks to", () => {
  it.each([
    ["http://signal.example.org:8080", own],
    ["http://Signal.Example.org:8080", "SIGNAL.example.org:8080"],
    // A proxy speaks TLS, and hands the Host header on.
    ["https://signal.example.org", "signal.example.org"],
    ["https://signal.example.org", "signal.example.org:443"],
    ["http://192.168.7.20:8080", "192.168.7.20:8080"],
    ["http://[::1]:8080", "[::1]:8080"]
  ])("%s may open sockets and change something at %s, but not in production", (origin, host) => {
    for (const environment of ["development", "test"] as const) {
      expect(policy({ environment }).admits(origin, host)).toBe(true)
      expect(policy({ environment }).admitsUpgrade(origin, host)).toBe(true)
    }
    expect(policy({ environment: "production" }).admits(origin, host)).toBe(false)
    expect(policy({ environment: "production" }).admitsUpgrade(origin, host)).toBe(false)
    expect(policy({ environment: "production", allowed: [origin] }).admitsUpgrade(origin, host)).toBe(true)
  })

  it.each([
    ["http://signal.example.org:5173", own],
    ["http://signal.example.org", own],
    ["http://other.example.org:8080", own],
    ["http://signal.example.org.evil.example:8080", own],
    ["https://signal.example.org", "signal.example.org:80"],
    ["https://evil.example", "http://evil.example"],
    ["null", "null"],
    ["", ""],
    ["file://", ""],
    ["http://", ""],
    ["app://.", "."],
    ["app://other", "other"],
    ["http://signal.example.org:8080", undefined],
    [`http://${"a".repeat(400)}`, "a".repeat(400)]
  ])("is none with Origin %s and Host %s", (origin, host) => {
    expect(policy({ allowed: [] }).admits(origin, host)).toBe(false)
  })
})

describe("local ports", () => {
  const own = [
    ...["127.0.0.1", "::1", "192.168.7.20", "10.1.2.3", "172.16.0.9", "172.31.255.1", "169.254.8.8", "100.64.1.1"],
    ...["fd00::7", "fe80::1", "fe80::2%eth0", "203.0.113.5", "2001:db8::5"]
  ]

  it.each([
    ...[
      "localhost",
      "LOCALHOST",
      "app.localhost",
      "a.b.localhost",
      "127.0.0.1",
      "127.8.9.10",
      "[::1]",
      "[0:0:0:0:0:0:0:1]"
    ],
    ...["192.168.7.20", "10.1.2.3", "172.16.0.9", "172.31.255.1", "169.254.8.8", "100.64.1.1"],
    ...["[fd00::7]", "[fe80::1]", "[FE80:0::2]", "[::ffff:10.1.2.3]"]
  ])("open %s, which is this machine, by http and https, on these ports only", (host) => {
    const origins = policy({ localPorts: [3000, 5173, 80, 443], ownAddresses: () => own })
    for (const scheme of ["http", "https"]) {
      expect(origins.allows(`${scheme}://${host}:3000`)).toBe(true)
      expect(origins.allows(`${scheme}://${host}:5173`)).toBe(true)
      expect(origins.allows(`${scheme}://${host}`), "on the port that goes without saying").toBe(true)
      expect(origins.allows(`${scheme}://${host}:3001`)).toBe(false)
      expect(origins.localPort(`${scheme}://${host}:3001`)).toBe(3001)
    }
    const [http, https] = [[80], [443]].map((localPorts) => policy({ localPorts, ownAddresses: () => own }))
    expect([http?.allows(`http://${host}`), http?.allows(`https://${host}`)]).toEqual([true, false])
    expect([https?.allows(`http://${host}`), https?.allows(`https://${host}`)]).toEqual([false, true])
    expect(
      policy({ environment: "production", localPorts: [3000], ownAddresses: () => own }).admitsUpgrade(
        `https://${host}:3000`,
        "x"
      )
    ).toBe(true)
  })

  it.each([
    // Other machines of the same networks.
    ...[
      "192.168.7.21",
      "10.1.2.4",
      "172.16.0.8",
      "169.254.8.9",
      "100.64.1.2",
      "[fd00::8]",
      "[fe80::3]",
      "[::ffff:10.1.2.4]"
    ],
    // This one as the world sees it.
    ...["203.0.113.5", "[2001:db8::5]"],
    // Names, which anybody can point anywhere.
    ...[
      "192.168.7.20.evil.example",
      "localhost.evil.example",
      "evillocalhost",
      "printer.local",
      "10.1.2.3.nip.io",
      "own"
    ],
    ...["0.0.0.0", "[::]", "128.0.0.1"]
  ])("do not open %s", (host) => {
    const origins = policy({ localPorts: [3000], ownAddresses: () => own })
    for (const scheme of ["http", "https"]) {
      expect(origins.allows(`${scheme}://${host}:3000`)).toBe(false)
      expect(origins.localPort(`${scheme}://${host}:3000`)).toBeUndefined()
    }
  })

  it.each([
    "app://localhost:3000",
    "ws://localhost:3000",
    "file://localhost",
    "http://user@localhost:3000",
    "null",
    ""
  ])("do not open %j", (origin) => {
    expect(policy({ localPorts: [3000], ownAddresses: () => own }).allows(origin)).toBe(false)
  })

  it("follow the machine into another network while the server runs", () => {
    let addresses = ["192.168.7.20"]
    const origins = policy({ localPorts: [3000], ownAddresses: () => addresses })
    expect(origins.allows("http://192.168.7.20:3000")).toBe(true)
    expect(origins.allows("http://192.168.9.4:3000")).toBe(false)
    addresses = ["192.168.9.4"]
    expect(origins.allows("http://192.168.7.20:3000")).toBe(false)
    expect(origins.allows("http://192.168.9.4:3000")).toBe(true)
  })

  it("by default know this machine's real addresses", () => {
    const origins = policy({ localPorts: [3000] })
    const addresses = Object.values(networkInterfaces()).flatMap((found) => (found ?? []).map(({ address }) => address))
    for (const last of [0, 255]) {
      const address = `192.168.255.${last}`
      expect(origins.allows(`http://${address}:3000`)).toBe(addresses.includes(address))
    }
    const shared = addresses.filter((each) =>
      /^(192\.168|10|127|169\.254|172\.(1[6-9]|2\d|3[01]))\.|^(::1$|fe80:|f[cd])/.test(each)
    )
    expect(shared).toContain("127.0.0.1")
    for (const address of shared) {
      expect(origins.allows(`http://${address.includes(":") ? `[${address}]` : address}:3000`)).toBe(true)
    }
  })

  it("are closed unless asked for, and nobody looks addresses up then", () => {
    const origins = policy({
      ownAddresses: () => {
        throw new Error("looked up")
      }
    })
    expect(origins.allows("http://192.168.7.20:3000")).toBe(false)
    expect(origins.allows("http://localhost:3000")).toBe(false)
  })
})

describe("the form in which origins are compared", () => {
  it.each([
    ["HTTPS://Example.ORG:443/path", "https://example.org"],
    ["http://example.org:80", "http://example.org"],
    ["http://example.org:8080/", "http://example.org:8080"],
    ["app://.", "app://."],
    ["null", undefined],
    ["https://", undefined],
    ["", undefined]
  ])("of %s is %s", (origin, normal) => {
    expect(normaliseOrigin(origin)).toBe(normal)
  })
})
