/** A started server and clients that speak to it over real sockets. */
import { once } from "node:events"
import { PassThrough } from "node:stream"
import { Effect } from "effect"
import { type ClientOptions, WebSocket } from "ws"
import { type Application, type ApplicationOptions, startApplication } from "../../src/application.ts"
import { loadConfig } from "../../src/config/config.ts"
import { shownSettings } from "../../src/config/shownSettings.ts"
import { protocols } from "../../src/protocols.ts"
import { seedEmbeddedDatabase } from "./embeddedTemplate.ts"
import { createShuffledRegistry, quiet } from "./shuffledRegistry.ts"

/** REGISTRY=shuffled: what actors tell each other takes its time (see shuffledRegistry.ts). */
export const isShuffled = process.env["REGISTRY"] === "shuffled"

/** Each resolves when nothing is under way within some servers that are one. */
const clusters = new Set<() => Promise<void>>()

/** Whatever was said so far has reached everybody. In one server, without a registry that takes its time, it has at once. */
export const everybodyKnows = (): Promise<unknown> | undefined => {
  if (isShuffled) return quiet()
  return clusters.size === 0 ? undefined : Promise.all([...clusters].map((quiet) => quiet()))
}

export interface TestServer extends Application {
  readonly http: string
  readonly ws: string
  /** Where each of several that are one is by itself, which some things are counted by; one of one. */
  readonly nodes: readonly string[]
  /** Everything the server has logged so far. */
  log(): string
  /** The same, line by line, as the objects that the lines are; only those with this message if one is given. */
  lines(message?: string): readonly any[]
  /** A client on this server. */
  connect(options?: ConnectOptions): Promise<TestClient>
}

export interface ConnectOptions extends ClientOptions {
  readonly path?: string
  readonly protocols?: string[]
  /** The client's address as a proxy in front would tell it. */
  readonly from?: string | undefined
  /** What the client calls itself at once. */
  readonly name?: string
}

export type Frame = { readonly type: string } & Readonly<Record<string, any>>

/** One WebSocket client that keeps every frame it gets, in order. */
export class TestClient {
  readonly socket: WebSocket
  /** Every frame received, oldest first. */
  readonly frames: Frame[] = []
  /** The same frames as text. */
  readonly texts: string[] = []
  /** The id the server gave it. */
  id = ""
  #read = 0
  #wake: (() => void) | undefined

  constructor(socket: WebSocket) {
    this.socket = socket
    socket.on("message", (data: Buffer) => {
      this.texts.push(data.toString())
      this.frames.push(JSON.parse(data.toString()))
      this.#wake?.()
    })
    socket.on("close", () => this.#wake?.())
    socket.on("error", () => {})
  }

  send(frame: unknown): void {
    this.socket.send(typeof frame === "string" || Buffer.isBuffer(frame) ? frame : JSON.stringify(frame))
  }

  /** The next frame that has not been read, lists of users left out unless asked for. */
  async next(options: { readonly lists?: boolean } = {}): Promise<Frame> {
    for (;;) {
      while (this.#read < this.frames.length) {
        const frame = this.frames[this.#read++] as Frame
        if (options.lists === true || frame.type !== "users-on-network-update") return frame
      }
      if (this.socket.readyState === WebSocket.CLOSED) throw new Error("closed while waiting for a frame")
      await this.#more()
    }
  }

  /** The next frame of this type; other frames before it are skipped. */
  async until(type: string, fits: (frame: Frame) => boolean = () => true): Promise<Frame> {
    for (;;) {
      const frame = await this.next({ lists: true })
      if (frame.type === type && fits(frame)) return frame
    }
  }

  /** The users of the next list that fits. */
  async list(fits: (names: readonly string[]) => boolean = () => true): Promise<readonly string[]> {
    const { users } = await this.until("users-on-network-update", (frame) => fits(namesOf(frame)))
    return (users as { name: string }[]).map(({ name }) => name)
  }

  /** Frames that have come and not been read, lists left out. */
  unread(): readonly Frame[] {
    return this.frames.slice(this.#read).filter(({ type }) => type !== "users-on-network-update")
  }

  /**
   * Resolves when the server has handled everything this client has sent: an answer to a frame behind it has come.
   * Frames before the answer stay unread.
   */
  async settled(): Promise<void> {
    await this.#answered()
    const known = everybodyKnows()
    if (known === undefined) return
    // What it has led to may be under way, and the answers behind it.
    await known
    await this.#answered()
  }

  async #answered(): Promise<void> {
    const seen = this.frames.length
    this.send({ type: "no-such-frame" })
    while (!this.frames.slice(seen).some(({ message }) => message === "Unknown message type")) {
      if (this.socket.readyState === WebSocket.CLOSED) throw new Error("closed while waiting for a frame")
      await this.#more()
    }
    const index = this.frames.findIndex(({ message }, at) => at >= seen && message === "Unknown message type")
    this.frames.splice(index, 1)
    this.texts.splice(index, 1)
  }

  /** Closes the socket and waits for the end of the closing handshake. */
  async close(): Promise<number> {
    if (this.socket.readyState === WebSocket.CLOSED) return 0
    const closed = once(this.socket, "close")
    this.socket.close()
    return (await closed)[0] as number
  }

  /** The code with which the socket closes. */
  async closed(): Promise<number> {
    return (await once(this.socket, "close"))[0] as number
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined
        resolve()
      }
    })
  }
}

const namesOf = (frame: Frame): readonly string[] => (frame["users"] as { name: string }[]).map(({ name }) => name)

