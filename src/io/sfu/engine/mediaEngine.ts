/** What the SFU asks of a media engine. mediasoup.ts is the one there is. */
import type { EngineJson, MediaKind } from "../../../machines/sfu/media.ts"
import type { OpenedConsumer, OpenedTransport } from "../../../machines/sfu/participant/participantContext.ts"

/**
 * What an engine refuses, by a sentence that its client may read: "Invalid RTP parameters", "Invalid DTLS parameters",
 * "Transport already connected", "Cannot consume", … Everything else that it throws is a fault.
 */
export class EngineRefusal extends Error {
  override readonly name = "EngineRefusal"
}

/** Why there is no engine: one sentence that says what to do. */
export class EngineMissing extends Error {
  override readonly name = "EngineMissing"
}

/** What happens in an engine by itself. */
export type EngineNews =
  | { type: "worker.died"; worker: string }
  | { type: "transport.state"; transportId: string; state: "connecting" | "connected" | "failed" | "closed" }

/** What a media worker has used and holds. */
export interface WorkerUsage {
  worker: string
  pid: number
  cpuSeconds: number
  routers: number
  transports: number
  producers: number
  consumers: number
}

/** The media engine, by ids: nothing of it crosses this border but plain data. Closing what is not there does nothing. */
export interface MediaEngine {
  /** Starts a media worker under a name of ours; resolves with its process id. */
  startWorker(worker: string): Promise<{ pid: number }>
  closeWorker(worker: string): void
  /** A router for a conference, on a worker; resolves with its RTP capabilities. */
  openRouter(worker: string, router: string): Promise<EngineJson>
  closeRouter(router: string): void
  openTransport(router: string): Promise<OpenedTransport>
  connectTransport(transportId: string, dtlsParameters: EngineJson): Promise<void>
  closeTransport(transportId: string): void
  produce(transportId: string, kind: MediaKind, rtpParameters: EngineJson): Promise<{ id: string }>
  /** Paused. */
  consume(transportId: string, producerId: string, rtpCapabilities: EngineJson): Promise<OpenedConsumer>
  resumeConsumer(consumerId: string): Promise<void>
  /** For metrics and the tower page, at a bounded cost. */
  usage(): Promise<{ workers: WorkerUsage[] }>
  /** In bit/s, of those that are there: `up` comes from the client, `down` goes to it. */
  bitRates(transportIds: readonly string[]): Promise<ReadonlyMap<string, { up: number; down: number }>>
  close(): Promise<void>
}

export interface MediaEngineSettings {
  /** The address at which media is received. */
  listenIp: string
  /** The address that clients are told. */
  announcedIp: string
  /** The UDP and TCP port of the first worker; the next ones have the next ports. 0: any free ones. */
  port: number
  /** The path of a worker's binary; undefined: the one that came with the engine. */
  workerBin: string | undefined
}

/** `told` hears the engine's news. Rejects with EngineMissing. */
export type OpenMediaEngine = (settings: MediaEngineSettings, told: (news: EngineNews) => void) => Promise<MediaEngine>
