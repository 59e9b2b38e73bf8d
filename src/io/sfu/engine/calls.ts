/** Calls of the media engine as the charts make them: each ends in what it has come to, and never rejects. */
import { fromPromise } from "xstate"
import type { Outcome } from "../../../machines/sfu/media.ts"
import type { StartReport } from "../../../machines/sfu/mediaWorker/mediaWorkerContext.ts"
import type { EngineAnswer, ParticipantContext } from "../../../machines/sfu/participant/participantContext.ts"
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

type AnswerOf<Type extends EngineAnswer["type"]> = Extract<EngineAnswer, { type: Type }>
type ValueOf<Answer> = Answer extends { readonly outcome: Outcome<infer Value> } ? Value : never

/** Asks the engine, and tells the actor by an event of this type what has come of it; one that has ended is told nothing. */
const asks =
  <Type extends EngineAnswer["type"]>(
    type: Type,
    make: (asked: AnswerOf<Type>["asked"], participant: ParticipantContext) => Promise<ValueOf<AnswerOf<Type>>>
  ) =>
  ({ context, self }: Asking, asked: AnswerOf<Type>["asked"]): void => {
    void outcomeOf(() => make(asked, context)).then((outcome) => {
      if (self.getSnapshot().status === "active") self.send({ type, asked, outcome } as EngineAnswer)
    })
  }

interface Asking {
  readonly context: ParticipantContext
  readonly self: { getSnapshot(): { readonly status: string }; send(event: EngineAnswer): void }
}

/** What `participant` asks of the engine. */
export const participantCalls = (engine: MediaEngine, holdings: Pick<Holdings, "openTransport">) => ({
  openTransport: asks("engine.openedTransport", (_, { id, call }) => holdings.openTransport(id, call ?? "")),
  connectTransport: asks("engine.connectedTransport", async ({ transportId, dtlsParameters }) => {
    await engine.connectTransport(transportId, dtlsParameters)
    return null
  }),
  produce: asks("engine.produced", ({ transportId, kind, rtpParameters }) =>
    engine.produce(transportId, kind, rtpParameters)
  ),
  consume: asks("engine.consumed", ({ transportId, producerId, rtpCapabilities }) =>
    engine.consume(transportId, producerId, rtpCapabilities)
  ),
  resumeConsumer: asks("engine.resumed", async ({ consumerId }) => {
    await engine.resumeConsumer(consumerId)
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
