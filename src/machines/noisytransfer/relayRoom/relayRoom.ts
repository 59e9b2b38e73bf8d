/**
 * A room: two seats, the link between them, and a mailbox for each.
 *
 * Whoever knows the room's name takes a free side of it. A side belongs to its mailbox and not to whoever sits there: one
 * may leave and come back, and finds what was left for it, as long as the other side is held.
 */
import type { Aftermath, Crash } from "../../kinds.ts"
import { relayConnectionAt } from "../addresses.ts"
import type { NoisyTransferEvent, RoomEnd } from "../events.ts"
import { roomSetup } from "./roomActions.ts"
import {
  heldIn,
  linkEndsOf,
  membersOf,
  newRoomContext,
  type RelayRoomEvent,
  type RoomContext,
  type RoomNotice
} from "./roomContext.ts"
import { seatOf } from "./seat.ts"

const ofLeaver = ({ event: { id } }: { event: { id: string } }) => ({ id })
const inherited = { type: "isInherited", params: ofLeaver } as const
/** What is told of its end. */
const over = (reason: RoomEnd) =>
  [
    { type: "weighMail", params: { items: 0, bytes: 0 } },
    {
      type: "record",
      params: ({ context: { id } }: { context: RoomContext }) => ({
        name: "relay:room_ended" as const,
        roomId: id,
        reason
      })
    }
  ] as const
const sits = { type: "sits", params: ofLeaver } as const
const resuming = ({ event }: { event: Extract<RelayRoomEvent, { type: "seat.resume" }> }) => event
const ofNode = ({ event: { mark } }: { event: { mark: string } }) => ({ mark })
const nobodyStays = { guard: { type: "nobodyStays", params: ofNode }, target: "deserted" } as const

/** Both seats are taken: what may become of that, wherever the two have met. */
const together = roomSetup.createStateConfig({
  exit: { type: "closeLink", params: ({ context }) => linkEndsOf(context) },
  on: {
    "seat.leave": [
      { guard: inherited, target: "both", reenter: true },
      { guard: sits, target: "alone", actions: "tellPeerGone" }
    ],
    "probe.missed": {
      guard: { type: "isAwaited", params: ({ event: { newcomer } }) => ({ newcomer }) },
      target: "both",
      reenter: true
    },
    "seat.resume": [
      { guard: { type: "namesPeer", params: resuming } },
      // The way between their nodes was broken: they are introduced again, and their link is opened anew.
      { guard: sits, target: "both", reenter: true }
    ],
    "node.gone": [
      nobodyStays,
      { guard: { type: "oneStays", params: ofNode }, target: "alone", actions: "tellPeerGone" },
      { guard: { type: "othersStay", params: ofNode }, target: "both", reenter: true, actions: "tellPeerGone" }
    ]
  }
})

