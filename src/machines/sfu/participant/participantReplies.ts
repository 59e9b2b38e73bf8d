/** How a participant's chart answers its client, and what it takes from what it is told. */
import type { Dismissal } from "../events.ts"
import { errorOf, type Outcome } from "../media.ts"
import type { Asked, ParticipantContext } from "./participantContext.ts"

interface InContext {
  readonly context: ParticipantContext
}
interface Told {
  readonly event: { readonly output: Outcome<unknown> }
}
interface Request {
  readonly requestId: string | null
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

/** Says no to what was asked before. */
export const refuseAsked = (error: string) =>
  ({ type: "refuse", params: ({ context: { asked } }: InContext) => ({ requestId: asked.requestId, error }) }) as const

/** Says yes to what was asked before. */
export const answer = (data: object) =>
  ({ type: "answer", params: ({ context: { asked } }: InContext) => ({ requestId: asked.requestId, data }) }) as const

export const note = {
  type: "noteAsked",
  params: ({ event }: { readonly event: Asked }): Asked => {
    const { requestId, transportId, producerId, consumerId, kind } = event
    return {
      requestId,
      ...(transportId === undefined ? {} : { transportId }),
      ...(producerId === undefined ? {} : { producerId }),
      ...(consumerId === undefined ? {} : { consumerId }),
      ...(kind === undefined ? {} : { kind })
    }
  }
} as const

export const output = ({ event }: Told) => event.output
export const idle = "#participant.present.requests.idle"

/** What becomes of a request that the engine refuses or fails at; the rest is done. */
export const trouble = [
  {
    guard: { type: "isRefused", params: output },
    target: idle,
    actions: {
      type: "refuse",
      params: ({ context: { asked }, event }: InContext & Told) => ({
        requestId: asked.requestId,
        error: String(errorOf(event.output))
      })
    }
  },
  {
    guard: { type: "hasFailed", params: output },
    target: idle,
    actions: [
      refuseAsked("Internal error"),
      {
        type: "record",
        params: ({ context: { id }, event }: InContext & Told) => ({
          name: "sfu:error" as const,
          participantId: id,
          error: errorOf(event.output)
        })
      }
    ]
  }
] as const

/** What the engine has given. */
export const given = <Value>(outcome: Outcome<Value>): Value => {
  if (outcome.type !== "done") throw new TypeError("There is nothing given in this state")
  return outcome.value
}
export const idGiven = ({ event }: { readonly event: { readonly output: Outcome<{ readonly id: string }> } }) => ({
  id: given(event.output).id
})

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
