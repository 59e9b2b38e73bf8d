/** The files of the page to try the server with, and the server's half of the connection check. */
import { describe, expect, it } from "vitest"
import { networkUrls } from "../../../../src/ownUrls.ts"
import { describeOnPostgres, useDatabase } from "../../../support/databases.ts"
import { httpForThisTest, useHttp } from "../../../support/httpClient.ts"

describe("the page to try the server with", () => {
  const server = useHttp()

  it("is answered with the strictest policy, and asks for nothing from elsewhere", async () => {
    const { status, headers, text } = await server.get("/try")
    expect([status, headers["content-type"]]).toEqual([200, "text/html; charset=utf-8"])
    expect(headers["content-security-policy"]).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self'; /)
    expect(headers["content-security-policy"]).toContain("require-trusted-types-for 'script'; trusted-types 'none'")
    expect(text).not.toMatch(/https?:|<script>|<style|\son\w+=|\sstyle=/)
    const [, ...rest] = text.match(/(?:href|src)="(?!#)[^"]+"/g)?.map((found) => found.split('"')[1] as string) ?? []
    expect(rest.length).toBeGreaterThan(20)
    for (const path of rest) expect([path, (await server.get(`/${path}`)).status]).toEqual([path, 200])
    expect((await server.send("HEAD", "/try")).status).toBe(200)
    expect((await server.send("POST", "/try")).status).toBe(405)
  })

  it("has the client as JavaScript, module by module, and no other file of the server", async () => {
    const { headers, text } = await server.get("/try/client/tower.ts")
    expect(headers["content-type"]).toBe("text/javascript; charset=utf-8")
    expect(text).toContain("class Tower extends Events")
    expect(text).not.toMatch(/interface|: string|import type/)
    expect((await server.get("/try/client/tower.js")).text).toBe(text)
    for (const path of [
      "/try/tryPage.ts",
      "/try/client/..%2Fapplication.ts",
      "/try/client/nobody.ts",
      "/try/page.html",
      "/try/"
    ]) {
      expect([path, (await server.get(path)).status]).toEqual([path, 404])
    }
  })

  it("is told of at the start, at its place", async () => {
    const page = { name: "try", about: "send a file from one device to another" }
    expect(server.pages).toEqual([{ ...page, path: "/try" }])
    const below = await httpForThisTest({ DROPSILK_PATH: "/files" })
    expect(below.pages).toEqual([{ ...page, path: "/files/try" }])
    expect((await below.get("/files/try")).status).toBe(200)
    expect((await below.get("/try")).status).toBe(404)
  })

  it("is not there with TRY_PAGE=off, nor is its check", async () => {
    const off = await httpForThisTest({ TRY_PAGE: "off" })
    for (const path of ["/try", "/try/check", "/try/page.js", "/try/client/index.js"]) {
      expect([path, (await off.get(path)).status]).toEqual([path, 404])
    }
    expect(off.pages).toEqual([])
  })
})

describeOnPostgres("the page to try the server with, in production", () => {
  const databaseUrl = useDatabase()
  const production = () => ({ DATABASE_URL: databaseUrl, NODE_ENV: "production" })

  it("is not there unless an operator wants it, and then its own origin must be allowed too", async () => {
    const server = await httpForThisTest(production())
    expect((await server.get("/try")).status).toBe(404)
    expect((await server.get("/try/check")).status).toBe(404)
    const wanted = await httpForThisTest({ ...production(), TRY_PAGE: "on", ALLOWED_ORIGINS: "https://here.example" })
    expect((await wanted.get("/try")).status).toBe(200)
    const admits = async (origin: string) =>
      (await wanted.get(`/try/check?origin=${encodeURIComponent(origin)}`, { host: "there.example" })).json.origin
    expect(await admits("https://here.example")).toMatchObject({ page: "https://here.example", isAdmitted: true })
    expect(await admits("https://there.example")).toMatchObject({ page: "https://there.example", isAdmitted: false })
  })
})

