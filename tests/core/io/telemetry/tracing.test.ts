import { expect, it } from "vitest"
import { describeOnPostgres, useDatabase } from "../../../support/databases.ts"
import { post, startServer } from "../../../support/server.ts"
import { type StandIn, useStandIn } from "../../http/standIn.ts"

interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind: number
  readonly attributes: Readonly<Record<string, unknown>>
  readonly failed: boolean
}

/** The spans in what an OTLP/HTTP receiver has been sent: https://opentelemetry.io/docs/specs/otlp/#otlphttp. */
const spansIn = (receiver: StandIn): readonly Span[] =>
  receiver.questions
    .filter(({ path }) => path === "/v1/traces")
    .flatMap(({ body }) => JSON.parse(body).resourceSpans)
    .flatMap(({ scopeSpans }: any) => scopeSpans)
    .flatMap(({ spans }: any) => spans)
    .map(({ attributes, status, ...span }: any) => ({
      ...span,
      failed: status?.code === 2,
      attributes: Object.fromEntries(
        attributes.map(({ key, value }: any) => [key, value.stringValue ?? Number(value.intValue ?? value.doubleValue)])
      )
    }))

describeOnPostgres("traces", () => {
  const databaseUrl = useDatabase()
  const [receiver, cloudflare] = [useStandIn(), useStandIn()]

  const start = (environment: Record<string, string> = {}) =>
    startServer(
      {
        DATABASE_URL: databaseUrl,
        CLOUDFLARE_TURN_TOKEN_ID: "planted-token-id",
        CLOUDFLARE_API_TOKEN: "planted-api-token",
        ...environment
      },
      { endpoints: { cloudflare: cloudflare.url } }
    )
  const startTraced = () => start({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url })

  it("show each request by its endpoint, with what it asked of the database and of others below it", async () => {
    receiver.replies({ body: {} })
    cloudflare.replies({ status: 401, body: { error: "planted-answer" } })
    const server = await startTraced()
    // At once, so that a span could end up in another's trace.
    const rooms = await Promise.all(
      Array.from({ length: 20 }, (_, at) => post(`${server.http}/api/rooms`, { name: `Ann ${at}` }))
    )
    const { roomCode, self } = rooms[0]!.body
    await fetch(`${server.http}/api/rooms/${roomCode}?participantId=${self.participantId}&planted=1`)
    await fetch(`${server.http}/api/rooms/${roomCode}?participantId=${self.participantId}`)
    expect((await fetch(`${server.http}/api/turn-credentials`)).status).toBe(500)
    await fetch(`${server.http}/planted/path?planted=1`)
    await server.stop()

    const spans = spansIn(receiver)
    const requests = spans.filter(({ kind }) => kind === 2)
    const named = (name: string) => requests.filter((span) => span.name === name)
    expect(named("POST /api/rooms")).toHaveLength(20)
    expect(named("GET /api/rooms/:roomCode")).toHaveLength(2)
    expect(named("GET other")).toMatchObject([
      { attributes: { "http.response.status_code": 404, "http.route": "other" } }
    ])
    for (const request of named("POST /api/rooms")) {
      expect(request).toMatchObject({
        failed: false,
        attributes: { "http.request.method": "POST", "http.route": "/api/rooms", "http.response.status_code": 201 }
      })
      const below = spans.filter(({ traceId, spanId }) => traceId === request.traceId && spanId !== request.spanId)
      expect(below).toMatchObject([{ name: "database insert", parentSpanId: request.spanId, failed: false }])
    }
    const [credentials] = named("GET /api/turn-credentials")
    expect(credentials).toMatchObject({ failed: true, attributes: { "http.response.status_code": 500 } })
    expect(spans.filter(({ parentSpanId }) => parentSpanId === credentials?.spanId)).toMatchObject([
      { name: "cloudflare credentials", kind: 3, failed: true }
    ])

    const sent = receiver.questions.map(({ body }) => body).join("\n")
    expect(sent).toContain('"silktower"')
    for (const secret of ["planted", roomCode, self.participantId, "Ann ", `${new URL(databaseUrl).username}@`]) {
      expect([secret, sent.includes(secret)]).toEqual([secret, false])
    }
  })

  it("come with the headers that the receiver wants, which nothing else shows", async () => {
    receiver.replies({ status: 401, body: { error: "planted-answer" } })
    const server = await start({
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9",
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${receiver.url}/planted/in`,
      OTEL_EXPORTER_OTLP_HEADERS: "Authorization=Basic%20planted-credentials%3D%3D, x-team = planted%2Cteam",
      LOG_LEVEL: "trace",
      LOG_ACCESS_KEY: "log-key"
    })
    expect((await post(`${server.http}/api/rooms`, { name: "Ann" })).status).toBe(201)
    const shown = await Promise.all(
      ["/logs?key=log-key", "/metrics", "/api/status"].map(async (path) => (await fetch(server.http + path)).text())
    )
    await server.stop()
    expect(receiver.questions.length).toBeGreaterThan(0)
    for (const { method, path, headers, body } of receiver.questions) {
      expect([method, path]).toEqual(["POST", "/planted/in"])
      expect(headers).toMatchObject({
        authorization: "Basic planted-credentials==",
        "x-team": "planted,team",
        "content-type": "application/json"
      })
      expect(JSON.parse(body).resourceSpans).toHaveLength(1)
      expect(body).not.toContain("planted")
    }
    expect([server.log(), ...shown].join("\n")).not.toContain("planted")
  })

  it("cost nobody their answer when nobody receives them", async () => {
    for (const reply of ["cut", "silence", { status: 500, body: "planted" }] as const) {
      receiver.replies(reply)
      const server = await startTraced()
      expect((await post(`${server.http}/api/rooms`, { name: "Ann" })).status).toBe(201)
      await server.stop()
      expect(server.log()).not.toContain("planted")
    }
  }, 20_000)

  it("are not made unless asked for", async () => {
    receiver.replies({ body: {} })
    const server = await start()
    expect((await post(`${server.http}/api/rooms`, { name: "Ann" })).status).toBe(201)
    await server.stop()
    expect(receiver.questions).toEqual([])
  })
})
