import { once } from "node:events"
import { connect } from "node:net"
import { describe, expect, test } from "vitest"
import { jsonAnswer } from "../../../src/http/answer.ts"
import { allowedOrigin } from "../../support/httpClient.ts"
import { startSurface, surfaceForThisTest } from "../../support/httpSurface.ts"
import { useThroughout } from "../../support/useThroughout.ts"
import { type NotesOptions, notesPart } from "./notes.ts"

const startNotes = (options: NotesOptions = {}, more: Parameters<typeof startSurface>[1] = {}) =>
  surfaceForThisTest([{ mount: "/", part: notesPart(options) }], more)

describe("a connection", () => {
  const hasty = { limits: { requestHeadersTimeoutMs: 100, requestTimeoutMs: 200 } }
  const reading = "GET /notes/milk HTTP/1.1\r\nHost: x\r\n"
  const writing = "POST /notes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"

  test("whose headers come too slowly is answered 408 and closed", async () => {
    const other = await startNotes({}, hasty)
    expect(await other.exchange("GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/)
  })

  test("whose body comes too slowly is answered 408, and nobody calls it a fault", async () => {
    const other = await startNotes({}, hasty)
    expect(await other.exchange(`${writing}Content-Length: 50\r\n\r\n{`)).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/)
    expect(other.faults).toEqual([])
  })

  test("that offers HTTP/2 is answered as the ordinary request it is, listeners or not", async () => {
    const head = `${reading}Connection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\n\r\n`
    const other = await startNotes()
    expect(await other.exchange(head)).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n{"text":"milk"}$/)
    other.events.on("upgrade", (_, socket) => socket.destroy())
    expect(await other.exchange(head)).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n{"text":"milk"}$/)
  })

  test("that asks for a WebSocket goes to whoever takes upgrades, on any path", async () => {
    const other = await startNotes()
    other.events.on("upgrade", (request, socket) => socket.end(`upgraded ${request.url}`))
    for (const path of ["/", "/notes", "/notes/milk"]) {
      const head = `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\r\n`
      expect(await other.exchange(head)).toBe(`upgraded ${path}`)
    }
  })

  test("may be cut in the middle of a body without a fault", async () => {
    const other = await startNotes()
    const socket = connect(other.port, "127.0.0.1")
    const asked = once(other.server, "request")
    socket.write(`${writing}Content-Length: 50\r\n\r\n{`)
    const [request] = await asked
    const cut = new Promise((resolve) => request.once("close", resolve))
    socket.destroy()
    await cut
    expect((await other.get("/notes/milk")).text).toBe('{"text":"milk"}')
    expect(other.faults).toEqual([])
  })

  test("gets the answer to a running request when the server closes, and then its end", async () => {
    const { promise: held, resolve: letGo } = Promise.withResolvers<void>()
    const other = await startNotes({ held })
    const idle = connect(other.port, "127.0.0.1")
    idle.write(`${reading}\r\n`)
    await once(idle, "data")
    const idleEnds = once(idle.resume(), "close")

    const asked = once(other.server, "request")
    const body = '{"text":"A"}'
    const answer = other.exchange(`${writing}Content-Length: ${body.length}\r\n\r\n${body}`)
    await asked
    const closed = other.close()
    await idleEnds
    letGo()
    expect(await answer).toMatch(/^HTTP\/1\.1 201 Created\r\n[^]*Connection: close\r\n[^]*{"text":"A"}$/i)
    await closed
    await expect(other.get("/notes/milk")).rejects.toMatchObject({ code: "ECONNREFUSED" })
  })
})

