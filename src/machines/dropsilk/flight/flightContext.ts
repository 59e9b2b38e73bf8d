/** What a flight knows, what it is told and tells, and what follows from both without a state. */

import type { Address } from "../../address.ts"
import { areNeighbours } from "../../clientAddress.ts"
import { markIn } from "../../cluster/homes.ts"
import type { DropSilkEvent } from "../events.ts"

/** The three connections that two participants of a room may have. */
export type Channel = "transfer" | "screen-share" | "chat"

/** Whoever takes a seat. */
export interface Member {
  /** The connection's id, shown to the peer. */
  readonly id: string
  readonly name: string
  readonly address: string
  readonly group: string
  /** Set in a room's flight only. */
  readonly participantId: string | null
  /** By which of the connection's questions it has the seat: comes back with the answer, and in `seat.leave`. */
  readonly attempt: number
}

/** What one member is told of the other. */
export interface Peer {
  readonly id: string
  readonly name: string
}

export type ConnectionType = "lan" | "wan"

export interface FlightInput {
  /** The id among all flights: the code itself, or `CODE/channel` for a room's flight. */
  readonly id: string
  readonly code: string
  readonly channel: Channel
  /** Does this flight belong to a room? */
  readonly ofRoom: boolean
}

export type FlightSettings = {
  /** How long a participant whose socket broke off keeps its seat, milliseconds; 0: not at all. */
  readonly graceMs: number
}

export type FlightEvent =
  /** `participants` are the room's two at this moment; empty in an open flight. */
  | { readonly type: "seat.take"; readonly member: Member; readonly participants: readonly string[] }
  /**
   * `attempt`: that of the `seat.take` by which it has the seat; the seat that it has by a later one it keeps.
   * `leavesRoom`: it has not only waited in vain for the seat. `abrupt`: the socket has broken off without a closing
   * handshake. `at`: epoch milliseconds.
   */
  | {
      readonly type: "seat.leave"
      readonly id: string
      readonly attempt: number
      readonly leavesRoom: boolean
      readonly abrupt: boolean
      readonly at: number
    }
  /**
   * The member sits here already, as its node knows, and this flight may not: it goes on where another node has left off.
   * `peer`: the id of whom it was told last that it is its peer, and has not been told that it has left.
   */
  | { readonly type: "seat.resume"; readonly member: Member; readonly peer: string | null }
  /** Everybody who sits here has said so. */
  | { readonly type: "home.settled" }
  /** All connections whose ids begin so have gone with their node, without leaving their rooms. */
  | { readonly type: "node.gone"; readonly mark: string }
  /** So has this one, whose node is going, or it has heard that another one has its seat. `attempt`: as in `seat.leave`. */
  | { readonly type: "seat.orphaned"; readonly id: string; readonly attempt: number }
  | { readonly type: "member.renamed"; readonly id: string; readonly name: string }
  /** A room that has just been loaded asks who sits here. */
  | { readonly type: "seats.asked"; readonly replyTo: Address }
  /** Somebody was refused because the seats are taken. */
  | { readonly type: "seats.wanted" }
  | { readonly type: "deadline"; readonly at: number }
  /** Whoever runs the server ends it by hand. */
  | { readonly type: "operator.ends" }

/** What a flight tells the connections that sit, sat or wanted to sit in it. */
export type FlightNotice =
  /** `seat.kept`: it had the seat already, and there is nothing new to tell. */
  | {
      readonly type: "seat.given" | "seat.kept"
      readonly flightId: string
      readonly code: string
      readonly channel: Channel
      readonly participantId: string | null
      readonly attempt: number
    }
  | { readonly type: "seat.refused"; readonly flightId: string; readonly attempt: number }
  | { readonly type: "seat.lost"; readonly flightId: string }
  | {
      readonly type: "peer.joined"
      readonly flightId: string
      readonly flightCode: string
      readonly peer: Peer
      readonly connectionType: ConnectionType
    }
  | { readonly type: "peer.left"; readonly flightId: string }
  | { readonly type: "flight.lost"; readonly flightId: string }

/** What a room's flights tell it: who goes from the transfer flight leaves the room, who goes from the others does not. */
export type SeatReport =
  | { readonly type: "seat.taken"; readonly participantId: string }
  | { readonly type: "seat.vacated"; readonly participantId: string; readonly at: number }
  /** The flight has crashed or was ended by hand, or a node has gone: nobody sits here, but nobody has left the room. */
  | { readonly type: "seat.freed"; readonly participantId: string }
  | { readonly type: "sideSeat.taken"; readonly participantId: string; readonly channel: Channel }
  | { readonly type: "sideSeat.freed"; readonly participantId: string; readonly channel: Channel }

/** The two connections that a link joins. */
export interface LinkEnds {
  readonly flightId: string
  readonly first: string
  readonly second: string
}

/** Whom somebody who sits here already takes for its peer. */
export interface Naming {
  readonly id: string
  readonly peer: string
}

export interface FlightContext extends FlightInput, FlightSettings {
  /** In the order in which the seats were taken. */
  readonly seats: readonly Member[]
  /** What the two were told of each other last. */
  readonly introduced: readonly Peer[]
  /** The member whose socket has broken off and whose seat is kept for it. */
  readonly absent: string | null
  /** Whom those name who sit here already, or believe so, until everybody who does has said so. */
  readonly named: readonly Naming[]
}