/** Opens a client and reads its `registered`; one with a name has registered it as well. */
export const connect = async (url: string, options: ConnectOptions = {}): Promise<TestClient> => {
  const { path = "/", protocols = [], from, name, ...rest } = options
  const headers = { ...rest.headers, ...(from === undefined ? {} : { "x-forwarded-for": from }) }
  const client = new TestClient(new WebSocket(url + path, protocols, { perMessageDeflate: false, ...rest, headers }))
  client.id = (await client.until("registered"))["id"]
  await everybodyKnows()
  if (name === undefined) return client
  client.send({ type: "register-details", name })
  await client.settled()
  return client
}

/** Tests come from one address and in a hurry; those that are about budgets set their own. */
export const withoutBudgets = {
  MAX_CONNECTIONS_PER_ADDRESS: "0",
  MAX_UPGRADES_PER_MINUTE: "0",
  MAX_FRAMES_PER_SECOND: "0",
  MAX_ROOMS_PER_MINUTE: "0",
  MAX_FAILED_JOINS_PER_MINUTE: "0",
  MAX_POLLS_PER_SECOND: "0",
  MAX_REQUESTS_PER_SECOND: "0",
  MAX_THIRD_PARTY_REQUESTS_PER_MINUTE: "0",
  NOISYTRANSFER_CODES_PER_MINUTE: "0",
  NOISYTRANSFER_WRONG_CODES_PER_MINUTE: "0"
}

/**
 * CLUSTER_NODES=3: where a test's server keeps its rows in PostgreSQL, three that are one are started, behind a balancer
 * that gives each connection to the next of them.
 */
const clusterNodes = Number(process.env["CLUSTER_NODES"] ?? 1)
export const isOfSeveral = clusterNodes > 1

/**
 * Starts a server on a port of the system's choice. `environment` and `commandLine` are what an operator would set; `ways`
 * are those between several that are one.
 */
export const startServer = async (
  environment: Readonly<Record<string, string>>,
  options: Partial<ApplicationOptions> = {},
  commandLine: readonly string[] = [],
  ways: "slow" | "fast" = "fast"
): Promise<TestServer> => {
  if (clusterNodes === 1 || environment["DATABASE_URL"] === undefined || "CLUSTER_ADDRESS" in environment) {
    return startOneServer(environment, options, commandLine)
  }
  const { startCluster } = await import("./clusterOfServers.ts")
  const { nodes, port, http, ws, quiet, stop } = await startCluster(
    clusterNodes,
    environment,
    options,
    commandLine,
    ways
  )
  const [first] = nodes as [TestServer]
  clusters.add(quiet)
  return {
    ...first,
    port,
    http,
    ws,
    stop: () => {
      clusters.delete(quiet)
      return stop()
    },
    nodes: nodes.map((node) => node.http),
    log: () => nodes.map((node) => node.log()).join(""),
    lines: (message) => nodes.flatMap((node) => node.lines(message)),
    connect: (options) => connect(ws, options),
    actors: () => {
      const counts: Record<string, number> = {}
      for (const [kind, count] of nodes.flatMap((node) => Object.entries(node.actors()))) {
        counts[kind] = (counts[kind] ?? 0) + count
      }
      return counts
    }
  }
}

const startOneServer = async (
  environment: Readonly<Record<string, string>>,
  options: Partial<ApplicationOptions> = {},
  commandLine: readonly string[] = []
): Promise<TestServer> => {
  const output = new PassThrough()
  let text = ""
  output.on("data", (chunk: Buffer) => {
    text += chunk.toString()
  })
  seedEmbeddedDatabase(environment)
  const given = { PORT: "0", HOST: "127.0.0.1", ...withoutBudgets, ...environment }
  const all = options.protocols ?? protocols
  const config = await Effect.runPromise(loadConfig(given, commandLine, all))
  const registry = isShuffled
    ? { registry: () => createShuffledRegistry(Number(process.env["REGISTRY_SEED"] ?? 1)) }
    : {}
  const application = await startApplication(config, {
    output,
    pretty: false,
    settings: await shownSettings(given, commandLine, all),
    ...registry,
    ...options,
    protocols: all
  })
  const ws = `ws://127.0.0.1:${application.port}`
  return {
    ...application,
    http: `http://127.0.0.1:${application.port}`,
    ws,
    nodes: [`http://127.0.0.1:${application.port}`],
    log: () => text,
    lines: (message) =>
      text
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line))
        .filter((line) => message === undefined || line.message === message),
    connect: (options) => connect(ws, options)
  }
}

/** One opens a flight and the other joins it; resolves with its code once both have read of each other. */
export const meetInFlight = async (one: TestClient, other: TestClient): Promise<string> => {
  one.send({ type: "create-flight" })
  const { flightCode } = await one.until("flight-created")
  other.send({ type: "join-flight", flightCode })
  await Promise.all([one.until("peer-joined"), other.until("peer-joined")])
  return flightCode
}

/** A question over HTTP with a JSON body. */
export const post = async (url: string, body: unknown, init: RequestInit = {}) => {
  await everybodyKnows()
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    ...init
  })
  return { status: response.status, body: (await response.json()) as any }
}

/** A room with its two participants, made over HTTP. */
export const makeRoom = async (server: Pick<TestServer, "http">, hostName = "Host", guestName = "Guest") => {
  const host = (await post(`${server.http}/api/rooms`, { name: hostName })).body
  const code = host.roomCode as string
  const guest = (await post(`${server.http}/api/rooms/${code}/join`, { name: guestName })).body
  return { code, host: host.self.participantId as string, guest: guest.self.participantId as string }
}

/** A room's summary for one participant. */
export const poll = async (server: Pick<TestServer, "http">, code: string, participantId: string) => {
  await everybodyKnows()
  const response = await fetch(`${server.http}/api/rooms/${code}?participantId=${encodeURIComponent(participantId)}`)
  return { status: response.status, body: (await response.json()) as any }
}
