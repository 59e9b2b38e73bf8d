import type * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { WebSocket } from "ws"
import { descriptionPaths } from "../../../src/http/surface.ts"
import { towerPaths } from "../../../src/http/tower/towerPage.ts"
import { CoreApi } from "../../../src/wire/core/api.ts"
import { DropSilkApi } from "../../../src/wire/dropsilk/api.ts"
import { type ClientFrame, clientFrames } from "../../../src/wire/dropsilk/frames.ts"
import { NoisyTransferApi } from "../../../src/wire/noisytransfer/api.ts"
import { OffersApi } from "../../../src/wire/rondevu/offers/api.ts"
import { SessionsApi } from "../../../src/wire/rondevu/sessions/api.ts"
import { temporaryDirectory } from "../../support/databases.ts"
import { connect, makeRoom, startServer, type TestClient, type TestServer } from "../../support/server.ts"

/** How often everything is done: more than the log has room for. */
const times = 200
/** Lines that so many repetitions may write: what one message may in a minute, and a word on what was left out. */
const mostLines = 100

const endpoints = [
  ...[CoreApi, DropSilkApi, NoisyTransferApi.prefix("/noisytransfer")],
  ...[OffersApi.prefix("/rondevu"), SessionsApi.prefix("/rondevu-sessions")]
]
  .flatMap(({ groups }) => Object.values<HttpApiGroup.Top>(groups as never))
  .flatMap((group) => Object.values(group.endpoints)) as readonly {
  readonly identifier: string
  readonly method: string
  readonly path: string
}[]
/** Everything that answers beside the endpoints, and what does not. */
const pages = [
  ...[...Object.values(descriptionPaths), "/asyncapi.json", ...towerPaths, "/nowhere", "/api/rooms/x/y"],
  ...["", "/health", "/asyncapi.json", "/nowhere"].map((path) => `/named-peers${path}`)
]

const routes = [
  ...endpoints.map(({ method, path }) => ({ method, path })),
  ...pages.map((path) => ({ method: "GET", path })),
  { method: "OPTIONS", path: "/api/rooms" }
]

const types = Object.keys(clientFrames) as ClientFrame["type"][]

/** A path with something in the place of each parameter. */
const filled = (path: string, values: Readonly<Record<string, string>>): string =>
  path.replace(/:(\w+)/g, (_, name: string) => values[name] ?? name)

/** What each endpoint with a body is sent when it is sent what it wants. */
const bodies: Readonly<Record<string, unknown>> = {
  "/api/rooms": { name: "Ann" },
  "/api/rooms/:roomCode/join": { name: "Ann" },
  "/api/rooms/:roomCode/participants/:participantId/ready": { fileCount: 1, totalBytes: 1 },
  "/api/rooms/:roomCode/participants/:participantId/screen-share": { active: true },
  "/api/rooms/:roomCode/participants/:participantId/chat": { active: true },
  "/api/uploadthing": { files: [{ name: "a.pptx", size: 1, type: "application/vnd.ms-powerpoint" }] },
  "/request-email": { token: "token" },
  "/noisytransfer/rendezvous/code": {},
  "/noisytransfer/rendezvous/redeem": { code: "99999999" },
  "/rondevu/register": {},
  "/rondevu/offers": { offers: [{ sdp: "v=0", topics: ["a"] }] },
  "/rondevu/offers/:id/answer": { sdp: "v=0" },
  "/rondevu/offers/:id/ice-candidates": { candidates: ["a"] },
  "/rondevu-sessions/:topic/offer": { peerId: "Ann", offer: "v=0" },
  "/rondevu-sessions/answer": { code: "nobody's", side: "answerer", answer: "v=0" },
  "/rondevu-sessions/poll": { code: "nobody's", side: "offerer" }
}

let place: Awaited<ReturnType<typeof temporaryDirectory>>
let server: TestServer
beforeAll(async () => {
  place = await temporaryDirectory()
  server = await startServer({
    DATA_DIR: place.options.dataDirectory,
    LOG_ACCESS_KEY: "planted-key",
    STUN_URLS: "stun:127.0.0.1:1",
    CONTACT_EMAIL: "contact@example.org"
  })
})
afterAll(async () => {
  await server.stop()
  await place.remove()
})

const linesOf = async (work: () => Promise<unknown>): Promise<readonly any[]> => {
  const before = server.lines().length
  await work()
  return server.lines().slice(before)
}
const numberOfLines = async (work: () => Promise<unknown>): Promise<number> => (await linesOf(work)).length

/** The same again and again, some at a time. */
const repeat = async (work: (index: number) => Promise<unknown>): Promise<void> => {
  for (let index = 0; index < times; index += 20) {
    await Promise.all(Array.from({ length: 20 }, (_, at) => work(index + at)))
  }
}

const ask = async (method: string, path: string, body?: string): Promise<void> => {
  const leaving = new AbortController()
  const response = await fetch(server.http + path, {
    method,
    signal: leaving.signal,
    headers: { "content-type": "application/json" },
    ...(body === undefined || method === "GET" ? {} : { body })
  })
  // A stream never ends by itself.
  if (response.headers.get("content-type")?.startsWith("text/event-stream")) leaving.abort()
  else await response.arrayBuffer()
}

