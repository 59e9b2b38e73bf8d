/** The words that the chart of an offer is written in. */
import { assertEvent, assign, enqueueActions as enqueueForAny, fromPromise, setup, stateIn } from "xstate"
import type { Address } from "../../address.ts"
import type { Aftermath, Crash } from "../../kinds.ts"
import { present } from "../../present.ts"
import { afterWriting, atRest, bookGuards, everyDecided, type Removed, type Saved } from "../../record/books.ts"
import { speakAs } from "../../registry.ts"
import { offerAt } from "../addresses.ts"
import type { OfferEventTold } from "./events.ts"
import { hasLapsed, type OfferContext, type OfferInput } from "./offerContext.ts"
import {
  absent,
  type Decided,
  failure,
  type OfferCommand,
  type OfferEvent,
  type OfferRead,
  type OfferReply,
  type Refusal,
  refusalOf,
  reply
} from "./offerMessages.ts"
import {
  candidatesFor,
  hasRoomFor,
  isSecretRight,
  type OfferRecord,
  roleOf,
  withAnswer,
  withCandidates,
  withoutAnswerText
} from "./offerRecord.ts"

const commands = ["offer.answer", "offer.delete", "candidates.add", "offer.refresh"] as const
const questions = [...commands, "candidates.read"] as const

/** Each is of one region of the chart. */
type Timer = "life.due" | "retry.due"

/** What somebody who has asked is told. */
export interface Answer {
  readonly to: Address
  readonly event: OfferReply
}

/** Everybody who has asked something, in the order in which they came. */
const askers = (waiting: readonly OfferEvent[]): readonly (OfferCommand | OfferRead)[] =>
  waiting.flatMap((event) => ("replyTo" in event ? [event] : []))

/** Its callers hear at once that there is no answer, instead of waiting in vain. */
export const offerCrash = ({ context }: Crash<OfferContext>): Aftermath => {
  if (context === undefined) return { tell: [], record: [] }
  const open = [...everyDecided(context).map(({ command }) => command), ...askers(context.waiting)]
  return { tell: open.map((asked) => ({ to: asked.replyTo, event: failure(asked, undefined) })), record: [] }
}

const { tell } = speakAs(({ id }: OfferContext) => offerAt(id))

const decisions = setup({
  types: {
    context: {} as OfferContext,
    events: {} as OfferEvent,
    input: {} as OfferInput
  },
  actors: {
    loadRow: fromPromise<OfferRecord | null, { id: string; at: number }>(async () => null),
    saveRow: fromPromise<Saved, { before: OfferRecord; after: OfferRecord; at: number }>(async () => "saved"),
    removeRow: fromPromise<Removed, { before: OfferRecord }>(async () => "removed")
  },
  guards: {
    ...bookGuards,
    // Who speaks, and when
    hasLapsed: ({ context, event }) => "at" in event && hasLapsed(context, event.at),
    isOwner: ({ context, event }) => "peerId" in event && context.draft?.peerId === event.peerId,
    isParty: ({ context, event }) =>
      "peerId" in event && context.draft !== null && roleOf(context.draft, event.peerId) !== null,
    isSavedParty: ({ context, event }) =>
      "peerId" in event && context.saved !== null && roleOf(context.saved, event.peerId) !== null,
    isSecretRight: ({ context, event }) => {
      assertEvent(event, "offer.answer")
      return context.draft !== null && isSecretRight(context.draft, event.secret)
    },
    hasRoom: ({ context, event }) => {
      assertEvent(event, "candidates.add")
      const { draft, settings } = context
      const role = draft && roleOf(draft, event.peerId)
      return (
        role !== null && hasRoomFor(present(draft, "draft"), role, event.candidates.length, settings.candidatesOfSide)
      )
    },
    // What the draft comes to
    isDeleted: ({ context }) => context.draft === null,
    isAnswered: ({ context }) => context.draft !== null && context.draft.answer !== null,
    // What the database must be asked
    isStale: ({ context }) => context.isStale,
    isOtherRevision: ({ context, event }) => {
      assertEvent(event, "record.revised")
      return event.revision !== context.saved?.revision
    },
    /** What was read may be newer than what it is told of, but must not be older. */
    isNewerRevision: ({ context, event }) => {
      assertEvent(event, "offer.refresh")
      return event.revision > present(context.saved, "saved offer").revision
    },
    isUnspoken: ({ context, event }) => "at" in event && event.at - context.spokenAt >= context.settings.restMs,
    /** It goes as soon as nobody waits. */
    isLeaving: stateIn({ open: { life: "leaving" } })
  },
  actions: {
    /** Asks for the event at a time, epoch ms, or after some; it replaces the one asked for before by its name. */
    requestDeadline: (_, _request: { event: Timer; at: number } | { event: Timer; afterMs: number }) => {},
    cancelDeadline: (_, _timer: { event: Timer }) => {},
    record: (_, _event: OfferEventTold) => {},
    answer: tell((_, { to, event }: Answer) => ({ to, event })),

    keepWaiting: assign({ waiting: ({ context, event }) => [...context.waiting, event] }),
    adoptRow: assign((_, { row }: { row: OfferRecord | null }) => {
      const saved = present(row, "row")
      return { saved, draft: saved, isStale: false }
    }),

    // Hearing
    /** Puts the command in line for its answer, which goes out when what it was decided upon is saved. */
    decide: assign(({ context, event }, { refusal }: { refusal: Refusal | null }) => {
      assertEvent(event, commands)
      const { peerId: owner } = present(context.saved, "saved offer")
      return { decided: [...context.decided, { command: event, refusal, owner }], spokenAt: event.at }
    }),
    tellCandidates: tell(({ context, event }) => {
      assertEvent(event, "candidates.read")
      const saved = present(context.saved, "saved offer")
      const role = present(roleOf(saved, event.peerId), "role")
      const candidates = candidatesFor(saved, role, event.since)
      return {
        to: event.replyTo,
        event: { type: "candidates.told", requestId: event.requestId, candidates } satisfies OfferReply
      }
    }),
    refuseRead: tell(({ event }, { refusal }: { refusal: Refusal }) => {
      assertEvent(event, "candidates.read")
      return { to: event.replyTo, event: refusalOf(event, refusal) }
    }),
    touch: assign({
      spokenAt: ({ event }) => {
        assertEvent(event, questions)
        return event.at
      }
    }),
    noteStale: assign({ isStale: true }),

    // Changing the draft
    takeAnswer: assign({
      draft: ({ context, event }) => {
        assertEvent(event, "offer.answer")
        const { peerId, sdp, at } = event
        return withAnswer(present(context.draft, "draft"), { peerId, sdp, at })
      }
    }),
    addCandidates: assign({
      draft: ({ context, event }) => {
        assertEvent(event, "candidates.add")
        const draft = present(context.draft, "draft")
        const { peerId, candidates, at } = event
        return withCandidates(draft, { peerId, role: present(roleOf(draft, peerId), "role"), candidates, at })
      }
    }),
    erase: assign({ draft: null })
  }
})

