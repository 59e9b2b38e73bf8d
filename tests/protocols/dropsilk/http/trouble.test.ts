import { expect, test } from "vitest"
import { describeOnPostgres, useDatabase, withClient } from "../../../support/databases.ts"
import { type Answer, allowedOrigin, httpForThisTest, type StartedHttp, useHttp } from "../../../support/httpClient.ts"
import { useWay } from "../../../support/standIns/way.ts"

/** Without what differs from one second to the next, and from one answer to the next on a kept connection. */
const told = ({ status, headers, text }: Answer) => {
  const { date: _, ...rest } = headers
  return { status, headers: rest, text }
}

describeOnPostgres("when something is wrong behind the HTTP surface", () => {
  const databaseUrl = useDatabase()
  const way = useWay(databaseUrl)
  const started = useHttp(() => ({ DATABASE_URL: way.url, DATABASE_SSL: "off" }))

  const rename = (from: string, to: string) =>
    withClient(databaseUrl, (client) => client.query(`alter table ${from} rename to ${to}`))
  /** A database that refuses what the server needs. */
  const whileTheTableIsGone = async (work: () => Promise<void>) => {
    await rename("rooms", "elsewhere")
    try {
      await work()
    } finally {
      await rename("elsewhere", "rooms")
    }
  }
  /** Polls of a room that must be looked for, by the fast path and by the routes. */
  const bothPolls = () =>
    Promise.all(
      ["/api/rooms/ABC234?participantId=participant1", "/api/rooms/%41BC234?participantId=participant1"].map(
        async (path) => told(await started.get(path, { origin: allowedOrigin }))
      )
    )

  test("a room that cannot be reached is a 503 that says when to try again", async () => {
    way.cut()
    const answers = [
      await started.post("/api/rooms", { name: "A" }),
      await started.post("/api/rooms/ABC234/join", { name: "A" }),
      ...(await bothPolls())
    ]
    for (const { status, text, headers } of answers) {
      expect([status, text]).toEqual([503, '{"error":"Service temporarily unavailable."}'])
      expect(headers["retry-after"]).toBe("5")
    }
    expect(answers[2]).toEqual(answers[3])
    expect(started.lines("http:error")).toEqual([])
  })

  test("a fault is a 500 without its text, and reaches the log", async () => {
    await whileTheTableIsGone(async () => {
      const [fast, routed] = await bothPolls()
      expect([fast?.status, fast?.text]).toEqual([500, '{"error":"Internal server error"}'])
      expect(fast?.headers["access-control-allow-origin"]).toBe(allowedOrigin)
      expect(routed).toEqual(fast)
      expect(started.lines("room:error").at(-1)).toMatchObject({ level: "error" })
    })
  })

  test("a page may read every header that is meant for it, whatever the answer is", async () => {
    // https://fetch.spec.whatwg.org/#cors-safelisted-response-header-name
    const readByEverybody = [
      "cache-control",
      "content-language",
      "content-length",
      "content-type",
      "expires",
      "last-modified",
      "pragma"
    ]
    const ofNoPage = [
      "connection",
      "date",
      "keep-alive",
      "vary",
      "referrer-policy",
      "x-content-type-options",
      "x-frame-options"
    ]
    const asks = [
      ["GET", "/api/rooms/ABC234?participantId=participant1"],
      ["GET", "/api/rooms/%41bc234?participantId=participant1"],
      ["GET", "/api/rooms"],
      ["GET", "/api/rooms/%zz"],
      ["POST", "/api/rooms"],
      ["POST", "/api/rooms/ABC234/join"],
      ["POST", "/api/rooms/ABC234/participants/participant1/chat"],
      ["GET", "/api/status"],
      ["POST", "/api/status"],
      ["GET", "/api/turn-credentials"],
      ["GET", "/api/uploadthing"],
      ["POST", "/request-email"]
    ] as const
    /** Those that take from a budget of few: of rooms, guesses, polls and questions to third parties. */
    const budgeted = /ABC234(\/join|\?)|%41bc234|turn|uploadthing|email/
    const hasty = await httpForThisTest({
      DATABASE_URL: way.url,
      DATABASE_SSL: "off",
      MAX_ROOMS_PER_MINUTE: "1",
      MAX_FAILED_JOINS_PER_MINUTE: "1",
      MAX_POLLS_PER_SECOND: "1",
      MAX_THIRD_PARTY_REQUESTS_PER_MINUTE: "1"
    })
    const statuses = new Set<number>()
    const meant = new Set<string>()
    const ask = async (server: StartedHttp, method: string, path: string) => {
      const headers = { origin: allowedOrigin, "content-type": "application/json" }
      const body = method === "POST" ? { body: '{"name":"A","active":true,"token":"t"}' } : {}
      const answer = await server.send(method, path, { headers, ...body })
      const exposed = String(answer.headers["access-control-expose-headers"]).toLowerCase().split(",")
      const others = Object.keys(answer.headers).filter(
        (name) => !name.startsWith("access-control-") && ![...readByEverybody, ...ofNoPage].includes(name)
      )
      for (const name of others) expect([method, path, exposed]).toEqual([method, path, expect.arrayContaining([name])])
      for (const name of others) meant.add(name)
      statuses.add(answer.status)
      return answer.status
    }
    const askAll = async (server: StartedHttp) => {
      for (const [method, path] of asks) await ask(server, method, path)
    }
    try {
      await askAll(started)
      way.cut()
      await askAll(started)
      way.mend()
      await whileTheTableIsGone(() => askAll(started))
      for (const [method, path] of asks.filter(([, path]) => budgeted.test(path))) {
        await expect.poll(() => ask(hasty, method, path), { interval: 1 }).toBe(429)
      }
    } finally {
      await hasty.stop()
    }
    expect([...statuses].sort()).toEqual([200, 201, 400, 404, 405, 429, 500, 501, 503])
    expect([...meant].sort()).toEqual(["allow", "retry-after"])
  })
})
