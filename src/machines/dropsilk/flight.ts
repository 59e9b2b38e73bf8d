/**
 * A flight: two seats and the link between them.
 *
 * Two kinds share this chart. An open flight is entered by whoever knows its code. A room's flight belongs to one
 * channel of a room: its seats are those of the room's participants, and a newer socket of the same participant takes
 * the older one's seat.
 */
import { assign, setup } from "xstate"
import type { Address } from "../address.ts"
import { areNeighbours } from "../clientAddress.ts"
import type { Aftermath, Crash } from "../kinds.ts"
import { speakAs } from "../registry.ts"
import { connectionAt, flightAt, roomAt } from "./addresses.ts"
import type { DropSilkEvent } from "./events.ts"

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
  /** `abrupt`: the socket has broken off without a closing handshake. `at`: epoch milliseconds. */
  | { readonly type: "seat.leave"; readonly id: string; readonly abrupt: boolean; readonly at: number }
  | { readonly type: "member.renamed"; readonly id: string; readonly name: string }
  /** A room that has just been loaded asks who sits here. */
  | { readonly type: "seats.asked"; readonly replyTo: Address }
  /** Somebody was refused because the seats are taken. */
  | { readonly type: "seats.wanted" }
  | { readonly type: "deadline"; readonly at: number }

/** What a flight tells the connections that sit, sat or wanted to sit in it. */
export type FlightNotice =
  | {
      readonly type: "seat.given"
      readonly flightId: string
      readonly code: string
      readonly channel: Channel
      readonly participantId: string | null
    }
  | { readonly type: "seat.refused"; readonly flightId: string }
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
  /** The flight has crashed: nobody sits here, but nobody has left the room. */
  | { readonly type: "seat.freed"; readonly participantId: string }
  | { readonly type: "sideSeat.taken"; readonly participantId: string; readonly channel: Channel }
  | { readonly type: "sideSeat.freed"; readonly participantId: string; readonly channel: Channel }

/** The two connections that a link joins. */
export interface LinkEnds {
  readonly flightId: string
  readonly first: string
  readonly second: string
}

export interface FlightContext extends FlightInput, FlightSettings {
  /** In the order in which the seats were taken. */
  readonly seats: readonly Member[]
  /** What the two were told of each other last. */
  readonly introduced: readonly Peer[]
  /** The member whose socket has broken off and whose seat is kept for it. */
  readonly absent: string | null
}

/** The code in a flight's id. */
export const codeOfFlight = (id: string): string => id.split("/", 1)[0] as string

export const connectionTypeOf = (a: Member, b: Member): ConnectionType => (areNeighbours(a, b) ? "lan" : "wan")

const isSameHolder = (seat: Member, member: Member): boolean =>
  seat.id === member.id || (seat.participantId !== null && seat.participantId === member.participantId)

/** The seats that remain beside a newcomer: neither its own older one nor one of somebody who has left the room. */
const seatsBeside = (seats: readonly Member[], member: Member, participants: readonly string[]): readonly Member[] =>
  seats.filter(
    (seat) => !isSameHolder(seat, member) && (seat.participantId === null || participants.includes(seat.participantId))
  )

/** The very same socket for the very same participant. */
const holdsThisSeat = ({ seats }: FlightContext, { id, participantId }: Member): boolean =>
  seats.some((seat) => seat.id === id && seat.participantId === participantId)

type SeatTake = Extract<FlightEvent, { type: "seat.take" }>
type SeatLeave = Extract<FlightEvent, { type: "seat.leave" }>

const { tell } = speakAs(({ id }: FlightContext) => flightAt(id))

