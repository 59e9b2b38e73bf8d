/**
 * A room: one durable meeting place of two participants, and the only writer of its row.
 *
 * Write-through: a change is made in the draft, saved, and only then answered, so that no answer speaks of something a
 * crash can undo. Changes that arrive while a save is under way go out together in the next one. A poll is answered
 * from what is saved, less whoever has left since: that is a fact, and its peer has been told. An extension of the room's life is remembered and written when it has grown large enough, or when
 * the actor goes to rest.
 */
import { and, assign, fromPromise, not, type SnapshotFrom, setup } from "xstate"
import type { Address } from "../address.ts"
import { unknownAddress } from "../clientAddress.ts"
import type { Aftermath, Crash } from "../kinds.ts"
import { speakAs } from "../registry.ts"
import { flightAt, roomAt } from "./addresses.ts"
import type { DropSilkEvent } from "./events.ts"
import type { Channel, FlightEvent } from "./flightContext.ts"
import { type Around, goneFor, isHeardFrom, type LastWord, type Patience, withWord, wordsOf } from "./roomHearing.ts"
import {
  type AttachReply,
  type Decided,
  failure,
  outcomeOf,
  type RefusalReason,
  type RoomAnswer,
  type RoomAttach,
  type RoomCommand,
  type RoomEvent,
  type RoomInvite,
  type RoomPoll,
  type RoomQuestion,
  type RoomVouched,
  reply,
  replyToOf,
  type SeatVacated
} from "./roomMessages.ts"
import {
  mayReturn,
  newParticipant,
  type Participant,
  participantsOf,
  peerOf,
  type Remembrance,
  type RoomRecord,
  roleOf,
  withoutParticipant,
  withParticipant,
  withReturned
} from "./roomRecord.ts"

/** A row as it is read: the room, and when it was last heard of whom. */
export interface RoomRow {
  readonly room: RoomRecord
  readonly words: readonly LastWord[]
}

export interface RoomInput extends Patience, Remembrance {
  readonly code: string
  /** Epoch milliseconds: when this actor was called for. */
  readonly at: number
  /** Since when anybody could be heard, epoch milliseconds: the start of the server. */
  readonly listeningSince: number
  readonly timeToLiveMs: number
  /** Without being spoken to for so long the actor ends; the row remains. */
  readonly restMs: number
  /** An owed extension is written once it has grown to this share of the lifetime. */
  readonly touchShare: number
  /** After a failed save the room tries again in so many milliseconds. */
  readonly retryMs: number
  /** Present when the room is to be made, absent when its row is to be loaded. */
  readonly creation?: {
    readonly host: { readonly id: string; readonly alias: string }
    readonly name: string
    readonly address: string
    readonly requestId: number
    readonly replyTo: Address
  }
}

export interface RoomContext extends RoomInput {
  /** What the row says; null before it is known. Its `expiresAt` is the one in the row. */
  readonly saved: RoomRecord | null
  /** With the changes that are not in the row yet; null when the last participant has left. */
  readonly draft: RoomRecord | null
  /** When the room's life ends, epoch ms: may be ahead of the row. */
  readonly expiresAt: number
  /** What is being written now, and the draft it was taken from. */
  readonly writing: RoomRecord | null
  readonly writtenDraft: RoomRecord | null
  /** Decided upon what is being written now. */
  readonly batch: readonly Decided[]
  /** Decided upon the draft. */
  readonly decided: readonly Decided[]
  /** Came while the row was being loaded. */
  readonly waiting: readonly RoomEvent[]
  /** Seats given up whose removal could not be saved: the draft is without them, and is tried again. */
  readonly owed: readonly SeatVacated[]
  /** Participants whose transfer seat is taken. */
  readonly seated: readonly string[]
  /** Seats that are taken on the other channels. */
  readonly sideSeats: readonly { readonly participantId: string; readonly channel: Channel }[]
  /** When each participant was last heard of: written when something else is, for it changes with every poll. */
  readonly words: readonly LastWord[]
  readonly spokenAt: number
  /** Nobody has spoken for a while. */
  readonly resting: boolean
  /** The server is going: whatever is said now, the actor ends when nothing is owed. */
  readonly closing: boolean
  /** Events that had to wait are being heard: the actor does not end before the last of them. */
  readonly rehearing: boolean
}

type EventOf<Type extends RoomEvent["type"]> = Extract<RoomEvent, { type: Type }>

/** Somebody is attached, and it is not only the seat of somebody who has left. */
const isKeptAlive = ({ draft, seated }: Pick<RoomContext, "draft" | "seated">): boolean =>
  seated.length > 0 && draft?.host !== null

