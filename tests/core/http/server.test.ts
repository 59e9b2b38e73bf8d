import { describe, expect, test } from "vitest"
import { useHttp } from "../../support/httpClient.ts"

const started = useHttp()

describe("the server", () => {
  test.each([
    ["GET", "/nothing"],
    ["GET", "/Stats"],
    ["GET", "/stats/"],
    ["GET", "//"],
    ["GET", "//stats"],
    ["GET", "/api"],
    ["GET", "/api/"],
    ["GET", "/api/roomsx"],
    ["GET", "/api/status/x"],
    ["GET", "/%"],
    ["POST", "/"],
    ["DELETE", "/stats"],
    ["GET", "*"],
    ["OPTIONS", "/api/nothing"]
  ])("answers %s %s with 404 Not Found in plain text", async (method, path) => {
    const answer = await started.send(method, path)
    expect([answer.status, answer.text]).toEqual([404, "Not Found"])
    expect(answer.headers["content-type"]).toBe("text/plain; charset=utf-8")
  })

  test.each(["/", "/keep-alive", "/favicon.ico", "/nothing", "/api/rooms", "/openapi.json"])(
    "answers HEAD %s like GET, without the body",
    async (path) => {
      const [got, headed] = [await started.send("GET", path), await started.send("HEAD", path)]
      expect([headed.status, headed.text]).toEqual([got.status, ""])
      expect(headed.headers["content-length"]).toBe(String(Buffer.byteLength(got.text)))
      expect(headed.headers["content-type"]).toBe(got.headers["content-type"])
    }
  )

  test("says nothing about what it is made of", async () => {
    for (const path of ["/", "/api/rooms", "/nothing"]) {
      const { headers } = await started.get(path)
      expect(headers).not.toHaveProperty("server")
      expect(headers).not.toHaveProperty("x-powered-by")
    }
  })

  test("understands a whole URL as request target", async () => {
    const received = await started.exchange(
      "GET http://example.com/keep-alive HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    expect(received).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nOK$/)
  })
})

describe("the documents", () => {
  test("describe every endpoint, its refusals and what bodies look like", async () => {
    const { status, json, headers } = await started.get("/openapi.json")
    expect([status, headers["content-type"]]).toEqual([200, "application/json"])
    expect(Object.keys(json.paths).sort()).toEqual([
      "/",
      "/api/rooms",
      "/api/rooms/{roomCode}",
      "/api/rooms/{roomCode}/join",
      "/api/rooms/{roomCode}/participants/{participantId}/chat",
      "/api/rooms/{roomCode}/participants/{participantId}/ready",
      "/api/rooms/{roomCode}/participants/{participantId}/screen-share",
      "/api/status",
      "/api/turn-credentials",
      "/api/uploadthing",
      "/favicon.ico",
      "/healthz",
      "/keep-alive",
      "/logs",
      "/metrics",
      "/named-peers",
      "/named-peers/health",
      "/noisytransfer/healthz",
      "/noisytransfer/metrics",
      "/noisytransfer/readyz",
      "/noisytransfer/rendezvous/code",
      "/noisytransfer/rendezvous/redeem",
      "/noisytransfer/ws",
      "/readyz",
      "/request-email",
      "/rondevu",
      "/rondevu-sessions",
      "/rondevu-sessions/answer",
      "/rondevu-sessions/health",
      "/rondevu-sessions/poll",
      "/rondevu-sessions/topics",
      "/rondevu-sessions/{topic}/offer",
      "/rondevu-sessions/{topic}/sessions",
      "/rondevu/health",
      "/rondevu/offers",
      "/rondevu/offers/answers",
      "/rondevu/offers/by-topic/{topic}",
      "/rondevu/offers/mine",
      "/rondevu/offers/{id}",
      "/rondevu/offers/{id}/answer",
      "/rondevu/offers/{id}/ice-candidates",
      "/rondevu/peers/{peerId}/offers",
      "/rondevu/register",
      "/rondevu/topics",
      "/stats"
    ])
    const { post } = json.paths["/api/rooms/{roomCode}/join"]
    expect(Object.keys(post.responses)).toEqual(["200", "400", "403", "413", "429", "500", "503"])
    expect(post.requestBody.content["application/json"].schema.properties.name.examples).toEqual(["SilentJaguar458"])
  })

  test("include a page to try the endpoints on, and the frames of the WebSocket", async () => {
    const page = await started.get("/docs")
    expect(page.status).toBe(200)
    expect(page.headers["content-type"]).toMatch(/^text\/html/)
    expect(page.text).toContain("SwaggerUIBundle")
    expect((await started.get("/asyncapi.json")).json).toMatchObject({ asyncapi: "3.0.0" })
  })
})
