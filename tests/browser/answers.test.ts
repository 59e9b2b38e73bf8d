import type { Page } from "playwright-core"
import { beforeEach, expect, it } from "vitest"
import { describeInChromium, useBrowser } from "../support/browser.ts"
import { describeOnPostgres, useDatabase } from "../support/databases.ts"
import { useWay } from "../support/standIns/way.ts"
import { serverForThisTest, useServer } from "../support/useServer.ts"
import { usePage } from "./newcomer.ts"

describeInChromium("a page of another origin in Chromium", (chromium) => {
  const pages = usePage()
  const browser = useBrowser(chromium)
  let page: Page
  beforeEach(async () => {
    page = await (await browser.newContext()).newPage()
    await page.goto(`http://localhost:${pages.port}/`)
  })
  const allowed = () => ({ ALLOWED_ORIGINS: `http://localhost:${pages.port}` })
  const server = useServer(allowed)

  /** What a script of the page can read of an answer. */
  const readFrom = (port: number, path: string, init: RequestInit = {}) =>
    page.evaluate<{ status: number; retryAfter: string | null; allow: string | null }>(
      `fetch(${JSON.stringify(`http://127.0.0.1:${port}${path}`)}, ${JSON.stringify(init)}).then(
        ({ status, headers }) => ({ status, retryAfter: headers.get("retry-after"), allow: headers.get("allow") }),
        ({ message }) => message
      )`
    )
  const read = (path: string, init?: RequestInit) => readFrom(server.port, path, init)

  const json = { "content-type": "application/json" }
  const create = { method: "POST", headers: json, body: '{"name":"Ann"}' }
  const participant = "/participants/participant1"
  /** Answered by the fast path, and by the routes. */
  const pollsOf = (code: string) =>
    [code, `%${code.charCodeAt(0).toString(16)}${code.slice(1)}`].map(
      (written) => `/api/rooms/${written}?participantId=participant1`
    )

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

  it("reads when to come again, whichever budget is spent", async () => {
    const hasty = await serverForThisTest({
      ...allowed(),
      MAX_ROOMS_PER_MINUTE: "1",
      MAX_FAILED_JOINS_PER_MINUTE: "1",
      MAX_POLLS_PER_SECOND: "1"
    })
    for (const [path, init, longest] of [
      ["/api/rooms", create, 60],
      ["/api/rooms/ABC234/join", create, 60],
      ...pollsOf("ABC234").map((path) => [path, {}, 1] as const)
    ] as const) {
      // A moment later there may be something in the budget again: the answer itself is kept.
      let answer = await readFrom(hasty.port, path, init)
      const again = async () => (answer = await readFrom(hasty.port, path, init)).status
      await expect.poll(again, { interval: 1 }).toBe(429)
      const { retryAfter, ...rest } = answer
      expect([path, rest]).toEqual([path, { status: 429, allow: null }])
      expect(retryAfter).toMatch(/^\d+$/)
      expect(Number(retryAfter)).toBeGreaterThan(0)
      expect(Number(retryAfter)).toBeLessThanOrEqual(longest)
    }
  })

  describeOnPostgres("while the database is away", () => {
    const way = useWay(useDatabase())
    const lame = useServer(() => ({ DATABASE_URL: way.url, DATABASE_SSL: "off", ...allowed() }))

    it("reads when to come again, whatever it has asked for", async () => {
      const room = "/api/rooms/ABC234"
      way.cut()
      for (const [path, init] of [
        ["/api/rooms", create],
        [`${room}/join`, create],
        ...pollsOf("ABC234").map((path) => [path, {}] as const),
        [`${room}${participant}/ready`, { ...create, body: "{}" }],
        [`${room}${participant}/chat`, { ...create, body: '{"active":true}' }],
        [`${room}${participant}/screen-share`, { ...create, body: '{"active":true}' }]
      ] as const) {
        expect([path, await readFrom(lame.port, path, init)]).toEqual([
          path,
          { status: 503, retryAfter: "5", allow: null }
        ])
      }
    })
  })
})
