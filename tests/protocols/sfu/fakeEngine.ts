/**
 * The port of the media engine, played by a plain class: ids and books as the real one has them, and no media. Tests of
 * signaling use it where they must hold answers back, let workers die at a moment of their choice, or have many calls.
 */
import {
  EngineMissing,
  type EngineNews,
  EngineRefusal,
  type MediaEngine,
  type MediaEngineSettings,
  type OpenMediaEngine
} from "../../../src/io/sfu/engine/mediaEngine.ts"

export const fakeCapabilities = { codecs: [{ mimeType: "audio/opus" }], headerExtensions: [] }

interface Transport {
  readonly router: string
  isConnected: boolean
}
interface Producer {
  readonly transportId: string
  readonly kind: "audio" | "video"
}
interface Consumer {
  readonly transportId: string
  readonly producerId: string
}

type Call =
  | "startWorker"
  | "openRouter"
  | "openTransport"
  | "connectTransport"
  | "produce"
  | "consume"
  | "resumeConsumer"

/** Answers to calls of one kind wait from now on. */
export interface Gate {
  /** How many wait. */
  readonly waiting: number
  /** Lets them go on, and all later ones. */
  open(): void
}

export class FakeEngine implements MediaEngine {
  readonly workers = new Map<string, number>()
  /** The worker of each. */
  readonly routers = new Map<string, string>()
  readonly transports = new Map<string, Transport>()
  readonly producers = new Map<string, Producer>()
  readonly consumers = new Map<string, Consumer>()
  /** Why workers cannot be started; undefined: they can. */
  obstacle: Error | undefined
  /** The next call of this kind throws this. */
  readonly faults = new Map<Call, Error>()
  settings: MediaEngineSettings | undefined
  starts = 0
  isClosed = false
  /** What each server that has it is told by; several that are one may have it together. */
  readonly #hearers = new Map<string, (news: EngineNews) => void>()
  #names = 0
  readonly #gates = new Map<Call, (() => void)[]>()

  /** What a server is given to open. */
  readonly open: OpenMediaEngine = async (settings, told) => {
    this.settings = settings
    const server = this.#hearers.size === 0 ? "" : `server ${this.#hearers.size}: `
    this.#hearers.set(server, told)
    return server === "" ? this : this.#asOf(server)
  }