const base = setup({
  types: {
    context: {} as FlightContext,
    events: {} as FlightEvent,
    input: {} as FlightInput & FlightSettings
  },
  guards: {
    hasFreeSeat: ({ context, event }) => {
      const { member, participants } = event as SeatTake
      return seatsBeside(context.seats, member, participants).length < 2
    },
    holdsSeat: ({ context, event }) => context.seats.some((seat) => seat.id === (event as { id: string }).id),
    /** Both are as they were when they were told of each other. */
    isRepeated: ({ context, event }) => {
      const { member, participants } = event as SeatTake
      return (
        holdsThisSeat(context, member) &&
        context.seats.every(
          ({ id, name, participantId }) =>
            context.introduced.some((peer) => peer.id === id && peer.name === name) &&
            (participantId === null || participants.includes(participantId))
        )
      )
    },
    /** It can come back: an open flight knows nobody but by the socket. */
    isMissed: ({ context, event }) => {
      const { id, abrupt } = event as SeatLeave
      return (
        abrupt && context.graceMs > 0 && context.seats.some((seat) => seat.id === id && seat.participantId !== null)
      )
    },
    holdsThisSeat: ({ context, event }) => holdsThisSeat(context, (event as SeatTake).member),
    /** As a newer socket of the one who has stayed. */
    waitsForAbsent: ({ context, event }) => {
      const { member, participants } = event as SeatTake
      const beside = seatsBeside(context.seats, member, participants)
      return beside.length === 1 && beside[0]?.id === context.absent
    },
    /** The one who has stayed. */
    isWaiting: ({ context, event }) => {
      const { id } = event as SeatLeave
      return id !== context.absent && context.seats.some((seat) => seat.id === id)
    },
    isAbsentBack: ({ context, event }) => {
      const { member } = event as SeatTake
      return context.seats.some(
        ({ id, participantId }) => id === context.absent && participantId === member.participantId
      )
    },
    isPaired: ({ context }) => context.seats.length === 2
  },
  actions: {
    /** Connects the two sockets: signal frames go straight from one to the other. */
    openLink: (_, _link: LinkEnds) => {},
    /** Ends that: no frame passes any more. */
    closeLink: (_, _link: LinkEnds) => {},
    /** Finds out soon whether these sockets live: one that does not is ended, and leaves its seat. */
    probeSockets: (_, _probe: { members: readonly string[] }) => {},
    /** Asks for a `deadline` event in so many milliseconds. */
    requestDeadline: (_, _parameters: { afterMs: number }) => {},
    cancelDeadline: () => {},
    record: (_, _event: DropSilkEvent) => {},
    missMember: assign({ absent: ({ event }) => (event as SeatLeave).id }),
    tellMember: tell((_, { id, notice }: { id: string; notice: FlightNotice }) => ({
      to: connectionAt(id),
      event: notice
    })),
    refuseSeat: tell(({ context, event }) => ({
      to: connectionAt((event as SeatTake).member.id),
      event: { type: "seat.refused", flightId: context.id } satisfies FlightNotice
    })),
    report: tell(({ context }, report: SeatReport) => ({ to: roomAt(context.code), event: report })),
    reportVacated: tell(({ context }, { participantId, at }: { participantId: string; at: number }) => ({
      to: roomAt(context.code),
      // The room may have gone to rest or crashed: its row must still hear of it.
      input: { code: context.code, at },
      event: { type: "seat.vacated", participantId, at } satisfies SeatReport
    })),
    answerRoom: tell((_, { replyTo, report }: { replyTo: Address; report: SeatReport }) => ({
      to: replyTo,
      event: report
    })),
    renameMember: assign({
      seats: ({ context, event }) => {
        const { id, name } = event as Extract<FlightEvent, { type: "member.renamed" }>
        return context.seats.map((seat) => (seat.id === id ? { ...seat, name } : seat))
      }
    })
  }
})

const takenBy = (participantId: string, { channel }: FlightContext): SeatReport =>
  channel === "transfer" ? { type: "seat.taken", participantId } : { type: "sideSeat.taken", participantId, channel }

/** The seat is empty, but nobody has left the room. */
const freedBy = (participantId: string, { channel }: FlightContext): SeatReport =>
  channel === "transfer" ? { type: "seat.freed", participantId } : { type: "sideSeat.freed", participantId, channel }

const leftBy = (memberId: string, { id, code }: FlightContext): DropSilkEvent => ({
  name: "flight:left",
  flightId: id,
  flightCode: code,
  memberId
})

