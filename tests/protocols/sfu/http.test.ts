/** Logins, health, documents, and what every path does with a token. */
import { decodeJwt, decodeProtectedHeader } from "jose"
import { describe, expect, it } from "vitest"
import { describeOfOneServer } from "../../support/ofOneServer.ts"
import { serverForThisTest } from "../../support/useServer.ts"
import { FakeEngine, noEngine } from "./fakeEngine.ts"
import { refusedUpgrade, room, secret, tokenFor, useParticipants, useSfu } from "./sfuClient.ts"

const { server, engine } = useSfu()
const participant = useParticipants(server, engine)
const login = { userId: "user-123", userName: "Ada", roomId: room }

const post = async (body: unknown, init: RequestInit = {}, at = server.http) => {
  const response = await fetch(`${at}/sfu/auth/login`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
    ...init
  })
  const text = await response.text()
  return { status: response.status, text, headers: response.headers }
}
const get = async (path: string, init: RequestInit = {}) => {
  const response = await fetch(server.http + path, init)
  return { status: response.status, text: await response.text(), headers: response.headers }
}

describe("a login", () => {
  it("gives a token that says who and where, in clear, for two hours", async () => {
    const { status, text, headers } = await post(login)
    expect(status).toBe(200)
    expect(headers.get("content-type")).toBe("application/json")
    const { token } = JSON.parse(text)
    expect(text).toBe(JSON.stringify({ token }))
    expect(decodeProtectedHeader(token)).toEqual({ alg: "HS256", typ: "JWT" })
    const claims = decodeJwt(token)
    expect(claims).toMatchObject(login)
    expect((claims.exp as number) - (claims.iat as number)).toBe(7200)
    const client = await participant({ token })
    expect(await client.join()).toMatchObject({ existingProducers: [] })
  })

  it("is refused as the known server refuses it", async () => {
    const issues = async (body: unknown, init: RequestInit = {}) => {
      const { status, text } = await post(body, init)
      expect(status).toBe(400)
      const { success, error } = JSON.parse(text)
      expect([success, error.name, Object.keys(error)]).toEqual([false, "ZodError", ["name", "message"]])
      return JSON.parse(error.message).map((issue: { path: string[] }) => issue.path.join("."))
    }
    expect(await issues({})).toEqual(["userId", "userName", "roomId"])
    expect(await issues({ ...login, userName: 5 })).toEqual(["userName"])
    expect(await issues([])).toEqual([""])
    expect(await issues("null")).toEqual([""])
    expect(await issues(login, { headers: { "content-type": "text/plain" } })).toEqual(["userId", "userName", "roomId"])
    for (const fault of ["", "x".repeat(129), "a\0b"]) {
      expect(await issues({ ...login, userId: fault })).toEqual(["userId"])
      expect(await issues({ ...login, roomId: fault })).toEqual(["roomId"])
    }
    expect(await issues({ ...login, userName: "x".repeat(65) })).toEqual(["userName"])
    expect((await post({ ...login, userName: "😀".repeat(64), userId: "x".repeat(128) })).status).toBe(200)
    expect(await post("{")).toMatchObject({ status: 400, text: "Malformed JSON in request body" })
  })

  it("keeps the id that was asked for while it is free in that room, and else gives it a suffix", async () => {
    const idOf = async (more: object) => decodeJwt(JSON.parse((await post({ ...login, ...more })).text).token)["userId"]
    expect(await idOf({})).toBe("user-123")
    const holder = await participant({ userId: "user-123" })
    expect(await idOf({})).toMatch(/^user-123-[0-9a-z]{4}$/)
    expect(await idOf({ roomId: "elsewhere" })).toBe("user-123")
    const long = "y".repeat(128)
    const longest = await participant({ userId: long })
    expect(await idOf({ userId: long })).toMatch(/^y{123}-[0-9a-z]{4}$/)
    await holder.close()
    await longest.close()
    await expect.poll(() => idOf({})).toBe("user-123")
  })

  it("is answered 429 once an address has made 120 within a minute, others not", async () => {
    const from = (address: string) => ({
      headers: { "content-type": "application/json", "x-forwarded-for": address }
    })
    const own = await serverForThisTest(
      { SFU_PATH: "/sfu", SFU_JWT_SECRET: secret, TRUST_PROXY: "1" },
      { endpoints: { mediaEngine: new FakeEngine().open } }
    )
    const began = performance.now()
    const answers = await Promise.all(Array.from({ length: 200 }, () => post(login, from("192.0.2.1"), own.http)))
    const seconds = (performance.now() - began) / 1000
    const refused = answers.filter(({ status }) => status === 429)
    const given = answers.filter(({ status }) => status === 200).length
    expect(given + refused.length).toBe(200)
    expect(given).toBeGreaterThanOrEqual(120)
    // Two come back every second.
    expect(given).toBeLessThanOrEqual(120 + 2 * seconds + 1)
    expect(refused[0]?.text).toBe('{"error":"Too many requests"}')
    expect(Number(refused[0]?.headers.get("retry-after"))).toBeGreaterThan(0)
    expect((await post(login, from("192.0.2.2"), own.http)).status).toBe(200)
  })

  it("is nowhere when the operator's own application gives the tokens", async () => {
    const own = await serverForThisTest(
      { SFU_PATH: "/sfu", SFU_JWT_SECRET: secret, SFU_LOGIN: "off" },
      { endpoints: { mediaEngine: new FakeEngine().open } }
    )
    expect(await post(login, {}, own.http)).toMatchObject({ status: 404, text: "404 Not Found" })
    const document = (await (await fetch(`${own.http}/sfu/doc`)).json()) as { paths: object }
    expect(Object.keys(document.paths)).toEqual(["/health"])
  })
})