  /** What another server has of it: workers and routers of its own, whatever it calls them. */
  #asOf(server: string): MediaEngine {
    return {
      startWorker: (worker) => this.startWorker(server + worker),
      closeWorker: (worker) => this.closeWorker(server + worker),
      openRouter: (worker, router) => this.openRouter(server + worker, server + router),
      closeRouter: (router) => this.closeRouter(server + router),
      openTransport: (router) => this.openTransport(server + router),
      connectTransport: (transportId, parameters) => this.connectTransport(transportId, parameters),
      closeTransport: (transportId) => this.closeTransport(transportId),
      produce: (transportId, kind, parameters) => this.produce(transportId, kind, parameters),
      consume: (transportId, producerId, able) => this.consume(transportId, producerId, able),
      resumeConsumer: (consumerId) => this.resumeConsumer(consumerId),
      usage: async () => ({
        workers: (await this.usage()).workers
          .filter(({ worker }) => worker.startsWith(server))
          .map((each) => ({ ...each, worker: each.worker.slice(server.length) }))
      }),
      bitRates: (transportIds) => this.bitRates(transportIds),
      close: async () => {
        for (const worker of this.workers.keys()) if (worker.startsWith(server)) this.#closeWorker(worker)
      }
    }
  }

  /** Holds answers back. */
  gate(call: Call): Gate {
    const waiting: (() => void)[] = []
    this.#gates.set(call, waiting)
    return {
      get waiting() {
        return waiting.length
      },
      open: () => {
        this.#gates.delete(call)
        for (const go of waiting.splice(0)) go()
      }
    }
  }

  /** Its process has been killed; that of all servers that are one, wherever a conference is. */
  killWorker(worker = "0"): void {
    for (const [server, hear] of this.#hearers) {
      this.#closeWorker(server + worker)
      hear({ type: "worker.died", worker })
    }
  }

  /** What becomes of a transport by itself. */
  change(transportId: string, state: "connecting" | "connected" | "failed" | "closed"): void {
    for (const hear of this.#hearers.values()) hear({ type: "transport.state", transportId, state })
  }

  /** What there is, in numbers. */
  get holds() {
    const { routers, transports, producers, consumers } = this
    return {
      routers: routers.size,
      transports: transports.size,
      producers: producers.size,
      consumers: consumers.size
    }
  }

  async startWorker(worker: string) {
    await this.#enter("startWorker")
    if (this.obstacle !== undefined) throw this.obstacle
    this.starts++
    const pid = 70_000 + this.starts
    this.workers.set(worker, pid)
    return { pid }
  }
  closeWorker(worker: string) {
    this.#closeWorker(worker)
  }
  async openRouter(worker: string, router: string) {
    await this.#enter("openRouter")
    if (!this.workers.has(worker)) throw new Error("there is no such worker")
    this.routers.set(router, worker)
    return fakeCapabilities
  }
  closeRouter(router: string) {
    this.routers.delete(router)
    for (const [id, transport] of this.transports) if (transport.router === router) this.closeTransport(id)
  }
  async openTransport(router: string) {
    await this.#enter("openTransport")
    if (!this.routers.has(router)) throw new EngineRefusal("Room not found")
    const id = this.#name("transport")
    this.transports.set(id, { router, isConnected: false })
    return {
      id,
      iceParameters: { usernameFragment: "fragment", password: "secret-of-ice", iceLite: true },
      iceCandidates: [{ foundation: "udpcandidate", protocol: "udp", port: 10_000, type: "host" }],
      dtlsParameters: { role: "auto", fingerprints: [{ algorithm: "sha-256", value: "AB:CD" }] }
    }
  }
  async connectTransport(transportId: string, dtlsParameters: unknown) {
    await this.#enter("connectTransport")
    const transport = this.#transport(transportId)
    if (!Array.isArray((dtlsParameters as { fingerprints?: unknown }).fingerprints)) {
      throw new EngineRefusal("Invalid DTLS parameters")
    }
    if (transport.isConnected) throw new EngineRefusal("Transport already connected")
    transport.isConnected = true
  }
  closeTransport(transportId: string) {
    this.transports.delete(transportId)
    for (const [id, producer] of this.producers) if (producer.transportId === transportId) this.#closeProducer(id)
    for (const [id, consumer] of this.consumers) if (consumer.transportId === transportId) this.consumers.delete(id)
  }
  async produce(transportId: string, kind: "audio" | "video", rtpParameters: unknown) {
    await this.#enter("produce")
    this.#transport(transportId)
    if (!Array.isArray((rtpParameters as { codecs?: unknown }).codecs))
      throw new EngineRefusal("Invalid RTP parameters")
    const id = this.#name("producer")
    this.producers.set(id, { transportId, kind })
    return { id }
  }
  async consume(transportId: string, producerId: string, rtpCapabilities: unknown) {
    await this.#enter("consume")
    const { router } = this.#transport(transportId)
    const producer = this.producers.get(producerId)
    if (producer === undefined || this.transports.get(producer.transportId)?.router !== router)
      throw new EngineRefusal("Cannot consume")
    if (!Array.isArray((rtpCapabilities as { codecs?: unknown }).codecs)) throw new EngineRefusal("Cannot consume")
    const id = this.#name("consumer")
    this.consumers.set(id, { transportId, producerId })
    return { id, producerId, kind: producer.kind, rtpParameters: { encodings: [{ ssrc: 1 }] } }
  }
  async resumeConsumer(consumerId: string) {
    await this.#enter("resumeConsumer")
    if (!this.consumers.has(consumerId)) throw new EngineRefusal("Consumer not found")
  }
  async usage() {
    return {
      workers: [...this.workers].map(([worker, pid]) => ({ worker, pid, cpuSeconds: 1.5, ...this.holds }))
    }
  }
  async bitRates(transportIds: readonly string[]) {
    return new Map(transportIds.map((id) => [id, { up: 64_000, down: 128_000 }]))
  }
  async close() {
    this.isClosed = true
    for (const worker of this.workers.keys()) this.#closeWorker(worker)
  }

  #name(kind: string) {
    return `${kind}-${++this.#names}`
  }
  #transport(id: string): Transport {
    const transport = this.transports.get(id)
    if (transport === undefined) throw new EngineRefusal("Transport not found")
    return transport
  }
  #closeProducer(producerId: string) {
    this.producers.delete(producerId)
    for (const [id, consumer] of this.consumers) if (consumer.producerId === producerId) this.consumers.delete(id)
  }
  #closeWorker(worker: string) {
    this.workers.delete(worker)
    for (const [router, its] of this.routers) if (its === worker) this.closeRouter(router)
  }
  async #enter(call: Call) {
    const fault = this.faults.get(call)
    this.faults.delete(call)
    if (fault !== undefined) throw fault
    const waiting = this.#gates.get(call)
    if (waiting !== undefined) await new Promise<void>((go) => waiting.push(go))
  }
}

/** Where there is none. */
export const noEngine: OpenMediaEngine = async () => {
  throw new EngineMissing("There is no media worker: run npm run media-engine, or name one in MEDIASOUP_WORKER_BIN.")
}