describe("the server's half of the connection check", () => {
  const secret = "a secret of the TURN server"
  const server = useHttp({
    TRUST_PROXY: "loopback,203.0.113.0/24",
    TURN_URLS: "turn:turn.example.org:3478",
    TURN_SECRET: secret,
    LOG_ACCESS_KEY: "a key"
  })
  const check = async (headers: Readonly<Record<string, string>> = {}, at = server) => {
    const { status, json } = await at.get("/try/check?origin=http%3A%2F%2Flocalhost%3A1", headers)
    expect(status).toBe(200)
    return json
  }

  it("says who asks and where the server is, to whoever is on its machine", async () => {
    expect(await check({ host: "localhost:1" })).toEqual({
      server: { version: expect.any(String), environment: "development" },
      address: {
        seen: "127.0.0.1",
        networkGroup: "127.0.0.0/24",
        groupRule: "shared-24",
        family: "IPv4",
        socketAddress: "127.0.0.1",
        isSocketTrusted: true,
        forwarded: [],
        unreadHeaders: []
      },
      proxy: { trustProxy: "loopback,203.0.113.0/24", forwardedProto: null },
      connection: { httpVersion: "1.1", tls: null },
      origin: { page: "http://localhost:1", host: "localhost:1", isAdmitted: true },
      ice: { isConfigured: true, hasTurn: true },
      // It listens at one address only.
      networkUrls: []
    })
    const everywhere = await httpForThisTest({ HOST: "0.0.0.0" })
    expect((await check({}, everywhere)).networkUrls).toEqual(networkUrls({ host: "0.0.0.0" }, everywhere.port))
    expect((await check({ "x-forwarded-for": "198.51.100.7" }, everywhere)).networkUrls).toEqual([])
  })

  it("says what of X-Forwarded-For was believed, and why the rest was not", async () => {
    const { address } = await check({
      "x-forwarded-for": "192.0.2.66, 198.51.100.7, 203.0.113.9",
      "x-real-ip": "192.0.2.1"
    })
    expect(address).toMatchObject({
      seen: "198.51.100.7",
      networkGroup: "198.51.100.7",
      groupRule: "own-address",
      socketAddress: "127.0.0.1",
      unreadHeaders: ["X-Real-IP"],
      forwarded: [
        { text: "203.0.113.9", verdict: "believed" },
        { text: "198.51.100.7", verdict: "believed" },
        { text: "192.0.2.66", verdict: "sender" }
      ]
    })
    const unreadable = (await check({ "x-forwarded-for": "198.51.100.7, <script>, 203.0.113.9" })).address
    expect(unreadable).toMatchObject({ seen: "203.0.113.9" })
    expect(unreadable.forwarded.map(({ verdict }: { verdict: string }) => verdict)).toEqual([
      "believed",
      "no-address",
      "unread"
    ])
  })

  it("says that it believes nobody where no proxy is trusted", async () => {
    const trusting = await httpForThisTest({ TRUST_PROXY: "none" })
    const { address, proxy } = await check({ "x-forwarded-for": "198.51.100.7" }, trusting)
    expect(proxy.trustProxy).toBe("none")
    expect(address).toMatchObject({ seen: "127.0.0.1", isSocketTrusted: false })
    expect(address.forwarded).toEqual([{ text: "198.51.100.7", verdict: "sender" }])
    const hops = await httpForThisTest({ TRUST_PROXY: "1" })
    expect((await check({ "x-forwarded-for": "198.51.100.7" }, hops)).proxy.trustProxy).toBe("1 hop")
  })

  it("says how IPv6 addresses are grouped", async () => {
    const groups = {
      "2001:db8:1:2::3": "home-64",
      "64:ff9b::c000:201": "translated",
      "::ffff:192.0.2.1": "own-address"
    }
    for (const [from, groupRule] of Object.entries(groups)) {
      expect((await check({ "x-forwarded-for": from })).address).toMatchObject({ groupRule })
    }
    expect((await check({ "x-forwarded-for": "2001:db8:1:2::3" })).address).toMatchObject({
      family: "IPv6",
      seen: "2001:db8:1:2::3",
      networkGroup: "2001:db8:1:2::/64"
    })
  })

  it("holds no secret, and bounds what a stranger has it repeat", async () => {
    const long = "x".repeat(4000)
    const { text } = await server.get(`/try/check?origin=https://${long}`, {
      "x-forwarded-for": long,
      "x-forwarded-proto": long,
      host: "h".repeat(3000)
    })
    expect(text.length).toBeLessThan(1500)
    for (const hidden of [secret, "a key", "turn.example.org"]) expect(text).not.toContain(hidden)
  })

  it("takes from the budget of requests", async () => {
    const strict = await httpForThisTest({ MAX_REQUESTS_PER_SECOND: "1" })
    const statuses: number[] = []
    for (let asked = 0; asked < 40; asked++) statuses.push((await strict.get("/try/check")).status)
    expect(statuses).toContain(200)
    expect(statuses).toContain(429)
  })
})
