/**
 * A connection: one client on one side of a room, from its coming to its going.
 *
 * What passes between the two over the link does not come by here. What a client leaves in a mailbox does. It waits until
 * the frames before it have arrived, where it could overtake them, and the next frames wait until it has arrived itself, so
 * that everything a client sends reaches the other side in the order in which it was sent.
 */
import type { SnapshotFrom } from "xstate"
import type { Aftermath, Crash } from "../../kinds.ts"
import { relayRoomAt, socketAt } from "../addresses.ts"
import type { NoisyTransferEvent } from "../events.ts"
import type { Item } from "../relayRoom/mailbox.ts"
import type { Question, RelayRoomEvent } from "../relayRoom/roomContext.ts"
import { connectionSetup } from "./connectionActions.ts"
import { type ConnectionContext, envelopeOf, type Parcel } from "./connectionContext.ts"

/** What is asked is not waited for longer than so. */
const requestAnswer = {
  type: "requestDeadline",
  params: ({ context }: { context: ConnectionContext }) => ({ afterMs: context.askTimeoutMs })
} as const

const awaited = {
  type: "isAwaited",
  params: ({ event }: { event: { attempt: number } }) => ({ attempt: event.attempt })
} as const
const currentReply = {
  type: "isAwaited",
  params: ({ event }: { event: { requestId: number | undefined } }) => ({ attempt: event.requestId })
} as const

const roomsReply = {
  type: "isRooms",
  params: ({ event: { requestId, id } }: { event: { requestId: number | undefined; id: string } }) => ({
    attempt: requestId,
    id
  })
} as const

const closeAs = (code: number, reason: string) => ({ type: "closeSocket", params: { code, reason } }) as const
const endedByHand = closeAs(1008, "Ended by the operator")
const failed = {
  guard: currentReply,
  target: "dismissed",
  actions: ["leaveSeat", closeAs(1013, "Try again later")]
} as const

/** Whoever was asked cannot answer any more. */
const forgotten = { guard: currentReply, target: "#relayConnection.seated.idle" } as const
/** Nor can the room be asked again: what was said is lost, and the client must know. */
const unheard = [{ ...failed, guard: roomsReply, target: "#relayConnection.dismissed" }, forgotten] as const
const late = { target: "#relayConnection.seated.idle" } as const

/** Whom it has sent frames cannot say that they have arrived. */
const unanswered = { guard: currentReply, target: "passing" } as const

const tellFull = {
  type: "tellMailboxFull",
  params: ({ event: { to, reason } }: { event: { to: "A" | "B"; reason: "items" | "bytes" | "server" } }) => ({
    to,
    reason
  })
} as const

const tellReplay = {
  type: "tellItems",
  params: ({ context, event: { items } }: { context: ConnectionContext; event: { items: readonly Item[] } }) => ({
    envelopes: items.map((item) => envelopeOf(context, item)),
    sender: null
  })
} as const
const noteReplay = {
  type: "noteMail",
  params: ({ event: { items } }: { event: { items: readonly Item[] } }) => ({ isThere: items.length > 0 })
} as const
const noteMail = (isThere: boolean) => ({ type: "noteMail", params: { isThere } }) as const
/** The room is given what was left, in a question of its own: late answers to the one before must not be taken for its. */
const handOver = ["countAttempt", noteMail(true), "putParcel", "forgetParcel"] as const
const refused = {
  type: "record",
  params: ({ context: { id, side } }: { context: ConnectionContext }) => ({
    name: "relay:refused" as const,
    clientId: id,
    side
  })
} as const
const closeBusy = {
  type: "closeSocket",
  params: ({ context: { side } }: { context: ConnectionContext }) => ({ code: 1008, reason: `side ${side} busy` })
} as const
const keepParcel = {
  type: "keepParcel",
  params: ({ event: { to, payload, bytes } }: { event: Parcel }) => ({ to, payload, bytes })
} as const
const confirm = {
  type: "confirmItem",
  params: ({ event: { sender } }: { event: { sender: Question } }) => ({ sender })
} as const

