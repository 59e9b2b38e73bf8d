/** What a connection knows, what it is told, and what follows from both without a state. */
import { networkOf } from "../../clientAddress.ts"
import type { SupervisorReply } from "../../supervisor.ts"
import { networkAt } from "../addresses.ts"
import type { Channel, FlightEvent, FlightNotice, Member } from "../flight/flightContext.ts"
import type { NetworkNotice } from "../network/network.ts"
import type { Presence } from "../network/networkClients.ts"
import type { AttachReply, RoomVouched } from "../room/roomMessages.ts"

export interface ConnectionInput {
  /** 10 characters of `[0-9a-z]`. */
  readonly id: string
  readonly address: string
  /** The network group of the address. */
  readonly group: string
  /** When its socket was opened, epoch milliseconds. */
  readonly openedAt: number
  /** How long a room or a flight may take to answer, milliseconds. */
  readonly askTimeoutMs: number
  /** Whether there are other nodes, on which flights and networks go on when this server goes. */
  readonly outlived: boolean
}

/** A flight that has been asked for a seat. */
export interface Asked {
  readonly flightId: string
  /** Tells this question from every other of this connection, so that a late answer is not taken for that to a new one. */
  readonly attempt: number
}

export interface Seat extends Asked {
  readonly code: string
  readonly channel: Channel
  /** Null in an open flight. */
  readonly participantId: string | null
}

/** Something for a flight. */
export interface ToFlight {
  readonly flightId: string
  readonly event: FlightEvent
}

/** The place in a room that a client wants. */
export interface Wanted {
  readonly code: string
  readonly channel: Channel
  readonly participantId: string
  readonly at: number
}

export interface Attach extends Wanted {
  readonly attempt: number
  /** It has left its peer for this, which its client need not be told when the room lets it in. */
  readonly leavesPeer: boolean
}

export interface ConnectionContext extends ConnectionInput {
  readonly name: string
  /** It has given itself a name, or its room has. */
  readonly isNamed: boolean
  readonly seat: Seat | null
  /** The id of whom it was told last as its peer, and has not been told to have left. */
  readonly peer: string | null
  /** What a room has been asked and has not answered. */
  readonly attach: Attach | null
  /** The flight that has been asked and has not answered. */
  readonly asked: Asked | null
  /** Rooms and flights asked so far. */
  readonly attempts: number
}

export type ConnectionEvent =
  // What the client asks
  | { readonly type: "details.register"; readonly name: string }
  | { readonly type: "client.pinged" }
  | { readonly type: "flight.create" }
  | { readonly type: "flight.join"; readonly code: string }
  /** It has given too many wrong codes to be asked for another now. */
  | { readonly type: "flight.joinRefused" }
  | { readonly type: "flight.invite"; readonly inviteeId: string; readonly code: string; readonly at: number }
  | ({ readonly type: "room.attach" } & Wanted)
  // What others answer or tell
  | { readonly type: "code.drawn"; readonly code: string }
  | FlightNotice
  | AttachReply
  | RoomVouched
  | NetworkNotice
  | SupervisorReply
  /** This network has lost its memory and is put together again; null means every network. */
  | { readonly type: "network.lost"; readonly group: string | null }
  /** This flight, or network, goes on elsewhere, and is put together again there by those who belong to it. */
  | { readonly type: "flight.moved"; readonly flightId: string }
  | { readonly type: "network.moved"; readonly group: string }
  /** The way to the node of this connection is broken. */
  | { readonly type: "link.broken"; readonly peer: string }
  /** This connection has given its seat back. */
  | { readonly type: "seat.left" }
  /** This connection has given its seat back for another. */
  | { readonly type: "seat.changed" }
  // What happens to the socket and the server
  | { readonly type: "deadline"; readonly at: number }
  | { readonly type: "server.draining" }
  /** Whoever runs the server ends it by hand. */
  | { readonly type: "operator.ends" }
  /** Somebody else was refused because this one seems to be there. */
  | { readonly type: "socket.wanted" }
  /** `abrupt`: without a closing handshake. */
  | { readonly type: "socket.closed"; readonly abrupt: boolean; readonly at: number }

/** The faults a client can be told of; src/io/dropsilk/sockets/frames.ts has their wording. */
export type ConnectionFault =
  | "already-in-flight"
  | "flight-not-found-or-full"
  | "too-many-attempts"
  | "room-not-found"
  | "seat-taken"
  | "server-error"

/** Flights that belong to a room live beside the open ones under names no code can have. */
export const roomFlightId = (code: string, channel: Channel): string => `${code}/${channel}`

/** This connection as a member of a flight: by which of its questions it has, or asks for, its seat. */
export const memberOf = (
  { id, name, address, group }: ConnectionContext,
  { participantId, attempt }: Pick<Member, "participantId" | "attempt">
): Member => ({ id, name, address, group, participantId, attempt })

export const ownNetwork = (context: ConnectionContext) => networkAt(networkOf(context))

/** How its network sees a client with a seat: on the transfer channel as `place` says, on the others not at all. */
export const presenceIn =
  (place: Presence) =>
  ({ context }: { readonly context: ConnectionContext }): { readonly presence: Presence } => ({
    presence: context.seat?.channel === "transfer" ? place : "withdrawn"
  })

/**
 * The seat that it has and the one that it has asked for. Of one flight both: what was asked may be lost with the node that
 * was asked, and the flight takes no notice of the one that it does not know.
 */
export const seatsOf = ({ seat, asked }: ConnectionContext): readonly Asked[] =>
  [seat, asked].filter((each) => each !== null)

/** It sits in this flight, or waits for a seat there. Others may not have heard yet that it has left them. */
export const belongsTo = (context: ConnectionContext, flightId: string): boolean =>
  seatsOf(context).some((each) => each.flightId === flightId)

/** What flights are told when a connection gives back the seat that it has and the one that it has asked for. */
export const leavesOf = (
  context: ConnectionContext,
  how: { readonly abrupt: boolean; readonly leavesRoom: boolean; readonly at: number }
): readonly ToFlight[] =>
  seatsOf(context).map(({ flightId, attempt }) => ({
    flightId,
    event: { type: "seat.leave", id: context.id, attempt, ...how }
  }))
