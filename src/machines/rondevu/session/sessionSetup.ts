/** The words that the chart of a session is written in. */
import { assertEvent, assign, enqueueActions as enqueueForAny, fromPromise, setup, stateIn } from "xstate"
import type { Address } from "../../address.ts"
import type { Aftermath, Crash } from "../../kinds.ts"
import { present } from "../../present.ts"
import { afterWriting, atRest, bookGuards, everyDecided, type Saved } from "../../record/books.ts"
import type { Operation } from "../../record/storage.ts"
import { speakAs } from "../../registry.ts"
import { sessionAt } from "../addresses.ts"
import type { SessionEventTold } from "./events.ts"
import { hasLapsed, type Place, type SessionContext, type SessionInput } from "./sessionContext.ts"
import {
  absent,
  type Decided,
  failure,
  type Refusal,
  reply,
  type SessionEvent,
  type SessionQuestion,
  type SessionReply
} from "./sessionMessages.ts"
import { hasRoomFor, type SessionRecord, versionOf, withAnswer, withCandidate } from "./sessionRecord.ts"

const questions = ["session.answer", "candidate.add", "session.poll"] as const

/** Each is of one region of the chart. */
type Timer = "life.due" | "retry.due"

/** What somebody who has asked is told. */
export interface Answer {
  readonly to: Address
  readonly event: SessionReply
}

/** What is asked of the database when a change is written. */
export interface Save extends Place {
  readonly before: SessionRecord
  readonly after: SessionRecord
  /** Epoch milliseconds: a session that has expired by then is not written. */
  readonly at: number
}

/** Everybody who has asked something, in the order in which they came. */
const askers = (waiting: readonly SessionEvent[]): readonly SessionQuestion[] =>
  waiting.flatMap((event) => ("replyTo" in event ? [event] : []))

/** Its callers hear at once that there is no answer, instead of waiting in vain. */
export const sessionCrash = ({ context }: Crash<SessionContext>): Aftermath => {
  if (context === undefined) return { tell: [], record: [] }
  const open = [...everyDecided(context).map(({ question }) => question), ...askers(context.waiting)]
  return { tell: open.map((asked) => ({ to: asked.replyTo, event: failure(asked, undefined) })), record: [] }
}

const { tell } = speakAs(({ id }: SessionContext) => sessionAt(id))

const decisions = setup({
  types: {
    context: {} as SessionContext,
    events: {} as SessionEvent,
    input: {} as SessionInput
  },
  actors: {
    loadRow: fromPromise<SessionRecord | null, Place & { at: number }>(async () => null),
    saveRow: fromPromise<Saved, Save>(async () => "saved")
  },
  guards: {
    ...bookGuards,
    hasLapsed: ({ context, event }) => "at" in event && hasLapsed(context, event.at),
    isUnspoken: ({ context, event }) => "at" in event && event.at - context.spokenAt >= context.settings.restMs,
    isAnswered: ({ context }) => context.draft?.answer !== null,
    isSameAnswer: ({ context, event }) => {
      assertEvent(event, "session.answer")
      return context.draft?.answer === event.answer
    },
    hasRoom: ({ context, event }) => {
      assertEvent(event, "candidate.add")
      return hasRoomFor(present(context.draft, "draft"), event.side, context.settings.candidatesOfSide)
    },
    isStale: ({ context }) => context.isStale,
    isOtherVersion: ({ context, event }) => {
      assertEvent(event, "record.revised")
      return event.version !== versionOf(present(context.saved, "saved session"))
    },
    /** It goes as soon as nobody waits. */
    isLeaving: stateIn({ open: { life: "leaving" } })
  },
  actions: {
    /** Asks for the event at a time, epoch ms, or after some; it replaces the one asked for before by its name. */
    requestDeadline: (_, _request: { event: Timer; at: number } | { event: Timer; afterMs: number }) => {},
    cancelDeadline: (_, _timer: { event: Timer }) => {},
    record: (_, _event: SessionEventTold) => {},
    answer: tell((_, { to, event }: Answer) => ({ to, event })),

    keepWaiting: assign({ waiting: ({ context, event }) => [...context.waiting, event] }),
    adoptRow: assign((_, { row }: { row: SessionRecord | null }) => {
      const saved = present(row, "row")
      return { saved, draft: saved, isStale: false }
    }),

    /** Puts the question in line for its answer, which goes out when what it was decided upon is saved. */
    decide: assign(({ context, event }, { refusal }: { refusal: Refusal | null }) => {
      assertEvent(event, questions)
      return { decided: [...context.decided, { question: event, refusal }], spokenAt: event.at }
    }),
    noteStale: assign({ isStale: true }),

    takeAnswer: assign({
      draft: ({ context, event }) => {
        assertEvent(event, "session.answer")
        return withAnswer(present(context.draft, "draft"), event.answer)
      }
    }),
    addCandidate: assign({
      draft: ({ context, event }) => {
        assertEvent(event, "candidate.add")
        const { side, candidate } = event
        return withCandidate(present(context.draft, "draft"), { side, candidate })
      }
    })
  }
})

