/**
 * What a room makes of what it hears: the guards that a chart of it asks, and the changes of what it knows. Who is
 * answered when is in roomSetup.ts.
 */
import { assertEvent, assign, fromPromise, or, setup, stateIn } from "xstate"
import type { Address } from "../../address.ts"
import { present } from "../../present.ts"
import { bookGuards, type Removed, type Saved } from "../../record/books.ts"
import { speakAs } from "../../registry.ts"
import { flightAt, roomAt } from "../addresses.ts"
import type { DropSilkEvent } from "../events.ts"
import type { Channel, FlightEvent } from "../flight/flightContext.ts"
import {
  goneIn,
  hasLapsed,
  heardOf,
  isInside,
  isKeptAlive,
  participantIdOf,
  type RoomContext,
  type RoomInput,
  type RoomRow,
  toldRoom,
  unseated,
  without,
  withoutSideSeat
} from "./roomContext.ts"
import { isHeardFrom, type LastWord, withWord } from "./roomHearing.ts"
import type { AttachReply, RefusalReason, RoomAnswer, RoomEvent, RoomVouched } from "./roomMessages.ts"
import {
  mayReturn,
  newParticipant,
  occupancyOf,
  peerOf,
  type RoomRecord,
  withParticipant,
  withReturned
} from "./roomRecord.ts"

/** What participants say, and who comes. */
const words = ["room.join", "room.poll", "room.ready", "room.screenShare", "room.chat", "room.attach"] as const
const commands = [...words, "seat.vacated"] as const

/** Each is of one region of the chart: when it is due that region hears of it under this name. */
type Timer = "life.due" | "return.due" | "retry.due"

/** What somebody who has asked is told. */
export interface Answer {
  readonly to: Address
  readonly event: RoomAnswer | AttachReply
}

const { tell } = speakAs(({ code }: RoomContext) => roomAt(code))