/** When the room must look at its clock next. */
const nextDeadline = ({ draft, seated, expiresAt, timeToLiveMs, spokenAt, restMs }: RoomContext): number =>
  isKeptAlive({ draft, seated }) ? expiresAt - timeToLiveMs / 2 : Math.min(expiresAt, spokenAt + restMs)

const participantIdOf = (event: RoomEvent): string =>
  event.type === "room.join" ? event.guest.id : "participantId" in event ? event.participantId : ""

/** Seats that were given up and are still in the row. */
const factsOf = ({ batch, decided, owed }: Pick<RoomContext, "batch" | "decided" | "owed">): readonly SeatVacated[] => [
  ...owed,
  ...[...batch, ...decided].map(({ command }) => command).filter((command) => command.type === "seat.vacated")
]

/** A room without those who have left it since. */
const lessFacts = (context: RoomContext, room: RoomRecord | null, facts: readonly SeatVacated[]): RoomRecord | null =>
  facts.reduce((left, { participantId, at }) => left && withoutParticipant(left, participantId, at, context), room)

/** What may be told: what is saved, less whoever has left since. */
const toldRoom = (context: RoomContext): RoomRecord | null => lessFacts(context, context.saved, factsOf(context))

/** Those of whom nothing shows that they are there. */
const unseated = ({ draft, seated, sideSeats }: RoomContext): readonly Participant[] =>
  draft === null
    ? []
    : participantsOf(draft).filter(
        ({ id }) => !seated.includes(id) && !sideSeats.some(({ participantId }) => participantId === id)
      )

/** Who gives way to somebody who comes, given who is around. */
const goneIn = (context: RoomContext, newcomer: EventOf<"room.join">, around: readonly Around[]): Participant | null =>
  goneFor(unseated(context), context.words, newcomer, context, around)

/** What becomes of a room when somebody leaves it. One that nobody is in lives only for those who may come back. */
const without = (context: RoomContext, participantId: string, at: number): Partial<RoomContext> => {
  const draft = withoutParticipant(context.draft as RoomRecord, participantId, at, context)
  const words = draft === null ? [] : wordsOf(context.words, draft)
  return draft?.host === null ? { draft, words, expiresAt: at + context.returnMs } : { draft, words }
}

/** Who is in a room that has been read, and when each was heard of: while there was no server nobody could be. */
const heardOf = (context: RoomContext, room: RoomRecord, written: readonly LastWord[]): readonly LastWord[] =>
  participantsOf(room).map(({ id }) => {
    const word = [...context.words, ...written].find(({ participantId }) => participantId === id)
    const { at, ...rest } = word ?? { at: 0, participantId: id, address: unknownAddress, firstAddress: unknownAddress }
    return { ...rest, at: Math.max(at, context.listeningSince) }
  })

const isSideSeat = (seat: RoomContext["sideSeats"][number], event: RoomEvent): boolean => {
  const { participantId, channel } = event as EventOf<"sideSeat.taken"> | EventOf<"sideSeat.freed">
  return seat.participantId === participantId && seat.channel === channel
}

/** What somebody who has asked is told. */
interface Answer {
  readonly to: Address
  readonly event: RoomAnswer | AttachReply
}

const { tell } = speakAs(({ code }: RoomContext) => roomAt(code))