describeOfOneServer("health", () => {
  it("tells of the process, the first worker and the rooms that have a router", async () => {
    const client = await participant({ roomId: "health" })
    await client.join("health")
    const { status, text } = await get("/sfu/health")
    const health = JSON.parse(text)
    expect(status).toBe(200)
    expect(Object.keys(health)).toEqual(["status", "uptime", "mediasoup"])
    expect(health).toMatchObject({ status: "ok", mediasoup: { workerPid: 70_001 } })
    expect(health.uptime).not.toBe(Math.floor(health.uptime))
    expect(health.mediasoup.roomsCount).toBe(engine.routers.size)
    expect(health.mediasoup.roomsCount).toBeGreaterThan(0)
  })
})

describe("documents", () => {
  it("describe the two requests as OpenAPI 3.0.0", async () => {
    const document = JSON.parse((await get("/sfu/doc")).text)
    expect(document.openapi).toBe("3.0.0")
    expect(document.info).toMatchObject({ version: "1.0.0", title: "Mediasoup Signaling REST API" })
    expect(Object.keys(document.paths)).toEqual(["/auth/login", "/health"])
    const { schema } = document.paths["/auth/login"].post.requestBody.content["application/json"]
    expect(schema.required).toEqual(["userId", "userName", "roomId"])
    expect(JSON.stringify(document)).not.toMatch(/"(\$ref|const|examples)"/)
  })

  it("describe every frame as AsyncAPI 2.6.0, ends and errors among them", async () => {
    const document = JSON.parse((await get("/sfu/asyncapi")).text)
    expect(document.asyncapi).toBe("2.6.0")
    expect(Object.keys(document.channels)).toEqual(["/"])
    const namesOf = (operation: string) =>
      document.channels["/"][operation].message.oneOf.map(({ name }: { name: string }) => name)
    expect(namesOf("publish")).toEqual([
      "join-room",
      "create-transport",
      "connect-transport",
      "produce",
      "consume",
      "resume-consumer"
    ])
    expect(namesOf("subscribe")).toEqual(["response", "new-producer", "producer-closed", "error"])
    expect(JSON.stringify(document)).not.toContain("$ref")
  })

  it("are among all others on the server's own page", async () => {
    const response = await fetch(`${server.http}/docs`)
    expect(await response.text()).toContain('<article id="socket-sfu-client-join-room">')
  })

  it("are shown by a page that brings its own script and reads them below the base", async () => {
    const { status, text, headers } = await get("/sfu/docs")
    expect(status).toBe(200)
    expect(headers.get("content-type")).toContain("text/html")
    expect(text).toContain('url: "/sfu/doc"')
    expect(text).toContain("SwaggerUIBundle")
    expect(text).not.toMatch(/<(?:script|link)[^>]+(?:src|href)="https?:/)
  })
})

describe("a path", () => {
  it.each([
    ["/sfu", 403, "WebSocket connection requires token in query string"],
    ["/sfu/", 403, "WebSocket connection requires token in query string"],
    ["/sfu?token=", 403, "WebSocket connection requires token in query string"],
    ["/sfu?token=x", 401, "Unauthorized - Invalid Token"],
    ["/sfu/?a=b&token=x", 401, "Unauthorized - Invalid Token"],
    ["/sfu/health?token=x", 401, "Unauthorized - Invalid Token"],
    ["/sfu/docs?token=x", 401, "Unauthorized - Invalid Token"],
    ["/sfu/nowhere?token=x", 401, "Unauthorized - Invalid Token"],
    ["/sfu/nowhere", 404, "404 Not Found"],
    ["/sfu/auth/login", 404, "404 Not Found"],
    ["/sfu//auth/login", 404, "404 Not Found"],
    ["/sfu/health/", 404, "404 Not Found"]
  ])("GET %s is answered %i", async (path, status, text) => {
    expect(await get(path)).toMatchObject({ status, text })
  })

  it("does with a valid token what it does without one, and is no socket without an upgrade", async () => {
    const token = await tokenFor()
    expect((await get(`/sfu/health?token=${token}`)).status).toBe(200)
    expect(await get(`/sfu/?token=${token}`)).toMatchObject({ status: 404, text: "404 Not Found" })
    expect(await get(`/sfu?token=${token}&token=x`)).toMatchObject({ status: 404 })
    // Other protocols have other rules.
    expect((await get("/healthz?token=x")).status).toBe(200)
  })

  it("may be read by every page, and grants what preflights ask for", async () => {
    for (const path of ["/sfu/health", "/sfu/doc", "/sfu", "/sfu/nowhere", "/sfu/health?token=x"]) {
      expect((await get(path)).headers.get("access-control-allow-origin")).toBe("*")
    }
    const { headers } = await post(login, {
      headers: { "content-type": "application/json", origin: "http://localhost:3000" }
    })
    expect(headers.get("access-control-allow-origin")).toBe("*")
    const preflight = await get("/sfu/auth/login", {
      method: "OPTIONS",
      headers: {
        origin: "http://localhost:3000",
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type,x-own"
      }
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get("access-control-allow-methods")).toBe("GET,HEAD,PUT,POST,DELETE,PATCH")
    expect(preflight.headers.get("access-control-allow-headers")).toBe("content-type,x-own")
    expect((await get("/sfu/nowhere", { method: "OPTIONS" })).status).toBe(204)
  })

  it("may be read by the listed pages alone where there is a list", async () => {
    const own = await serverForThisTest(
      { SFU_PATH: "/sfu", SFU_JWT_SECRET: secret, SFU_ORIGINS: "https://app.example.com" },
      { endpoints: { mediaEngine: new FakeEngine().open } }
    )
    const asked = async (origin: string) => {
      const { headers } = await fetch(`${own.http}/sfu/health`, { headers: { origin } })
      return [headers.get("access-control-allow-origin"), headers.get("vary")]
    }
    expect(await asked("https://app.example.com")).toEqual(["https://app.example.com", "Origin"])
    expect(await asked("https://evil.example.com")).toEqual([null, "Origin"])
    const url = `${own.ws}/sfu?token=${await tokenFor()}`
    expect(await refusedUpgrade(url, { origin: "https://evil.example.com" })).toMatchObject({ status: 403 })
  })
})

describe("without a media worker", () => {
  it("the SFU is off, says why, and everything else is served", async () => {
    const own = await serverForThisTest({ SFU_PATH: "/sfu" }, { endpoints: { mediaEngine: noEngine } })
    const why = "There is no media worker: run npm run media-engine, or name one in MEDIASOUP_WORKER_BIN."
    expect(own.absent).toEqual({ sfu: why })
    expect(own.lines("system:startup")).toContainEqual(
      expect.objectContaining({ level: "warn", warning: `sfu is not served: ${why}` })
    )
    expect((await fetch(`${own.http}/sfu/health`)).status).toBe(404)
    expect((await fetch(`${own.http}/named-peers/health`)).status).toBe(200)
  })

  it("that can be started it is off as well, and the engine is closed", async () => {
    const broken = new FakeEngine()
    broken.obstacle = new Error("spawn EACCES")
    const own = await serverForThisTest({ SFU_PATH: "/sfu" }, { endpoints: { mediaEngine: broken.open } })
    expect(own.absent["sfu"]).toBe("The first media worker cannot be started (Error: spawn EACCES).")
    expect(broken.isClosed).toBe(true)
  })
})

describe("at the root", () => {
  it("it is reached without a path, beside the server's own page", async () => {
    const own = await serverForThisTest(
      { SFU_PATH: "/", SFU_JWT_SECRET: secret, DROPSILK_PATH: "off" },
      { endpoints: { mediaEngine: new FakeEngine().open } }
    )
    const answer = async (path: string) => {
      const response = await fetch(own.http + path)
      return [response.status, await response.text()]
    }
    expect(await answer("/")).toEqual([403, "WebSocket connection requires token in query string"])
    expect(await answer("/nowhere?token=x")).toEqual([401, "Unauthorized - Invalid Token"])
    expect((await answer("/healthz?token=x"))[0]).toBe(200)
    expect((await answer("/health"))[0]).toBe(200)
    expect((await answer("/docs"))[1]).toContain("silktower")
  })
})
