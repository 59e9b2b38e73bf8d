/**
 * The words that the chart of a room is written in: those of roomDecisions.ts, and here whatever answers those who wait,
 * each time the database has done something or has not.
 */
import { enqueueActions as enqueueForAny } from "xstate"
import type { Aftermath, Crash } from "../../kinds.ts"
import { present } from "../../present.ts"
import { afterWriting, atRest, everyDecided } from "../../record/books.ts"
import { factsOf, lessFacts, type RoomContext, toldRoom } from "./roomContext.ts"
import { type Answer, roomDecisions } from "./roomDecisions.ts"
import {
  type AttachReply,
  type Decided,
  failure,
  type RefusalReason,
  type RoomAnswer,
  type RoomEvent,
  reply,
  replyToOf
} from "./roomMessages.ts"
import { type RoomRecord, roleOf } from "./roomRecord.ts"

/** Everybody who waits for these decisions, each with the answer. */
const answers = (
  decided: readonly Decided[],
  answerTo: (decided: Decided) => RoomAnswer | AttachReply | null
): readonly Answer[] =>
  decided.flatMap((each) => {
    const to = replyToOf(each)
    const event = answerTo(each)
    return to === undefined || event === null ? [] : [{ to, event }]
  })

/** Those who came while the row was being read, as if they had been decided upon. */
const undecided = (waiting: readonly RoomEvent[]): readonly Decided[] =>
  waiting.flatMap((event): readonly Decided[] =>
    // An invitation that nobody vouches for is dropped.
    "replyTo" in event && event.type !== "room.invite"
      ? [{ command: event, refusal: "not-found", participantId: "" }]
      : []
  )

/** Whoever wanted a room that is not made yet. */
const creatorOf = ({ creation, saved }: RoomContext): readonly Answer[] =>
  creation === undefined || saved !== null
    ? []
    : [{ to: creation.replyTo, event: { type: "room.unavailable", requestId: creation.requestId } }]

/** Its callers hear at once that there is no answer, instead of waiting in vain. */
export const roomCrash = ({ context }: Crash<RoomContext>): Aftermath => {
  if (context === undefined) return { tell: [], record: [] }
  const open = [...context.batch, ...context.decided, ...undecided(context.waiting)]
  return { tell: [...creatorOf(context), ...answers(open, (each) => failure(each, undefined))], record: [] }
}

/** The room as it is told: it lives for as long as the actor knows, which may be longer than the row says. */
const asTold = (context: RoomContext): RoomRecord | null => {
  const told = toldRoom(context)
  return told && { ...told, expiresAt: context.expiresAt }
}

const { assign, enqueueActions } = roomDecisions
/** With what the database has failed. */
const enqueueForFault = enqueueForAny<
  RoomContext,
  RoomEvent,
  { error: unknown },
  RoomEvent,
  never,
  { type: "answer"; params: Answer },
  never,
  never,
  never
>

export const roomSetup = roomDecisions.extend({
  actions: {
    /** What had to wait while the row was read is heard now. */
    readmitWaiting: enqueueActions(({ context, enqueue }) => {
      enqueue.assign({ waiting: [] })
      for (const event of context.waiting) enqueue.raise(event)
      enqueue.raise({ type: "events.reheard" })
    }),
    denyWaiting: enqueueActions(({ context, enqueue }) => {
      for (const answer of answers(undecided(context.waiting), (each) => reply(each, null)))
        enqueue({ type: "answer", params: answer })
    }),
    failWaiting: enqueueForFault(({ context, enqueue }, { error }) => {
      for (const answer of answers(undecided(context.waiting), (each) => failure(each, error)))
        enqueue({ type: "answer", params: answer })
    }),
    answerDecided: enqueueActions(({ context, enqueue }) => {
      const room = asTold(context)
      enqueue.assign({ decided: [] })
      for (const answer of answers(context.decided, (each) => reply(each, room)))
        enqueue({ type: "answer", params: answer })
    }),
    denyAll: enqueueActions(({ context, enqueue }) => {
      const denied = everyDecided(context)
      enqueue.assign({ batch: [], decided: [] })
      for (const answer of answers(denied, (each) => reply({ ...each, refusal: "not-found" }, null)))
        enqueue({ type: "answer", params: answer })
    }),

    startWriting: assign(({ context }) => {
      const { draft, owed, decided, settings } = context
      // One that nobody is in lives only for those who may come back, however late that is written.
      const left = draft?.host === null ? draft.departed.at(-1) : undefined
      const expiresAt = left === undefined ? context.expiresAt : left.at + settings.returnMs
      return {
        expiresAt,
        writing: draft && { ...draft, expiresAt },
        writtenDraft: draft,
        batch: [
          ...owed.map((command) => ({ command, refusal: null, participantId: command.participantId })),
          ...decided
        ],
        owed: [],
        decided: []
      }
    }),
    finishWriting: enqueueActions(({ context, enqueue }) => {
      const saved = present(context.writing, "row that was written")
      enqueue.assign(afterWriting(context, saved))
      const room = asTold({ ...context, saved, batch: [] })
      for (const answer of answers(context.batch, (each) => reply(each, room)))
        enqueue({ type: "answer", params: answer })
    }),
    /** The changes are undone and their askers told; but who has left has left. */
    failWriting: enqueueForFault(({ context, enqueue }, { error }) => {
      const failed = everyDecided(context)
      const saved = present(context.saved, "saved room")
      const owed = factsOf(context).filter(({ participantId }) => roleOf(saved, participantId) !== null)
      enqueue.assign({
        draft: lessFacts(context, saved, owed),
        owed,
        // If its last participant has left, it lives on until that can be written.
        expiresAt: saved.host === null ? saved.expiresAt : Math.max(context.expiresAt, saved.expiresAt),
        ...atRest,
        decided: []
      })
      for (const answer of answers(failed, (each) => failure(each, error))) enqueue({ type: "answer", params: answer })
      enqueue.raise({ type: "record.reloaded" })
    }),
    /** Somebody else has changed the row: everything not yet answered is decided again upon what it says now. */
    decideAgain: enqueueActions(({ context, enqueue }) => {
      enqueue.assign({ ...atRest, decided: [] })
      enqueue.raise({ type: "record.reloaded" })
      for (const { command } of everyDecided(context)) {
        if (command.type !== "room.create") enqueue.raise(command)
      }
      enqueue.raise({ type: "events.reheard" })
    })
  }
})

/** Puts what was asked in line for its answer. */
export const granted = { type: "decide", params: { refusal: null } } as const
export const refused = (refusal: RefusalReason) => ({ type: "decide", params: { refusal } }) as const

/** Asks the database's fault to be told of. */
export const recordFault = (operation: "insert" | "load" | "save" | "remove") =>
  ({
    type: "record",
    params: ({ context, event }: { context: RoomContext; event: { error: unknown } }) => ({
      name: "room:error" as const,
      roomCode: context.code,
      operation,
      error: event.error
    })
  }) as const
