import { Redacted } from "effect"
import * as HttpApi from "effect/http-api/HttpApi"
import { describe, expect, test } from "vitest"
import { type ContactOptions, contactHandlers } from "../../../../src/http/dropsilk/contact.ts"
import { corsRoutes } from "../../../../src/http/dropsilk/cors.ts"
import { httpPart } from "../../../../src/http/httpPart.ts"
import { ContactGroup } from "../../../../src/wire/dropsilk/thirdParties.ts"
import { createTestLog, type Reply, testPatience, useStandIn } from "../../../core/http/standIn.ts"
import { allowedOrigin } from "../../../support/httpClient.ts"
import { surfaceForThisTest } from "../../../support/httpSurface.ts"
import { post } from "../../../support/server.ts"
import { serverForThisTest } from "../../../support/useServer.ts"

const path = "/request-email"
const email = "people@example.org"
const secret = "planted key=&"

const recaptcha = useStandIn()

const start = async (contact: Partial<ContactOptions> = {}) => {
  const { lines, log } = createTestLog()
  const part = httpPart({
    api: HttpApi.make("dropsilk").add(ContactGroup),
    handlers: contactHandlers({
      email,
      recaptcha: { secretKey: Redacted.make(secret), endpoint: recaptcha.url, patience: testPatience },
      log,
      ...contact
    }),
    budgets: { [path]: ["requests"] },
    cors: corsRoutes
  })
  const started = await surfaceForThisTest([{ mount: "/", part }])
  return { ...started, lines }
}

describe("the contact address", () => {
  test("is told to a visitor whom reCAPTCHA believes, and Google is asked as it wants to be", async () => {
    recaptcha.replies({ body: { success: true, hostname: "dropsilk.xyz", challenge_ts: "2026-01-01T00:00:00Z" } })
    const started = await start()
    const answer = await started.send("POST", path, {
      headers: { "content-type": "application/json", origin: allowedOrigin },
      body: JSON.stringify({ token: "a&b=ü", extra: 1 })
    })
    expect([answer.status, answer.json]).toEqual([200, { email }])
    expect(answer.headers["access-control-allow-origin"]).toBe(allowedOrigin)
    expect(answer.headers["cache-control"]).toBe("no-store")
    expect(recaptcha.questions).toHaveLength(1)
    expect(recaptcha.questions[0]).toMatchObject({ method: "POST", path: "/recaptcha/api/siteverify" })
    expect(recaptcha.questions[0]?.headers["content-type"]).toMatch(/^application\/x-www-form-urlencoded/)
    expect(Object.fromEntries(new URLSearchParams(recaptcha.questions[0]?.body))).toEqual({ secret, response: "a&b=ü" })
    expect(started.lines).toEqual([{ level: "info", message: "email:request", fields: { outcome: "told" } }])
  })

  test("is not told to a robot, and the log says why, in nothing but codes", async () => {
    recaptcha.replies({ body: { success: false, "error-codes": ["timeout-or-duplicate", "<b>planted</b>"] } })
    const started = await start()
    const { status, json } = await started.post(path, { token: "old" })
    expect([status, json]).toEqual([400, { error: "recaptcha_failed" }])
    expect(started.lines).toEqual([
      {
        level: "warn",
        message: "email:request",
        fields: { outcome: "recaptcha_failed", errorCodes: ["timeout-or-duplicate"] }
      }
    ])
  })

  test("a key that Google refuses is the operator's fault: an error in the log", async () => {
    recaptcha.replies({ body: { success: false, "error-codes": ["invalid-input-secret"] } })
    const started = await start()
    expect((await started.post(path, { token: "x" })).status).toBe(400)
    expect(started.lines[0]).toMatchObject({ level: "error", message: "email:error" })
    expect(started.lines[0]?.fields["hint"]).toContain("RECAPTCHA_SECRET_KEY")
    expect(JSON.stringify(started.lines)).not.toContain("planted")
  })

  test.each<[string, unknown, string]>([
    ["none", {}, "token: is required"],
    ["a blank one", { token: " " }, "token: must not be empty"],
    ["one that is no text", { token: 7 }, "token: must be a string"],
    ["no JSON", "{", "request: must be valid JSON"]
  ])("asks for a token where there is %s, without asking Google", async (_, body, issue) => {
    recaptcha.replies({ body: { success: true } })
    const { status, json } = await (await start()).post(path, body)
    expect([status, json]).toEqual([400, { error: "Invalid request", issues: [issue] }])
    expect(recaptcha.questions).toEqual([])
  })

  test("is a 500 where none is configured", async () => {
    const { status, json } = await (await start({ email: undefined })).post(path, { token: "x" })
    expect([status, json]).toEqual([500, { error: "server_not_configured" }])
  })

  test("is told to nobody without a key for reCAPTCHA, and the log says which variable is missing", async () => {
    const started = await start({ recaptcha: undefined })
    const { status, json } = await started.post(path, { token: "x" })
    expect([status, json]).toEqual([400, { error: "recaptcha_failed" }])
    expect(JSON.stringify(started.lines)).toContain("RECAPTCHA_SECRET_KEY is not set")
  })

  test("is asked for again after a fault of Google's", async () => {
    recaptcha.replies({ status: 502, body: "" }, "cut", { body: { success: true } })
    const { status } = await (await start()).post(path, { token: "x" })
    expect([status, recaptcha.questions.length]).toEqual([200, 3])
  })

  test.each<[string, Reply, number, string]>([
    ["keeps failing", { status: 500, body: secret }, 3, "answered 500"],
    ["keeps hanging up", "cut", 3, "could not be reached"],
    ["never answers", "silence", 1, "gave no answer within 1000 ms"],
    ["answers 401", { status: 401, body: "" }, 1, "answered 401"],
    ["answers no JSON", { body: `<p>${secret}</p>` }, 1, "answered something else than it should"],
    ["does not say yes or no", { body: { success: "true" } }, 1, "answered something else than it should"]
  ])("is a 500 when Google %s", async (_, reply, questions, reason) => {
    recaptcha.replies(reply)
    const started = await start()
    const { status, json } = await started.post(path, { token: "x" })
    expect([status, json]).toEqual([500, { error: "internal_error" }])
    expect(recaptcha.questions).toHaveLength(questions)
    expect(started.lines).toHaveLength(1)
    expect(started.lines[0]).toMatchObject({ level: "error", message: "email:error" })
    expect(started.lines[0]?.fields["provider"]).toBe("recaptcha")
    expect(started.lines[0]?.fields["error"]).toContain(reason)
    expect(JSON.stringify(started.lines)).not.toContain("planted")
  })
})

describe("a started server", () => {
  test("tells the address that the environment configures, and logs neither key nor token", async () => {
    recaptcha.replies({ body: { success: true } })
    const server = await serverForThisTest(
      { CONTACT_EMAIL: email, RECAPTCHA_SECRET_KEY: "planted-key" },
      { endpoints: { recaptcha: recaptcha.url } }
    )
    try {
      expect(await post(server.http + path, { token: "planted-token" })).toEqual({ status: 200, body: { email } })
      expect(server.log()).toContain("email:request")
      expect(server.log()).not.toContain("planted")
    } finally {
      await server.stop()
    }
  })
})