const { assign: change, enqueueActions } = decisions
/** With what the database has failed. */
const enqueueForFault = enqueueForAny<
  OfferContext,
  OfferEvent,
  { error: unknown },
  OfferEvent,
  never,
  { type: "answer"; params: Answer },
  never,
  never,
  never
>
const answersOf = (decided: readonly Decided[]): readonly Answer[] =>
  decided.map((each) => ({ to: each.command.replyTo, event: reply(each) }))

export const offerSetup = decisions.extend({
  actions: {
    /** What had to wait while the row was read is heard now. */
    readmitWaiting: enqueueActions(({ context, enqueue }) => {
      enqueue.assign({ waiting: [] })
      enqueue.raise({ type: "record.reloaded" })
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

    // Writing
    startWriting: change(({ context: { draft, saved, decided } }) => ({
      writing: draft && { ...draft, revision: present(saved, "saved offer").revision + 1 },
      writtenDraft: draft,
      batch: decided,
      decided: []
    })),
    finishWriting: enqueueActions(({ context, enqueue }) => {
      enqueue.assign(afterWriting(context, withoutAnswerText(present(context.writing, "row that was written"))))
      for (const params of answersOf(context.batch)) enqueue({ type: "answer", params })
    }),
    /** The changes are undone and their askers told. */
    failWriting: enqueueForFault(({ context, enqueue }, { error }) => {
      enqueue.assign({ draft: context.saved, ...atRest, decided: [] })
      enqueue.raise({ type: "record.reloaded" })
      for (const { command } of everyDecided(context))
        enqueue({ type: "answer", params: { to: command.replyTo, event: failure(command, error) } })
    }),
    /** Somebody else has changed the row: everything not yet answered is decided again upon what it says now. */
    decideAgain: enqueueActions(({ context, enqueue }) => {
      enqueue.assign({ ...atRest, decided: [] })
      enqueue.raise({ type: "record.reloaded" })
      for (const { command } of everyDecided(context)) enqueue.raise(command)
      enqueue.raise({ type: "events.reheard" })
    }),
    answerDecided: enqueueActions(({ context, enqueue }) => {
      enqueue.assign({ decided: [] })
      for (const params of answersOf(context.decided)) enqueue({ type: "answer", params })
    }),
    /** The offer is removed, as somebody in the batch has asked; whoever came later finds none. */
    answerRemoved: enqueueActions(({ context, enqueue }) => {
      enqueue.assign({ batch: [], decided: [] })
      for (const params of answersOf(context.batch)) enqueue({ type: "answer", params })
      for (const { command } of context.decided)
        enqueue({ type: "answer", params: { to: command.replyTo, event: absent(command) } })
    }),
    denyAll: enqueueActions(({ context, enqueue }) => {
      enqueue.assign({ batch: [], decided: [] })
      for (const { command } of everyDecided(context))
        enqueue({ type: "answer", params: { to: command.replyTo, event: absent(command) } })
    })
  }
})

/** Puts what was asked in line for its answer. */
export const granted = { type: "decide", params: { refusal: null } } as const
export const refused = (refusal: Refusal) => ({ type: "decide", params: { refusal } }) as const

/** Asks the database's fault to be told of. */
export const recordFault = (operation: "load" | "save" | "remove") =>
  ({
    type: "record",
    params: ({ event }: { event: { error: unknown } }) => ({
      name: "offer:error" as const,
      operation,
      error: event.error
    })
  }) as const
