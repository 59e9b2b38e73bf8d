/** A client of the SFU that keeps every frame it gets, in order. */
import { once } from "node:events"
import { SignJWT } from "jose"
import { afterEach, expect } from "vitest"
import { type ClientOptions, WebSocket } from "ws"
import type { ApplicationOptions } from "../../../src/application.ts"
import { FrameClient } from "../../support/frameClient.ts"
import { everybodyKnows, type Frame, type TestServer } from "../../support/server.ts"
import { useServer } from "../../support/useServer.ts"
import { FakeEngine } from "./fakeEngine.ts"

export const secret = "a secret of these tests, 32 characters and more"
export const room = "ROOM42"

/** A server with the SFU on a fake engine, and that engine. */
export const useSfu = (
  environment: Readonly<Record<string, string>> = {},
  options: Partial<ApplicationOptions> = {}
): { readonly server: TestServer; readonly engine: FakeEngine } => {
  const engine = new FakeEngine()
  const server = useServer(
    { SFU_PATH: "/sfu", SFU_JWT_SECRET: secret, ...environment },
    { endpoints: { mediaEngine: engine.open }, ...options }
  )
  return { server, engine }
}

export interface TokenOptions {
  readonly userId?: unknown
  readonly userName?: unknown
  readonly roomId?: unknown
}

/** A token as an operator's own application would sign it. */
export const tokenFor = (claims: TokenOptions = {}, key = secret): Promise<string> =>
  new SignJWT({ userId: "user-1", userName: "Ada", roomId: room, ...claims })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setIssuedAt()
    .setExpirationTime("2h")
    .sign(new TextEncoder().encode(key))

export const dtls = { role: "client", fingerprints: [{ algorithm: "sha-256", value: "AB:CD" }] }
export const rtp = { mid: "0", codecs: [{ mimeType: "audio/opus" }], encodings: [{ ssrc: 1 }], rtcp: { cname: "c" } }
export const capabilities = { codecs: [{ mimeType: "audio/opus" }], headerExtensions: [] }

export interface SfuClientOptions extends ClientOptions, TokenOptions {
  readonly path?: string
  readonly token?: string
  readonly from?: string
}

export class SfuClient extends FrameClient {
  #requests = 0

  /** Sends a request; the `data` of its response, whatever has come before that. */
  async ask(type: string, data?: unknown): Promise<any> {
    const requestId = `r${++this.#requests}`
    this.send({ type, ...(data === undefined ? {} : { data }), requestId })
    return (await this.response(requestId))["data"]
  }

  /** The response to a request; other frames stay unread. */
  response(requestId: string): Promise<Frame> {
    return this.first((frame) => frame["requestId"] === requestId)
  }

  /** Everything that it had been sent until the server answered what is sent now. */
  async heard(): Promise<readonly Frame[]> {
    await everybodyKnows()
    this.send({ type: "nothing of the kind", requestId: "heard" })
    await this.response("heard")
    this.texts.splice(0)
    return this.frames.splice(0)
  }

  join(roomId = room): Promise<any> {
    return this.ask("join-room", { roomId })
  }

  /** A new transport's id. */
  async transport(): Promise<string> {
    return (await this.ask("create-transport", { roomId: room })).params.id
  }

  /** The id of a new producer on a transport, or on one of its own. */
  async produce(transportId?: string, kind: "audio" | "video" = "audio"): Promise<string> {
    return (
      await this.ask("produce", { transportId: transportId ?? (await this.transport()), kind, rtpParameters: rtp })
    ).id
  }

  consume(transportId: string, producerId: string): Promise<any> {
    return this.ask("consume", { transportId, producerId, rtpCapabilities: capabilities })
  }
}

export const dialSfu = async (server: Pick<TestServer, "ws">, options: SfuClientOptions = {}): Promise<SfuClient> => {
  const { path = "/sfu", token, from, userId, userName, roomId, ...rest } = options
  const claims = Object.fromEntries(
    Object.entries({ userId, userName, roomId }).filter(([, value]) => value !== undefined)
  )
  const headers = { ...rest.headers, ...(from === undefined ? {} : { "x-forwarded-for": from }) }
  const url = `${server.ws}${path}?token=${token ?? (await tokenFor(claims))}`
  return new SfuClient(new WebSocket(url, { perMessageDeflate: false, ...rest, headers }))
}

/** Opens clients of `server`. After each test they are closed, and server and engine must have forgotten them. */
export const useParticipants = (
  server: TestServer,
  engine: FakeEngine
): ((options?: SfuClientOptions) => Promise<SfuClient>) => {
  const clients: SfuClient[] = []
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()))
    await expect.poll(() => server.actors()).toMatchObject({ participants: 0 })
    await expect.poll(() => engine.holds).toMatchObject({ transports: 0, producers: 0, consumers: 0 })
  })
  return async (options) => {
    const client = await dialSfu(server, options)
    clients.push(client)
    await once(client.socket, "open")
    return client
  }
}

/** How an upgrade is refused. */
export const refusedUpgrade = (url: string, options: ClientOptions = {}) =>
  new Promise<{ readonly status: number; readonly body: string }>((resolve, reject) => {
    const socket = new WebSocket(url, options)
    socket.on("open", () => {
      socket.close()
      reject(new Error("it was let in"))
    })
    socket.on("error", () => {})
    socket.on("unexpected-response", (_, response) => {
      let body = ""
      response.on("data", (chunk) => (body += chunk))
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }))
    })
  })