export const roomDecisions = setup({
  types: {
    context: {} as RoomContext,
    events: {} as RoomEvent,
    input: {} as RoomInput
  },
  actors: {
    loadRow: fromPromise<RoomRow | null, { code: string; at: number }>(async () => null),
    insertRow: fromPromise<"inserted" | "taken", RoomRow>(async () => "inserted"),
    saveRow: fromPromise<Saved, { before: RoomRecord; after: RoomRecord; words: readonly LastWord[] }>(
      async () => "saved"
    ),
    removeRow: fromPromise<Removed, { before: RoomRecord }>(async () => "removed")
  },
  guards: {
    ...bookGuards,
    isCreation: ({ context }) => context.creation !== undefined,
    // Who speaks
    hasLapsed: ({ context, event }) => "at" in event && hasLapsed(context, event.at),
    isInDraft: ({ context, event }) => isInside(context.draft, event),
    /** Is in the room, which still lives. */
    isInside: ({ context, event }) => "at" in event && !hasLapsed(context, event.at) && isInside(context.draft, event),
    /** The same of what may be told of the room. */
    isTold: ({ context, event }) =>
      "at" in event && !hasLapsed(context, event.at) && isInside(toldRoom(context), event),
    /** Has left it, and may come back. */
    mayReturn: ({ context, event }) =>
      "at" in event &&
      !hasLapsed(context, event.at) &&
      context.draft !== null &&
      mayReturn(context.draft, participantIdOf(event), event.at, context.settings.returnMs),
    /** Somebody may have gone without a word: who is around decides, and nobody has been asked yet. */
    mustAskAround: ({ context, event }) => {
      assertEvent(event, "room.join")
      return event.around === null && goneIn(context, event, []) !== null
    },
    isSomebodyGone: ({ context, event }) => {
      assertEvent(event, "room.join")
      return event.around !== null && goneIn(context, event, event.around) !== null
    },
    isHeardFrom: ({ context, event }) => {
      assertEvent(event, "room.invite")
      return isHeardFrom(context.words, event.address)
    },
    isPeerSharing: ({ context, event }) => {
      assertEvent(event, "room.screenShare")
      return event.active && context.draft !== null && peerOf(context.draft, event.participantId)?.screenShare === true
    },
    // What the draft comes to
    isEmpty: ({ context }) => occupancyOf(context.draft) === "empty",
    isVacant: ({ context }) => occupancyOf(context.draft) === "vacant",
    isPaired: ({ context }) => occupancyOf(context.draft) === "paired",
    isReady: ({ context }) => occupancyOf(context.draft) === "ready",
    // What the database has answered
    wasInserted: (_, { outcome }: { outcome: "inserted" | "taken" }) => outcome === "inserted",
    // What the database must be told
    owesExtension: ({ context }) => context.expiresAt > (context.saved?.expiresAt ?? context.expiresAt),
    owesLongExtension: ({ context: { expiresAt, saved, settings } }) =>
      expiresAt - (saved?.expiresAt ?? expiresAt) >= settings.touchShare * settings.timeToLiveMs,
    owesNothing: ({ context }) => context.owed.length === 0,
    /** It goes as soon as nothing is owed. */
    isEnding: or([stateIn({ open: { attendance: "resting" } }), stateIn({ open: { attendance: "closing" } })]),
    // Attendance
    isSeatedAlone: ({ context, event }) =>
      context.seated.every((participantId) => participantId === participantIdOf(event)),
    isHalfSpent: ({ context, event }) =>
      "at" in event && isKeptAlive(context) && context.expiresAt - event.at <= context.settings.timeToLiveMs / 2,
    isUnspoken: ({ context, event }) => "at" in event && event.at - context.spokenAt >= context.settings.restMs,
    isSpokenTo: ({ context }) => context.spokenAt >= context.restedAt
  },
  actions: {
    /** Asks for the event at a time, epoch ms, or after some; it replaces the one asked for before by its name. */
    requestDeadline: (_, _request: { event: Timer; at: number } | { event: Timer; afterMs: number }) => {},
    cancelDeadline: (_, _timer: { event: Timer }) => {},
    record: (_, _event: DropSilkEvent) => {},

    // Opening
    keepWaiting: assign({ waiting: ({ context, event }) => [...context.waiting, event] }),
    draftCreation: assign(({ context }) => {
      const { host, name, address } = present(context.creation, "creation")
      const { code, expiresAt, at } = context
      return {
        writing: { code, host: newParticipant(host, name), guest: null, departed: [], expiresAt },
        words: withWord([], { participantId: host.id, at, address })
      }
    }),
    adoptCreated: assign(({ context }) => {
      const { creation, writing, at } = context
      const { host, requestId, replyTo, address } = present(creation, "creation")
      const participantId = host.id
      const command = { type: "room.create" as const, participantId, requestId, replyTo, address, at }
      return { saved: writing, draft: writing, writing: null, decided: [{ command, refusal: null, participantId }] }
    }),
    adoptRow: assign(({ context }, { row }: { row: RoomRow | null }) => {
      const { room, words } = present(row, "row")
      return {
        saved: room,
        draft: room,
        words: heardOf(context, room, words),
        // Where nobody is in it, nobody can have lengthened its life.
        expiresAt: room.host === null ? room.expiresAt : Math.max(context.expiresAt, room.expiresAt)
      }
    }),
    answerCreator: tell(
      ({ context }, { outcome }: { outcome: "room.codeTaken" | "room.unavailable" | "room.broken" }) => {
        const { replyTo, requestId } = present(context.creation, "creation")
        return { to: replyTo, event: { type: outcome, requestId } satisfies RoomAnswer }
      }
    ),
    askSeats: tell(({ context }, { channel }: { channel: Channel }) => ({
      to: flightAt(`${context.code}/${channel}`),
      event: { type: "seats.asked", replyTo: roomAt(context.code) } satisfies FlightEvent
    })),

    // Hearing
    touch: assign(({ context, event }) => {
      assertEvent(event, commands)
      return { expiresAt: Math.max(context.expiresAt, event.at + context.settings.timeToLiveMs), spokenAt: event.at }
    }),
    hear: assign({
      words: ({ context, event }) => {
        assertEvent(event, words)
        const { at, address } = event
        return withWord(context.words, { participantId: participantIdOf(event), at, address })
      }
    }),
    /** Puts the command in line for its answer, which goes out when what it was decided upon is saved. */
    decide: assign({
      decided: ({ context, event }, { refusal }: { refusal: RefusalReason | null }) => {
        assertEvent(event, commands)
        return [...context.decided, { command: event, refusal, participantId: participantIdOf(event) }]
      }
    }),
    answer: tell((_, { to, event }: Answer) => ({ to, event })),
    answerPoll: tell(({ context, event }) => {
      assertEvent(event, "room.poll")
      const { replyTo, requestId, participantId } = event
      const room = { ...present(toldRoom(context), "room to tell of"), expiresAt: context.expiresAt }
      return { to: replyTo, event: { type: "room.answered", requestId, participantId, room } satisfies RoomAnswer }
    }),
    refusePoll: tell(({ event }) => {
      assertEvent(event, "room.poll")
      const { replyTo, requestId } = event
      return { to: replyTo, event: { type: "room.refused", requestId, reason: "not-found" } satisfies RoomAnswer }
    }),
    askAround: tell(({ context, event }) => {
      assertEvent(event, "room.join")
      const { replyTo, requestId } = event
      const suspects = unseated(context).map(({ id, name }) => ({
        participantId: id,
        name,
        addresses: context.words
          .filter(({ participantId }) => participantId === id)
          .flatMap(({ address, firstAddress }) => (address === firstAddress ? [address] : [address, firstAddress]))
      }))
      return { to: replyTo, event: { type: "room.asksAround", requestId, suspects } satisfies RoomAnswer }
    }),
    /** Those who hold the transfer seats, and so are in the room, are looked after. */
    wantSeats: tell(({ context }) => ({
      to: flightAt(`${context.code}/transfer`),
      event: { type: "seats.wanted" } satisfies FlightEvent
    })),
    vouch: tell(({ context, event }) => {
      assertEvent(event, "room.invite")
      const { replyTo, inviteeId } = event
      return { to: replyTo, event: { type: "room.vouched", code: context.code, inviteeId } satisfies RoomVouched }
    }),

    // Changing the draft
    admitGuest: assign({
      draft: ({ context, event }) => {
        assertEvent(event, "room.join")
        return { ...present(context.draft, "draft"), guest: newParticipant(event.guest, event.name) }
      }
    }),
    markReady: assign({
      draft: ({ context, event }) => {
        assertEvent(event, "room.ready")
        const { participantId, fileCount, totalBytes } = event
        return withParticipant(present(context.draft, "draft"), participantId, { ready: true, fileCount, totalBytes })
      }
    }),
    markScreenShare: assign({
      draft: ({ context, event }) => {
        assertEvent(event, "room.screenShare")
        return withParticipant(present(context.draft, "draft"), event.participantId, { screenShare: event.active })
      }
    }),
    markChat: assign({
      draft: ({ context, event }) => {
        assertEvent(event, "room.chat")
        return withParticipant(present(context.draft, "draft"), event.participantId, { chat: event.active })
      }
    }),
    readmit: assign({
      draft: ({ context, event }) => withReturned(present(context.draft, "draft"), participantIdOf(event))
    }),
    /** Who has most likely gone without a word leaves the room, as if its socket had closed. */
    removeGone: assign(({ context, event }) => {
      assertEvent(event, "room.join")
      const gone = present(goneIn(context, event, event.around ?? []), "participant who has gone")
      return without(context, gone.id, event.at)
    }),
    removeParticipant: assign(({ context, event }) => {
      assertEvent(event, "seat.vacated")
      return without(context, event.participantId, event.at)
    }),

    // Attendance
    takeSeat: assign({
      seated: ({ context, event }) => {
        const participantId = participantIdOf(event)
        return context.seated.includes(participantId) ? context.seated : [...context.seated, participantId]
      }
    }),
    vacateSeat: assign({
      seated: ({ context, event }) => context.seated.filter((participantId) => participantId !== participantIdOf(event))
    }),
    takeSideSeat: assign({
      sideSeats: ({ context, event }) => {
        assertEvent(event, "sideSeat.taken")
        const { participantId, channel } = event
        return [...withoutSideSeat(context, event), { participantId, channel }]
      }
    }),
    freeSideSeat: assign({
      sideSeats: ({ context, event }) => {
        assertEvent(event, "sideSeat.freed")
        return withoutSideSeat(context, event)
      }
    }),
    extendLife: assign({
      expiresAt: ({ context, event }) => {
        assertEvent(event, "life.due")
        return event.at + context.settings.timeToLiveMs
      }
    }),
    noteRest: assign({
      restedAt: ({ event }) => {
        assertEvent(event, "life.due")
        return event.at
      }
    })
  }
})
