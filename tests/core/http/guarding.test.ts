import { describe, expect, test } from "vitest"
import { allowedOrigin, useHttp } from "../../support/httpClient.ts"

const started = useHttp()

const elsewhere = { origin: "https://evil.example", "content-type": "application/json" }

describe("every answer", () => {
  test.each([
    "/",
    "/api/rooms/ABCDEF?participantId=abcdefghij12",
    "/api/status",
    "/nothing",
    "/docs",
    "/healthz",
    "/api/rooms/%zz"
  ])("to GET %s keeps browsers from guessing, telling and framing, and says nothing of the server", async (path) => {
    const { headers } = await started.get(path)
    expect(headers).toMatchObject({
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "x-frame-options": "DENY"
    })
    expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(["server"]))
    expect(headers["x-powered-by"]).toBeUndefined()
    expect(headers["strict-transport-security"]).toBeUndefined()
  })
})

describe("a page of an origin that is not allowed", () => {
  test.each([
    ["/api/rooms", '{"name":"Eve"}'],
    ["/api/rooms/ABCDEF/join", '{"name":"Eve"}'],
    ["/api/rooms/ABCDEF/participants/abc/ready", ""],
    ["/request-email", '{"token":"abc"}']
  ])("changes nothing at %s", async (path, body) => {
    const before = started.actors().rooms
    const answer = await started.send("POST", path, { headers: elsewhere, body })
    expect([answer.status, answer.json]).toEqual([403, { error: "Forbidden: Invalid Origin" }])
    // What browsers send without asking first is refused as well.
    const simple = await started.send("POST", path, { headers: { origin: "null", "content-type": "text/plain" }, body })
    expect(simple.status).toBe(403)
    expect(started.actors().rooms).toBe(before)
  })

  test("is no matter for those that are allowed, nor for whoever is no browser", async () => {
    const headers = { "content-type": "application/json" }
    const body = '{"name":"Ann"}'
    expect(
      (await started.send("POST", "/api/rooms", { headers: { ...headers, origin: allowedOrigin }, body })).status
    ).toBe(201)
    expect((await started.send("POST", "/api/rooms", { headers, body })).status).toBe(201)
    const own = `http://127.0.0.1:${started.port}`
    expect((await started.send("POST", "/api/rooms", { headers: { ...headers, origin: own }, body })).status).toBe(201)
    expect((await started.send("POST", "/api/uploadthing", { headers: elsewhere, body: "{}" })).status).not.toBe(403)
  })
})
