import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { PassThrough } from "node:stream"
import { Redacted } from "effect"
import { describe, expect, it, vi } from "vitest"
import { limits } from "../../../src/limits.ts"
import { describeOnPostgres, useDatabase } from "../../support/databases.ts"
import { refusedStart, startProcess } from "../../support/process.ts"
import { type ConnectOptions, connect, post, startServer, type TestServer } from "../../support/server.ts"
import {
  askToUpload,
  type PresignedUpload,
  pptx,
  putFile,
  startUploadThing
} from "../../support/standIns/uploadThing.ts"
import { startWay } from "../../support/standIns/way.ts"
import { startStandIn } from "../http/standIn.ts"

/** Every secret that a test makes up contains this word, and nothing else does. */
const planted = /planted/i
const logKey = "planted-log-key"
const offer = "v=0\r\no=- 46117317 2 IN IP4 127.0.0.1\r\na=ice-pwd:planted-ice-password\r\n"
const candidate = "candidate:1 1 udp 2122260223 192.0.2.99 54400 typ host ufrag planted-candidate"

type Address = Pick<TestServer, "http" | "ws">

/** Two people who meet in every way there is, and make every mistake there is. Gives back the secrets it was told. */
const session = async ({ http, ws }: Address): Promise<string[]> => {
  const secrets: string[] = []
  const open = (options: ConnectOptions = {}) =>
    connect(ws, { path: "/?token=planted-query", headers: { cookie: "session=planted-cookie" }, ...options })

  const host = (await post(`${http}/api/rooms`, { name: "Ann" })).body
  const code = host.roomCode as string
  const guest = (await post(`${http}/api/rooms/${code}/join`, { name: "Bob" })).body
  const [hostId, guestId] = [host.self.participantId as string, guest.self.participantId as string]
  secrets.push(hostId, guestId)

  // A room, all three channels, offers and candidates both ways
  for (const channel of ["transfer", "chat", "screen-share"]) {
    const [ann, bob] = [await open(), await open()]
    ann.send({ type: "register-details", name: "Ann", localIp: "planted-local-ip" })
    ann.send({ type: "attach-room", roomCode: code, participantId: hostId, channel })
    await ann.until("room-attached")
    bob.send({ type: "attach-room", roomCode: code, participantId: guestId, channel })
    await Promise.all([ann.until("peer-joined"), bob.until("peer-joined")])
    ann.send({ type: "signal", data: { type: "offer", sdp: offer } })
    await bob.until("signal")
    bob.send({ type: "signal", data: { candidate } })
    await ann.until("signal")
    // A stranger, a wrong participant, a wrong room
    const eve = await open()
    for (const participantId of ["planted-stranger", `${hostId}x`]) {
      eve.send({ type: "attach-room", roomCode: code, participantId, channel })
      expect(await eve.until("error")).toMatchObject({ message: "Room not found or expired" })
    }
    // Frames of every bad kind
    for (const frame of [
      '{"type":"signal","data":"planted-cut',
      "planted-text",
      '{"type":"planted-type"}',
      '{"type":"signal","planted":1}',
      '{"type":"attach-room","roomCode":"planted-code","participantId":7}',
      '{"type":"attach-room","roomCode":"ABCDEF","participantId":"planted-nul\\u0000"}',
      '{"type":"join-flight","flightCode":{"planted":1}}',
      '["planted"]'
    ]) {
      eve.send(frame)
      await eve.until("error")
    }
    eve.send(Buffer.from([0xff, 0xfe, ...Buffer.from("planted-binary")]))
    await eve.until("error")
    const closed = eve.closed()
    eve.socket.send(`"planted${"x".repeat(1_048_576)}"`)
    expect(await closed).toBe(1009)
    // A newer socket takes the seat, the older one speaks on
    const again = await open()
    again.send({ type: "attach-room", roomCode: code, participantId: hostId, channel })
    await again.until("peer-joined")
    ann.send({ type: "signal", data: "planted-late-signal" })
    await ann.settled()
    if (channel === "transfer") continue
    await Promise.all([ann, bob, again].map((client) => client.close()))
  }

  // An open flight
  const [ann, bob] = [await open(), await open()]
  ann.send({ type: "create-flight" })
  const { flightCode } = await ann.until("flight-created")
  bob.send({ type: "join-flight", flightCode: "ZZZZZZ" })
  await bob.until("error")
  bob.send({ type: "join-flight", flightCode })
  await bob.until("peer-joined")
  ann.send({ type: "invite-to-flight", inviteeId: "planted-invitee", flightCode })
  ann.send({ type: "signal", data: offer })
  await bob.until("signal")
  await Promise.all([ann.close(), bob.close()])

  // HTTP, right and wrong
  const room = `${http}/api/rooms/${code}`
  const ask = async (status: number, url: string, init: RequestInit = {}) => {
    const response = await fetch(url, init)
    expect([url, response.status]).toEqual([url, status])
    return response.text()
  }
  const headers = { "content-type": "application/json", authorization: "Bearer planted-authorization" }
  await ask(200, `${room}?participantId=${hostId}`, { headers })
  await ask(404, `${room}?participantId=planted-participant`)
  await ask(400, `${room}?participantId=planted&participantId=planted`)
  await ask(400, `${room}?participantId=${"planted".repeat(20)}`)
  await ask(404, `${room}/participants/planted-participant/chat`, { method: "POST", headers, body: '{"active":true}' })
  await ask(400, `${room}/participants/planted%ZZ/chat`, { method: "POST", headers, body: '{"active":true}' })
  await ask(200, `${room}/participants/${guestId}/ready`, { method: "POST", headers, body: '{"fileCount":"3"}' })
  await ask(400, `${room}/participants/${guestId}/ready`, { method: "POST", headers, body: '{"fileCount":"planted"}' })
  await ask(400, `${http}/api/rooms`, { method: "POST", headers, body: '{"name": planted' })
  await ask(413, `${http}/api/rooms`, { method: "POST", headers, body: `"${"planted".repeat(20_000)}"` })
  await ask(404, `${http}/planted/path?planted=1`)
  await ask(403, `${http}/logs`)
  await ask(403, `${http}/logs?key=planted-wrong-key`)
  // What is refused is told, but not what else may stand in such a header.
  for (const origin of [
    "https://stranger.example/planted?token=planted",
    "https://planted:planted@stranger.example",
    "app://stranger/planted?token=planted",
    "app://planted@stranger"
  ]) {
    await expect(connect(ws, { headers: { origin } })).rejects.toThrow()
    await ask(403, `${http}/api/rooms`, { method: "POST", headers: { ...headers, origin }, body: "{}" })
  }

  const { iceServers } = JSON.parse(await ask(200, `${http}/api/turn-credentials`))
  for (const { credential } of iceServers) if (credential !== undefined) secrets.push(credential)
  expect(secrets.length).toBeGreaterThan(2)
  return secrets
}

