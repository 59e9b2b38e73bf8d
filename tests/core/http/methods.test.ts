import { beforeAll, describe, expect, test } from "vitest"
import { allowedOrigin, useHttp } from "../../support/httpClient.ts"

const started = useHttp({ LOG_ACCESS_KEY: "key" })
let code: string
let participantId: string
beforeAll(async () => {
  const room = (await started.post("/api/rooms", { name: "Ann" })).json
  code = room.roomCode
  participantId = room.self.participantId
})

const reading = "GET, HEAD, OPTIONS"
const posting = "POST, OPTIONS"
const both = "GET, HEAD, POST, OPTIONS"
const deleting = "DELETE, OPTIONS"

/** Every path beside those of the document of the API, and what it takes. */
const beside: readonly (readonly [path: string, allow: string])[] = [
  ["/docs", reading],
  ["/openapi.json", reading],
  ["/asyncapi.json", reading],
  ["/tower", reading],
  ["/tower/events", reading],
  ["/tower/story", reading],
  ["/tower/page.js", reading],
  ["/tower/page.css", reading]
]

/** The paths that the document of the API names, with parameters that could be. */
const documented = async (): Promise<readonly (readonly [path: string, allow: string])[]> => {
  const paths: Record<string, Record<string, unknown>> = (await started.get("/openapi.json")).json.paths
  return Object.entries(paths).map(([path, methods]) => [
    path
      .replace("{roomCode}", code)
      .replace("{participantId}", participantId)
      .replace(/\{(topic|peerId|id)\}/, "something"),
    "delete" in methods ? deleting : "get" in methods ? ("post" in methods ? both : reading) : posting
  ])
}

/** Where OPTIONS is a method like any other unless a browser asks beforehand: see docs/protocols/noisytransfer.md. */
const isForPreflights = (path: string): boolean => path.startsWith("/noisytransfer/rendezvous/")

