import { request } from "node:http"
import { describe, expect, it } from "vitest"
import { WebSocket } from "ws"
import { limits } from "../../../src/limits.ts"
import { describeOnPostgres, temporaryDirectory, useDatabase } from "../../support/databases.ts"
import { post, startServer, type TestServer } from "../../support/server.ts"
import { TowerWatcher } from "../../support/towerStream.ts"
import { useServer } from "../../support/useServer.ts"

const key = "log-key"

/** Whether a page of this origin may open a socket; what the server says if not. */
const knock = (server: TestServer, headers: Record<string, string>): Promise<"open" | number> =>
  new Promise((resolve) => {
    const socket = new WebSocket(server.ws, { headers })
    socket.on("error", () => {})
    socket.on("unexpected-response", (_, response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    socket.on("open", () => {
      socket.once("close", () => resolve("open"))
      socket.close()
    })
  })

const ask = async (server: TestServer, method: string, headers: Record<string, string>) =>
  fetch(`${server.http}/api/rooms`, {
    method,
    headers: { "content-type": "application/json", ...headers },
    ...(method === "POST" ? { body: '{"name":"Ann"}' } : {})
  })

const linesOf = (server: TestServer) => server.lines("origin:refused")

const countedBy = async (server: TestServer) => {
  const text = await (await fetch(`${server.http}/metrics`)).text()
  return Object.fromEntries(
    [...text.matchAll(/^silktower_origin_refusals_total\{where="(\w+)"\} (\d+)$/gm)].map(([, where, count]) => [
      where,
      Number(count)
    ])
  )
}

describe("a refused origin", () => {
  const server = useServer({ LOG_ACCESS_KEY: key })

  const view = async () => {
    const watcher = await TowerWatcher.open(`${server.http}/tower/events?key=${key}`)
    const { refusedOrigins } = await watcher.until(() => true)
    await watcher.close()
    return refusedOrigins
  }

  it("is a line, a count and a row for a socket, a POST, a read and a preflight alike", async () => {
    const pages = ["socket", "post", "read", "preflight"].map((name) => `https://${name}.example`) as [
      string,
      string,
      string,
      string
    ]
    for (let times = 0; times < 2; times++) {
      expect(await knock(server, { origin: pages[0] })).toBe(403)
      expect((await ask(server, "POST", { origin: pages[1] })).status).toBe(403)
      expect((await ask(server, "GET", { origin: pages[2] })).headers.get("access-control-allow-origin")).toBeNull()
      expect((await ask(server, "OPTIONS", { origin: pages[3] })).headers.get("access-control-allow-origin")).toBeNull()
    }
    const wheres = ["socket", "post", "read", "read"]
    const builtIn = "https://dropsilk.xyz,https://www.dropsilk.xyz,https://dropsilk.vercel.app,app://."
    expect(linesOf(server)).toEqual(
      pages.map((origin, index) => ({
        timestamp: expect.any(String),
        level: "warn",
        message: "origin:refused",
        where: wheres[index],
        origin,
        ip: "127.0.0.1",
        times: 1,
        setting: `ALLOWED_ORIGINS=${builtIn},${origin}`,
        hint: "If this page is yours, start the server with this setting."
      }))
    )
    expect(await countedBy(server)).toEqual({ socket: 2, post: 2, read: 4 })
    const { rows, times } = await view()
    expect(times).toBe(8)
    expect(rows.map(({ origin, where, times }) => [origin, where, times])).toEqual(
      pages.map((origin, index) => [origin, [wheres[index]], 2]).reverse()
    )
    for (const { setting, origin } of rows) expect(setting).toBe(`ALLOWED_ORIGINS=${builtIn},${origin}`)
  })

  it("is none that is allowed, that says nothing, or that asks for what every page may have", async () => {
    const before = await countedBy(server)
    const origin = "https://dropsilk.xyz"
    expect(await knock(server, { origin })).toBe("open")
    expect(await knock(server, {})).toBe("open")
    for (const headers of [{ origin }, {}]) {
      expect((await ask(server, "POST", headers as Record<string, string>)).status).toBe(201)
      for (const method of ["GET", "OPTIONS"]) await ask(server, method, headers as Record<string, string>)
    }
    for (const path of ["/", "/stats", "/openapi.json", "/api/uploadthing", "/nothing"]) {
      await fetch(server.http + path, { headers: { origin: "https://reader.example" } })
    }
    expect(await countedBy(server)).toEqual(before)
  })

  it("of the server's own host is let in while this is no production, by sockets and by POST", async () => {
    const origin = server.http
    expect(await knock(server, { origin })).toBe("open")
    expect(await knock(server, { origin: "https://signal.example", host: "signal.example" })).toBe("open")
    expect((await ask(server, "POST", { origin })).status).toBe(201)
    expect(await knock(server, { origin: `http://127.0.0.1:${server.port + 1}` })).toBe(403)
    expect(await knock(server, { origin: `http://localhost:${server.port}` })).toBe(403)
  })

  it.each([
    ["null", "null"],
    ["file://", "file://"]
  ])("that is %s gets a reason in place of a setting", async (origin, shown) => {
    expect(await knock(server, { origin, "x-forwarded-for": "198.51.100.1" })).toBe(403)
    const line = linesOf(server).find((each) => each["origin"] === shown)
    expect(line).toMatchObject({ hint: expect.stringContaining("Serve the page over HTTP") })
    expect(line).not.toHaveProperty("setting")
  })

  it("does no harm however many there are and whatever is in them", async () => {
    const before = { lines: linesOf(server).length, times: (await view()).times, log: server.log().length }
    const stranger = { "x-forwarded-for": "203.0.113.66" }
    const hostile = [
      '"}\\n{"level":"error"',
      "<img src=x onerror=alert(1)>",
      "https://\u009b31m\u0085.example",
      "x".repeat(9000)
    ]
    const flood = [...hostile, ...Array.from({ length: 200 }, (_, index) => `https://flood${index}.example`)]
    for (const origin of flood) expect((await ask(server, "POST", { origin, ...stranger })).status).toBe(403)
    const written = linesOf(server).slice(before.lines)
    expect(written.map(({ origin }) => origin).slice(0, 5)).toEqual([
      '"}\\n{"level":"error"',
      "<img src=x onerror=alert(1)>",
      "https://\ufffd31m\ufffd.example",
      `${"x".repeat(100)}…`,
      "https://flood0.example"
    ])
    expect(written.length).toBeLessThanOrEqual(limits.refusedOriginsAMinute + 1)
    for (const line of server.log().slice(before.log).split("\n")) expect(line.length).toBeLessThan(700)
    // Somebody else's page is told of all the same.
    expect(await knock(server, { origin: "https://newcomer.example", "x-forwarded-for": "198.51.100.7" })).toBe(403)
    expect(linesOf(server).at(-1)).toMatchObject({ origin: "https://newcomer.example", ip: "198.51.100.7" })
    const { rows, times } = await view()
    expect(times - before.times).toBe(flood.length + 1)
    expect(rows.length).toBeLessThanOrEqual(limits.refusedOrigins)
    expect(rows[0]?.origin).toBe("https://newcomer.example")
    expect(rows.map(({ origin }) => origin)).toContain("https://socket.example")
  })
})

it("the setting that a line names lets the page in", async () => {
  const place = await temporaryDirectory()
  const environment = { DATA_DIR: place.options.dataDirectory, VERCEL_PREVIEW_ORIGIN_REGEX: "^https://pr-" }
  const first = await startServer(environment)
  expect(await knock(first, { origin: "https://dropsilk.xyz" })).toBe(403)
  expect(await knock(first, { origin: "http://localhost:5173" })).toBe(403)
  const [listing, local] = linesOf(first).map(({ setting }) => setting as string) as [string, string]
  expect(listing).toBe("ALLOWED_ORIGINS=https://dropsilk.xyz")
  expect(local).toBe("npm start -- --allow-local-port=5173")
  await first.stop()
  const [name = "", value = ""] = listing.split("=")
  const second = await startServer({ ...environment, [name]: value }, {}, local.split(" ").slice(3))
  for (const origin of ["https://dropsilk.xyz", "http://localhost:5173", "https://pr-7.example"]) {
    expect(await knock(second, { origin })).toBe("open")
    expect((await ask(second, "POST", { origin })).status).toBe(201)
  }
  expect(linesOf(second)).toEqual([])
  await second.stop()
  await place.remove()
})

/** Whether a page may make a room, asked with these headers, Host among them. */
const make = (server: TestServer, headers: Record<string, string>): Promise<number> =>
  new Promise((resolve, reject) => {
    const asking = request(`${server.http}/api/rooms`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers }
    })
    asking.on("error", reject)
    asking.on("response", (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    asking.end('{"name":"Ann"}')
  })

/** Pages by where they come from and what a proxy makes of it on the way; and whether they are of the host that they ask. */
const pages: readonly (readonly [name: string, headers: Record<string, string>, isOfThatHost: boolean])[] = [
  ["asks the host it comes from", { origin: "http://app.example:8080", host: "app.example:8080" }, true],
  ["asks it in other letters", { origin: "http://app.example:8080", host: "APP.example:8080" }, true],
  ["asks it through a proxy that speaks TLS", { origin: "https://app.example", host: "app.example" }, true],
  [
    "asks it through one that speaks TLS on another port",
    { origin: "https://app.example:8443", host: "app.example:8443" },
    true
  ],
  ["asks it through one that drops the port", { origin: "https://app.example:8443", host: "app.example" }, false],
  ["asks it through one that writes Host anew", { origin: "https://app.example", host: "127.0.0.1:8080" }, false],
  [
    "asks it through one that tells the old Host elsewhere",
    {
      origin: "https://app.example",
      host: "127.0.0.1:8080",
      "x-forwarded-host": "app.example",
      forwarded: "host=app.example"
    },
    false
  ],
  ["comes from elsewhere", { origin: "https://evil.example", host: "app.example" }, false],
  [
    "comes from elsewhere, and claims otherwise",
    { origin: "https://evil.example", host: "app.example", "x-forwarded-host": "evil.example" },
    false
  ],
  ["comes from another port", { origin: "http://app.example:5173", host: "app.example:8080" }, false],
  ["has no origin of its own", { origin: "null", host: "null" }, false],
  ["comes from two places", { origin: "https://app.example, https://evil.example", host: "app.example" }, false]
]

describe("a page that may make a room may open a socket as well, and no other", () => {
  const server = useServer({ ALLOWED_ORIGINS: "https://listed.example" })

  it.each(pages)("one that %s", async (_, headers, isOfThatHost) => {
    expect([await make(server, headers), await knock(server, headers)]).toEqual(
      isOfThatHost ? [201, "open"] : [403, 403]
    )
  })

  it("one that is listed, whatever a proxy does to Host", async () => {
    for (const host of ["listed.example", "127.0.0.1:8080", "other.example"]) {
      const headers = { origin: "https://listed.example", host }
      expect([await make(server, headers), await knock(server, headers)]).toEqual([201, "open"])
    }
  })
})

describeOnPostgres("in production", () => {
  const databaseUrl = useDatabase()
  const start = (environment: Record<string, string> = {}) =>
    startServer({ NODE_ENV: "production", DATABASE_URL: databaseUrl, ...environment })

  it("a page of the server's own host is let in by sockets and by POST only when it is listed", async () => {
    const own = { origin: "https://signal.example", host: "signal.example" }
    const first = await start({ ALLOWED_ORIGINS: "https://a.example" })
    expect(await knock(first, own)).toBe(403)
    // Node's fetch sets Host itself.
    expect((await ask(first, "POST", { origin: first.http })).status).toBe(403)
    expect(linesOf(first)[0]?.["setting"]).toBe("ALLOWED_ORIGINS=https://a.example,https://signal.example")
    await first.stop()
    const second = await start({ ALLOWED_ORIGINS: "https://a.example,https://signal.example" })
    expect(await knock(second, own)).toBe("open")
    expect((await ask(second, "POST", { origin: own.origin })).status).toBe(201)
    await second.stop()
  })

  it("no page is let in by a Host header: any name can be pointed at this server", async () => {
    const server = await start({ ALLOWED_ORIGINS: "https://a.example" })
    for (const [name, headers] of pages) {
      expect([name, await make(server, headers), await knock(server, headers)]).toEqual([name, 403, 403])
    }
    await server.stop()
  })

  it("a socket without an Origin is refused with a reason, a POST without one is no page's", async () => {
    const server = await start()
    expect(await knock(server, {})).toBe(403)
    expect(linesOf(server)).toMatchObject([
      { where: "socket", origin: "(none)", hint: expect.stringContaining("must come with an Origin header") }
    ])
    expect((await post(`${server.http}/api/rooms`, { name: "Ann" })).status).toBe(201)
    expect(await countedBy(server)).toEqual({ socket: 1 })
    await server.stop()
  })
})
