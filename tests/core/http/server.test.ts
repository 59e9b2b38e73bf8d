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

  test("include a small page for people, which begins with what this is and needs nothing else", async () => {
    const page = await started.get("/docs")
    expect([page.status, page.headers["content-type"]]).toEqual([200, "text/html; charset=utf-8"])
    expect(page.text.length).toBeLessThan(300_000)
    expect(page.text.indexOf("A signaling server")).toBeLessThan(page.text.indexOf("<article"))
    expect(page.text).not.toMatch(/<(?:script|link|img)[^>]+(?:src|href)="(?:https?:|\/\/)/)
    const policy = page.headers["content-security-policy"]
    expect(policy).toMatch(
      /^default-src 'none'; script-src 'sha256-[^ ]+'; style-src 'sha256-[^ ]+'; connect-src 'none'; img-src 'self';/
    )
    expect(policy).not.toMatch(/unsafe|\*/)
  })

  test("are all on that page: every endpoint, and every frame of every socket", async () => {
    const page = (await started.get("/docs")).text
    const titles = [
      ...page.matchAll(/<h3><a href="#([^"]+)"><span class="method [a-z]+">([^<]+)<\/span> <code>([^<]+)/g)
    ]
    const shown = titles.map(([, , from, name]) => `${from} ${name}`)
    expect(new Set(titles.map(([, id]) => id)).size).toBe(titles.length)
    const { paths } = (await started.get("/openapi.json")).json
    const declared = Object.entries<object>(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`)
    )
    expect(shown).toEqual(expect.arrayContaining(declared))
    for (const place of ["", "/noisytransfer", "/named-peers"]) {
      const { operations } = (await started.get(`${place}/asyncapi.json`)).json
      for (const [from, operation] of [
        ["client →", operations.receiveFromClient],
        ["server →", operations.sendToClient]
      ]) {
        const frames = operation.messages.map(
          ({ $ref }: { $ref: string }) => `${from} ${$ref.split(/\/(?:client|server)\./).at(-1)}`
        )
        expect(shown).toEqual(expect.arrayContaining(frames))
      }
    }
    // Sockets, which are the product, come first; what only says how the server is, last.
    expect(titles[0]?.[2]).toBe("client →")
    expect(shown.indexOf("GET /keep-alive")).toBeGreaterThan(shown.indexOf("POST /api/rooms"))
  })

  test("say the frames of the WebSocket", async () => {
    expect((await started.get("/asyncapi.json")).json).toMatchObject({ asyncapi: "3.0.0" })
  })
})
