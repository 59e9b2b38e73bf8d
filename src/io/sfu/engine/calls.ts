/** Calls of the media engine as the charts make them. */
import { fromPromise } from "xstate"
import type { EngineJson } from "../../../machines/sfu/media.ts"
import type { StartReport } from "../../../machines/sfu/mediaWorker/mediaWorkerContext.ts"
import type { EngineAnswer, ParticipantContext } from "../../../machines/sfu/participant/participantContext.ts"
import type { Holdings } from "./holdings.ts"
import { EngineRefusal, type MediaEngine } from "./mediaEngine.ts"

type GivenOf<Type extends EngineAnswer["type"]> = Extract<EngineAnswer, { type: Type; given: unknown }>

interface Asking {
  readonly context: ParticipantContext
  readonly self: { getSnapshot(): { readonly status: string }; send(event: EngineAnswer): void }
}

/** Asks the engine, and tells the actor by an event of this type what that gives; one that has ended is told nothing. */
const asks =
  <Type extends EngineAnswer["type"]>(
    type: Type,
    ask: (asked: GivenOf<Type>["asked"], participant: ParticipantContext) => Promise<GivenOf<Type>["given"]>
  ) =>
  ({ context, self }: Asking, asked: GivenOf<Type>["asked"]): void => {
    const tell = (answer: EngineAnswer) => {
      if (self.getSnapshot().status === "active") self.send(answer)
    }
    ask(asked, context).then(
      (given) => tell({ type, asked, given } as EngineAnswer),
      (error: unknown) =>
        tell(
          error instanceof EngineRefusal
            ? { type: "engine.refused", asked, sentence: error.message }
            : { type: "engine.failed", asked, error }
        )
    )
  }

/** What `participant` asks of the engine. */
export const participantCalls = (engine: MediaEngine, holdings: Pick<Holdings, "openTransport">) => ({
  openTransport: asks("engine.openedTransport", (_, { id, call }) => holdings.openTransport(id, call ?? "")),
  connectTransport: asks("engine.connectedTransport", ({ transportId, dtlsParameters }) =>
    engine.connectTransport(transportId, dtlsParameters)
  ),
  produce: asks("engine.produced", ({ transportId, kind, rtpParameters }) =>
    engine.produce(transportId, kind, rtpParameters)
  ),
  consume: asks("engine.consumed", ({ transportId, producerId, rtpCapabilities }) =>
    engine.consume(transportId, producerId, rtpCapabilities)
  ),
  resumeConsumer: asks("engine.resumed", ({ consumerId }) => engine.resumeConsumer(consumerId))
})

/** The actors that `conference` invokes. */
export const conferenceCalls = (holdings: Pick<Holdings, "openRouter">) => ({
  openRouter: fromPromise<EngineJson, { worker: string; call: string }>(({ input: { worker, call } }) =>
    holdings.openRouter(worker, call)
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
