/** How a participant's chart answers its client, and what it takes from what it is told. */
import type { Dismissal } from "../events.ts"
import type { EngineAnswer, ParticipantContext, Request } from "./participantContext.ts"

interface InContext {
  readonly context: ParticipantContext
}
interface Answered {
  readonly event: { readonly asked: Request }
}

/** Sends the client away. */
export const dismiss = (cause: Dismissal) =>
  [
    { type: "dismissSocket", params: { cause } },
    {
      type: "record",
      params: ({ context: { id, address } }: InContext) => ({
        name: "sfu:dismissed" as const,
        participantId: id,
        ip: address,
        cause
      })
    }
  ] as const

/** Says no to what has just been asked. */
export const refuse = (error: string) =>
  ({
    type: "refuse",
    params: ({ event: { requestId } }: { readonly event: Request }) => ({ requestId, error })
  }) as const

/** Says no to what the engine was asked. */
export const refuseAsked = (error: string) =>
  ({
    type: "refuse",
    params: ({ event: { asked } }: Answered) => ({ requestId: asked.requestId, error })
  }) as const

/** Says yes to what the engine was asked. */
export const succeed = {
  type: "answer",
  params: ({ event: { asked } }: Answered) => ({ requestId: asked.requestId, data: { success: true } })
} as const

export const asked = <Question>({ event }: { readonly event: { readonly asked: Question } }) => event.asked
export const idle = "#participant.present.requests.idle"

/** Something is done for the client: its later frames wait until it is answered. */
export const begin = {
  type: "holdFrames",
  params: ({ context: { settings } }: InContext) => ({ afterMs: settings.answerWithinMs })
} as const
export const end = "releaseFrames"

const sayRefusal = {
  type: "refuse",
  params: ({ event: { asked, sentence } }: { readonly event: Extract<EngineAnswer, { type: "engine.refused" }> }) => ({
    requestId: asked.requestId,
    error: sentence
  })
} as const
const sayFailure = [
  refuseAsked("Internal error"),
  {
    type: "record",
    params: ({
      context: { id },
      event: { error }
    }: InContext & { readonly event: Extract<EngineAnswer, { type: "engine.failed" }> }) => ({
      name: "sfu:error" as const,
      participantId: id,
      error
    })
  }
] as const

/** What becomes of a request that the engine refuses or fails at. */
export const trouble = {
  "engine.refused": { target: idle, actions: sayRefusal },
  "engine.failed": { target: idle, actions: sayFailure }
} as const
/** The same of one that was no phase of its own. */
export const troubleInIdle = {
  "engine.refused": { actions: [end, sayRefusal] },
  "engine.failed": { actions: [end, ...sayFailure] }
} as const

export const ofTransport = ({ event: { transportId } }: { readonly event: { readonly transportId: string } }) => ({
  transportId
})
export const lacksTransport = { type: "lacksTransport", params: ofTransport } as const
export const awaited = {
  type: "isAwaited",
  params: ({ event: { attempt } }: { readonly event: { readonly attempt: number } }) => ({ attempt })
} as const
export const awaitedReply = {
  type: "isAwaited",
  params: ({ event: { requestId } }: { readonly event: { readonly requestId: number | undefined } }) => ({
    attempt: requestId
  })
} as const