export const relayRoomMachine = roomSetup.createMachine({
  id: "relayRoom",
  description:
    "Two seats, each with a mailbox that outlives whoever sits there. The link is open exactly while both are taken; a room without anybody ends, and its mailboxes with it.",
  context: ({ input }) => newRoomContext(input),
  initial: "open",
  states: {
    open: {
      type: "parallel",
      on: {
        "operator.ends": { target: "dismissed", actions: "dismissMembers" },
        "mail.put": {
          guard: sits,
          actions: {
            type: "weighPosting",
            params: ({ event: { id, attempt, to, payload, bytes } }) => ({ id, attempt, to, payload, bytes })
          }
        },
        "mail.weighed": { guard: sits, actions: "keepItem" },
        "home.leaving": { actions: "entrustMail" },
        "mail.hello": { guard: sits, actions: ["forgetItems", "replayItems"] },
        "mail.delivered": { guard: sits, actions: "forgetItems" },
        "flow.failed": {
          guard: sits,
          actions: {
            type: "record",
            params: ({ context, event }) => ({ name: "relay:failed", roomId: context.id, clientId: event.id })
          }
        }
      },
      states: {
        occupancy: {
          initial: "vacant",
          states: {
            vacant: {
              description: "Nobody has taken a seat yet.",
              on: {
                "seat.take": {
                  target: "alone",
                  actions: [
                    { type: "rememberOpening", params: ({ event: { at } }) => ({ at }) },
                    {
                      type: "record",
                      params: ({ context, event }) => ({
                        name: "relay:room_opened",
                        roomId: context.id,
                        clientId: event.id
                      })
                    }
                  ]
                },
                "seat.resume": {
                  target: "resuming",
                  actions: [
                    { type: "rememberEarliest", params: resuming },
                    { type: "noteBelongings", params: resuming }
                  ]
                }
              }
            },
            resuming: {
              description:
                "Put together again where another node has left off: who sits here says so. What lay in its mailboxes is there if somebody was given it to take along.",
              exit: ["forgetBelongings", { type: "weighMail", params: ({ context }) => heldIn(context) }],
              on: {
                "seat.resume": {
                  guard: { type: "isFree", params: ({ event: { side } }) => ({ side }) },
                  actions: [
                    { type: "rememberEarliest", params: resuming },
                    { type: "noteBelongings", params: resuming }
                  ]
                },
                "seat.leave": { guard: { type: "isLast", params: ofLeaver }, target: "deserted" },
                "node.gone": nobodyStays,
                "home.settled": [
                  { guard: "isMailLost", target: "#relayRoom.lost" },
                  { guard: "nameEachOther", target: "reunited" },
                  { guard: "isFull", target: "both" },
                  { target: "alone" }
                ]
              }
            },
            alone: {
              description: "One side is there.",
              on: {
                "seat.resume": [
                  // The room that it means has ended meanwhile: it must know, and leaves.
                  {
                    guard: { type: "hasLostMail", params: resuming },
                    target: "both",
                    actions: {
                      type: "tellMember",
                      params: ({ event: { id } }) => ({ id, notice: { type: "room.lost" } })
                    }
                  },
                  { guard: { type: "isFree", params: ({ event: { side } }) => ({ side }) }, target: "both" }
                ],
                "node.gone": nobodyStays,
                "seat.take": {
                  guard: { type: "isFree", params: ({ event: { side } }) => ({ side }) },
                  target: "both"
                },
                "seat.leave": [{ guard: inherited }, { guard: sits, target: "deserted" }]
              }
            },
            both: {
              ...together,
              description: "Both sides are there, and the link is open.",
              entry: [
                { type: "openLink", params: ({ context }) => linkEndsOf(context) },
                "introduce",
                { type: "record", params: ({ context }) => ({ name: "relay:met", roomId: context.id }) }
              ]
            },
            reunited: {
              ...together,
              description:
                "Both sides are there, and have met before another node left off: their link has never been closed."
            },
            deserted: { description: "The last one has left.", always: { target: "#relayRoom.ended" } }
          }
        },
        seatA: seatOf("A"),
        seatB: seatOf("B"),
        flow: {
          initial: "untold",
          states: {
            untold: {
              description: "Nobody has said yet that the two are connected to each other.",
              on: {
                "flow.established": {
                  guard: sits,
                  target: "told",
                  actions: {
                    type: "record",
                    params: ({ context, event }) => ({
                      name: "relay:established",
                      roomId: context.id,
                      mode: event.mode,
                      // A clock that was set back meanwhile must not make it negative.
                      afterMs: Math.max(0, event.at - context.openedAt)
                    })
                  }
                }
              }
            },
            told: { description: "It is counted once in a room's life." }
          }
        }
      }
    },
    ended: { type: "final", entry: over("empty") },
    lost: {
      type: "final",
      description: "What was left in its mailboxes was lost with the node that it has lived on.",
      entry: ["loseMembers", ...over("mail_lost")]
    },
    dismissed: { type: "final", description: "Whoever runs the server has ended it.", entry: over("operator") }
  }
})

/** Whoever sits there or waits is cut off, and comes back to an empty room. */
export const relayRoomCrash = ({ id, context }: Crash<RoomContext>): Aftermath<NoisyTransferEvent> => ({
  tell: (context === undefined ? [] : membersOf(context)).map((member) => ({
    to: relayConnectionAt(member),
    event: { type: "room.lost" } satisfies RoomNotice
  })),
  record: [{ name: "relay:room_ended", roomId: id, reason: "crashed" }]
})
