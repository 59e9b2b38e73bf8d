import type { Page } from "playwright-core"
import { beforeEach, expect, it } from "vitest"
import { budgetsOf, useSurface } from "../core/http/startedServer.ts"
import { describeInChromium, useBrowser } from "../support/browser.ts"
import { usePage } from "./newcomer.ts"

describeInChromium("a page of another origin in Chromium", (chromium) => {
  const pages = usePage()
  const browser = useBrowser(chromium)
  let page: Page
  beforeEach(async () => {
    page = await (await browser.newContext()).newPage()
    await page.goto(`http://localhost:${pages.port}/`)
  })
  /** Milliseconds that budgets make everybody wait. */
  let wait = 0
  const server = useSurface(
    {},
    {
      allowsOrigin: (origin) => origin === `http://localhost:${pages.port}`,
      budgets: budgetsOf(() => wait)
    }
  )

  /** What a script of the page can read of an answer. */
  const read = (path: string, init: RequestInit = {}) =>
    page.evaluate(
      `fetch(${JSON.stringify(`http://127.0.0.1:${server.port}${path}`)}, ${JSON.stringify(init)}).then(
        ({ status, headers }) => ({ status, retryAfter: headers.get("retry-after"), allow: headers.get("allow") }),
        ({ message }) => message
      )`
    )

  const json = { "content-type": "application/json" }
  const create = { method: "POST", headers: json, body: '{"name":"Ann"}' }
  const participant = "/participants/participant1"

  it("reads which methods a path takes", async () => {
    expect(await read("/api/status", { method: "POST" })).toEqual({
      status: 405,
      retryAfter: null,
      allow: "GET, HEAD, OPTIONS"
    })
    expect(await read("/api/rooms")).toEqual({ status: 404, retryAfter: null, allow: "POST, OPTIONS" })
  })

  it("may put into its requests what follows them through services", async () => {
    const traced = {
      traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      tracestate: "vendor=1",
      baggage: "sentry-environment=production",
      "sentry-trace": "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1"
    }
    expect(await read("/api/rooms", { ...create, headers: { ...json, ...traced } })).toMatchObject({ status: 201 })
    for (const [path, status] of [
      ["/api/status", 200],
      ["/api/turn-credentials", 501],
      ["/api/uploadthing", 500]
    ] as const) {
      expect([path, await read(path, { headers: traced })]).toMatchObject([path, { status }])
    }
    const asks = { method: "POST", headers: { ...json, ...traced }, body: '{"token":"abc"}' }
    expect(await read("/request-email", asks)).toMatchObject({ status: 500 })
  })

  it("reads when to come again, whatever it has asked for", async () => {
    const { roomCode } = (await server.post("/api/rooms", { name: "Ann" })).json
    const room = `/api/rooms/${roomCode}`
    // Answered beside the router, and by it.
    const polls = [roomCode, roomCode.toLowerCase()].map((code) => `/api/rooms/${code}?participantId=participant1`)
    wait = 7000
    for (const [path, init] of [
      ["/api/rooms", create],
      [`${room}/join`, create],
      ...polls.map((path) => [path, {}] as const)
    ] as const) {
      expect([path, await read(path, init)]).toEqual([path, { status: 429, retryAfter: "7", allow: null }])
    }
    wait = 0
    server.desk.failWith("unavailable")
    for (const [path, init] of [
      ["/api/rooms", create],
      [`${room}/join`, create],
      ...polls.map((path) => [path, {}] as const),
      [`${room}${participant}/ready`, { ...create, body: "{}" }],
      [`${room}${participant}/chat`, { ...create, body: '{"active":true}' }],
      [`${room}${participant}/screen-share`, { ...create, body: '{"active":true}' }]
    ] as const) {
      expect([path, await read(path, init)]).toEqual([path, { status: 503, retryAfter: "5", allow: null }])
    }
  })
})
