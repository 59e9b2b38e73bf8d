import { once } from "node:events"
import { connect } from "node:net"
import { describe, expect, test } from "vitest"
import { allowedOrigin, surfaceForThisTest, useSurface } from "./startedServer.ts"

const started = useSurface()

describe("the server", () => {
  test.each([
    ["/", "Server is alive and waiting for WebSocket connections."],
    ["/keep-alive", "OK"]
  ])("answers %s with plain text", async (path, text) => {
    const answer = await started.get(path, { origin: allowedOrigin })
    expect([answer.status, answer.text]).toEqual([200, text])
    expect(answer.headers["content-type"]).toBe("text/plain; charset=utf-8")
  })

  test("tells its numbers of this moment", async () => {
    const answer = await started.get("/stats")
    expect(answer.status).toBe(200)
    expect(Object.keys(answer.json)).toEqual(["activeConnections", "activeFlights", "memory", "timestamp", "uptime"])
    expect(answer.json).toMatchObject({ activeConnections: 3, activeFlights: 2 })
    expect(Object.keys(answer.json.memory)).toEqual(Object.keys(process.memoryUsage()))
    expect(new Date(answer.json.timestamp).toISOString()).toBe(answer.json.timestamp)
    expect(answer.json.uptime).toBeGreaterThanOrEqual(93_784)
  })

  test("tells its status", async () => {
    const { status, json, headers } = await started.get("/api/status")
    expect([status, headers["content-type"]]).toEqual([200, "application/json"])
    const { timestamp, uptime, memory, ...rest } = json
    expect(Object.keys(json)).toEqual([
      "status",
      "timestamp",
      "uptime",
      "uptimeFormatted",
      "version",
      "memory",
      "services",
      "stats",
      "jobs"
    ])
    expect(new Date(timestamp).toISOString()).toBe(timestamp)
    expect(uptime).toBeGreaterThanOrEqual(93_784)
    for (const name of ["heapTotalMB", "heapUsedMB", "rssMB"]) {
      expect(memory[name]).toBeGreaterThan(1)
      expect(Number.isInteger(memory[name])).toBe(true)
    }
    expect(rest).toEqual({
      status: "operational",
      uptimeFormatted: expect.stringMatching(/^1d 2h 3m \d+s$/),
      version: "1.2.3",
      services: {
        signaling: { status: "operational", activeFlights: 2 },
        turn: { status: "not_configured" },
        websocket: { status: "operational", activeConnections: 3 }
      },
      stats: { totalConnections: 9, totalDisconnections: 6, totalFlightsCreated: 5, totalFlightsJoined: 4 },
      jobs: {
        previewCleanup: { state: "running", lastRunAt: null, lastResult: null, nextRunAt: null },
        roomCleanup: {
          state: "resting",
          lastRunAt: "2026-01-02T03:04:05.678Z",
          lastResult: { outcome: "complete", removed: 7 },
          nextRunAt: "2026-01-02T03:09:05.678Z"
        }
      }
    })
  })

  test("has an icon", async () => {
    const answer = await started.get("/favicon.ico")
    expect([answer.status, answer.headers["content-type"]]).toEqual([200, "image/svg+xml"])
    expect(answer.text).toMatch(/^<svg .*<\/svg>\s*$/s)
  })

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
      "/readyz",
      "/request-email",
      "/stats"
    ])
    const { post } = json.paths["/api/rooms/{roomCode}/join"]
    expect(Object.keys(post.responses)).toEqual(["200", "400", "403", "413", "429", "500", "503"])
    expect(post.requestBody.content["application/json"].schema.properties.name.examples).toEqual(["SilentJaguar458"])
  })

  test("include a page to try the endpoints on, and documents that others add", async () => {
    const page = await started.get("/docs")
    expect(page.status).toBe(200)
    expect(page.headers["content-type"]).toMatch(/^text\/html/)
    expect(page.text).toContain("SwaggerUIBundle")
    expect((await started.get("/asyncapi.json")).json).toEqual({ asyncapi: "3.0.0" })
  })
})

describe("a connection", () => {
  test("whose headers come too slowly is answered 408 and closed", async () => {
    const hasty = await surfaceForThisTest({ requestHeadersTimeoutMs: 100, requestTimeoutMs: 200 })
    expect(await hasty.exchange("GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/)
  })

  test("whose body comes too slowly is answered 408, and nobody calls it a fault", async () => {
    const hasty = await surfaceForThisTest({ requestHeadersTimeoutMs: 100, requestTimeoutMs: 200 })
    const head = "POST /api/rooms HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{"
    expect(await hasty.exchange(head)).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/)
    expect(hasty.faults).toEqual([])
  })

  test("that offers HTTP/2 is answered as the ordinary request it is, listeners or not", async () => {
    const offer = "Connection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c"
    const head = `GET /keep-alive HTTP/1.1\r\nHost: x\r\n${offer}\r\n\r\n`
    const other = await surfaceForThisTest()
    expect(await other.exchange(head)).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nOK$/)
    other.server.on("upgrade", (_, socket) => socket.destroy())
    expect(await other.exchange(head)).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nOK$/)
  })

  test("that asks for a WebSocket goes to whoever takes upgrades, on any path", async () => {
    const other = await surfaceForThisTest()
    other.server.on("upgrade", (request, socket) => socket.end(`upgraded ${request.url}`))
    for (const path of ["/", "/stats", "/api/rooms"]) {
      const head = `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\r\n`
      expect(await other.exchange(head)).toBe(`upgraded ${path}`)
    }
  })

  test("may be cut in the middle of a body without a fault", async () => {
    const other = await surfaceForThisTest()
    const socket = connect(other.port, "127.0.0.1")
    const asked = once(other.server, "request")
    socket.write("POST /api/rooms HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{")
    const [request] = await asked
    const cut = new Promise((resolve) => request.once("close", resolve))
    socket.destroy()
    await cut
    expect((await other.get("/keep-alive")).text).toBe("OK")
    expect(other.faults).toEqual([])
  })

  test("gets the answer to a running request when the server closes, and then its end", async () => {
    const other = await surfaceForThisTest()
    let letGo = (): void => {}
    const held = new Promise<void>((resolve) => {
      letGo = resolve
    })
    const create = other.desk.create
    other.desk.create = async (name, address) => {
      await held
      return create(name, address)
    }
    const idle = connect(other.port, "127.0.0.1")
    idle.write("GET /keep-alive HTTP/1.1\r\nHost: x\r\n\r\n")
    await once(idle, "data")
    const idleEnds = once(idle.resume(), "close")

    const asked = once(other.server, "request")
    const body = '{"name":"A"}'
    const headers = `Host: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}`
    const answer = other.exchange(`POST /api/rooms HTTP/1.1\r\n${headers}\r\n\r\n${body}`)
    await asked
    const closed = other.close()
    await idleEnds
    letGo()
    expect(await answer).toMatch(/^HTTP\/1\.1 201 Created\r\n[^]*Connection: close\r\n[^]*"role":"host"/i)
    await closed
    await expect(other.get("/keep-alive")).rejects.toMatchObject({ code: "ECONNREFUSED" })
  })
})
