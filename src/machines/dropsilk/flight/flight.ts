/**
 * A flight: two seats and the link between them.
 *
 * Two kinds share this chart. An open flight is entered by whoever knows its code. A room's flight belongs to one
 * channel of a room: its seats are those of the room's participants, and a newer socket of the same participant takes
 * the older one's seat.
 */
import type { Aftermath, Crash } from "../../kinds.ts"
import { connectionAt, roomAt } from "../addresses.ts"
import type { DropSilkEvent } from "../events.ts"
import { flightSetup } from "./flightActions.ts"
import {
  codeOfFlight,
  connectionTypeOf,
  type FlightContext,
  type FlightEvent,
  type FlightNotice,
  freedBy,
  linkEndsOf,
  type Member,
  participantsWith,
  seatedBy
} from "./flightContext.ts"

const taking = ({ event }: { event: Extract<FlightEvent, { type: "seat.take" }> }) => event
const leaving = ({ event }: { event: Extract<FlightEvent, { type: "seat.leave" }> }) => event

type Resuming = { context: FlightContext; event: Extract<FlightEvent, { type: "seat.resume" }> }
const resuming = ({ event }: Resuming) => event
/** As if it asked for the seat that it believes to have, which is for it as well as for those who sit here. */
const retaking = ({ context, event: { member } }: Resuming) => ({
  member,
  participants: participantsWith(context, member)
})
/** Somebody sits here whom this flight does not know: whatever peer it had, it meets the one who is here. */
const comeBack = [
  "disappoint",
  "takeSeat",
  { type: "record", params: ({ context, event }: Resuming) => seatedBy(event.member, context) }
] as const
/** Its seat is another's: it may have been told so, and that word is still on its way. */
const denied = { actions: { type: "denySeat", params: resuming } } as const

const orphaning = ({ event }: { event: Extract<FlightEvent, { type: "node.gone" | "seat.orphaned" }> }) => event
const lastOrphaned = {
  guard: { type: "orphansAll", params: orphaning },
  target: ".ended",
  actions: "freeSeats"
} as const
const oneOrphaned = {
  guard: { type: "orphansOne", params: orphaning },
  target: "waiting",
  actions: ["freeSeats", "tellPeerLeft"]
} as const
const oneFewer = { guard: oneOrphaned.guard, actions: "freeSeats" } as const

/** Both seats are taken: what may become of that, wherever the two have met. */
const together = flightSetup.createStateConfig({
  exit: {
    type: "closeLink",
    params: ({ context }) => linkEndsOf(context)
  },
  on: {
    "seat.take": [
      { guard: { type: "isRepeated", params: taking }, actions: ["takeSeat", "introduceAgain"] },
      { guard: { type: "hasFreeSeat", params: taking }, target: "seating", actions: "takeSeat" },
      { actions: [{ type: "refuseSeat", params: taking }, "probeMembers"] }
    ],
    "seat.leave": [
      {
        guard: { type: "isMissed", params: leaving },
        target: "missing",
        actions: { type: "missMember", params: leaving }
      },
      { guard: { type: "holdsSeat", params: leaving }, target: "waiting", actions: ["leaveSeat", "tellPeerLeft"] }
    ],
    "seat.resume": [
      { guard: { type: "namesPeer", params: resuming } },
      // The way between their nodes was broken: they are introduced again, and their link is opened anew.
      { guard: { type: "sitsHere", params: resuming }, target: "seating" },
      denied
    ],
    "node.gone": oneOrphaned,
    "seat.orphaned": oneOrphaned
  }
})