/** The code in a flight's id. */
export const codeOfFlight = (id: string): string => id.split("/", 1)[0] as string

export const connectionTypeOf = (a: Member, b: Member): ConnectionType => (areNeighbours(a, b) ? "lan" : "wan")

const isSameHolder = (seat: Member, member: Member): boolean =>
  seat.id === member.id || (seat.participantId !== null && seat.participantId === member.participantId)

/** The seats that remain beside a newcomer: neither its own older one nor one of somebody who has left the room. */
export const seatsBeside = (
  seats: readonly Member[],
  member: Member,
  participants: readonly string[]
): readonly Member[] =>
  seats.filter(
    (seat) => !isSameHolder(seat, member) && (seat.participantId === null || participants.includes(seat.participantId))
  )

/** All who are to have seats when somebody sits here already: those who do, and it. */
export const participantsWith = ({ seats }: Pick<FlightContext, "seats">, member: Member): readonly string[] =>
  [...seats, member].flatMap(({ participantId }) => (participantId === null ? [] : [participantId]))

/** The same socket, whoever it sits here for. */
export const sitsHere = ({ seats }: FlightContext, { id }: Member): boolean => seats.some((seat) => seat.id === id)

/** Whom somebody who says that it sits here names by it: one, or nobody. */
export const namingsOf = ({ member, peer }: Extract<FlightEvent, { type: "seat.resume" }>): readonly Naming[] =>
  peer === null ? [] : [{ id: member.id, peer }]

/** What is left of what was said when these have gone, or say something else. */
export const namedWithout = ({ named }: FlightContext, ids: readonly (string | null)[]): readonly Naming[] =>
  named.filter(({ id }) => !ids.includes(id))

/** The two name each other, and nobody else names anybody: who has lost its seat meanwhile may have been one's peer. */
export const nameEachOther = ({ seats, named }: FlightContext): boolean =>
  seats.length === 2 &&
  named.length === 2 &&
  seats.every(({ id }) => named.some((naming) => naming.id === id && seats.some((seat) => seat.id === naming.peer)))

/** Whose seat this is to give back: none where it has been taken anew meanwhile. */
export const seatLeft = (
  { seats }: FlightContext,
  { id, attempt }: { readonly id: string; readonly attempt: number }
): Member | undefined => seats.find((seat) => seat.id === id && seat.attempt === attempt)

/**
 * Whose seats are freed when their sockets end with their node. Not that of somebody who is missed, whose socket had ended
 * before, unless nobody is left who waits for it.
 */
export const orphansOf = (
  { seats, absent }: FlightContext,
  event: Extract<FlightEvent, { type: "node.gone" | "seat.orphaned" }>
): readonly Member[] => {
  const isOrphan = ({ id, attempt }: Member) =>
    event.type === "node.gone" ? markIn(id) === event.mark : id === event.id && attempt === event.attempt
  const present = seats.filter(({ id }) => id !== absent)
  const orphans = present.filter(isOrphan)
  return orphans.length > 0 && orphans.length === present.length ? seats : orphans
}

/** The very same socket for the very same participant. */
export const holdsThisSeat = ({ seats }: FlightContext, { id, participantId }: Member): boolean =>
  seats.some((seat) => seat.id === id && seat.participantId === participantId)

/** What the room is told of a seat that is taken. */
export const takenBy = (participantId: string, { channel }: FlightContext): SeatReport =>
  channel === "transfer" ? { type: "seat.taken", participantId } : { type: "sideSeat.taken", participantId, channel }

/** The seat is empty, but nobody has left the room. */
export const freedBy = (participantId: string, { channel }: FlightContext): SeatReport =>
  channel === "transfer" ? { type: "seat.freed", participantId } : { type: "sideSeat.freed", participantId, channel }

export const leftBy = (memberId: string, { id, code }: FlightContext): DropSilkEvent => ({
  name: "flight:left",
  flightId: id,
  flightCode: code,
  memberId
})

export const seatedBy = ({ id: memberId, name, address }: Member, { id, code }: FlightContext): DropSilkEvent => ({
  name: "flight:seated",
  flightId: id,
  flightCode: code,
  memberId,
  memberName: name,
  ip: address
})

/** What whoever sits down is told of its seat. */
export const seatOf = (
  type: "seat.given" | "seat.kept",
  { id, code, channel }: FlightContext,
  { participantId, attempt }: Member
): FlightNotice => ({ type, flightId: id, code, channel, participantId, attempt })

/** What one of two is told of the other. */
export const introductionOf = (context: FlightContext, member: Member): FlightNotice => {
  const [first, second] = context.seats as [Member, Member]
  const { id, name } = member.id === first.id ? second : first
  return {
    type: "peer.joined",
    flightId: context.id,
    flightCode: context.code,
    peer: { id, name },
    connectionType: connectionTypeOf(first, second)
  }
}

export const linkEndsOf = ({ id, seats }: FlightContext): LinkEnds => {
  const [first, second] = seats as [Member, Member]
  return { flightId: id, first: first.id, second: second.id }
}
