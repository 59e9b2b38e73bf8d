/** How a participant's chart answers its client, and what it takes from what it is told. */
import type { Dismissal } from "../events.ts"
import { errorOf, type Outcome } from "../media.ts"
import type { ParticipantContext } from "./participantContext.ts"

interface InContext {
  readonly context: ParticipantContext
}
interface Request {
  readonly requestId: string | null
}
/** What the engine has come to. */
interface Told {
  readonly event: { readonly asked: Request; readonly outcome: Outcome<unknown> }
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
    params: ({ event: { asked } }: { readonly event: { readonly asked: Request } }) => ({
      requestId: asked.requestId,
      error
    })
  }) as const

/** Says yes to what the engine was asked. */
export const succeed = {
  type: "answer",
  params: ({ event: { asked } }: { readonly event: { readonly asked: Request } }) => ({
    requestId: asked.requestId,
    data: { success: true }
  })
} as const

export const outcome = ({ event }: Told) => event.outcome
export const asked = <Question>({ event }: { readonly event: { readonly asked: Question } }) => event.asked
export const idle = "#participant.present.requests.idle"

/** Something is done for the client: its later frames wait until it is answered. */
export const begin = [
  "holdFrames",
  {
    type: "requestDeadline",
    params: ({ context: { settings } }: InContext) => ({
      event: "answer.due" as const,
      afterMs: settings.answerWithinMs
    })
  }
] as const
export const end = [{ type: "cancelDeadline", params: { event: "answer.due" } }, "releaseFrames"] as const

const sayRefusal = {
  type: "refuse",
  params: ({ event: { asked, outcome } }: Told) => ({ requestId: asked.requestId, error: String(errorOf(outcome)) })
} as const
const sayFailure = [
  refuseAsked("Internal error"),
  {
    type: "record",
    params: ({ context: { id }, event }: InContext & Told) => ({
      name: "sfu:error" as const,
      participantId: id,
      error: errorOf(event.outcome)
    })
  }
] as const

/** What becomes of a request that the engine refuses or fails at; the rest is done. */
export const trouble = [
  { guard: { type: "isRefused", params: outcome }, target: idle, actions: sayRefusal },
  { guard: { type: "hasFailed", params: outcome }, target: idle, actions: sayFailure }
] as const
/** The same of one that was no phase of its own. */
export const troubleInIdle = [
  { guard: { type: "isRefused", params: outcome }, actions: [...end, sayRefusal] },
  { guard: { type: "hasFailed", params: outcome }, actions: [...end, ...sayFailure] }
] as const

/** What the engine has given. */
export const given = <Value>(outcome: Outcome<Value>): Value => {
  if (outcome.type !== "done") throw new TypeError("There is nothing given in this state")
  return outcome.value
}
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
