/**
 * A flight: two seats and the link between them.
 *
 * Two kinds share this chart. An open flight is entered by whoever knows its code. A room's flight belongs to one
 * channel of a room: its seats are those of the room's participants, and a newer socket of the same participant takes
 * the older one's seat.
 */
import { assign, sendTo, setup, type AnyActorRef } from "xstate"
import type { DomainEvent } from "./domainEvents.ts"
import { supervisorOf, type Delivery } from "./supervisor.ts"

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
  readonly connection: AnyActorRef
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

export type FlightEvent =
  /** `participants` are the room's two at this moment; empty in an open flight. */
  | { readonly type: "seat.take"; readonly member: Member; readonly participants: readonly string[] }
  /** `at`: epoch milliseconds. */
  | { readonly type: "seat.leave"; readonly id: string; readonly at: number }
  | { readonly type: "member.renamed"; readonly id: string; readonly name: string }
  /** A room that has just been loaded asks who sits here. */
  | { readonly type: "seats.asked"; readonly replyTo: AnyActorRef }

/** What a flight tells the connections that sit, sat or wanted to sit in it. */
export type FlightNotice =
  | { readonly type: "seat.given"; readonly flightId: string; readonly code: string; readonly channel: Channel; readonly participantId: string | null; readonly flight: AnyActorRef }
  | { readonly type: "seat.refused"; readonly flightId: string }
  | { readonly type: "seat.lost"; readonly flightId: string }
  | { readonly type: "peer.joined"; readonly flightId: string; readonly flightCode: string; readonly peer: Peer; readonly connectionType: ConnectionType }
  | { readonly type: "peer.left"; readonly flightId: string }
  | { readonly type: "flight.lost"; readonly flightId: string }

/** What a room's transfer flight tells its room. */
export type SeatReport =
  | { readonly type: "seat.taken"; readonly participantId: string }
  | { readonly type: "seat.vacated"; readonly participantId: string; readonly at: number }
  /** The flight has crashed: nobody sits here, but nobody has left the room. */
  | { readonly type: "seat.freed"; readonly participantId: string }

/** The two connections that a link joins. */
export interface LinkEnds {
  readonly flightId: string
  readonly first: string
  readonly second: string
}

export interface FlightContext extends FlightInput {
  /** In the order in which the seats were taken. */
  readonly seats: readonly Member[]
}

/** The code in a flight's id. */
export const codeOfFlight = (id: string): string => id.split("/", 1)[0] as string

/** Same address or same network group is `lan`. */
export const connectionTypeOf = (a: Member, b: Member): ConnectionType =>
  a.address === b.address || a.group === b.group ? "lan" : "wan"

const isSameHolder = (seat: Member, member: Member): boolean =>
  seat.id === member.id || (seat.participantId !== null && seat.participantId === member.participantId)

/** The seats that remain beside a newcomer: neither its own older one nor one of somebody who has left the room. */
const seatsBeside = (seats: readonly Member[], member: Member, participants: readonly string[]): readonly Member[] =>
  seats.filter(
    (seat) => !isSameHolder(seat, member) && (seat.participantId === null || participants.includes(seat.participantId))
  )

type SeatTake = Extract<FlightEvent, { type: "seat.take" }>

const base = setup({
  types: {
    context: {} as FlightContext,
    events: {} as FlightEvent,
    input: {} as FlightInput
  },
  guards: {
    hasFreeSeat: ({ context, event }) => {
      const { member, participants } = event as SeatTake
      return seatsBeside(context.seats, member, participants).length < 2
    },
    holdsSeat: ({ context, event }) => context.seats.some((seat) => seat.id === (event as { id: string }).id),
    isPaired: ({ context }) => context.seats.length === 2
  },
  actions: {
    /** Connects the two sockets: signal frames go straight from one to the other. */
    openLink: (_, _link: LinkEnds) => {},
    /** Ends that: no frame passes any more. */
    closeLink: (_, _link: LinkEnds) => {},
    record: (_, _event: DomainEvent) => {},
    refuseSeat: sendTo(
      ({ event }) => (event as SeatTake).member.connection,
      ({ context }) => ({ type: "seat.refused", flightId: context.id }) satisfies FlightNotice
    ),
    reportTaken: sendTo(supervisorOf("rooms"), ({ context }, { participantId }: { participantId: string }) => ({
      type: "child.tell" as const,
      id: context.code,
      event: { type: "seat.taken", participantId } satisfies SeatReport
    })),
    reportVacated: sendTo(
      supervisorOf("rooms"),
      ({ context }, { participantId, at }: { participantId: string; at: number }) => ({
        type: "child.tell" as const,
        id: context.code,
        // The room may have gone to rest or crashed: its row must still hear of it.
        input: { code: context.code, at },
        event: { type: "seat.vacated", participantId, at } satisfies SeatReport
      })
    ),
    renameMember: assign({
      seats: ({ context, event }) => {
        const { id, name } = event as Extract<FlightEvent, { type: "member.renamed" }>
        return context.seats.map((seat) => (seat.id === id ? { ...seat, name } : seat))
      }
    })
  }
})