const readLogs = async ({ http }: Address) => {
  const response = await fetch(`${http}/logs?key=${logKey}`)
  expect(response.status).toBe(200)
  return response.text()
}

const expectNoSecrets = (texts: Readonly<Record<string, string>>, secrets: readonly string[]) => {
  for (const [where, text] of Object.entries(texts)) {
    const leaks = text
      .split("\n")
      .filter((line) => planted.test(line) || secrets.some((secret) => line.includes(secret)))
    expect([where, leaks]).toEqual([where, []])
  }
}

/** What is in the lines of such a session, so that silence is not taken for secrecy. */
const expected = [
  "client:connected",
  "client:registered_details",
  "client:disconnected",
  "flight:created",
  "flight:joined",
  "flight:error",
  "flight:ended",
  "origin:refused",
  "FLIGHT STORY COMPLETE",
  "system:log_access"
]

describe("no secret is printed or shown", () => {
  const ours = {
    LOG_LEVEL: "trace",
    LOG_ACCESS_KEY: logKey,
    TURN_URLS: "turn:127.0.0.1:3478",
    TURN_SECRET: "planted-turn-secret"
  }

  describeOnPostgres("on PostgreSQL", () => {
    const databaseUrl = useDatabase()

    it("by a process, while its database goes and comes back", async () => {
      const way = await startWay(databaseUrl)
      const url = new URL(way.url)
      url.password = "planted/password@ö"
      const server = await startProcess({ ...ours, DATABASE_URL: url.href })
      try {
        const secrets = await session(server)
        const { body } = await post(`${server.http}/api/rooms`, { name: "Ann" })
        const [code, participantId] = [body.roomCode as string, body.self.participantId as string]
        secrets.push(participantId)
        way.cut()
        const chat = `${server.http}/api/rooms/${code}/participants/${participantId}/chat`
        expect((await post(chat, { active: true })).status).toBe(503)
        expect((await post(`${server.http}/api/rooms`, { name: "Bob" })).status).toBe(503)
        const client = await connect(server.ws)
        client.send({ type: "attach-room", roomCode: "ABCDEF", participantId: "planted-while-down" })
        expect((await client.until("error"))["message"]).toBe("Server error processing your request")
        way.mend()
        await expect.poll(async () => (await post(chat, { active: true })).status, { timeout: 15_000 }).toBe(200)
        const logs = await readLogs(server)
        expect(await server.end("SIGTERM")).toBe(0)
        expectNoSecrets({ printed: server.printed(), logs }, secrets)
        for (const name of [...expected, "room:error"]) {
          expect(server.printed()).toContain(`"${name}"`)
          expect(logs).toContain(`"${name}"`)
        }
      } finally {
        await server.kill()
        await way.close()
      }
    })

    it.each([
      ["is not there", (url: URL) => void (url.port = "1")],
      ["has no such database", (url: URL) => void (url.pathname = "/silktower_no_such_database")],
      ["has no such user", (url: URL) => void (url.username = "silktower_no_such_user")],
      ["is asked to encrypt and cannot", (url: URL) => url.searchParams.set("sslmode", "verify-full")],
      ["has an address that is none", (url: URL) => void (url.hostname = "silktower.invalid")]
    ])("by a process whose database %s", async (_, spoil) => {
      const url = new URL(databaseUrl)
      url.password = "planted-password"
      spoil(url)
      const { code, output } = await refusedStart({ ...ours, DATABASE_URL: url.href })
      expect(code).toBe(1)
      expect(output).toContain("PostgreSQL")
      expectNoSecrets({ output }, [])
    })
  })

  it.each([
    "mysql://someone:planted@host/x",
    "postgres://someone:planted@host:99999/x",
    "postgres://someone:planted#1@host/x",
    "postgres planted://someone:planted@host/x",
    "planted"
  ])("by a process whose DATABASE_URL is wrong: %s", async (url) => {
    const { code, output } = await refusedStart({ ...ours, DATABASE_URL: url })
    expect(code).toBe(1)
    expect(output).toContain("DATABASE_URL")
    expectNoSecrets({ output }, [])
  })

  it("by a readable log on the embedded database, with third parties that answer with our own secrets", async () => {
    const directory = await mkdtemp(join(tmpdir(), "silktower-"))
    const standIn = await startStandIn()
    const uploadThing = await startUploadThing()
    const output = new PassThrough()
    let printed = ""
    output.on("data", (chunk: Buffer) => (printed += chunk.toString()))
    const server = await startServer(
      {
        ...ours,
        DATA_DIR: directory,
        CLOUDFLARE_TURN_TOKEN_ID: "planted-token-id",
        CLOUDFLARE_API_TOKEN: "planted-api-token",
        RECAPTCHA_SECRET_KEY: "planted-recaptcha-key",
        UPLOADTHING_TOKEN: Redacted.value(uploadThing.token),
        CONTACT_EMAIL: "someone@example.org"
      },
      {
        output,
        pretty: true,
        endpoints: { cloudflare: standIn.url, recaptcha: standIn.url, uploadthing: uploadThing.endpoints }
      }
    )
    try {
      standIn.replies({
        status: 201,
        body: {
          iceServers: [{ urls: "turn:turn.example.org", username: "planted-user", credential: "planted-credential" }]
        }
      })
      const secrets = await session(server)
      // Later each time than what was answered before is shared for.
      const elapsed = performance.now.bind(performance)
      const clock = vi.spyOn(performance, "now")
      let later = 0
      clock.mockImplementation(() => elapsed() + later)
      for (const reply of [
        { status: 401, body: "planted-api-token is not welcome" },
        { body: '{"iceServers": planted-api-token' },
        { body: { iceServers: "planted-api-token" } },
        { status: 503, body: "planted", headers: { "www-authenticate": "planted" } },
        "cut" as const
      ]) {
        standIn.replies(reply)
        later += limits.cloudflareSharedMs + 1
        await fetch(`${server.http}/api/turn-credentials`)
        expect(standIn.questions[0]?.path).toContain("generate-ice-servers")
        expect((await post(`${server.http}/request-email`, { token: "planted-visitor-token" })).status).not.toBe(200)
        expect(standIn.questions.length).toBeGreaterThan(0)
      }
      const name = "planted.pptx"
      const route = `${server.http}/api/uploadthing`
      const [upload] = (await (await askToUpload(route, [{ name, size: 7, type: pptx }])).json()) as PresignedUpload[]
      if (upload === undefined) throw new Error("no place to put the file")
      expect((await putFile(upload, name, new Uint8Array(7))).status).toBe(200)
      await uploadThing.callBack(upload.key, (signature) => signature.replaceAll("a", "b").slice(0, -1))
      await askToUpload(route, [{ name, size: 7, type: "planted" }])
      uploadThing.fail("/route-metadata", { status: 401, body: `planted ${uploadThing.apiKey}` })
      await askToUpload(route, [{ name, size: 7, type: pptx }])
      secrets.push(Redacted.value(uploadThing.token), upload.key)
      // Faults that nobody has caught
      server.reportFault(new Error("connect postgres://someone:planted@db/x"))
      server.reportFault({ secret: "planted" })
      const logs = await readLogs(server)
      await server.stop()
      expectNoSecrets({ printed, logs }, secrets)
      for (const name of [
        ...expected,
        "email:error",
        "turn:error",
        "upload:db_saved",
        "upload:error",
        "system:error"
      ]) {
        expect(printed).toContain(name)
        expect(logs).toContain(name)
      }
    } finally {
      vi.restoreAllMocks()
      await server.stop()
      await standIn.stop()
      await uploadThing.stop()
      await rm(directory, { recursive: true, force: true })
    }
  })
})
