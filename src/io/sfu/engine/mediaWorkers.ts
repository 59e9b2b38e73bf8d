/** The media workers of one engine: processes of mediasoup, each with a port of its own for all its media. */
import type { types } from "mediasoup"
import type { MediaEngineSettings } from "./mediaEngine.ts"
import type { loadMediasoup } from "./workerBinary.ts"

/** A worker that runs. */
export interface MediaWorker {
  readonly name: string
  readonly process: types.Worker
  /** Its port. */
  readonly server: types.WebRtcServer
}

export interface MediaWorkers {
  /** Rejects when it does not run, cannot have its port, or is closed meanwhile. */
  start(name: string): Promise<MediaWorker>
  /** Undefined: it does not run. */
  running(name: string): MediaWorker | undefined
  all(): readonly MediaWorker[]
  close(name: string): void
  /** What `question` resolves with. A worker that does not answer in time is killed, which is told as any other death. */
  answer<A>(worker: MediaWorker, question: Promise<A>): Promise<A>
  /** Ends all; resolves when their processes are gone. */
  end(): Promise<void>
}

/** Bytes that may wait at a port's socket in each direction, as everybody's media goes through it; systems grant less. */
const datagramBytes = 4 * 1024 * 1024

/** How long a worker may take to end before it is killed. */
const endingMs = 2000

interface Life {
  readonly name: string
  /** What is added to the port. */
  readonly offset: number
  worker?: MediaWorker
}

export const mediaWorkers = (
  { createWorker }: Awaited<ReturnType<typeof loadMediasoup>>,
  settings: MediaEngineSettings,
  workerBin: string,
  answerMs: number,
  died: (name: string) => void
): MediaWorkers => {
  /** Of those that start or run, by name. */
  const lives = new Map<string, Life>()
  /** When the last process of a port is gone, by offset. */
  const freed = new Map<number, Promise<unknown>>()
  let isClosed = false

  const lowestOffset = (): number => {
    const taken = new Set([...lives.values()].map(({ offset }) => offset))
    let offset = 0
    while (taken.has(offset)) offset++
    return offset
  }

  const listenInfo = (protocol: "udp" | "tcp", offset: number): types.TransportListenInfo => ({
    protocol,
    ip: settings.listenIp,
    announcedAddress: settings.announcedIp,
    port: settings.port === 0 ? 0 : settings.port + offset,
    ...(protocol === "udp" ? { recvBufferSize: datagramBytes, sendBufferSize: datagramBytes } : {})
  })

  const isAlive = (life: Life): boolean => lives.get(life.name) === life
  const forget = (life: Life): void => {
    if (isAlive(life)) lives.delete(life.name)
  }

  const begin = async (life: Life, portIsFree: Promise<unknown> | undefined): Promise<MediaWorker> => {
    const { name, offset } = life
    let process: types.Worker | undefined
    try {
      await portIsFree
      process = await withoutSignals(() => createWorker({ workerBin, logLevel: "none" }))
      process.once("died", () => {
        const isNews = isAlive(life)
        forget(life)
        if (isNews) died(name)
      })
      const listenInfos = [listenInfo("udp", offset), listenInfo("tcp", offset)]
      const server = await inTime(process, answerMs, process.createWebRtcServer({ listenInfos }))
      if (!isAlive(life)) throw new Error(`media worker ${name} was closed while it started`)
      return (life.worker = { name, process, server })
    } catch (error) {
      forget(life)
      if (process !== undefined) await end(process)
      throw error
    }
  }

  const close = (name: string): void => {
    const life = lives.get(name)
    if (life === undefined) return
    forget(life)
    if (life.worker !== undefined) freed.set(life.offset, end(life.worker.process))
  }

  return {
    start: (name) => {
      if (isClosed) return Promise.reject(new Error("the media engine is closed"))
      if (lives.has(name)) return Promise.reject(new Error(`media worker ${name} is there already`))
      const life = { name, offset: lowestOffset() }
      lives.set(name, life)
      const started = begin(life, freed.get(life.offset))
      freed.set(
        life.offset,
        started.catch(() => {})
      )
      return started
    },
    running: (name) => lives.get(name)?.worker,
    all: () => [...lives.values()].flatMap(({ worker }) => worker ?? []),
    close,
    answer: ({ process }, question) => inTime(process, answerMs, question),
    end: async () => {
      isClosed = true
      for (const name of lives.keys()) close(name)
      await Promise.all(freed.values())
    }
  }
}

/** Resolves when the process is gone. */
const end = (worker: types.Worker): Promise<void> =>
  new Promise((resolve) => {
    if (worker.subprocessClosed) return resolve()
    const killing = setTimeout(() => kill(worker), endingMs)
    worker.once("subprocessclose", () => {
      clearTimeout(killing)
      resolve()
    })
    worker.close()
  })

const kill = ({ pid }: types.Worker): void => {
  try {
    process.kill(pid, "SIGKILL")
  } catch {
    // It has just gone.
  }
}

/** A worker that hangs answers nothing any more, so it makes place for another one. */
const inTime = async <A>(worker: types.Worker, answerMs: number, question: Promise<A>): Promise<A> => {
  const timer = setTimeout(() => kill(worker), answerMs)
  try {
    return await question
  } finally {
    clearTimeout(timer)
  }
}

/**
 * mediasoup closes its workers at the first signal to this process, while our clients are still told to go. It listens at
 * once when a worker is made, so whoever listens now and did not before is taken off.
 */
const withoutSignals = <A>(make: () => A): A => {
  const signals = ["SIGINT", "SIGTERM"] as const
  const before = signals.map((signal) => new Set(process.listeners(signal)))
  const made = make()
  for (const [index, signal] of signals.entries()) {
    for (const listener of process.listeners(signal)) {
      if (!before[index]?.has(listener)) process.removeListener(signal, listener)
    }
  }
  return made
}
