/**
 * What a room is asked and what it answers: over HTTP, by connections that attach, and by its own flights.
 */
import type { Address } from "../../address.ts"
import { isLasting } from "../../record/books.ts"
import type { RecordEvent } from "../../record/storage.ts"
import type { Channel, SeatReport } from "../flight/flightContext.ts"
import type { Around, Polled } from "./roomHearing.ts"
import {
  type Participant,
  participantOf,
  participantsOf,
  peerOf,
  type Role,
  type RoomRecord,
  roleOf
} from "./roomRecord.ts"

/** Who asks over HTTP, and what the answer is to carry. */
interface Asker {
  readonly requestId: number
  readonly replyTo: Address
  /** The client address that the request came from. */
  readonly address: string
  /** Epoch milliseconds. */
  readonly at: number
}

export type RoomQuestion =
  | ({
      readonly type: "room.join"
      readonly guest: { readonly id: string; readonly alias: string }
      readonly name: string
      /** The answer to `room.asksAround`; null: the room has not asked. */
      readonly around: readonly Around[] | null
      /** Polls that were answered without asking the room. */
      readonly polled: readonly Polled[]
    } & Asker)
  | ({
      readonly type: "room.ready"
      readonly participantId: string
      readonly fileCount: number
      readonly totalBytes: number
    } & Asker)
  | ({ readonly type: "room.screenShare"; readonly participantId: string; readonly active: boolean } & Asker)
  | ({ readonly type: "room.chat"; readonly participantId: string; readonly active: boolean } & Asker)

export type RoomPoll = { readonly type: "room.poll"; readonly participantId: string } & Asker

export interface RoomAttach {
  readonly type: "room.attach"
  readonly attempt: number
  readonly channel: Channel
  readonly participantId: string
  readonly address: string
  readonly at: number
  readonly replyTo: Address
}

/** A connection that does not sit in this room's flight wants to invite somebody to it. */
export interface RoomInvite {
  readonly type: "room.invite"
  readonly inviteeId: string
  readonly address: string
  readonly at: number
  readonly replyTo: Address
}

/** The answer, if the room has a free seat and was made or polled from that address; else there is none. */
export interface RoomVouched {
  readonly type: "room.vouched"
  readonly inviteeId: string
  readonly code: string
}

/** Somebody of whom a room wants to know whether it is still there. */
export interface Suspect {
  readonly participantId: string
  readonly name: string
  readonly addresses: readonly string[]
}

export type SeatVacated = Extract<SeatReport, { type: "seat.vacated" }>

/** What changes a room or depends on its changes, in the order it came. */
export type RoomCommand = RoomQuestion | RoomAttach | SeatVacated

export type RoomEvent =
  | RoomQuestion
  | RoomPoll
  | RoomAttach
  | RoomInvite
  | SeatReport
  /** To look at the clock. */
  | { readonly type: "life.due"; readonly at: number }
  /** Nobody is in it, and whoever might have come back is too late. */
  | { readonly type: "return.due"; readonly at: number }
  /** The server is going: write what is owed and end. */
  | { readonly type: "room.rest" }
  | RecordEvent

/** What an HTTP question is answered with. */
export type RoomAnswer =
  | {
      readonly type: "room.answered"
      readonly requestId: number
      readonly participantId: string
      readonly room: RoomRecord
    }
  | { readonly type: "room.refused"; readonly requestId: number; readonly reason: RefusalReason }
  /** It could not be read or written: asking again later may help. */
  | { readonly type: "room.unavailable"; readonly requestId: number }
  /** It could not be read or written, and will not be until somebody has seen to it. */
  | { readonly type: "room.broken"; readonly requestId: number }
  | { readonly type: "room.codeTaken"; readonly requestId: number }
  /** The room is full of participants of whom some may have gone: ask again, and say who is around. */
  | { readonly type: "room.asksAround"; readonly requestId: number; readonly suspects: readonly Suspect[] }

/** What an attaching connection is answered with. */
export type AttachReply =
  | {
      readonly type: "room.admitted"
      readonly attempt: number
      /** When the attach was asked for, epoch milliseconds. */
      readonly at: number
      readonly code: string
      readonly channel: Channel
      readonly role: Role
      readonly participant: Participant
      readonly peer: Participant | null
      /** The ids of the room's participants at this moment. */
      readonly participants: readonly string[]
    }
  | { readonly type: "room.denied"; readonly attempt: number }
  | { readonly type: "room.failed"; readonly attempt: number }

export type RefusalReason = "not-found" | "full" | "peer-sharing"

/** A command that has been decided upon and waits for the save of what it decided upon. */
export interface Decided {
  readonly command: RoomCommand | RoomPoll | ({ readonly type: "room.create"; readonly participantId: string } & Asker)
  readonly refusal: RefusalReason | null
  /** Whose summary the answer is; a guest gets its id only now. */
  readonly participantId: string
}

/** The answer to a command, given what is saved now; null when nobody waits for one. */
export const reply = (decided: Decided, room: RoomRecord | null): RoomAnswer | AttachReply | null => {
  const { command, refusal, participantId } = decided
  switch (command.type) {
    case "seat.vacated":
      return null
    case "room.attach": {
      const participant = room === null ? null : participantOf(room, participantId)
      if (refusal !== null || room === null || participant === null)
        return { type: "room.denied", attempt: command.attempt }
      return {
        type: "room.admitted",
        attempt: command.attempt,
        at: command.at,
        code: room.code,
        channel: command.channel,
        role: roleOf(room, participantId) as Role,
        participant,
        peer: peerOf(room, participantId),
        participants: participantsOf(room).map(({ id }) => id)
      }
    }
    default: {
      if (refusal !== null) return { type: "room.refused", requestId: command.requestId, reason: refusal }
      if (room === null || roleOf(room, participantId) === null) {
        return { type: "room.refused", requestId: command.requestId, reason: "not-found" }
      }
      return { type: "room.answered", requestId: command.requestId, participantId, room }
    }
  }
}

/** What is said of a row that could not be read or written: the error says of itself whether it lasts. */
export const outcomeOf = (error: unknown): "room.unavailable" | "room.broken" =>
  isLasting(error) ? "room.broken" : "room.unavailable"

/** The answer when what a command was decided upon could not be saved or loaded, with the error that told so. */
export const failure = ({ command }: Decided, error: unknown): RoomAnswer | AttachReply | null =>
  command.type === "seat.vacated"
    ? null
    : command.type === "room.attach"
      ? { type: "room.failed", attempt: command.attempt }
      : { type: outcomeOf(error), requestId: command.requestId }

/** Who waits for the answer to a command. */
export const replyToOf = ({ command }: Decided): Address | undefined =>
  command.type === "seat.vacated" ? undefined : command.replyTo