describe("a request that is repeated", () => {
  it.each(routes)("writes few lines: $method $path", async ({ method, path }) => {
    const room = await makeRoom(server)
    const names = { roomCode: room.code, participantId: room.host }
    const query = path === "/api/rooms/:roomCode" ? `?participantId=${room.host}` : "?key=planted-key"
    const body = bodies[path]
    if (method === "POST" && body === undefined) expect.fail(`What does ${path} want? Say so in bodies.`)
    const valid = await numberOfLines(() =>
      repeat(() => ask(method, filled(path, names) + query, JSON.stringify(body)))
    )
    const invalid = await numberOfLines(() =>
      repeat((index) => ask(method, `${filled(path, {})}?key=${index}&participantId=%ff`, `{"name":7,${index}`))
    )
    expect({ valid: valid <= mostLines, invalid: invalid <= mostLines, numbers: [valid, invalid] }).toMatchObject({
      valid: true,
      invalid: true
    })
  })

  it("writes few lines: an upgrade that is no WebSocket, and connections that come and go", async () => {
    // A classroom opens its pages at one moment: of these there is room for more.
    const written = await linesOf(() =>
      repeat(async () => {
        const client = await server.connect()
        await client.close()
      })
    )
    // Some come back all the while, five a second; but not as many as these.
    expect(written.length).toBeLessThan(2 * 350)
    expect(await numberOfLines(() => repeat(() => refusedUpgrade()))).toBeLessThanOrEqual(mostLines)
  })
})

let addresses = 0
/** Who has brought nothing about yet. */
const nextAddress = (): string => `203.0.113.${++addresses}`

const refusedUpgrade = async (): Promise<void> => {
  const socket = new WebSocket(server.ws, { origin: "https://nobody.example" })
  socket.on("error", () => {})
  await new Promise((resolve) => socket.once("close", resolve))
}

/** What a client would send of each type, as often as it can think of something new. */
type Samples = {
  readonly [Type in ClientFrame["type"]]: (index: number, known: Known) => Readonly<Record<string, unknown>>
}
interface Known {
  readonly code: string
  readonly participantId: string
  readonly neighbour: string
  readonly flightCode: string
}
const samples: Samples = {
  "register-details": (index) => ({ name: `Ann ${index}` }),
  "create-flight": () => ({}),
  "join-flight": (index) => ({ flightCode: `AAA${100 + index}` }),
  "invite-to-flight": (_, { neighbour, flightCode }) => ({ inviteeId: neighbour, flightCode }),
  // From channel to channel, so that each ends one flight and begins another.
  "attach-room": (index, { code, participantId }) => ({
    roomCode: code,
    participantId,
    channel: index % 2 === 0 ? "chat" : "screen-share"
  }),
  ping: () => ({}),
  signal: (index) => ({ data: index })
}

describe("what an address or a connection may do", () => {
  let poor: TestServer
  let poorPlace: typeof place
  beforeAll(async () => {
    poorPlace = await temporaryDirectory()
    poor = await startServer({
      DATA_DIR: poorPlace.options.dataDirectory,
      LOG_ACCESS_KEY: "planted-key",
      MAX_REQUESTS_PER_SECOND: "1",
      MAX_FRAMES_PER_SECOND: "1"
    })
  })
  afterAll(async () => {
    await poor.stop()
    await poorPlace.remove()
  })

  it.each(routes)("ends: $method $path", async ({ method, path }) => {
    const from = nextAddress()
    let status = 0
    for (let tries = 0; tries < 30 && status !== 429; tries++) {
      const leaving = new AbortController()
      const response = await fetch(poor.http + filled(path, {}), {
        method,
        signal: leaving.signal,
        headers: { "x-forwarded-for": from }
      })
      status = response.status
      if (status === 429) expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0)
      leaving.abort()
    }
    expect(status).toBe(429)
  })

  it.each(types)("ends: %s", async (type) => {
    const client = await connect(poor.ws, { from: nextAddress() })
    const closed = client.closed()
    for (let index = 0; index < 30; index++) client.send({ type })
    expect(await closed).toBe(1008)
  })
})

describe("a frame that is repeated", () => {
  const withClient = async (work: (client: TestClient, known: Known) => Promise<void>): Promise<void> => {
    const from = nextAddress()
    const [client, neighbour] = [await server.connect({ from }), await server.connect({ from })]
    const room = await makeRoom(server)
    neighbour.send({ type: "create-flight" })
    const { flightCode } = await neighbour.until("flight-created")
    await work(client, { code: room.code, participantId: room.host, neighbour: client.id, flightCode })
    await Promise.all([client.close(), neighbour.close()])
  }
  const send = (type: string, more: (index: number, known: Known) => object) =>
    linesOf(() =>
      withClient(async (client, known) => {
        for (let index = 0; index < times; index++) client.send({ type, ...more(index, known) })
        await client.settled()
      })
    )

  it.each(types)("writes few lines: %s", async (type) => {
    const fields = samples[type]
    expect((await send(type, fields)).length).toBeLessThanOrEqual(mostLines)
    expect((await send(type, (_index, known) => fields(0, known))).length).toBeLessThanOrEqual(mostLines)
    expect((await send(type, () => ({ name: "", flightCode: 7, roomCode: null }))).length).toBeLessThanOrEqual(
      mostLines
    )
  })

  it("tells of an invitation few times", async () => {
    const written = await linesOf(async () => {
      const from = nextAddress()
      const [inviter, invitee] = [await server.connect({ from }), await server.connect({ from })]
      inviter.send({ type: "create-flight" })
      const { flightCode } = await inviter.until("flight-created")
      for (let index = 0; index < times; index++)
        inviter.send({ type: "invite-to-flight", inviteeId: invitee.id, flightCode })
      await inviter.settled()
      await Promise.all([inviter.close(), invitee.close()])
    })
    expect(written.length).toBeLessThanOrEqual(mostLines)
  })

  it.each(["", "{", "[]", '{"type":"nothing"}', '{"type":7}', "\u0000"])("writes few lines: %j", async (text) => {
    const written = await numberOfLines(() =>
      withClient(async (client) => {
        for (let index = 0; index < times; index++) client.send(text)
        await client.settled()
      })
    )
    expect(written).toBeLessThanOrEqual(mostLines)
  })
})
