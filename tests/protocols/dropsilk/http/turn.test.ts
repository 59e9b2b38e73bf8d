import { createHmac } from "node:crypto"
import { Redacted } from "effect"
import * as HttpApi from "effect/http-api/HttpApi"
import { describe, expect, test } from "vitest"
import { corsRoutes } from "../../../../src/http/dropsilk/cors.ts"
import { turnHandlers } from "../../../../src/http/dropsilk/turn.ts"
import { httpPart } from "../../../../src/http/httpPart.ts"
import { createIceServers, type TurnOptions } from "../../../../src/io/services/turnCredentials.ts"
import { TurnGroup } from "../../../../src/wire/dropsilk/thirdParties.ts"
import { createTestLog, type Reply, startStandIn, testPatience, useStandIn } from "../../../core/http/standIn.ts"
import { allowedOrigin } from "../../../support/httpClient.ts"
import { surfaceForThisTest } from "../../../support/httpSurface.ts"
import { serverForThisTest } from "../../../support/useServer.ts"

const path = "/api/turn-credentials"
const planted = { secret: "planted-turn-secret", token: "planted-cloudflare-token" }
const stun = ["stun:stun.example.org:3478"]
const own = { urls: ["turn:turn.example.org:3478?transport=udp"], secret: Redacted.make(planted.secret) }
const good = {
  iceServers: [
    { urls: ["stun:stun.cloudflare.com:3478"] },
    { urls: ["turn:turn.cloudflare.com:3478?transport=udp"], username: "someone", credential: "something" }
  ]
}

const cloudflare = useStandIn()

const start = async (options: Partial<TurnOptions>) => {
  const { lines, log } = createTestLog()
  let users = 0
  let elapsedMs = 0
  const iceServers = createIceServers({
    stunUrls: [],
    timeToLiveSeconds: 600,
    userId: () => `user${(users += 1)}`,
    now: () => 1_700_000_000_900,
    elapsed: () => elapsedMs,
    log,
    ...options
  })
  const part = httpPart({
    api: HttpApi.make("dropsilk").add(TurnGroup),
    handlers: turnHandlers(iceServers),
    budgets: { [path]: ["requests"] },
    cors: corsRoutes
  })
  const started = await surfaceForThisTest([{ mount: "/", part }])
  return { ...started, lines, pass: (ms: number) => void (elapsedMs += ms) }
}

const account = (endpoint = cloudflare.url) => ({
  tokenId: "key/id",
  apiToken: Redacted.make(planted.token),
  endpoint,
  patience: testPatience
})