describe("a part under a prefix", () => {
  const own = (word: string) => jsonAnswer(418, { word })
  const refusals = {
    tooMany: own("tooMany"),
    tooLarge: own("tooLarge"),
    wrongOrigin: own("wrongOrigin"),
    fault: own("fault")
  }
  /** What budgets make each path wait, milliseconds. */
  let waits = { request: 0, check: 0, askOthers: 0 }
  const answered: string[] = []
  const started = useThroughout(
    () =>
      startSurface([{ mount: "/v1/paper", part: notesPart({ refusals }) }], {
        budgets: {
          request: () => waits.request,
          check: () => waits.check,
          askOthers: () => waits.askOthers,
          addressOf: () => "192.0.2.1"
        },
        metrics: { answered: (route) => answered.push(route) }
      }),
    (surface) => surface.stop()
  )

  test("has its endpoints, its fast path and its documents there, and nowhere else", async () => {
    expect(await started.post("/v1/paper/notes", { text: "tea" })).toMatchObject({ status: 201, json: { text: "tea" } })
    for (const path of ["/v1/paper/notes/milk", "/v1/paper/notes/milk?slowly", "/v1/paper/notes/%6dilk"]) {
      expect(await started.get(path)).toMatchObject({ status: 200, text: '{"text":"milk"}' })
    }
    expect((await started.get("/v1/paper/notes.json")).json).toEqual({ notes: "1.0" })
    for (const path of ["/notes/milk", "/notes.json", "/v1/paper", "/v1/paper/v1/paper/notes/milk"]) {
      expect(await started.get(path)).toMatchObject({ status: 404, text: "Not Found" })
    }
  })

  test("is described, allowed, shared with pages and counted by its whole paths", async () => {
    const { paths } = (await started.get("/openapi.json")).json
    expect(Object.keys(paths).sort()).toEqual(["/v1/paper/notes", "/v1/paper/notes/{name}"])
    const { headers } = await started.send("OPTIONS", "/v1/paper/notes/milk", { headers: { origin: allowedOrigin } })
    expect([headers["allow"], headers["access-control-allow-origin"]]).toEqual(["GET, HEAD, OPTIONS", allowedOrigin])
    answered.length = 0
    await started.get("/v1/paper/notes/milk")
    expect(answered).toEqual(["/v1/paper/notes/:name"])
  })

  test("says no in its own words where it has some, and elsewhere the core says it", async () => {
    expect(await started.get("/v1/paper/gone")).toMatchObject({ status: 410, json: { gone: "/gone", allow: null } })
    expect(await started.get("/gone")).toMatchObject({ status: 404, text: "Not Found" })
    const refusal = (word: string) => ({ status: 418, json: { word } })
    const large = "x".repeat(70_000)
    expect(await started.post("/v1/paper/notes", large)).toMatchObject(refusal("tooLarge"))
    const streamed = { headers: { "content-type": "application/json", "transfer-encoding": "chunked" }, body: large }
    expect(await started.send("POST", "/v1/paper/notes", streamed)).toMatchObject(refusal("tooLarge"))
    const foreign = { headers: { origin: "https://evil.example" }, body: "{}" }
    expect(await started.send("POST", "/v1/paper/notes", foreign)).toMatchObject(refusal("wrongOrigin"))
    for (const path of ["/v1/paper/notes/broken", "/v1/paper/notes/broken?slowly"]) {
      expect(await started.get(path)).toMatchObject(refusal("fault"))
    }
    expect(started.faults).toEqual(Array(2).fill(new Error("the secret of the fault")))
    expect(await started.post("/elsewhere", large)).toMatchObject({
      status: 413,
      json: { error: "Request body too large" }
    })
  })

  test.each([
    ["checks", { request: 0, check: 2500, askOthers: 0 }, "/v1/paper/notes/milk", [418, "3"]],
    ["checks instead of requests", { request: 2500, check: 0, askOthers: 0 }, "/v1/paper/notes/milk", [200, undefined]],
    ["thirdParties besides requests", { request: 0, check: 0, askOthers: 2500 }, "/v1/paper/notes", [418, "3"]],
    ["requests where it declares nothing", { request: 2500, check: 0, askOthers: 0 }, "/v1/paper/x", [418, "3"]]
  ])("takes from the budgets that it declares: %s", async (_, spent, path, expected) => {
    waits = spent
    const { status, headers } = await started.get(path)
    waits = { request: 0, check: 0, askOthers: 0 }
    expect([status, headers["retry-after"]]).toEqual(expected)
  })
})

describe("a fault", () => {
  test("is a 500 without its text on the fast path as on the routes, and reaches the log", async () => {
    const started = await startNotes()
    const [fast, routed] = [
      await started.get("/notes/broken", { origin: allowedOrigin }),
      await started.get("/notes/broken?slowly", { origin: allowedOrigin })
    ]
    expect([fast.status, fast.text]).toEqual([500, '{"error":"Internal server error"}'])
    expect(fast.headers["access-control-allow-origin"]).toBe(allowedOrigin)
    const { date: _, ...headers } = fast.headers
    const { date: __, ...others } = routed.headers
    expect([routed.status, routed.text, others]).toEqual([500, fast.text, headers])
    expect(started.faults).toEqual(Array(2).fill(new Error("the secret of the fault")))
  })
})

describe("parts", () => {
  test("of the same groups are refused: each would answer as the other", async () => {
    const parts = [
      { mount: "/one", part: notesPart() },
      { mount: "/other", part: notesPart() }
    ] as const
    await expect(startSurface(parts)).rejects.toThrow("Two parts of the HTTP surface bring a group notes")
  })

  test("are described in one document", async () => {
    const started = await startNotes()
    const { info, paths } = (await started.get("/openapi.json")).json
    expect([info.title, Object.keys(paths)]).toEqual(["silktower", ["/notes", "/notes/{name}"]])
    const page = await started.get("/docs")
    expect(page.headers["content-type"]).toMatch(/^text\/html/)
    expect((await started.get("/notes.json")).json).toEqual({ notes: "1.0" })
  })
})
