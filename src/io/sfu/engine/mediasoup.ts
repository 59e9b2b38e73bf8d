/** The media engine: mediasoup, whose workers are processes of their own. */
import type { types } from "mediasoup"
import { mediaCodecs } from "./codecs.ts"
import { type EngineNews, EngineRefusal, type MediaEngine, type MediaEngineSettings } from "./mediaEngine.ts"
import { type MediaWorker, mediaWorkers } from "./mediaWorkers.ts"
import { readDtlsParameters, readRtpCapabilities, readRtpParameters } from "./parameters.ts"
import { findWorkerBinary, loadMediasoup } from "./workerBinary.ts"

/** What a transport begins to send with, in bit/s, until its congestion control knows better: a picture at once, no flood. */
const initialBitRate = 1_000_000
/** Seconds without a sign of a client after which its transport counts as failed (RFC 7675 has 30). */
const iceConsentSeconds = 30
/** How long a worker may think about a question before it counts as hanging. */
const defaultAnswerMs = 10_000

/** Something of a worker, as mediasoup has it. */
interface On<A> {
  readonly worker: MediaWorker
  readonly its: A
}

/** An `OpenMediaEngine`. */
export const openMediasoup = async (
  settings: MediaEngineSettings,
  told: (news: EngineNews) => void,
  answerMs = defaultAnswerMs
): Promise<MediaEngine> => {
  const mediasoup = await loadMediasoup()
  const workerBin = await findWorkerBinary(settings.workerBin)
  const workers = mediaWorkers(mediasoup, settings, workerBin, answerMs, (worker) =>
    told({ type: "worker.died", worker })
  )

  const routers = new Map<string, On<types.Router>>()
  const transports = new Map<string, On<types.WebRtcTransport>>()
  const producers = new Map<string, On<types.Producer>>()
  const consumers = new Map<string, On<types.Consumer>>()

  /** Kept until it is closed, by whomever. */
  const keep = <A extends Observed>(kept: Map<string, On<A>>, id: string, worker: MediaWorker, its: A): A => {
    if (its.closed) throw new Error("the media worker has closed it")
    kept.set(id, { worker, its })
    its.observer.once("close", () => kept.delete(id))
    return its
  }

  const tell = (transport: types.WebRtcTransport): void => {
    const transportId = transport.id
    const state = (state: "connecting" | "connected" | "failed" | "closed") =>
      told({ type: "transport.state", transportId, state })
    transport.on("dtlsstatechange", (now) => {
      if (now !== "new") state(now)
    })
    // Nobody can restart ICE over this protocol: whoever has not been heard for so long does not come back.
    transport.on("icestatechange", (now) => {
      if (now === "disconnected") state("failed")
    })
  }

  const transportOf = (id: string): On<types.WebRtcTransport> => found(transports, id, "Transport not found")

  const engine: MediaEngine = {
    startWorker: async (name) => ({ pid: (await workers.start(name)).process.pid }),
    closeWorker: workers.close,

    openRouter: async (name, id) => {
      const worker = workers.running(name)
      if (worker === undefined) throw new Error(`media worker ${name} does not run`)
      if (routers.has(id)) throw new Error(`router ${id} is there already`)
      const router = await workers.answer(worker, worker.process.createRouter({ mediaCodecs }))
      return keep(routers, id, worker, router).rtpCapabilities
    },
    closeRouter: (id) => routers.get(id)?.its.close(),

    openTransport: async (routerId) => {
      const { worker, its: router } = found(routers, routerId, "Room not found")
      const asked = router.createWebRtcTransport({
        webRtcServer: worker.server,
        preferUdp: true,
        initialAvailableOutgoingBitrate: initialBitRate,
        iceConsentTimeout: iceConsentSeconds
      })
      const transport = await workers.answer(worker, asked)
      const { id, iceParameters, iceCandidates, dtlsParameters } = keep(transports, transport.id, worker, transport)
      tell(transport)
      return { id, iceParameters, iceCandidates, dtlsParameters }
    },
    connectTransport: async (id, given) => {
      const { worker, its: transport } = transportOf(id)
      const dtlsParameters = readDtlsParameters(given)
      if (dtlsParameters === undefined) throw new EngineRefusal("Invalid DTLS parameters")
      if (connecting.has(transport)) throw new EngineRefusal("Transport already connected")
      connecting.add(transport)
      try {
        await workers.answer(worker, transport.connect({ dtlsParameters }))
      } catch (error) {
        connecting.delete(transport)
        throw refused(transport, error, "Invalid DTLS parameters")
      }
    },
    closeTransport: (id) => transports.get(id)?.its.close(),

    produce: async (transportId, kind, given) => {
      const { worker, its: transport } = transportOf(transportId)
      const rtpParameters = readRtpParameters(kind, given)
      if (rtpParameters === undefined) throw new EngineRefusal("Invalid RTP parameters")
      try {
        const producer = await workers.answer(worker, transport.produce({ kind, rtpParameters }))
        return { id: keep(producers, producer.id, worker, producer).id }
      } catch (error) {
        throw refused(transport, error, "Invalid RTP parameters")
      }
    },

    consume: async (transportId, producerId, given) => {
      const { worker, its: transport } = transportOf(transportId)
      const rtpCapabilities = readRtpCapabilities(given)
      if (rtpCapabilities === undefined) throw new EngineRefusal("Cannot consume")
      try {
        const asked = transport.consume({ producerId, rtpCapabilities, paused: true })
        const consumer = await workers.answer(worker, asked)
        const { id, kind, rtpParameters } = keep(consumers, consumer.id, worker, consumer)
        return { id, producerId, kind, rtpParameters }
      } catch (error) {
        throw refused(transport, error, "Cannot consume")
      }
    },
    resumeConsumer: async (id) => {
      const { worker, its: consumer } = found(consumers, id, "Consumer not found")
      try {
        await workers.answer(worker, consumer.resume())
      } catch (error) {
        throw refused(consumer, error, "Consumer not found")
      }
    },

    usage: async () => {
      const counted = (kept: ReadonlyMap<string, On<unknown>>, worker: MediaWorker): number => {
        let count = 0
        for (const one of kept.values()) if (one.worker === worker) count++
        return count
      }
      const of = async (worker: MediaWorker) => {
        const { ru_utime, ru_stime } = await workers.answer(worker, worker.process.getResourceUsage())
        return {
          worker: worker.name,
          pid: worker.process.pid,
          cpuSeconds: (ru_utime + ru_stime) / 1000,
          routers: counted(routers, worker),
          transports: counted(transports, worker),
          producers: counted(producers, worker),
          consumers: counted(consumers, worker)
        }
      }
      const answers = await Promise.allSettled(workers.all().map(of))
      // One that dies meanwhile has told so itself.
      return { workers: answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : [])) }
    },

    bitRates: async (ids) => {
      const rates = new Map<string, { up: number; down: number }>()
      for (const id of ids) {
        const transport = transports.get(id)
        if (transport === undefined) continue
        const stats = await workers.answer(transport.worker, transport.its.getStats()).catch(() => [])
        for (const { recvBitrate, sendBitrate } of stats) rates.set(id, { up: recvBitrate, down: sendBitrate })
      }
      return rates
    },

    close: workers.end
  }
  return engine
}

/** What mediasoup tells of the end of. */
interface Observed {
  readonly closed: boolean
  readonly observer: { once(event: "close", listener: () => void): unknown }
}

/** Those that a client's parameters have been taken for. */
const connecting = new WeakSet<types.WebRtcTransport>()

const found = <A>(kept: ReadonlyMap<string, A>, id: string, refusal: string): A => {
  const one = kept.get(id)
  if (one === undefined) throw new EngineRefusal(refusal)
  return one
}

/** What a living worker refuses is its client's doing; that what was asked has been closed meanwhile is not. */
const refused = ({ closed }: { readonly closed: boolean }, error: unknown, refusal: string): unknown =>
  closed ? error : new EngineRefusal(refusal)