export const flightMachine = flightSetup.createMachine({
  id: "flight",
  description:
    "Two seats and the link between them. The link is open exactly while both members are there; whoever stays when the other goes keeps the seat, and a flight without members ends.",
  context: ({ input }) => ({ ...input, seats: [], introduced: [], absent: null, named: [] }),
  initial: "vacant",
  on: {
    "member.renamed": { actions: { type: "renameMember", params: ({ event }) => event } },
    "seats.asked": { actions: "reportSeats" },
    "seats.wanted": { actions: "probeMembers" },
    "node.gone": lastOrphaned,
    "seat.orphaned": lastOrphaned,
    "operator.ends": { target: ".dismissed", actions: "dismissMembers" }
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
        },
        "seat.resume": { target: "resuming", actions: ["takeSeat", { type: "noteNaming", params: resuming }] }
      }
    },
    resuming: {
      description: "Put together again where another node has left off: who sits here says so.",
      on: {
        "seat.resume": [
          {
            guard: { type: "hasFreeSeat", params: retaking },
            actions: ["takeSeat", { type: "noteNaming", params: resuming }]
          },
          { actions: [denied.actions, { type: "noteNaming", params: resuming }] }
        ],
        "seat.take": [
          { guard: { type: "hasFreeSeat", params: taking }, actions: "takeSeat" },
          { actions: [{ type: "refuseSeat", params: taking }, "probeMembers"] }
        ],
        "seat.leave": [
          { guard: { type: "isLast", params: leaving }, target: "ended", actions: "leaveSeat" },
          { guard: { type: "holdsSeat", params: leaving }, actions: "leaveSeat" }
        ],
        "node.gone": oneFewer,
        "seat.orphaned": oneFewer,
        "home.settled": [
          { guard: "nameEachOther", target: "reunited", actions: "noteReunion" },
          { target: "seating", actions: "disappoint" }
        ]
      }
    },
    waiting: {
      description: "One member waits for another.",
      on: {
        "seat.take": { target: "seating", actions: "takeSeat" },
        "seat.resume": [
          { guard: { type: "sitsHere", params: resuming }, actions: "disappoint" },
          { guard: { type: "hasRoomFor", params: resuming }, target: "seating", actions: comeBack },
          denied
        ],
        "seat.leave": { guard: { type: "holdsSeat", params: leaving }, target: "ended", actions: "leaveSeat" }
      }
    },
    seating: {
      description: "A seat has been taken: are there two members now?",
      always: [{ guard: "isPaired", target: "paired" }, { target: "waiting" }]
    },
    paired: {
      ...together,
      description: "Both seats are taken and the link is open.",
      entry: [
        {
          type: "openLink",
          params: ({ context }) => linkEndsOf(context)
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
      ]
    },
    reunited: {
      ...together,
      description: "Both seats are taken by two who met before another node left off: their link has never been closed."
    },
    missing: {
      description:
        "A participant's socket has broken off. Its seat is kept for a moment, and the other one, who may well be connected to it still, is told nothing.",
      entry: { type: "requestDeadline", params: ({ context }) => ({ afterMs: context.graceMs }) },
      exit: "cancelDeadline",
      on: {
        "seat.take": [
          { guard: { type: "isAbsentBack", params: taking }, target: "seating", actions: "takeSeat" },
          // The one who waits attaches again.
          {
            guard: { type: "holdsThisSeat", params: taking },
            actions: [
              { type: "noteAttempt", params: taking },
              { type: "keepSeat", params: taking }
            ]
          },
          { guard: { type: "waitsForAbsent", params: taking }, actions: "takeSeat" },
          { guard: { type: "hasFreeSeat", params: taking }, target: "seating", actions: "takeSeat" },
          { actions: [{ type: "refuseSeat", params: taking }, "probeMembers"] }
        ],
        "seat.resume": [{ guard: { type: "sitsHere", params: resuming } }, denied],
        "seat.leave": { guard: { type: "isWaiting", params: leaving }, target: "ended", actions: "leaveTogether" },
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
    },
    dismissed: {
      description: "Whoever runs the server has ended it.",
      type: "final",
      entry: {
        type: "record",
        params: ({ context }) => ({
          name: "flight:ended",
          flightId: context.id,
          flightCode: context.code,
          reason: "operator"
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