export const relayConnectionMachine = connectionSetup.createMachine({
  id: "relayConnection",
  description: "One client on one side of a room, from its coming to its going.",
  context: ({ input }) => ({
    ...input,
    parcel: null,
    attempts: 0,
    pauseMs: 0,
    peer: null,
    hasMail: false,
    mailboxes: null
  }),
  initial: "seating",
  entry: [
    {
      type: "record",
      params: ({ context: { id, address, side } }) => ({ name: "relay:connected", clientId: id, ip: address, side })
    },
    "openSocket"
  ],
  on: {
    // Also before it has its seat: who has heard of it already sends it frames.
    "frames.asked": {
      actions: { type: "confirmFrames", params: ({ event: { asker } }) => ({ asker }) }
    }
  },
  states: {
    seating: {
      description:
        "The room is asked for the seat. When somebody of the same session has it, the answer waits for whether that one lives.",
      entry: ["holdFrames", requestAnswer, "countAttempt", "takeSeat"],
      exit: ["cancelDeadline", "releaseFrames"],
      on: {
        "seat.given": {
          target: "seated",
          actions: { type: "noteMail", params: ({ event: { hasMail } }) => ({ isThere: hasMail }) }
        },
        // It may have asked twice, and be given the seat by the second answer.
        "seat.refused": { target: "dismissed", actions: ["leaveSeat", refused, closeBusy] },
        // The question may be lost with the node that was asked.
        "room.moved": { actions: "takeSeat" },
        "child.unavailable": failed,
        "child.crashed": failed,
        deadline: { target: "dismissed", actions: ["leaveSeat", closeAs(1013, "Try again later")] },
        "room.lost": { target: "dismissed", actions: ["leaveSeat", closeAs(1011, "Internal error")] },
        "room.ended": { target: "dismissed", actions: ["leaveSeat", endedByHand] },
        "operator.ends": { target: "dismissed", actions: ["leaveSeat", endedByHand] },
        "server.draining": { target: "dismissed", actions: ["leaveSeat", closeAs(1001, "Server shutdown")] },
        "socket.closed": { target: "gone", actions: "leaveSeat" }
      }
    },
    seated: {
      description: "The client has its side.",
      initial: "idle",
      on: {
        "room.full": {
          actions: [
            { type: "rememberPeer", params: ({ event: { peerId } }) => ({ peerId }) },
            { type: "tellRoomFull", params: ({ event: { peerId } }) => ({ peerId }) }
          ]
        },
        "peer.gone": { actions: "forgetPeer" },
        "room.moved": { actions: ["resumeSeat", "forgetEntrusted"] },
        "mail.entrusted": {
          actions: [{ type: "keepEntrusted", params: ({ event: { mailboxes } }) => ({ mailboxes }) }, noteMail(true)]
        },
        "link.broken": {
          guard: { type: "isPeer", params: ({ event: { peer } }) => ({ peer }) },
          actions: ["forgetPeer", "dropLink"]
        },
        // It has said that it sits where somebody else does by now. Whatever it goes for, it may have said so again meanwhile.
        "seat.refused": { target: "dismissed", actions: ["leaveSeat", "dropLink", refused, closeBusy] },
        "item.given": {
          actions: [
            noteMail(true),
            {
              type: "tellItems",
              params: ({ context, event: { item, sender } }) => ({
                envelopes: [envelopeOf(context, item)],
                sender: sender.id
              })
            },
            confirm
          ]
        },
        // Too late for whoever waited, and true all the same.
        "mail.refused": { actions: tellFull },
        "mail.replayed": { actions: [tellReplay, noteReplay] },
        "mail.delivered": {
          actions: { type: "acknowledgeItems", params: ({ event: { upTo } }) => ({ upTo }) }
        },
        "flow.established": {
          actions: {
            type: "tellRoom",
            params: ({ context: { id }, event: { mode, at } }) => ({
              event: { type: "flow.established" as const, id, mode, at }
            })
          }
        },
        "flow.failed": {
          actions: {
            type: "tellRoom",
            params: ({ context: { id } }) => ({ event: { type: "flow.failed" as const, id } })
          }
        },
        "seat.wanted": {
          actions: {
            type: "askSocket",
            params: ({ event: { newcomer, withinMs } }) => ({ newcomer, withinMs })
          }
        },
        "socket.lives": {
          actions: {
            type: "tellRoom",
            params: ({ event: { newcomer } }) => ({ event: { type: "probe.answered" as const, newcomer } })
          }
        },
        "socket.silent": {
          actions: {
            type: "tellRoom",
            params: ({ event: { newcomer } }) => ({ event: { type: "probe.missed" as const, newcomer } })
          }
        },
        "socket.wanted": { actions: "probeSocket" },
        "seat.lost": { target: "dismissed", actions: ["leaveSeat", "dropLink", "cutSocket"] },
        "room.lost": { target: "dismissed", actions: ["leaveSeat", "dropLink", closeAs(1011, "Internal error")] },
        "room.ended": { target: "dismissed", actions: ["leaveSeat", endedByHand] },
        "operator.ends": { target: "dismissed", actions: ["leaveSeat", endedByHand] },
        "server.draining": { target: "dismissed", actions: ["leaveSeat", closeAs(1001, "Server shutdown")] },
        "socket.closed": { target: "gone", actions: "leaveSeat" }
      },
      states: {
        idle: {
          description: "Nothing of it is under way.",
          on: {
            "mail.put": [
              {
                guard: { type: "mayOvertake", params: ({ event: { to } }) => ({ to }) },
                target: "busy.ordering",
                actions: keepParcel
              },
              { target: "busy.passing", actions: keepParcel }
            ],
            "mail.hello": {
              target: "busy.recalling",
              actions: ["countAttempt", { type: "askForItems", params: ({ event: { upTo } }) => ({ upTo }) }]
            }
          }
        },
        busy: {
          description: "Its next frames wait.",
          initial: "passing",
          entry: "holdFrames",
          exit: "releaseFrames",
          states: {
            ordering: {
              description:
                "It leaves something for the other side, and the frames that it has sent before may not have arrived there yet.",
              entry: [requestAnswer, "countAttempt", "askForFrames"],
              exit: "cancelDeadline",
              on: {
                "frames.arrived": { guard: awaited, target: "passing" },
                // There is nobody whom they could reach late.
                "peer.gone": { target: "passing", actions: "forgetPeer" },
                // Nor will it be heard whether what it leaves now has arrived.
                "link.broken": {
                  guard: { type: "isPeer", params: ({ event: { peer } }) => ({ peer }) },
                  ...late,
                  actions: ["forgetPeer", "dropLink", ...handOver]
                },
                "child.missing": unanswered,
                "child.unavailable": unanswered,
                "child.crashed": unanswered,
                deadline: { target: "passing" }
              }
            },
            passing: {
              description: "Something that it has left for a side has not arrived yet.",
              entry: [requestAnswer, ...handOver],
              exit: "cancelDeadline",
              on: {
                "mail.kept": { guard: awaited, target: "#relayConnection.seated.idle" },
                "mail.refused": { guard: awaited, target: "#relayConnection.seated.idle", actions: tellFull },
                // What it was being given lies in its mailbox.
                "peer.gone": { ...late, actions: "forgetPeer" },
                // Nobody can say whether that has arrived: the client must know.
                "room.moved": {
                  target: "#relayConnection.dismissed",
                  actions: ["leaveSeat", "dropLink", closeAs(1013, "Try again later")]
                },
                "link.broken": {
                  guard: { type: "isPeer", params: ({ event: { peer } }) => ({ peer }) },
                  ...late,
                  actions: ["forgetPeer", "dropLink"]
                },
                "child.missing": forgotten,
                "child.unavailable": unheard,
                "child.crashed": forgotten,
                deadline: late
              }
            },
            recalling: {
              description: "It has asked for what is in its mailbox.",
              entry: requestAnswer,
              exit: "cancelDeadline",
              on: {
                "mail.replayed": [
                  {
                    guard: {
                      type: "isWorthAPause",
                      params: ({ event: { attempt, items } }) => ({ attempt, items })
                    },
                    target: "resting",
                    actions: [
                      { type: "rememberPause", params: ({ event: { items } }) => ({ items }) },
                      tellReplay,
                      noteReplay
                    ]
                  },
                  { guard: awaited, target: "flushing", actions: [tellReplay, noteReplay] }
                ],
                // An answer that is under way comes late; one that is not was lost with its node.
                "room.moved": { ...late, actions: ["resumeSeat", "forgetEntrusted"] },
                "child.missing": forgotten,
                "child.unavailable": unheard,
                "child.crashed": forgotten,
                deadline: late
              }
            },
            resting: {
              description: "It was sent its items, and may not ask for them again before that is paid for.",
              entry: {
                type: "requestDeadline",
                params: ({ context }) => ({ afterMs: context.pauseMs })
              },
              exit: "cancelDeadline",
              on: { deadline: { target: "flushing" } }
            },
            flushing: {
              description: "Nor before it has taken most of them.",
              entry: "awaitFlush",
              on: { "socket.flushed": { target: "#relayConnection.seated.idle" } }
            }
          }
        }
      }
    },
    dismissed: {
      description: "Its socket was closed, and has not ended yet.",
      on: {
        // It stays in the mailbox, and whoever has left it must not wait for somebody who is going.
        "item.given": { actions: confirm },
        "socket.closed": { target: "gone" }
      }
    },
    gone: {
      type: "final",
      entry: { type: "record", params: ({ context }) => ({ name: "relay:disconnected", clientId: context.id }) }
    }
  }
})

/** It sits in its room, or waits for a seat there: others may not have heard yet that it has gone. */
export const isThere = (connection: SnapshotFrom<typeof relayConnectionMachine>): boolean =>
  connection.matches("seating") || connection.matches("seated")

/** Its socket is closed, and it has left its seat. */
export const relayConnectionCrash = ({ id, context }: Crash<ConnectionContext>): Aftermath<NoisyTransferEvent> => ({
  tell: [
    { to: socketAt(id), event: { type: "socket.abandoned" } },
    ...(context === undefined
      ? []
      : [{ to: relayRoomAt(context.roomId), event: { type: "seat.leave", id } satisfies RelayRoomEvent }])
  ],
  record: [{ name: "relay:disconnected", clientId: id }]
})