const { assign: change, enqueueActions } = decisions
/** With what the database has failed. */
const enqueueForFault = enqueueForAny<
  SessionContext,
  SessionEvent,
  { error: unknown },
  SessionEvent,
  never,
  { type: "answer"; params: Answer },
  never,
  never,
  never
>
const answersOf = (decided: readonly Decided[], saved: SessionRecord): readonly Answer[] =>
  decided.map((each) => ({ to: each.question.replyTo, event: reply(each, saved) }))

export const sessionSetup = decisions.extend({
  actions: {
    /** What had to wait while the row was read is heard now. */
    readmitWaiting: enqueueActions(({ context, enqueue }) => {
      enqueue.assign({ waiting: [] })
      for (const event of context.waiting) enqueue.raise(event)
      enqueue.raise({ type: "events.reheard" })
    }),
    denyWaiting: enqueueActions(({ context, enqueue }) => {
      for (const asked of askers(context.waiting))
        enqueue({ type: "answer", params: { to: asked.replyTo, event: absent(asked) } })
    }),
    failWaiting: enqueueForFault(({ context, enqueue }, { error }) => {
      for (const asked of askers(context.waiting))
        enqueue({ type: "answer", params: { to: asked.replyTo, event: failure(asked, error) } })
    }),

    startWriting: change(({ context: { draft, saved, decided } }) => ({
      writing: { ...present(draft, "draft"), revision: present(saved, "saved session").revision + 1 },
      writtenDraft: draft,
      batch: decided,
      decided: []
    })),
    finishWriting: enqueueActions(({ context, enqueue }) => {
      const saved = present(context.writing, "row that was written")
      enqueue.assign(afterWriting(context, saved))
      for (const params of answersOf(context.batch, saved)) enqueue({ type: "answer", params })
    }),
    /** The changes are undone and their askers told. */
    failWriting: enqueueForFault(({ context, enqueue }, { error }) => {
      enqueue.assign({ draft: context.saved, ...atRest, decided: [] })
      for (const { question } of everyDecided(context))
        enqueue({ type: "answer", params: { to: question.replyTo, event: failure(question, error) } })
    }),
    /** The row says something else than was thought: everything not yet answered is decided again upon what it says now. */
    decideAgain: enqueueActions(({ context, enqueue }) => {
      enqueue.assign({ ...atRest, decided: [] })
      for (const { question } of everyDecided(context)) enqueue.raise(question)
      enqueue.raise({ type: "events.reheard" })
    }),
    answerDecided: enqueueActions(({ context, enqueue }) => {
      enqueue.assign({ decided: [] })
      for (const params of answersOf(context.decided, present(context.saved, "saved session")))
        enqueue({ type: "answer", params })
    }),
    denyAll: enqueueActions(({ context, enqueue }) => {
      enqueue.assign({ batch: [], decided: [] })
      for (const { question } of everyDecided(context))
        enqueue({ type: "answer", params: { to: question.replyTo, event: absent(question) } })
    })
  }
})

/** Puts what was asked in line for its answer. */
export const granted = { type: "decide", params: { refusal: null } } as const
export const refused = (refusal: Refusal) => ({ type: "decide", params: { refusal } }) as const

/** Asks the database's fault to be told of. */
export const recordFault = (operation: Operation) =>
  ({
    type: "record",
    params: ({ event }: { event: { error: unknown } }) => ({
      name: "session:error" as const,
      operation,
      error: event.error
    })
  }) as const