describe("a path that something answers", () => {
  test("tells which methods it takes when it is asked with OPTIONS", async () => {
    const known = [...(await documented()), ...beside]
    expect(known.length).toBeGreaterThan(24)
    const answers = await Promise.all(known.map(([path]) => started.send("OPTIONS", path)))
    expect(
      answers.map(({ status, text, headers }, index) => [known[index]?.[0], status, text, headers["allow"]])
    ).toEqual(
      known.map(([path, allow]) => {
        const [status, text] = isForPreflights(path) ? [405, "method not allowed\n"] : [204, ""]
        return [path, status, text, allow]
      })
    )
  })

  test.each([
    ["the health check of HAProxy", "OPTIONS / HTTP/1.0\r\n\r\n"],
    ["one with a Host", "OPTIONS / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"],
    ["a question to the server as a whole", "OPTIONS * HTTP/1.0\r\n\r\n"]
  ])("answers %s with 204", async (_, bytes) => {
    expect(await started.exchange(bytes)).toMatch(
      /^HTTP\/1\.1 204 No Content\r\n[^]*allow: (DELETE, )?GET, HEAD, (POST, )?OPTIONS\r\n/i
    )
  })

  test("answers HEAD as GET, without the body", async () => {
    const got = (await documented()).filter(([, allow]) => allow !== posting).map(([path]) => path)
    const withQuery = ["/tower?key=key", "/tower/story?key=key", `/api/rooms/${code}?participantId=${participantId}`]
    // What is of this moment is as long as it happens to be.
    const measured = (path: string) => !["/stats", "/api/status", "/metrics", "/named-peers/health"].includes(path)
    for (const path of [...got, ...beside.map(([path]) => path), ...withQuery]) {
      const [get, head] = [await started.get(path), await started.send("HEAD", path)]
      expect([path, head.status, head.text]).toEqual([path, get.status, ""])
      const { date: _, ...expected } = get.headers
      const { date: __, ...headers } = head.headers
      if (measured(path)) expect([path, headers]).toEqual([path, expected])
      else expect([path, Object.keys(headers)]).toEqual([path, Object.keys(expected)])
    }
    const stream = await started.send("HEAD", "/tower/events?key=key")
    expect([stream.status, stream.headers["content-type"], stream.text]).toEqual([
      200,
      "text/event-stream; charset=utf-8",
      ""
    ])
  })

  test.each([
    ["POST", "/api/status", reading],
    ["DELETE", "/api/turn-credentials", reading],
    ["PUT", "/api/uploadthing", both],
    ["POST", "/healthz", reading],
    ["DELETE", "/readyz", reading],
    ["PATCH", "/metrics", reading],
    ["POST", "/docs", reading],
    ["POST", "/openapi.json", reading],
    ["PUT", "/asyncapi.json", reading],
    ["POST", "/tower", reading],
    ["DELETE", "/tower/events", reading],
    ["POST", "/tower/page.js", reading],
    ["PROPFIND", "/api/%73tatus?x=1", reading]
  ])("refuses %s %s by the name of the fault, and says what it takes", async (method, path, allow) => {
    const answer = await started.send(method, path)
    expect([answer.status, answer.json, answer.headers["allow"]]).toEqual([405, { error: "Method not allowed" }, allow])
  })

  // So has the server whose clients this one serves answered them.
  test.each([
    ["POST", "/", reading],
    ["DELETE", "/stats", reading],
    ["PUT", "/keep-alive", reading],
    ["POST", "/favicon.ico", reading],
    ["POST", "/logs", reading],
    ["DELETE", "/%73tats", reading],
    ["GET", "/request-email", posting]
  ])("of old answers %s %s with 404, and says what it takes", async (method, path, allow) => {
    const answer = await started.send(method, path)
    expect([answer.status, answer.text, answer.headers["allow"]]).toEqual([404, "Not Found", allow])
  })

  test.each([
    ["GET", "/api/rooms", posting],
    ["DELETE", "/api/rooms/ABC234", reading],
    ["GET", "/api/rooms/ABC234/join", posting],
    ["GET", "/api/%72ooms/ABC234/join", posting],
    ["PUT", "/api/rooms/ABC234/participants/participant1/ready", posting]
  ])(
    "under /api/rooms answers %s %s as it does where nothing is, and says what it takes",
    async (method, path, allow) => {
      const answer = await started.send(method, path)
      expect([answer.status, answer.json, answer.headers["allow"]]).toEqual([
        404,
        { error: "Room endpoint not found." },
        allow
      ])
    }
  )

  test("answers a preflight as before, of a page that may and of one that may not", async () => {
    for (const origin of [allowedOrigin, "https://evil.example"]) {
      const asks = { origin, "access-control-request-method": "POST", "access-control-request-headers": "content-type" }
      const { status, headers } = await started.send("OPTIONS", "/api/rooms", { headers: asks })
      expect([status, headers["access-control-allow-methods"], headers["allow"]]).toEqual([
        204,
        "GET,POST,OPTIONS",
        posting
      ])
      expect(headers["access-control-allow-origin"]).toBe(origin === allowedOrigin ? origin : undefined)
      const elsewhere = await started.send("OPTIONS", "/stats", { headers: asks })
      expect(Object.keys(elsewhere.headers).filter((name) => name.startsWith("access-control"))).toEqual([])
    }
  })
})

describe("a path that nothing answers", () => {
  test.each([
    ["OPTIONS", "/nothing", "Not Found"],
    ["OPTIONS", "/stats/", "Not Found"],
    ["OPTIONS", "/*", "Not Found"],
    ["OPTIONS", "/api/nothing", "Not Found"],
    ["POST", "/api/status/x", "Not Found"],
    ["DELETE", "/api/rooms/", '{"error":"Room endpoint not found."}'],
    ["PUT", "/api/rooms//join", '{"error":"Room endpoint not found."}']
  ])("names no methods to %s %s", async (method, path, text) => {
    const answer = await started.send(method, path)
    expect([answer.status, answer.text]).toEqual([404, text])
    expect(answer.headers).not.toHaveProperty("allow")
  })
})