const base = setup({
  types: {
    context: {} as RoomContext,
    events: {} as RoomEvent,
    input: {} as RoomInput
  },
  actors: {
    loadRow: fromPromise<RoomRow | null, { code: string; at: number }>(async () => null),
    insertRow: fromPromise<"inserted" | "taken", RoomRow>(async () => "inserted"),
    saveRow: fromPromise<"saved" | "conflict", { before: RoomRecord; after: RoomRecord; words: readonly LastWord[] }>(
      async () => "saved"
    ),
    removeRow: fromPromise<"removed" | "conflict", { before: RoomRecord }>(async () => "removed")
  },
  guards: {
    isCreation: ({ context }) => context.creation !== undefined,
    hasLapsed: ({ context, event }) => !isKeptAlive(context) && (event as { at: number }).at >= context.expiresAt,
    isInDraft: ({ context, event }) => context.draft !== null && roleOf(context.draft, participantIdOf(event)) !== null,
    isTold: ({ context, event }) => {
      const told = toldRoom(context)
      return told !== null && roleOf(told, participantIdOf(event)) !== null
    },
    mayReturn: ({ context, event }) =>
      context.draft !== null &&
      mayReturn(context.draft, participantIdOf(event), (event as { at: number }).at, context.returnMs),
    /** Somebody may have gone without a word: who is around decides, and nobody has been asked yet. */
    mustAskAround: ({ context, event }) => {
      const newcomer = event as EventOf<"room.join">
      return newcomer.around === null && goneIn(context, newcomer, []) !== null
    },
    isSomebodyGone: ({ context, event }) => {
      const newcomer = event as EventOf<"room.join">
      return newcomer.around !== null && goneIn(context, newcomer, newcomer.around) !== null
    },
    isHeardFrom: ({ context, event }) => isHeardFrom(context.words, (event as EventOf<"room.invite">).address),
    isPeerSharing: ({ context, event }) => {
      const { active, participantId } = event as EventOf<"room.screenShare">
      return active && context.draft !== null && peerOf(context.draft, participantId)?.screenShare === true
    },
    // What the database has answered
    wasInserted: (_, { outcome }: { outcome: "inserted" | "taken" }) => outcome === "inserted",
    wasSaved: (_, { outcome }: { outcome: "saved" | "conflict" }) => outcome === "saved",
    wasRemoved: (_, { outcome }: { outcome: "removed" | "conflict" }) => outcome === "removed",
    wasFound: (_, { found }: { found: RoomRow | null }) => found !== null,
    // Where the draft stands
    isEmpty: ({ context }) => context.draft === null,
    isVacant: ({ context }) => context.draft?.host === null,
    hasGuestAndReady: ({ context }) =>
      context.draft?.guest != null && (context.draft.host?.ready === true || context.draft.guest.ready),
    hasGuest: ({ context }) => context.draft?.guest != null,
    // What storage must do
    mustRemove: ({ context }) => context.draft === null,
    mustSave: ({ context }) => {
      const { saved, draft, expiresAt, timeToLiveMs, touchShare, resting, closing } = context
      if (saved === null || draft === null) return false
      const owed = expiresAt - saved.expiresAt
      return draft !== saved || owed >= touchShare * timeToLiveMs || ((resting || closing) && owed > 0)
    },
    hasDecided: ({ context }) => context.decided.length > 0,
    mayRest: ({ context }) => (context.resting || context.closing) && context.owed.length === 0 && !context.rehearing,
    // Attendance
    isSeatedAlone: ({ context, event }) =>
      context.seated.every((participantId) => participantId === participantIdOf(event)),
    isHalfSpent: ({ context, event }) =>
      isKeptAlive(context) && context.expiresAt - (event as EventOf<"deadline">).at <= context.timeToLiveMs / 2,
    isUnspoken: ({ context, event }) => (event as EventOf<"deadline">).at - context.spokenAt >= context.restMs
  },
  actions: {
    /** Asks for a `deadline` event at a time, or after some milliseconds; it replaces the one asked for before. */
    requestDeadline: (_, _parameters: { at: number } | { afterMs: number }) => {},
    cancelDeadline: () => {},
    record: (_, _event: DropSilkEvent) => {},
    keepWaiting: assign({ waiting: ({ context, event }) => [...context.waiting, event] }),
    answer: tell((_, { to, event }: Answer) => ({ to, event })),
    answerCreator: tell(
      ({ context }, { outcome }: { outcome: "room.codeTaken" | "room.unavailable" | "room.broken" }) => ({
        to: context.creation!.replyTo,
        event: { type: outcome, requestId: context.creation!.requestId } satisfies RoomAnswer
      })
    ),
    draftCreation: assign({
      writing: ({ context }) => ({
        code: context.code,
        host: newParticipant(context.creation!.host, context.creation!.name),
        guest: null,
        departed: [],
        expiresAt: context.expiresAt
      }),
      words: ({ context }) =>
        withWord([], { participantId: context.creation!.host.id, at: context.at, address: context.creation!.address })
    }),
    adoptCreated: assign(({ context }) => {
      const { creation, writing } = context
      return {
        saved: writing,
        draft: writing,
        writing: null,
        decided: [
          {
            command: {
              type: "room.create" as const,
              participantId: creation!.host.id,
              requestId: creation!.requestId,
              replyTo: creation!.replyTo,
              address: creation!.address,
              at: context.at
            },
            refusal: null,
            participantId: creation!.host.id
          }
        ]
      }
    }),
    adoptRow: assign(({ context }, { room, words }: RoomRow) => ({
      saved: room,
      draft: room,
      words: heardOf(context, room, words),
      // Where nobody is in it, nobody can have lengthened its life.
      expiresAt: room.host === null ? room.expiresAt : Math.max(context.expiresAt, room.expiresAt)
    })),
    askSeats: tell(({ context }, { channel }: { channel: Channel }) => ({
      to: flightAt(`${context.code}/${channel}`),
      event: { type: "seats.asked", replyTo: roomAt(context.code) } satisfies FlightEvent
    })),
    /** Those who hold the transfer seats, and so are in the room, are looked after. */
    wantSeats: tell(({ context }) => ({
      to: flightAt(`${context.code}/transfer`),
      event: { type: "seats.wanted" } satisfies FlightEvent
    })),
    touch: assign({
      expiresAt: ({ context, event }) =>
        Math.max(context.expiresAt, (event as { at: number }).at + context.timeToLiveMs),
      spokenAt: ({ event }) => (event as { at: number }).at,
      resting: false
    }),
    hear: assign({
      words: ({ context, event }) => {
        const { at, address } = event as RoomQuestion | RoomPoll | RoomAttach
        return withWord(context.words, { participantId: participantIdOf(event), at, address })
      }
    }),
    askAround: tell(({ context, event }) => ({
      to: (event as EventOf<"room.join">).replyTo,
      event: {
        type: "room.asksAround",
        requestId: (event as EventOf<"room.join">).requestId,
        suspects: unseated(context).map(({ id, name }) => ({
          participantId: id,
          name,
          addresses: context.words
            .filter(({ participantId }) => participantId === id)
            .flatMap(({ address, firstAddress }) => (address === firstAddress ? [address] : [address, firstAddress]))
        }))
      } satisfies RoomAnswer
    })),
    vouch: tell(({ context, event }) => {
      const { replyTo, inviteeId } = event as RoomInvite
      return { to: replyTo, event: { type: "room.vouched", code: context.code, inviteeId } satisfies RoomVouched }
    }),
    extendLife: assign({
      expiresAt: ({ context, event }) => (event as EventOf<"deadline">).at + context.timeToLiveMs
    }),
    answerPoll: tell(({ context, event }) => {
      const { replyTo, requestId, participantId } = event as RoomPoll
      return {
        to: replyTo,
        event: {
          type: "room.answered",
          requestId,
          participantId,
          room: { ...(toldRoom(context) as RoomRecord), expiresAt: context.expiresAt }
        } satisfies RoomAnswer
      }
    }),
    refusePoll: tell(({ event }) => {
      const { replyTo, requestId } = event as RoomPoll
      return {
        to: replyTo,
        event: { type: "room.refused", requestId, reason: "not-found" } satisfies RoomAnswer
      }
    }),
    /** Puts the command in line for its answer, which goes out when what it was decided upon is saved. */
    decide: assign({
      decided: ({ context, event }, { refusal }: { refusal: RefusalReason | null }) => {
        const command = event as RoomCommand
        return [...context.decided, { command, refusal, participantId: participantIdOf(event) }]
      }
    }),
    admitGuest: assign({
      draft: ({ context, event }) => {
        const { guest, name } = event as EventOf<"room.join">
        return { ...(context.draft as RoomRecord), guest: newParticipant(guest, name) }
      }
    }),
    markReady: assign({
      draft: ({ context, event }) => {
        const { participantId, fileCount, totalBytes } = event as EventOf<"room.ready">
        return withParticipant(context.draft as RoomRecord, participantId, { ready: true, fileCount, totalBytes })
      }
    }),
    markScreenShare: assign({
      draft: ({ context, event }) => {
        const { participantId, active } = event as EventOf<"room.screenShare">
        return withParticipant(context.draft as RoomRecord, participantId, { screenShare: active })
      }
    }),
    markChat: assign({
      draft: ({ context, event }) => {
        const { participantId, active } = event as EventOf<"room.chat">
        return withParticipant(context.draft as RoomRecord, participantId, { chat: active })
      }
    }),
    readmit: assign({
      draft: ({ context, event }) => withReturned(context.draft as RoomRecord, participantIdOf(event))
    }),
    /** Who has most likely gone without a word leaves the room, as if its socket had closed. */
    removeGone: assign(({ context, event }) => {
      const newcomer = event as EventOf<"room.join">
      const gone = goneIn(context, newcomer, newcomer.around ?? []) as Participant
      return without(context, gone.id, newcomer.at)
    }),
    removeParticipant: assign(({ context, event }) => {
      const { participantId, at } = event as SeatVacated
      return without(context, participantId, at)
    }),
    startWriting: assign(({ context }) => {
      const { draft, owed, decided, returnMs } = context
      const expiresAt = draft?.host === null ? draft.departed.at(-1)!.at + returnMs : context.expiresAt
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
    takeSeat: assign({
      seated: ({ context, event }) => {
        const { participantId } = event as EventOf<"seat.taken">
        return context.seated.includes(participantId) ? context.seated : [...context.seated, participantId]
      },
      resting: false
    }),
    takeSideSeat: assign({
      sideSeats: ({ context, event }) => {
        const { participantId, channel } = event as EventOf<"sideSeat.taken">
        return [...context.sideSeats.filter((seat) => !isSideSeat(seat, event)), { participantId, channel }]
      }
    }),
    freeSideSeat: assign({
      sideSeats: ({ context, event }) => context.sideSeats.filter((seat) => !isSideSeat(seat, event))
    }),
    vacateSeat: assign({
      seated: ({ context, event }) => context.seated.filter((participantId) => participantId !== participantIdOf(event))
    }),
    finishRehearing: assign({ rehearing: false }),
    goToRest: assign({ resting: true }),
    close: assign({ closing: true })
  }
})

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
export const roomCrash = ({ context }: Crash<RoomContext>): Aftermath<DropSilkEvent> => ({
  tell:
    context === undefined
      ? []
      : [
          ...creatorOf(context),
          ...answers([...context.batch, ...context.decided, ...undecided(context.waiting)], (each) =>
            failure(each, undefined)
          )
        ],
  record: []
})

const readmitWaiting = base.enqueueActions(({ context, enqueue }) => {
  enqueue.assign({ waiting: [], rehearing: true })
  for (const event of context.waiting) enqueue.raise(event)
  enqueue.raise({ type: "events.reheard" })
})

const denyWaiting = base.enqueueActions(({ context, enqueue }) => {
  for (const answer of answers(undecided(context.waiting), (each) => reply(each, null))) {
    enqueue({ type: "answer", params: answer })
  }
})

/** With what reading or writing the row has failed. */
const errorOf = (event: object): unknown => ("error" in event ? event.error : undefined)

const failWaiting = base.enqueueActions(({ context, event: fault, enqueue }) => {
  for (const answer of answers(undecided(context.waiting), (each) => failure(each, errorOf(fault)))) {
    enqueue({ type: "answer", params: answer })
  }
})

const answerDecided = base.enqueueActions(({ context, enqueue }) => {
  const told = toldRoom(context)
  const room = told && { ...told, expiresAt: context.expiresAt }
  enqueue.assign({ decided: [] })
  for (const answer of answers(context.decided, (each) => reply(each, room))) {
    enqueue({ type: "answer", params: answer })
  }
})

const finishWriting = base.enqueueActions(({ context, enqueue }) => {
  const saved = context.writing as RoomRecord
  enqueue.assign({
    saved,
    draft: context.draft === context.writtenDraft ? saved : context.draft,
    writing: null,
    writtenDraft: null,
    batch: []
  })
  const told = toldRoom({ ...context, saved, batch: [] })
  const room = told && { ...told, expiresAt: context.expiresAt }
  for (const answer of answers(context.batch, (each) => reply(each, room))) enqueue({ type: "answer", params: answer })
})

/** The changes are undone and their askers told; but who has left has left. */
const failWriting = base.enqueueActions(({ context, event: fault, enqueue }) => {
  const failed = [...context.batch, ...context.decided]
  const saved = context.saved as RoomRecord
  const owed = factsOf(context).filter(({ participantId }) => roleOf(saved, participantId) !== null)
  enqueue.assign({
    draft: lessFacts(context, saved, owed),
    owed,
    // If its last participant has left, it lives on until that can be written.
    expiresAt: saved.host === null ? saved.expiresAt : Math.max(context.expiresAt, saved.expiresAt),
    writing: null,
    writtenDraft: null,
    batch: [],
    decided: []
  })
  for (const answer of answers(failed, (each) => failure(each, errorOf(fault)))) {
    enqueue({ type: "answer", params: answer })
  }
  enqueue.raise({ type: "record.reloaded" })
})

/** Somebody else has changed the row: everything not yet answered is decided again upon what it says now. */
const decideAgain = base.enqueueActions(({ context, enqueue }) => {
  enqueue.assign({ writing: null, writtenDraft: null, batch: [], decided: [], rehearing: true })
  enqueue.raise({ type: "record.reloaded" })
  for (const { command } of [...context.batch, ...context.decided]) {
    if (command.type !== "room.create") enqueue.raise(command)
  }
  enqueue.raise({ type: "events.reheard" })
})

const denyAll = base.enqueueActions(({ context, enqueue }) => {
  const denied = [...context.batch, ...context.decided]
  enqueue.assign({ batch: [], decided: [] })
  for (const answer of answers(denied, (each) => reply({ ...each, refusal: "not-found" }, null))) {
    enqueue({ type: "answer", params: answer })
  }
})

/** Somebody comes to a room that is full, or seems to be. */
const joinsFull = [
  { guard: "hasLapsed" as const, actions: { type: "decide" as const, params: { refusal: "not-found" as const } } },
  { guard: "mustAskAround" as const, actions: "askAround" as const },
  {
    guard: "isSomebodyGone" as const,
    target: "deciding" as const,
    actions: [
      "touch" as const,
      "removeGone" as const,
      "admitGuest" as const,
      "hear" as const,
      { type: "decide" as const, params: { refusal: null } }
    ]
  },
  { actions: ["wantSeats" as const, { type: "decide" as const, params: { refusal: "full" as const } }] }
]

const askAllSeats = (["transfer", "screen-share", "chat"] as const).map((channel) => ({
  type: "askSeats" as const,
  params: { channel }
}))

export const roomMachine = base
  .extend({
    actions: {
      readmitWaiting,
      denyWaiting,
      failWaiting,
      answerDecided,
      finishWriting,
      failWriting,
      decideAgain,
      denyAll
    }
  })
  .createMachine({
    id: "room",
    description:
      "One durable room. Its occupancy follows what has been decided, its storage sees to it that nothing is answered before it is saved, and its attendance keeps it alive while somebody is attached.",
    context: ({ input }) => ({
      ...input,
      saved: null,
      draft: null,
      expiresAt: input.at + input.timeToLiveMs,
      writing: null,
      writtenDraft: null,
      batch: [],
      decided: [],
      waiting: [],
      owed: [],
      seated: [],
      sideSeats: [],
      words: [],
      spokenAt: input.at,
      resting: false,
      closing: false,
      rehearing: false
    }),
    initial: "opening",
    states: {
      opening: {
        always: [{ guard: "isCreation", target: "creating" }, { target: "loading" }]
      },
      creating: {
        description: "The row of a new room is being written.",
        entry: "draftCreation",
        invoke: {
          src: "insertRow",
          input: ({ context }) => ({ room: context.writing as RoomRecord, words: context.words }),
          onDone: [
            {
              guard: { type: "wasInserted", params: ({ event }) => ({ outcome: event.output }) },
              target: "open",
              actions: ["adoptCreated", "readmitWaiting"]
            },
            {
              target: "gone",
              actions: [{ type: "answerCreator", params: { outcome: "room.codeTaken" } }, "failWaiting"]
            }
          ],
          onError: {
            target: "gone",
            actions: [
              {
                type: "record",
                params: ({ context, event }) => ({
                  name: "room:error",
                  roomCode: context.code,
                  operation: "insert",
                  error: event.error
                })
              },
              { type: "answerCreator", params: ({ event }) => ({ outcome: outcomeOf(event.error) }) },
              "failWaiting"
            ]
          }
        },
        on: { "*": { actions: "keepWaiting" } }
      },
      loading: {
        description: "The row is being read; whoever asks meanwhile waits.",
        invoke: {
          src: "loadRow",
          input: ({ context }) => ({ code: context.code, at: context.at }),
          onDone: [
            {
              guard: { type: "wasFound", params: ({ event }) => ({ found: event.output }) },
              target: "open",
              actions: [
                { type: "adoptRow", params: ({ event }) => event.output as RoomRow },
                ...askAllSeats,
                "readmitWaiting"
              ]
            },
            { target: "gone", actions: "denyWaiting" }
          ],
          onError: {
            target: "gone",
            actions: [
              {
                type: "record",
                params: ({ context, event }) => ({
                  name: "room:error",
                  roomCode: context.code,
                  operation: "load",
                  error: event.error
                })
              },
              "failWaiting"
            ]
          }
        },
        on: { "*": { actions: "keepWaiting" } }
      },
      open: {
        type: "parallel",
        on: {
          "sideSeat.taken": { actions: "takeSideSeat" },
          "sideSeat.freed": { actions: "freeSideSeat" },
          "room.rest": { actions: "close" },
          "events.reheard": { actions: "finishRehearing" }
        },
        exit: "cancelDeadline",
        states: {
          occupancy: {
            initial: "deciding",
            on: {
              "record.reloaded": { target: ".deciding" },
              "room.poll": [
                { guard: "hasLapsed", actions: "refusePoll" },
                { guard: "isTold", actions: ["touch", "hear", "answerPoll"] },
                // It has just come or come back, and is answered when that is saved.
                { guard: "isInDraft", actions: ["touch", "hear", { type: "decide", params: { refusal: null } }] },
                {
                  guard: "mayReturn",
                  target: ".deciding",
                  actions: ["touch", "hear", "readmit", { type: "decide", params: { refusal: null } }]
                },
                { actions: "refusePoll" }
              ],
              "room.ready": [
                { guard: "hasLapsed", actions: { type: "decide", params: { refusal: "not-found" } } },
                {
                  guard: "isInDraft",
                  target: ".deciding",
                  actions: ["touch", "hear", "markReady", { type: "decide", params: { refusal: null } }]
                },
                {
                  guard: "mayReturn",
                  target: ".deciding",
                  actions: ["touch", "hear", "readmit", "markReady", { type: "decide", params: { refusal: null } }]
                },
                { actions: { type: "decide", params: { refusal: "not-found" } } }
              ],
              "room.screenShare": [
                { guard: "hasLapsed", actions: { type: "decide", params: { refusal: "not-found" } } },
                {
                  guard: and(["isInDraft", "isPeerSharing"]),
                  actions: ["touch", "hear", { type: "decide", params: { refusal: "peer-sharing" } }]
                },
                {
                  guard: "isInDraft",
                  actions: ["touch", "hear", "markScreenShare", { type: "decide", params: { refusal: null } }]
                },
                { actions: { type: "decide", params: { refusal: "not-found" } } }
              ],
              "room.chat": [
                { guard: "hasLapsed", actions: { type: "decide", params: { refusal: "not-found" } } },
                {
                  guard: "isInDraft",
                  actions: ["touch", "hear", "markChat", { type: "decide", params: { refusal: null } }]
                },
                { actions: { type: "decide", params: { refusal: "not-found" } } }
              ],
              "room.attach": [
                { guard: "hasLapsed", actions: { type: "decide", params: { refusal: "not-found" } } },
                { guard: "isInDraft", actions: ["touch", "hear", { type: "decide", params: { refusal: null } }] },
                {
                  guard: "mayReturn",
                  target: ".deciding",
                  actions: ["touch", "hear", "readmit", { type: "decide", params: { refusal: null } }]
                },
                { actions: { type: "decide", params: { refusal: "not-found" } } }
              ],
              "seat.vacated": {
                guard: "isInDraft",
                target: ".deciding",
                actions: ["touch", "removeParticipant", { type: "decide", params: { refusal: null } }]
              }
            },
            states: {
              deciding: {
                always: [
                  { guard: "isEmpty", target: "empty" },
                  { guard: "isVacant", target: "vacant" },
                  { guard: "hasGuestAndReady", target: "ready" },
                  { guard: "hasGuest", target: "paired" },
                  { target: "waiting" }
                ]
              },
              waiting: {
                description: "The host waits for a guest.",
                on: {
                  "room.join": [
                    { guard: "hasLapsed", actions: { type: "decide", params: { refusal: "not-found" } } },
                    {
                      target: "deciding",
                      actions: ["touch", "hear", "admitGuest", { type: "decide", params: { refusal: null } }]
                    }
                  ],
                  "room.invite": { guard: "isHeardFrom", actions: "vouch" }
                }
              },
              paired: {
                description: "Host and guest are there, neither has anything to send yet.",
                on: {
                  "room.join": joinsFull
                }
              },
              ready: {
                description: "There is a guest and either side is ready: the two should connect.",
                on: {
                  "room.join": joinsFull
                }
              },
              vacant: {
                description:
                  "Nobody is in it: to everybody but those who have just left and may come back it has ended.",
                entry: { type: "requestDeadline", params: ({ context }) => ({ at: nextDeadline(context) }) },
                on: {
                  "room.join": { actions: { type: "decide", params: { refusal: "not-found" } } }
                }
              },
              empty: {
                description: "The last participant has left for good: the row is being removed.",
                on: {
                  "room.join": { actions: { type: "decide", params: { refusal: "not-found" } } }
                }
              }
            }
          },
          storage: {
            initial: "settled",
            states: {
              settled: {
                description: "Nothing is being written.",
                always: [
                  { guard: "mustRemove", target: "removing" },
                  { guard: "mustSave", target: "saving" },
                  { guard: "hasDecided", actions: "answerDecided" },
                  { guard: "mayRest", target: "#room.gone" }
                ]
              },
              saving: {
                description: "The draft is being written; what is decided meanwhile goes out in the next save.",
                entry: "startWriting",
                invoke: {
                  src: "saveRow",
                  input: ({ context }) => ({
                    before: context.saved as RoomRecord,
                    after: context.writing as RoomRecord,
                    words: context.words
                  }),
                  onDone: [
                    {
                      guard: { type: "wasSaved", params: ({ event }) => ({ outcome: event.output }) },
                      target: "settled",
                      actions: "finishWriting"
                    },
                    { target: "reloading" }
                  ],
                  onError: {
                    target: "troubled",
                    actions: [
                      {
                        type: "record",
                        params: ({ context, event }) => ({
                          name: "room:error",
                          roomCode: context.code,
                          operation: "save",
                          error: event.error
                        })
                      },
                      "failWriting"
                    ]
                  }
                }
              },
              removing: {
                description: "The row of the empty room is being removed.",
                entry: "startWriting",
                invoke: {
                  src: "removeRow",
                  input: ({ context }) => ({ before: context.saved as RoomRecord }),
                  onDone: [
                    {
                      guard: { type: "wasRemoved", params: ({ event }) => ({ outcome: event.output }) },
                      target: "#room.gone",
                      actions: "denyAll"
                    },
                    { target: "reloading" }
                  ],
                  onError: {
                    target: "troubled",
                    actions: [
                      {
                        type: "record",
                        params: ({ context, event }) => ({
                          name: "room:error",
                          roomCode: context.code,
                          operation: "remove",
                          error: event.error
                        })
                      },
                      "failWriting"
                    ]
                  }
                }
              },
              reloading: {
                description: "Somebody else has changed the row: it is read again and everything open decided anew.",
                invoke: {
                  src: "loadRow",
                  input: ({ context }) => ({ code: context.code, at: context.spokenAt }),
                  onDone: [
                    {
                      guard: { type: "wasFound", params: ({ event }) => ({ found: event.output }) },
                      target: "settled",
                      actions: ["decideAgain", { type: "adoptRow", params: ({ event }) => event.output as RoomRow }]
                    },
                    { target: "#room.gone", actions: "denyAll" }
                  ],
                  onError: {
                    target: "troubled",
                    actions: [
                      {
                        type: "record",
                        params: ({ context, event }) => ({
                          name: "room:error",
                          roomCode: context.code,
                          operation: "load",
                          error: event.error
                        })
                      },
                      "failWriting"
                    ]
                  }
                }
              },
              troubled: {
                description: "The database could not be reached: tried again after a while or at the next change.",
                entry: { type: "requestDeadline", params: ({ context }) => ({ afterMs: context.retryMs }) },
                always: { guard: "hasDecided", target: "settled" },
                // An expired room has nothing to save any more.
                on: { deadline: { guard: not("hasLapsed"), target: "settled" } }
              }
            }
          },
          attendance: {
            initial: "unattended",
            states: {
              unattended: {
                description: "Nobody holds a transfer seat: the room expires, and its actor goes to rest before that.",
                entry: { type: "requestDeadline", params: ({ context }) => ({ at: nextDeadline(context) }) },
                on: {
                  "seat.taken": { target: "attended", actions: "takeSeat" },
                  deadline: [
                    { guard: "hasLapsed", target: "#room.gone", actions: "denyAll" },
                    { guard: "isUnspoken", actions: "goToRest" },
                    { actions: { type: "requestDeadline", params: ({ context }) => ({ at: nextDeadline(context) }) } }
                  ]
                }
              },
              attended: {
                description: "A transfer seat is taken: the room does not expire.",
                entry: { type: "requestDeadline", params: ({ context }) => ({ at: nextDeadline(context) }) },
                on: {
                  "seat.taken": { actions: "takeSeat" },
                  "seat.vacated": [
                    { guard: "isSeatedAlone", target: "unattended", actions: "vacateSeat" },
                    { actions: "vacateSeat" }
                  ],
                  "seat.freed": [
                    { guard: "isSeatedAlone", target: "unattended", actions: "vacateSeat" },
                    { actions: "vacateSeat" }
                  ],
                  deadline: [
                    { guard: "hasLapsed", target: "#room.gone", actions: "denyAll" },
                    {
                      guard: "isHalfSpent",
                      actions: [
                        "extendLife",
                        { type: "requestDeadline", params: ({ context }) => ({ at: nextDeadline(context) }) }
                      ]
                    },
                    { actions: { type: "requestDeadline", params: ({ context }) => ({ at: nextDeadline(context) }) } }
                  ]
                }
              }
            }
          }
        }
      },
      gone: { type: "final", description: "The actor ends; the row, if there still is one, remains." }
    }
  })

/** A poll that follows what was last said within this share of the time to rest, or to live, is no event. */
const quietShare = 0.1

/**
 * What a participant's poll is answered with when the room has been spoken to only just now, so that one event more would
 * change nothing but a clock by seconds; the room hears of it when somebody wants a place there (`polled`). Null: the room
 * itself must be asked.
 */
export const readQuietly = (
  room: SnapshotFrom<typeof roomMachine>,
  participantId: string,
  at: number
): RoomRecord | null => {
  const { saved, draft, owed, decided, spokenAt, expiresAt, resting, closing, restMs, timeToLiveMs } = room.context
  const isQuiet = at >= spokenAt && at - spokenAt < quietShare * Math.min(restMs, timeToLiveMs)
  if (!isQuiet || resting || closing || room.status !== "active" || typeof room.value === "string") return null
  if (saved === null || saved !== draft || owed.length > 0 || decided.length > 0) return null
  return roleOf(saved, participantId) === null ? null : { ...saved, expiresAt }
}