const takeSeat = base.enqueueActions(({ context, event, enqueue }) => {
  const { member, participants } = event as SeatTake
  const remaining = seatsBeside(context.seats, member, participants)
  for (const seat of context.seats) {
    if (remaining.includes(seat) || seat.id === member.id) continue
    if (seat.id !== context.absent) {
      enqueue({ type: "tellMember", params: { id: seat.id, notice: { type: "seat.lost", flightId: context.id } } })
    }
    enqueue({ type: "record", params: leftBy(seat.id, context) })
  }
  const absent = remaining.some(({ id }) => id === context.absent) ? context.absent : null
  enqueue.assign({ seats: [...remaining, member], absent })
  if (!context.seats.some(({ id }) => id === member.id)) {
    enqueue({
      type: "record",
      params: {
        name: "flight:seated",
        flightId: context.id,
        flightCode: context.code,
        memberId: member.id,
        memberName: member.name,
        ip: member.address
      }
    })
  }
  const { id: flightId, code, channel } = context
  const notice = { type: "seat.given", flightId, code, channel, participantId: member.participantId } as const
  enqueue({ type: "tellMember", params: { id: member.id, notice } })
  if (member.participantId !== null) enqueue({ type: "report", params: takenBy(member.participantId, context) })
})

/** Takes members out of their seats, and out of their room if this was where its files go. */
const leave = (leaversOf: (context: FlightContext, event: FlightEvent) => readonly (string | null)[]) =>
  base.enqueueActions(({ context, event, enqueue }) => {
    const { at } = event as SeatLeave | Extract<FlightEvent, { type: "deadline" }>
    const leavers = leaversOf(context, event)
    enqueue.assign({ seats: context.seats.filter(({ id }) => !leavers.includes(id)), absent: null })
    for (const leaver of leavers) {
      const seat = context.seats.find(({ id }) => id === leaver)
      if (seat === undefined) continue
      enqueue({ type: "record", params: leftBy(seat.id, context) })
      const { participantId } = seat
      if (participantId === null) continue
      if (context.channel === "transfer") enqueue({ type: "reportVacated", params: { participantId, at } })
      else enqueue({ type: "report", params: freedBy(participantId, context) })
    }
  })

const leaveSeat = leave((_, event) => [(event as SeatLeave).id])
/** The member whose seat was kept has not come back. */
const giveUpAbsent = leave(({ absent }) => [absent])
/** The one who waited for it goes as well. */
const leaveTogether = leave(({ absent }, event) => [absent, (event as SeatLeave).id])

const reportSeats = base.enqueueActions(({ context, event, enqueue }) => {
  const { replyTo } = event as Extract<FlightEvent, { type: "seats.asked" }>
  for (const { participantId } of context.seats) {
    if (participantId === null) continue
    enqueue({ type: "answerRoom", params: { replyTo, report: takenBy(participantId, context) } })
  }
})

/** Somebody wants a seat: nobody who has gone without a word shall keep it until the next look at all sockets. */
const probeMembers = base.enqueueActions(({ context, enqueue }) => {
  const members = context.seats.map(({ id }) => id).filter((id) => id !== context.absent)
  enqueue({ type: "probeSockets", params: { members } })
})

