/** A client of named peers that keeps every frame it gets, in order. */
import { once } from "node:events"
import { afterEach, expect } from "vitest"
import { type ClientOptions, WebSocket } from "ws"
import { FrameClient } from "../../support/frameClient.ts"
import { everybodyKnows, type Frame, type TestServer } from "../../support/server.ts"

export interface PeerOptions extends ClientOptions {
  /** Beside the mount: `?space=studio-7`. */
  readonly query?: string
  readonly path?: string
  /** The client's address as a proxy in front would tell it. */
  readonly from?: string
  /** What it logs in as at once. */
  readonly name?: string
  readonly key?: string
}

export class PeerClient extends FrameClient {
  /** Everything that it had been sent until the server answered what is sent now; nothing of it is read twice. */
  async heard(): Promise<readonly Frame[]> {
    await everybodyKnows()
    this.send({ type: "ping" })
    const heard: Frame[] = []
    for (;;) {
      const frame = await this.next()
      if (frame.type === "pong") return heard
      heard.push(frame)
    }
  }

  /** Says who it is, and reads the answer. */
  async logIn(name: string, more: object = {}): Promise<readonly string[]> {
    this.send({ type: "login", name, ...more })
    const answer = await this.next()
    expect(answer).toMatchObject({ type: "login_success", id: name })
    await everybodyKnows()
    return answer["clients"]
  }
}

/** A client whose upgrade is under way. */
export const dialPeer = (server: Pick<TestServer, "ws">, options: PeerOptions = {}): PeerClient => {
  const { path = "/named-peers", query = "", from, name: _, key: __, ...rest } = options
  const headers = { ...rest.headers, ...(from === undefined ? {} : { "x-forwarded-for": from }) }
  return new PeerClient(new WebSocket(server.ws + path + query, { perMessageDeflate: false, ...rest, headers }))
}

/** A client that is connected, and logged in if it has a name. */
export const connectPeer = async (server: Pick<TestServer, "ws">, options: PeerOptions = {}): Promise<PeerClient> => {
  const client = dialPeer(server, options)
  await once(client.socket, "open")
  if (options.name !== undefined)
    await client.logIn(options.name, options.key === undefined ? {} : { key: options.key })
  return client
}

/** Opens clients of `server`. After each test they are closed, and the server must have forgotten them. */
export const usePeers = (server: TestServer): ((options?: PeerOptions) => Promise<PeerClient>) => {
  const clients: PeerClient[] = []
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()))
    await expect.poll(() => server.actors()).toMatchObject({ namedPeers: 0, nameSpaces: 0 })
    expect(await clientCount(server)).toBe(0)
  })
  return async (options) => {
    const client = dialPeer(server, options)
    clients.push(client)
    await once(client.socket, "open")
    if (options?.name !== undefined) {
      await client.logIn(options.name, options.key === undefined ? {} : { key: options.key })
    }
    return client
  }
}

/** Each of several that are one counts its own. */
export const clientCount = async ({ nodes }: Pick<TestServer, "nodes">): Promise<number> => {
  const counts = await Promise.all(
    nodes.map(
      async (node) =>
        ((await (await fetch(`${node}/named-peers/health`)).json()) as { clientCount: number }).clientCount
    )
  )
  return counts.reduce((sum, count) => sum + count, 0)
}