const reportsSeats = (context: FlightContext): boolean => context.ofRoom && context.channel === "transfer"

const leftBy = (memberId: string, { id, code }: FlightContext): DomainEvent => ({
  name: "flight:left",
  flightId: id,
  flightCode: code,
  memberId
})

const takeSeat = base.enqueueActions(({ context, event, enqueue, self }) => {
  const { member, participants } = event as SeatTake
  const remaining = seatsBeside(context.seats, member, participants)
  for (const seat of context.seats) {
    if (remaining.includes(seat) || seat.id === member.id) continue
    enqueue.sendTo(seat.connection, { type: "seat.lost", flightId: context.id } satisfies FlightNotice)
    enqueue({ type: "record", params: leftBy(seat.id, context) })
  }
  enqueue.assign({ seats: [...remaining, member] })
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
  enqueue.sendTo(member.connection, {
    type: "seat.given",
    flightId: context.id,
    code: context.code,
    channel: context.channel,
    participantId: member.participantId,
    flight: self
  } satisfies FlightNotice)
  if (reportsSeats(context) && member.participantId !== null) {
    enqueue({ type: "reportTaken", params: { participantId: member.participantId } })
  }
})

const leaveSeat = base.enqueueActions(({ context, event, enqueue }) => {
  const { id, at } = event as Extract<FlightEvent, { type: "seat.leave" }>
  const leaver = context.seats.find((seat) => seat.id === id)
  enqueue.assign({ seats: context.seats.filter((seat) => seat.id !== id) })
  enqueue({ type: "record", params: leftBy(id, context) })
  if (reportsSeats(context) && leaver?.participantId != null) {
    enqueue({ type: "reportVacated", params: { participantId: leaver.participantId, at } })
  }
})

const reportSeats = base.enqueueActions(({ context, event, enqueue }) => {
  const { replyTo } = event as Extract<FlightEvent, { type: "seats.asked" }>
  for (const { participantId } of context.seats) {
    if (participantId !== null) enqueue.sendTo(replyTo, { type: "seat.taken", participantId } satisfies SeatReport)
  }
})

const introduce = base.enqueueActions(({ context, enqueue }) => {
  const [first, second] = context.seats as [Member, Member]
  const connectionType = connectionTypeOf(first, second)
  for (const [member, other] of [[first, second], [second, first]] as const) {
    enqueue.sendTo(member.connection, {
      type: "peer.joined",
      flightId: context.id,
      flightCode: context.code,
      peer: { id: other.id, name: other.name },
      connectionType
    } satisfies FlightNotice)
  }
})

const tellPeerLeft = base.enqueueActions(({ context, enqueue }) => {
  for (const seat of context.seats) {
    enqueue.sendTo(seat.connection, { type: "peer.left", flightId: context.id } satisfies FlightNotice)
  }
})

export const flightMachine = base
  .extend({ actions: { takeSeat, leaveSeat, reportSeats, introduce, tellPeerLeft } })
  .createMachine({
  id: "flight",
  description:
    "Two seats and the link between them. The link is open exactly while both seats are taken; whoever stays when the other goes keeps the seat, and a flight without members ends.",
  context: ({ input }) => ({ ...input, seats: [] }),
  initial: "vacant",
  on: {
    "member.renamed": { actions: "renameMember" },
    "seats.asked": { actions: "reportSeats" }
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
        "seat.take": [{ guard: "hasFreeSeat", target: "seating", actions: "takeSeat" }, { actions: "refuseSeat" }],
        "seat.leave": {
          guard: "holdsSeat",
          target: "waiting",
          actions: ["leaveSeat", "tellPeerLeft"]
        }
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

/** What the members of a crashed flight and its room are told. */
export const flightCrashNotices = (context: FlightContext): readonly Delivery[] => [
  ...context.seats.map((seat) => ({
    to: seat.connection,
    event: { type: "flight.lost", flightId: context.id } satisfies FlightNotice
  })),
  ...context.seats.flatMap(({ participantId }) =>
    participantId !== null && reportsSeats(context)
      ? [
          {
            to: "rooms",
            event: {
              type: "child.tell",
              id: context.code,
              event: { type: "seat.freed", participantId } satisfies SeatReport
            }
          }
        ]
      : []
  )
]
