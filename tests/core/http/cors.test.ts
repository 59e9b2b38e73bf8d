import { describe, expect, test } from "vitest"
import { allowedOrigin, useHttp } from "../../support/httpClient.ts"

const started = useHttp()

const corsOf = (headers: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name === "vary" || name.startsWith("access-control-")))

const rooms = {
  "access-control-allow-methods": "GET,POST,OPTIONS",
  // What tools that follow a request through services put into every fetch of a page.
  "access-control-allow-headers": "Content-Type,traceparent,tracestate,baggage,sentry-trace"
}
const readable = { "access-control-expose-headers": "Retry-After,Allow" }

describe("a page of an allowed origin", () => {
  test.each([
    ["/api/rooms", rooms],
    ["/api/rooms/ABC234/join", rooms],
    ["/api/rooms/no/such/endpoint", rooms],
    ["/api/%72ooms/ABC234", rooms],
    ["/api/status", rooms],
    ["/api/turn-credentials", { ...rooms, "access-control-allow-methods": "GET,OPTIONS" }],
    ["/request-email", { ...rooms, "access-control-allow-methods": "POST,OPTIONS" }]
  ])("has its preflight for %s answered with 204", async (path, headers) => {
    const answer = await started.send("OPTIONS", path, {
      headers: { origin: allowedOrigin, "access-control-request-method": "POST" }
    })
    expect([answer.status, answer.text]).toEqual([204, ""])
    expect(answer.headers).not.toHaveProperty("content-length")
    expect(corsOf(answer.headers)).toEqual({
      vary: "Origin",
      "access-control-allow-origin": allowedOrigin,
      ...headers
    })
  })

  test("may read answers and refusals alike, its origin echoed as sent", async () => {
    const origin = allowedOrigin.toUpperCase()
    const answers = [
      await started.get("/api/status", { origin }),
      await started.get("/api/rooms", { origin }),
      await started.get("/api/rooms/x", { origin }),
      await started.get("/api/rooms/%zz", { origin }),
      await started.send("POST", "/api/rooms", { headers: { origin }, body: "p".repeat(99_999) }),
      await started.send("DELETE", "/api/rooms/", { headers: { origin } })
    ]
    expect(answers.map(({ status }) => status)).toEqual([200, 404, 400, 400, 413, 404])
    for (const { headers } of answers) {
      expect(corsOf(headers)).toEqual({ vary: "Origin", "access-control-allow-origin": origin, ...readable })
    }
  })

  test.each(["/", "/stats", "/keep-alive", "/favicon.ico", "/nothing", "/api/nothing", "/api/roomsx"])(
    "finds no CORS headers on %s",
    async (path) => {
      expect(corsOf((await started.get(path, { origin: allowedOrigin })).headers)).toEqual({})
    }
  )
})

describe("a page of another origin", () => {
  test("may read nothing, and caches are told that origins differ", async () => {
    for (const origin of ["https://evil.example", "null"]) {
      expect(corsOf((await started.get("/api/status", { origin })).headers)).toEqual({ vary: "Origin" })
      const preflight = await started.send("OPTIONS", "/api/rooms", { headers: { origin } })
      expect(preflight.status).toBe(204)
      expect(preflight.headers).not.toHaveProperty("access-control-allow-origin")
      expect(preflight.headers["vary"]).toBe("Origin")
    }
    expect(corsOf((await started.get("/api/status")).headers)).toEqual({ vary: "Origin" })
  })

  test.each(["/api/uploadthing", "/api/uploadthing/below"])("may use %s all the same", async (path) => {
    const answer = await started.send("OPTIONS", path, { headers: { origin: "https://evil.example" } })
    expect(answer.status).toBe(204)
    expect(corsOf(answer.headers)).toEqual({
      vary: "Origin",
      "access-control-allow-origin": "https://evil.example",
      "access-control-allow-methods": "GET,POST,OPTIONS",
      "access-control-allow-headers": "*",
      "access-control-max-age": "86400"
    })
  })

  test("is not echoed when its origin is no text", async () => {
    const received = await started.exchange(
      "OPTIONS /api/uploadthing HTTP/1.1\r\nHost: x\r\nOrigin: http://\xe9\xff\r\nConnection: close\r\n\r\n"
    )
    expect(received).toMatch(/^HTTP\/1\.1 204 /)
    expect(received).not.toMatch(/access-control-allow-origin/i)
  })
})
