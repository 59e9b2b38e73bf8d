/** What a room's actor knows, and what follows from it; roomSetup.ts has what may change it. */
import type { Address } from "../../address.ts"
import { unknownAddress } from "../../clientAddress.ts"
import { present } from "../../present.ts"
import { type Books, everyDecided, newBooks } from "../../record/books.ts"
import type { Channel } from "../flight/flightContext.ts"
import { type Around, goneFor, type LastWord, type Newcomer, type Patience, wordsOf } from "./roomHearing.ts"
import type { Decided, RoomEvent, SeatVacated } from "./roomMessages.ts"
import {
  type Participant,
  participantsOf,
  type Remembrance,
  type RoomRecord,
  roleOf,
  withoutParticipant
} from "./roomRecord.ts"

/** A row as it is read: the room, and when it was last heard of whom. */
export interface RoomRow {
  readonly room: RoomRecord
  readonly words: readonly LastWord[]
}

/** With what a room is made. */
export interface Creation {
  readonly host: { readonly id: string; readonly alias: string }
  readonly name: string
  readonly address: string
  readonly requestId: number
  readonly replyTo: Address
}

export interface RoomSettings extends Patience, Remembrance {
  /** Since when anybody could be heard, epoch milliseconds: the start of the server. */
  readonly listeningSince: number
  readonly timeToLiveMs: number
  /** Without being spoken to for so long the actor ends; the row remains. */
  readonly restMs: number
  /** An owed extension is written once it has grown to this share of the lifetime. */
  readonly touchShare: number
  /** After a failed save the room tries again in so many milliseconds. */
  readonly retryMs: number
}

export interface RoomInput {
  readonly settings: RoomSettings
  readonly code: string
  /** Epoch milliseconds: when this actor was called for. */
  readonly at: number
  /** Present when the room is to be made, absent when its row is to be loaded. */
  readonly creation?: Creation
}

/** The `expiresAt` of `saved` is the one in the row; the draft is null when the last participant has left. */
export interface RoomContext extends RoomInput, Books<RoomRecord, RoomEvent, Decided> {
  /** When the room's life ends, epoch ms: may be ahead of the row. */
  readonly expiresAt: number
  /** Seats given up whose removal could not be saved: the draft is without them, and is tried again. */
  readonly owed: readonly SeatVacated[]
  /** Participants whose transfer seat is taken. */
  readonly seated: readonly string[]
  /** Seats that are taken on the other channels. */
  readonly sideSeats: readonly SideSeat[]
  /** When each participant was last heard of: written when something else is, for it changes with every poll. */
  readonly words: readonly LastWord[]
  /** When somebody last spoke to it, epoch ms. */
  readonly spokenAt: number
  /** When it last went to rest, epoch ms; 0: never. */
  readonly restedAt: number
}

export interface SideSeat {
  readonly participantId: string
  readonly channel: Channel
}

/** The side seats without this one. */
export const withoutSideSeat = (
  { sideSeats }: RoomContext,
  { participantId, channel }: SideSeat
): readonly SideSeat[] => sideSeats.filter((seat) => seat.participantId !== participantId || seat.channel !== channel)

/** A room's actor that has just been started. */
export const newRoomContext = (input: RoomInput): RoomContext => ({
  ...input,
  ...newBooks,
  expiresAt: input.at + input.settings.timeToLiveMs,
  owed: [],
  seated: [],
  sideSeats: [],
  words: [],
  spokenAt: input.at,
  restedAt: 0
})

// --- How long it lives

/** Somebody is attached, and it is not only the seat of somebody who has left. */
export const isKeptAlive = ({ draft, seated }: Pick<RoomContext, "draft" | "seated">): boolean =>
  seated.length > 0 && draft?.host !== null

/** Whether its life has ended, epoch ms. */
export const hasLapsed = (context: RoomContext, at: number): boolean => !isKeptAlive(context) && at >= context.expiresAt

/**
 * When the room must look at its clock next, epoch ms: half a life before its end while it is kept alive, else when it
 * may go to rest, and when it ends. `looksAt`: it has just looked, and a rest that is overdue was not for it.
 */
export const nextLook = (context: RoomContext, looksAt = Number.NEGATIVE_INFINITY): number => {
  const { expiresAt, spokenAt, settings } = context
  const { timeToLiveMs, restMs } = settings
  if (isKeptAlive(context)) return expiresAt - timeToLiveMs / 2
  const rest = spokenAt + restMs
  return rest <= looksAt ? expiresAt : Math.min(expiresAt, rest)
}

// --- Who is in it

/** Whose event it is; "" when it is nobody's. */
export const participantIdOf = (event: RoomEvent): string =>
  event.type === "room.join" ? event.guest.id : "participantId" in event ? event.participantId : ""

export const isInside = (room: RoomRecord | null, event: RoomEvent): boolean =>
  room !== null && roleOf(room, participantIdOf(event)) !== null

/** Seats that were given up and are still in the row. */
export const factsOf = ({
  batch,
  decided,
  owed
}: Pick<RoomContext, "batch" | "decided" | "owed">): readonly SeatVacated[] => [
  ...owed,
  ...everyDecided({ batch, decided })
    .map(({ command }) => command)
    .filter((command) => command.type === "seat.vacated")
]

/** A room without those who have left it since. */
export const lessFacts = (
  context: RoomContext,
  room: RoomRecord | null,
  facts: readonly SeatVacated[]
): RoomRecord | null =>
  facts.reduce(
    (left, { participantId, at }) => left && withoutParticipant(left, participantId, at, context.settings),
    room
  )

/** What may be told: what is saved, less whoever has left since. */
export const toldRoom = (context: RoomContext): RoomRecord | null => lessFacts(context, context.saved, factsOf(context))

/** Those of whom nothing shows that they are there. */
export const unseated = ({ draft, seated, sideSeats }: RoomContext): readonly Participant[] =>
  draft === null
    ? []
    : participantsOf(draft).filter(
        ({ id }) => !seated.includes(id) && !sideSeats.some(({ participantId }) => participantId === id)
      )

/** Who gives way to somebody who comes, given who is around. */
export const goneIn = (context: RoomContext, newcomer: Newcomer, around: readonly Around[]): Participant | null =>
  goneFor(unseated(context), context.words, newcomer, context.settings, around)

/** What becomes of a room when somebody leaves it. One that nobody is in lives only for those who may come back. */
export const without = (context: RoomContext, participantId: string, at: number): Partial<RoomContext> => {
  const draft = withoutParticipant(present(context.draft, "draft"), participantId, at, context.settings)
  const words = draft === null ? [] : wordsOf(context.words, draft)
  return draft?.host === null ? { draft, words, expiresAt: at + context.settings.returnMs } : { draft, words }
}

/** Who is in a room that has been read, and when each was heard of: while there was no server nobody could be. */
export const heardOf = (context: RoomContext, room: RoomRecord, written: readonly LastWord[]): readonly LastWord[] =>
  participantsOf(room).map(({ id }) => {
    const word = [...context.words, ...written].find(({ participantId }) => participantId === id)
    const { at, ...rest } = word ?? { at: 0, participantId: id, address: unknownAddress, firstAddress: unknownAddress }
    return { ...rest, at: Math.max(at, context.settings.listeningSince) }
  })
