/** A client of the relay, and what a browser or a command line asks over HTTP. */
import { randomUUID } from "node:crypto"
import { once } from "node:events"
import { afterEach, expect } from "vitest"
import { type ClientOptions, WebSocket } from "ws"
import { everybodyKnows, type TestServer } from "../../support/server.ts"

export type Side = "A" | "B"

export interface JoinOptions extends ClientOptions {
  /** Absent: the URL has no such parameter. */
  readonly sid?: string
  readonly protocols?: string[]
}

/** One WebSocket client that keeps every frame it gets, in order, as it came. */
export class RelayClient {
  readonly socket: WebSocket
  readonly side: Side
  readonly texts: string[] = []
  /** Whether any frame was a binary one. */
  hasBinary = false
  /** The code and reason of its end. */
  readonly closed: Promise<readonly [code: number, reason: string]>
  #read = 0
  #wake: (() => void) | undefined
  #barriers = 0

  constructor(socket: WebSocket, side: Side) {
    this.socket = socket
    this.side = side
    socket.on("message", (data: Buffer, isBinary) => {
      this.hasBinary ||= isBinary
      this.texts.push(data.toString())
      this.#wake?.()
    })
    socket.on("error", () => {})
    this.closed = new Promise((resolve) =>
      socket.on("close", (code, reason) => {
        resolve([code, reason.toString()])
        this.#wake?.()
      })
    )
  }

  send(frame: unknown): void {
    this.socket.send(typeof frame === "string" || Buffer.isBuffer(frame) ? frame : JSON.stringify(frame))
  }

  /** The next frame that has not been read. */
  async next(): Promise<string> {
    while (this.#read >= this.texts.length) {
      if (this.socket.readyState === WebSocket.CLOSED) throw new Error("closed while waiting for a frame")
      await new Promise<void>((resolve) => {
        this.#wake = () => {
          this.#wake = undefined
          resolve()
        }
      })
    }
    return this.texts[this.#read++] as string
  }

  /** So many of them. */
  async take(count: number): Promise<string[]> {
    const texts: string[] = []
    while (texts.length < count) texts.push(await this.next())
    return texts
  }

  /**
   * What has come and was not read, once the server has handled all that this client has sent: something that it leaves in
   * its own mailbox has come back. That is acknowledged, and takes one number there.
   */
  async unread(): Promise<string[]> {
    const barrier = `"barrier ${this.side} ${this.#barriers++}"`
    this.send(`{"type":"send","to":"${this.side}","payload":${barrier}}`)
    const texts: string[] = []
    for (;;) {
      const text = await this.next()
      if (text.includes(barrier)) return texts
      texts.push(text)
    }
  }

  async close(code?: number, reason?: string): Promise<readonly [number, string]> {
    this.socket.close(code, reason)
    return this.closed
  }
}

/** A room that nobody has been in. */
export const newRoom = (): string => randomUUID()

export const urlOf = (server: Pick<TestServer, "ws">, appId: string, side: string, sid?: string): string =>
  `${server.ws}/noisytransfer/ws?appID=${encodeURIComponent(appId)}&side=${side}${sid === undefined ? "" : `&sid=${sid}`}`

/** Opens clients of `server`; after each test they are gone, and the server must have forgotten them. */
export const useRelay = (server: TestServer) => {
  const clients: RelayClient[] = []
  afterEach(async () => {
    for (const { socket } of clients.splice(0)) socket.terminate()
    await expect.poll(() => server.actors()).toMatchObject({ "noisytransfer-connections": 0, "noisytransfer-rooms": 0 })
  })

  /** Opens a socket, whatever becomes of it. */
  const open = async (appId: string, side: Side, options: JoinOptions = {}): Promise<RelayClient> => {
    const { sid, protocols = [], ...rest } = options
    const client = new RelayClient(
      new WebSocket(urlOf(server, appId, side, sid), protocols, { perMessageDeflate: false, ...rest }),
      side
    )
    clients.push(client)
    await once(client.socket, "open")
    await everybodyKnows()
    return client
  }

  /** Both sides of a room, of which each has read that it is full. */
  const meet = async (appId = newRoom(), a: JoinOptions = {}, b: JoinOptions = {}) => {
    const pair = [await open(appId, "A", a), await open(appId, "B", b)] as const
    for (const client of pair) expect(await client.next()).toBe('{"type":"room_full"}')
    await everybodyKnows()
    return pair
  }
  return { open, meet }
}

/** Mints a code. */
export const mint = async (server: Pick<TestServer, "http">, init: RequestInit = {}) => {
  const response = await fetch(`${server.http}/noisytransfer/rendezvous/code`, { method: "POST", ...init })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

/** A new code, with all that was said of it. */
export const newCode = async (server: Pick<TestServer, "http">) =>
  JSON.parse((await mint(server)).text) as { appID: string; code: string; expiresAt: string }

/** Redeems one; `body` is sent as it is. */
export const redeem = async (
  server: Pick<TestServer, "http">,
  body: string,
  headers: Readonly<Record<string, string>> = { "content-type": "application/json" }
) => {
  const response = await fetch(`${server.http}/noisytransfer/rendezvous/redeem`, {
    method: "POST",
    headers,
    body: Buffer.from(body)
  })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

/** Figures of the protocol's own page, by name and labels. */
export const figures = async ({ nodes }: Pick<TestServer, "nodes">): Promise<ReadonlyMap<string, number>> => {
  const sums = new Map<string, number>()
  for (const node of nodes) {
    const text = await (await fetch(`${node}/noisytransfer/metrics`)).text()
    for (const line of text.split("\n").filter((line) => line !== "" && !line.startsWith("#"))) {
      const name = line.slice(0, line.lastIndexOf(" "))
      sums.set(name, (sums.get(name) ?? 0) + Number(line.slice(line.lastIndexOf(" ") + 1)))
    }
  }
  return sums
}
