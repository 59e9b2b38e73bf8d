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
import { linkEndsOf, membersOf, newRoomContext, type RoomContext, type RoomNotice } from "./roomContext.ts"
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
        "mail.put": { guard: sits, actions: "keepItem" },
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
                }
              }
            },
            alone: {
              description: "One side is there.",
              on: {
                "seat.take": {
                  guard: { type: "isFree", params: ({ event: { side } }) => ({ side }) },
                  target: "both"
                },
                "seat.leave": [{ guard: inherited }, { guard: sits, target: "deserted" }]
              }
            },
            both: {
              description: "Both sides are there, and the link is open.",
              entry: [
                { type: "openLink", params: ({ context }) => linkEndsOf(context) },
                "introduce",
                { type: "record", params: ({ context }) => ({ name: "relay:met", roomId: context.id }) }
              ],
              exit: { type: "closeLink", params: ({ context }) => linkEndsOf(context) },
              on: {
                "seat.leave": [
                  { guard: inherited, target: "both", reenter: true },
                  { guard: sits, target: "alone" }
                ],
                "probe.missed": {
                  guard: { type: "isAwaited", params: ({ event: { newcomer } }) => ({ newcomer }) },
                  target: "both",
                  reenter: true
                }
              }
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
