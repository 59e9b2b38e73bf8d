/** Calls of the media engine as the charts make them: each ends in what it has come to, and never rejects. */
import { fromPromise } from "xstate"
import type { MediaKind, Outcome } from "../../../machines/sfu/media.ts"
import type { StartReport } from "../../../machines/sfu/mediaWorker/mediaWorkerContext.ts"
import type { OpenedConsumer, OpenedTransport } from "../../../machines/sfu/participant/participantContext.ts"
import type { Holdings } from "./holdings.ts"
import { type EngineJson, EngineRefusal, type MediaEngine } from "./mediaEngine.ts"

/** Makes a call, and says what it has come to. */
const outcomeOf = async <Value>(make: () => Promise<Value>): Promise<Outcome<Value>> => {
  try {
    return { type: "done", value: await make() }
  } catch (error) {
    return error instanceof EngineRefusal ? { type: "refused", sentence: error.message } : { type: "failed", error }
  }
}

const call = <Value, Input>(make: (input: Input) => Promise<Value>) =>
  fromPromise<Outcome<Value>, Input>(({ input }) => outcomeOf(() => make(input)))

/** The actors that `participant` invokes. */
export const participantCalls = (engine: MediaEngine, holdings: Holdings) => ({
  openTransport: call<OpenedTransport, { participantId: string; call: string }>((input) =>
    holdings.openTransport(input.participantId, input.call)
  ),
  connectTransport: call<null, { transportId: string; dtlsParameters: EngineJson }>(async (input) => {
    await engine.connectTransport(input.transportId, input.dtlsParameters)
    return null
  }),
  produce: call<{ id: string }, { transportId: string; kind: MediaKind; rtpParameters: EngineJson }>((input) =>
    engine.produce(input.transportId, input.kind, input.rtpParameters)
  ),
  consume: call<OpenedConsumer, { transportId: string; producerId: string; rtpCapabilities: EngineJson }>((input) =>
    engine.consume(input.transportId, input.producerId, input.rtpCapabilities)
  ),
  resumeConsumer: call<null, { consumerId: string }>(async (input) => {
    await engine.resumeConsumer(input.consumerId)
    return null
  })
})

/** The actors that `conference` invokes. */
export const conferenceCalls = (holdings: Holdings) => ({
  openRouter: call<EngineJson, { worker: string; call: string }>((input) =>
    holdings.openRouter(input.worker, input.call)
  )
})

/** The actors that `mediaWorker` invokes; `now`: epoch milliseconds. */
export const workerCalls = (start: (worker: string) => Promise<{ pid: number }>, now: () => number) => ({
  startWorker: fromPromise<StartReport, { worker: string }>(async ({ input }) => {
    try {
      const { pid } = await start(input.worker)
      return { type: "started", pid, at: now() }
    } catch (error) {
      return { type: "failed", error, at: now() }
    }
  })
})