const introductionOf = (context: FlightContext, member: Member): FlightNotice => {
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

const introduce = base.enqueueActions(({ context, enqueue }) => {
  enqueue.assign({ introduced: context.seats.map(({ id, name }) => ({ id, name })) })
  for (const member of context.seats) {
    enqueue({ type: "tellMember", params: { id: member.id, notice: introductionOf(context, member) } })
  }
})

/** Tells one who attaches again what it has been told already; the other one has nothing to do with it. */
const introduceAgain = base.enqueueActions(({ context, event, enqueue }) => {
  const { member } = event as SeatTake
  enqueue({ type: "tellMember", params: { id: member.id, notice: introductionOf(context, member) } })
})

const tellPeerLeft = base.enqueueActions(({ context, enqueue }) => {
  for (const seat of context.seats) {
    enqueue({ type: "tellMember", params: { id: seat.id, notice: { type: "peer.left", flightId: context.id } } })
  }
})

export const flightMachine = base
  .extend({
    actions: {
      takeSeat,
      leaveSeat,
      giveUpAbsent,
      leaveTogether,
      reportSeats,
      probeMembers,
      introduce,
      introduceAgain,
      tellPeerLeft
    }
  })
  .createMachine({
    id: "flight",
    description:
      "Two seats and the link between them. The link is open exactly while both members are there; whoever stays when the other goes keeps the seat, and a flight without members ends.",
    context: ({ input }) => ({ ...input, seats: [], introduced: [], absent: null }),
    initial: "vacant",
    on: {
      "member.renamed": { actions: "renameMember" },
      "seats.asked": { actions: "reportSeats" },
      "seats.wanted": { actions: "probeMembers" }
    },
    states: {
      vacant: {
        description: "Nobody has taken a seat yet.",
        on: {
          "seat.take": {
            target: "waiting",
            actions: [
              {
                type: "record",
                params: ({ context, event }) => ({
                  name: "flight:created",
                  flightId: context.id,
                  flightCode: context.code,
                  creatorId: event.member.id
                })
              },
              "takeSeat"
            ]
          }
        }
      },
      waiting: {
        description: "One member waits for another.",
        on: {
          "seat.take": { target: "seating", actions: "takeSeat" },
          "seat.leave": { guard: "holdsSeat", target: "ended", actions: "leaveSeat" }
        }
      },
      seating: {
        description: "A seat has been taken: are there two members now?",
        always: [{ guard: "isPaired", target: "paired" }, { target: "waiting" }]
      },
      paired: {
        description: "Both seats are taken and the link is open.",
        entry: [
          {
            type: "openLink",
            params: ({ context }) => ({
              flightId: context.id,
              first: context.seats[0]!.id,
              second: context.seats[1]!.id
            })
          },
          "introduce",
          {
            type: "record",
            params: ({ context }) => {
              const [first, second] = context.seats as [Member, Member]
              return {
                name: "flight:joined",
                flightId: context.id,
                flightCode: context.code,
                joinerId: second.id,
                joinerName: second.name,
                ip: second.address,
                connectionType: connectionTypeOf(first, second),
                peerId: first.id
              }
            }
          }
        ],
        exit: {
          type: "closeLink",
          params: ({ context }) => ({ flightId: context.id, first: context.seats[0]!.id, second: context.seats[1]!.id })
        },
        on: {
          "seat.take": [
            { guard: "isRepeated", actions: ["takeSeat", "introduceAgain"] },
            { guard: "hasFreeSeat", target: "seating", actions: "takeSeat" },
            { actions: ["refuseSeat", "probeMembers"] }
          ],
          "seat.leave": [
            { guard: "isMissed", target: "missing", actions: "missMember" },
            { guard: "holdsSeat", target: "waiting", actions: ["leaveSeat", "tellPeerLeft"] }
          ]
        }
      },
      missing: {
        description:
          "A participant's socket has broken off. Its seat is kept for a moment, and the other one, who may well be connected to it still, is told nothing.",
        entry: { type: "requestDeadline", params: ({ context }) => ({ afterMs: context.graceMs }) },
        exit: "cancelDeadline",
        on: {
          "seat.take": [
            { guard: "isAbsentBack", target: "seating", actions: "takeSeat" },
            // The one who waits attaches again: there is nothing to tell it yet.
            { guard: "holdsThisSeat" },
            { guard: "waitsForAbsent", actions: "takeSeat" },
            { guard: "hasFreeSeat", target: "seating", actions: "takeSeat" },
            { actions: ["refuseSeat", "probeMembers"] }
          ],
          "seat.leave": { guard: "isWaiting", target: "ended", actions: "leaveTogether" },
          deadline: { target: "waiting", actions: ["giveUpAbsent", "tellPeerLeft"] }
        }
      },
      ended: {
        type: "final",
        entry: {
          type: "record",
          params: ({ context }) => ({
            name: "flight:ended",
            flightId: context.id,
            flightCode: context.code,
            reason: "empty"
          })
        }
      }
    }
  })

/** Its members hear that it is gone, and its room that its seats are free: nobody has left the room. */
export const flightCrash = ({ id, context }: Crash<FlightContext>): Aftermath<DropSilkEvent> => {
  const seats = context?.seats ?? []
  return {
    tell: [
      ...seats.map((seat) => ({
        to: connectionAt(seat.id),
        event: { type: "flight.lost", flightId: id } satisfies FlightNotice
      })),
      ...seats.flatMap(({ participantId }) =>
        context === undefined || participantId === null
          ? []
          : [{ to: roomAt(context.code), event: freedBy(participantId, context) }]
      )
    ],
    record: [{ name: "flight:ended", flightId: id, flightCode: codeOfFlight(id), reason: "crashed" }]
  }
}