describe("TURN credentials", () => {
  test("are 501 where nothing is configured", async () => {
    const { status, json } = await (await start({})).get(path)
    expect([status, json]).toEqual([501, { error: "TURN service is not configured on the server." }])
  })

  test("name plain STUN servers", async () => {
    const { status, json, headers } = await (await start({ stunUrls: stun })).get(path, { origin: allowedOrigin })
    expect([status, json]).toEqual([200, { iceServers: [{ urls: stun }] }])
    expect(headers["access-control-allow-origin"]).toBe(allowedOrigin)
    expect(headers["cache-control"]).toBe("no-store")
  })

  test("for own TURN servers are new for everybody, and say until when they are good", async () => {
    const started = await start({ own })
    for (const user of ["user1", "user2"]) {
      const username = `1700000601:${user}`
      const credential = createHmac("sha1", planted.secret).update(username).digest("base64")
      const { json } = await started.get(path)
      expect(json).toEqual({ iceServers: [{ urls: own.urls, username, credential }], ttl: 600 })
    }
  })

  test("of Cloudflare are asked for as its API wants, and passed on", async () => {
    cloudflare.replies({ status: 201, body: good })
    const { status, json } = await (await start({ cloudflare: account() })).get(path)
    expect([status, json]).toEqual([200, { ...good, ttl: 3600 }])
    expect(cloudflare.questions).toHaveLength(1)
    const [question] = cloudflare.questions
    expect(question).toMatchObject({
      method: "POST",
      path: "/v1/turn/keys/key%2Fid/credentials/generate-ice-servers",
      body: '{"ttl":3600}'
    })
    expect(question?.headers).toMatchObject({
      authorization: `Bearer ${planted.token}`,
      "content-type": "application/json"
    })
    expect(question?.headers).not.toHaveProperty("traceparent")
  })

  test("come from everything that is configured: STUN, own TURN, Cloudflare", async () => {
    cloudflare.replies({ body: good })
    const started = await start({ stunUrls: stun, own, cloudflare: account() })
    const { json } = await started.get(path)
    expect(json.iceServers.map(({ urls }: { urls: unknown }) => urls)).toEqual([
      stun,
      own.urls,
      ...good.iceServers.map(({ urls }) => urls)
    ])
    expect(started.lines).toEqual([
      { level: "info", message: "turn:credentials_issued", fields: { sources: ["stun", "own", "cloudflare"] } }
    ])
  })

  test.each<[string, Reply]>([
    ["a fault of Cloudflare's", { status: 503, body: "" }],
    ["a connection that breaks", "cut"]
  ])("are asked for again after %s", async (_, fault) => {
    cloudflare.replies(fault, fault, { body: good })
    const { status } = await (await start({ cloudflare: account() })).get(path)
    expect([status, cloudflare.questions.length]).toEqual([200, 3])
  })

  test.each<[string, Reply, number, string]>([
    ["keeps failing", { status: 503, body: planted.token }, 3, "answered 503"],
    ["keeps hanging up", "cut", 3, "could not be reached"],
    ["never answers", "silence", 1, "gave no answer within 1000 ms"],
    ["does not know the token", { status: 401, body: "{}" }, 1, "answered 401"],
    ["sends on to elsewhere", { status: 302, body: "", headers: { location: "/elsewhere" } }, 1, "answered 302"],
    ["answers no JSON", { body: `<h1>${planted.token}</h1>` }, 1, "answered something else than it should"],
    ["answers nothing", { status: 204, body: "" }, 1, "answered something else than it should"],
    ["answers other JSON", { body: { iceServers: {} } }, 1, "answered something else than it should"],
    ["names no server", { body: { iceServers: [] } }, 1, "answered something else than it should"],
    ["names a web page", { body: { iceServers: [{ urls: "https://x" }] } }, 1, "answered something else"],
    [
      "leaves out the credential, at which browsers throw",
      { body: { iceServers: [{ urls: ["turn:x"], username: "someone" }] } },
      1,
      "answered something else than it should"
    ]
  ])("are a 500 when Cloudflare %s", async (_, reply, questions, reason) => {
    cloudflare.replies(reply)
    const started = await start({ cloudflare: account() })
    const { status, json } = await started.get(path)
    expect([status, json]).toEqual([500, { error: "Could not fetch TURN credentials." }])
    expect(cloudflare.questions).toHaveLength(questions)
    expect(started.lines).toHaveLength(1)
    expect(started.lines[0]).toMatchObject({ level: "error", message: "turn:error" })
    expect(started.lines[0]?.fields["provider"]).toBe("cloudflare")
    expect(started.lines[0]?.fields["error"]).toContain(reason)
    expect(JSON.stringify(started.lines)).not.toContain("planted")
  })

  test("are a 500 when nobody is where Cloudflare should be, and the log says what happened", async () => {
    const gone = await startStandIn()
    await gone.stop()
    const started = await start({ cloudflare: account(gone.url) })
    expect((await started.get(path)).status).toBe(500)
    expect(started.lines[0]?.fields["error"]).toBe("could not be reached (ECONNREFUSED)")
  })

  test("a refused token is told with the variables to check", async () => {
    cloudflare.replies({ status: 401, body: "{}" })
    const started = await start({ cloudflare: account() })
    await started.get(path)
    expect(started.lines[0]?.fields["hint"]).toContain("CLOUDFLARE_API_TOKEN")
  })

  test("are what else there is when Cloudflare fails", async () => {
    cloudflare.replies({ status: 500, body: "" })
    const started = await start({ stunUrls: stun, own, cloudflare: account() })
    const { status, json } = await started.get(path)
    expect(status).toBe(200)
    expect(json.iceServers.map(({ urls }: { urls: unknown }) => urls)).toEqual([stun, own.urls])
    expect(started.lines.map(({ level, message }) => [level, message])).toEqual([
      ["error", "turn:error"],
      ["info", "turn:credentials_issued"]
    ])
  })

  test("of Cloudflare are asked for once, however many want them, and then say how long they are still good", async () => {
    cloudflare.replies({ body: good })
    const started = await start({ cloudflare: account() })
    const first = await Promise.all(Array.from({ length: 60 }, () => started.get(path)))
    started.pass(90_500)
    const later = await Promise.all(Array.from({ length: 60 }, () => started.get(path)))
    expect(cloudflare.questions).toHaveLength(1)
    expect(new Set(first.map(({ text }) => text))).toEqual(new Set([JSON.stringify({ ...good, ttl: 3600 })]))
    expect(new Set(later.map(({ text }) => text))).toEqual(new Set([JSON.stringify({ ...good, ttl: 3509 })]))
  })

  test("of Cloudflare are asked for anew long before they end", async () => {
    const fresh = { iceServers: [{ urls: "turn:other", username: "other", credential: "other" }] }
    cloudflare.replies({ body: good }, { body: fresh })
    const started = await start({ cloudflare: account() })
    expect((await started.get(path)).json).toEqual({ ...good, ttl: 3600 })
    started.pass(599_000)
    expect((await started.get(path)).json).toEqual({ ...good, ttl: 3001 })
    started.pass(2_000)
    expect((await started.get(path)).json).toEqual({ ...fresh, ttl: 3600 })
    expect(cloudflare.questions).toHaveLength(2)
  })

  test("are good for as long as the shortest of them", async () => {
    cloudflare.replies({ body: good })
    const started = await start({ own, cloudflare: account() })
    expect((await started.get(path)).json.ttl).toBe(600)
    started.pass(599_000)
    expect((await started.get(path)).json.ttl).toBe(600)
    expect(Object.keys((await started.get(path)).json)).toEqual(["iceServers", "ttl"])
  })

  test("that cannot be had are not asked for again at once, and told of once", async () => {
    cloudflare.replies({ status: 401, body: "{}" }, { body: good })
    const started = await start({ cloudflare: account() })
    const answers = await Promise.all(Array.from({ length: 40 }, () => started.get(path)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([500]))
    expect((await started.get(path)).status).toBe(500)
    expect([cloudflare.questions.length, started.lines.length]).toEqual([1, 1])
    started.pass(5_001)
    expect((await started.get(path)).status).toBe(200)
  })

  test("are kept from nobody by a client that leaves", async () => {
    cloudflare.replies("silence")
    const started = await start({ cloudflare: { ...account(), patience: { ...testPatience, timeoutMs: 60_000 } } })
    const leaving = new AbortController()
    const asked = cloudflare.asked()
    const answer = fetch(`http://127.0.0.1:${started.port}${path}`, { signal: leaving.signal })
    await asked
    const other = started.get(path)
    leaving.abort()
    await expect(answer).rejects.toThrow("aborted")
    cloudflare.answer({ body: good })
    expect((await other).json).toEqual({ ...good, ttl: 3600 })
    expect(cloudflare.questions).toHaveLength(1)
  })
})

describe("a started server", () => {
  test("issues what the environment configures, and logs no secret", async () => {
    cloudflare.replies({ body: good })
    const server = await serverForThisTest(
      {
        STUN_URLS: stun.join(),
        TURN_URLS: own.urls.join(),
        TURN_SECRET: planted.secret,
        TURN_TTL_SECONDS: "60",
        CLOUDFLARE_TURN_TOKEN_ID: "id",
        CLOUDFLARE_API_TOKEN: planted.token
      },
      { endpoints: { cloudflare: cloudflare.url } }
    )
    try {
      const before = Date.now() / 1000
      const answer = (await (await fetch(server.http + path)).json()) as typeof good
      expect(answer.iceServers).toHaveLength(4)
      const { username = "", credential } = answer.iceServers[1] as { username?: string; credential?: string }
      expect(username).toMatch(/^\d+:[0-9a-z]{10}$/)
      expect(Math.abs(Number.parseInt(username, 10) - before - 60)).toBeLessThan(5)
      expect(server.log()).toContain("turn:credentials_issued")
      expect(server.log()).not.toContain("planted")
      expect(server.log()).not.toContain(credential)
      const status = (await (await fetch(`${server.http}/api/status`)).json()) as any
      expect(status.services.turn.status).toBe("operational")
    } finally {
      await server.stop()
    }
  })
})
