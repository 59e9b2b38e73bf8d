/**
 * A connection: one client from its greeting to its going.
 *
 * Two regions live side by side. `place` is where the client is: in the lobby, alone in a flight, or paired. `request`
 * is what it has asked for and not been answered yet: frames are handled strictly in order, so while a flight or a room
 * is being asked, later frames are held. Where everybody lives in one process a flight answers in the same moment.
 */
import type { Aftermath, Crash } from "../../kinds.ts"
import { flightAt, socketAt } from "../addresses.ts"
import type { DropSilkEvent } from "../events.ts"
import type { NetworkEvent } from "../network/network.ts"
import type { Presence } from "../network/networkClients.ts"
import { connectionSetup } from "./connectionActions.ts"
import { type ConnectionContext, leavesOf, ownNetwork, presenceIn, roomFlightId } from "./connectionContext.ts"

/** While something is asked, later frames wait behind its answer, and it is not waited for longer than so. */
const asking = {
  entry: [
    "holdFrames",
    {
      type: "requestDeadline",
      params: ({ context }: { context: ConnectionContext }) => ({ afterMs: context.askTimeoutMs })
    }
  ],
  exit: ["cancelDeadline", "releaseFrames"]
} as const

const tellServerError = { type: "tellFault", params: { fault: "server-error" } } as const

const awaited = {
  type: "isAwaited",
  params: ({ event }: { event: { attempt: number } }) => ({ attempt: event.attempt })
} as const
const currentAttach = { ...awaited, type: "isCurrentAttach" } as const
const currentReply = {
  type: "isCurrentReply",
  params: ({ event }: { event: { requestId: number | undefined } }) => ({ requestId: event.requestId })
} as const
const ownFlight = {
  type: "isOwnFlight",
  params: ({ event }: { event: { flightId: string } }) => ({ flightId: event.flightId })
} as const
const ownNetworkOnly = {
  type: "isOwnNetwork",
  params: ({ event }: { event: { group: string | null } }) => ({ group: event.group })
} as const

/** What a network that is put together again is told of it: one that was lost lists it at once, one that has moved later. */
const belonging = (params: { readonly presence: Presence } | ReturnType<typeof presenceIn>) =>
  ({
    "network.lost": { guard: ownNetworkOnly, actions: { type: "enterNetwork", params } },
    "network.moved": { guard: ownNetworkOnly, actions: { type: "resumeNetwork", params } }
  }) as const

/** Whoever was asked cannot answer any more. */
const failed = { guard: currentReply, target: "idle", actions: tellServerError } as const
/** The room does not let it in, and it may have left somebody for that. */
const unattached = { target: "idle", actions: [tellServerError, "tellPeerLeftBehind"] } as const
const late = { target: "idle", actions: ["giveUpAsked", tellServerError] } as const

const becomeVisible = { type: "announcePresence", params: { presence: "visible" } } as const
const toLobby = { target: "lobby", actions: becomeVisible } as const

export const connectionMachine = connectionSetup.createMachine({
  id: "connection",
  description:
    "One client, from its greeting to its going: where it is (in the lobby, alone in a flight, paired) and what it has asked for.",
  context: ({ input }) => ({
    ...input,
    name: "Anonymous",
    isNamed: false,
    seat: null,
    peer: null,
    attach: null,
    asked: null,
    attempts: 0
  }),
  initial: "connected",
  states: {
    connected: {
      type: "parallel",
      entry: [
        {
          type: "record",
          params: ({ context }) => ({ name: "client:connected", clientId: context.id, ip: context.address })
        },
        "openSocket",
        "tellRegistered",
        { type: "enterNetwork", params: { presence: "visible" } }
      ],
      on: {
        "server.draining": [
          { guard: "isOutlived", target: "draining", actions: ["orphanSeats", "leaveNetwork"] },
          { target: "draining" }
        ],
        "socket.closed": {
          target: "gone",
          actions: [
            {
              type: "record",
              params: ({ context }) => ({
                name: "client:disconnected",
                clientId: context.id,
                flightCode: context.seat?.code ?? null
              })
            },
            "leaveSeats",
            "leaveNetwork"
          ]
        },
        "details.register": {
          guard: { type: "isNewName", params: ({ event }) => event },
          actions: [
            "rename",
            {
              type: "record",
              params: ({ context, event }) => ({
                name: "client:registered_details",
                clientId: context.id,
                newName: event.name
              })
            }
          ]
        },
        "client.pinged": { actions: "tellPong" },
        "socket.wanted": { actions: "probeSocket" },
        // The end of the socket ends it, as it does when the client goes.
        "operator.ends": { actions: { type: "closeSocket", params: { code: 1008, reason: "Ended by the operator" } } },
        "flight.invite": [
          {
            guard: { type: "sitsInNamedFlight", params: ({ event }) => ({ code: event.code }) },
            actions: { type: "invite", params: ({ event }) => event }
          },
          { actions: { type: "askRoomToVouch", params: ({ event }) => event } }
        ],
        "room.vouched": { actions: { type: "invite", params: ({ event }) => event } },
        "flight.joinRefused": { actions: { type: "tellFault", params: { fault: "too-many-attempts" } } },
        "invitation.received": {
          actions: {
            type: "tellInvitation",
            params: ({ event }) => ({ flightCode: event.flightCode, fromName: event.fromName })
          }
        }
      },
      states: {
        place: {
          initial: "lobby",
          on: {
            "seat.given": {
              guard: awaited,
              target: ".seated",
              actions: { type: "rememberSeat", params: ({ event }) => event }
            },
            "seat.kept": {
              guard: awaited,
              target: ".seated",
              actions: { type: "rememberSeat", params: ({ event }) => event }
            }
          },
          states: {
            lobby: {
              description: "Without a seat: sees the others of its network and is seen by them.",
              on: {
                ...belonging({ presence: "visible" })
              }
            },
            moving: {
              description:
                "Between two seats: its network sees it as before, rather than as somebody who comes and goes at once.",
              on: {
                "seat.refused": { guard: awaited, ...toLobby },
                "child.unavailable": { guard: currentReply, ...toLobby },
                "child.crashed": { guard: currentReply, ...toLobby },
                deadline: toLobby,
                ...belonging({ presence: "withdrawn" })
              }
            },
            seated: {
              description: "Holds a seat in a flight.",
              initial: "alone",
              on: {
                "peer.joined": {
                  guard: ownFlight,
                  target: ".paired",
                  actions: [
                    { type: "rememberPeer", params: ({ event }) => event.peer },
                    {
                      type: "tellPeerJoined",
                      params: ({ event }) => ({
                        flightCode: event.flightCode,
                        peer: event.peer,
                        connectionType: event.connectionType
                      })
                    }
                  ]
                },
                "flight.moved": { guard: ownFlight, actions: "resumeSeat" },
                "seat.kept": { guard: awaited, actions: { type: "rememberSeat", params: ({ event }) => event } },
                "seat.left": toLobby,
                "seat.changed": { target: "moving" },
                "seat.lost": {
                  guard: ownFlight,
                  target: "lobby",
                  actions: [
                    // Its signals would go nowhere without a word. It is not closed: a client that has lost its socket
                    // attaches again, and two of one participant would take the seat from each other without end.
                    { type: "tellFault", params: { fault: "seat-taken" } },
                    "giveUpSeat",
                    "forgetSeat",
                    becomeVisible
                  ]
                }
              },
              states: {
                alone: {
                  description: "Waits for the other one; on the transfer channel it is still seen on its network.",
                  entry: { type: "announcePresence", params: presenceIn("visible") },
                  on: {
                    "flight.lost": {
                      guard: ownFlight,
                      target: "#connection.connected.place.lobby",
                      actions: [tellServerError, "forgetSeat", becomeVisible]
                    },
                    ...belonging(presenceIn("visible"))
                  }
                },
                paired: {
                  description: "The other seat is taken too: signal frames pass over the link.",
                  entry: { type: "announcePresence", params: presenceIn("paired") },
                  exit: "forgetPeer",
                  on: {
                    "peer.left": { guard: ownFlight, target: "alone", actions: "tellPeerLeft" },
                    "link.broken": {
                      guard: { type: "isPeer", params: ({ event }) => event },
                      target: "alone",
                      actions: ["dropLink", "tellPeerLeft"]
                    },
                    "flight.lost": {
                      guard: ownFlight,
                      target: "#connection.connected.place.lobby",
                      actions: ["dropLink", "tellPeerLeft", "forgetSeat", becomeVisible]
                    },
                    ...belonging(presenceIn("paired"))
                  }
                }
              }
            }
          }
        },
        request: {
          initial: "idle",
          states: {
            idle: {
              description: "Everything asked has been answered.",
              entry: "forgetRequest",
              on: {
                "flight.create": [
                  { guard: "holdsSeat", actions: { type: "tellFault", params: { fault: "already-in-flight" } } },
                  { target: "creating" }
                ],
                "flight.join": [
                  {
                    guard: "holdsSeat",
                    actions: [{ type: "tellFault", params: { fault: "already-in-flight" } }, "rightCode"]
                  },
                  {
                    target: "joining",
                    actions: [
                      { type: "rememberAsked", params: ({ event }) => ({ flightId: event.code }) },
                      { type: "joinFlight", params: ({ event }) => ({ code: event.code }) }
                    ]
                  }
                ],
                "room.attach": [
                  {
                    guard: { type: "wouldLeaveRoomFirst", params: ({ event }) => event },
                    target: "attaching",
                    actions: [
                      {
                        type: "rememberAttach",
                        params: ({ context, event }) => ({ ...event, leavesPeer: context.peer !== null })
                      },
                      "leaveRoom",
                      { type: "askRoom", params: ({ event }) => event }
                    ]
                  },
                  {
                    target: "attaching",
                    actions: [
                      { type: "rememberAttach", params: ({ event }) => event },
                      { type: "askRoom", params: ({ event }) => event }
                    ]
                  }
                ]
              }
            },
            creating: {
              description: "A code is drawn until one is free.",
              entry: [...asking.entry, "drawFlightCode"],
              exit: asking.exit,
              on: {
                "code.drawn": {
                  actions: [
                    { type: "rememberAsked", params: ({ event }) => ({ flightId: event.code }) },
                    { type: "openFlight", params: ({ event }) => ({ code: event.code }) }
                  ]
                },
                "child.exists": { guard: currentReply, actions: ["forgetRequest", "drawFlightCode"] },
                "seat.given": {
                  guard: awaited,
                  target: "idle",
                  actions: { type: "tellFlightCreated", params: ({ event }) => ({ code: event.code }) }
                },
                "child.unavailable": failed,
                "child.crashed": failed,
                deadline: late
              }
            },
            joining: {
              description: "The flight is asked for its second seat.",
              ...asking,
              on: {
                "seat.given": { guard: awaited, target: "idle", actions: "rightCode" },
                "seat.refused": {
                  guard: awaited,
                  target: "idle",
                  actions: [
                    { type: "tellFault", params: { fault: "flight-not-found-or-full" } },
                    {
                      type: "record",
                      params: ({ context, event }) => ({
                        name: "flight:error",
                        clientId: context.id,
                        flightCode: event.flightId,
                        error: "flight_full"
                      })
                    }
                  ]
                },
                "child.missing": {
                  guard: currentReply,
                  target: "idle",
                  actions: [
                    { type: "tellFault", params: { fault: "flight-not-found-or-full" } },
                    {
                      type: "record",
                      params: ({ context, event }) => ({
                        name: "flight:error",
                        clientId: context.id,
                        flightCode: event.id,
                        error: "not_found"
                      })
                    }
                  ]
                },
                "child.unavailable": { ...failed, actions: [tellServerError, "rightCode"] },
                "child.crashed": { ...failed, actions: [tellServerError, "rightCode"] },
                deadline: late
              }
            },
            attaching: {
              description: "The room is asked.",
              ...asking,
              on: {
                "room.admitted": {
                  guard: currentAttach,
                  target: "seating",
                  actions: [
                    "leaveOtherSeat",
                    "rename",
                    {
                      type: "tellRoomAttached",
                      params: ({ event }) => ({ code: event.code, role: event.role, peer: event.peer })
                    },
                    {
                      type: "rememberAsked",
                      params: ({ event }) => ({ flightId: roomFlightId(event.code, event.channel) })
                    },
                    {
                      type: "takeRoomSeat",
                      params: ({ event }) => ({
                        code: event.code,
                        channel: event.channel,
                        participantId: event.participant.id,
                        participants: event.participants
                      })
                    }
                  ]
                },
                "room.denied": {
                  guard: currentAttach,
                  target: "idle",
                  actions: [{ type: "tellFault", params: { fault: "room-not-found" } }, "tellPeerLeftBehind"]
                },
                "room.failed": { ...unattached, guard: currentAttach },
                "child.unavailable": { ...unattached, guard: currentReply },
                "child.crashed": { ...unattached, guard: currentReply },
                deadline: unattached
              }
            },
            seating: {
              description: "The room has let the client in, and its flight is asked for the seat.",
              ...asking,
              on: {
                "seat.given": { guard: awaited, target: "idle" },
                "seat.kept": { guard: awaited, target: "idle" },
                "seat.refused": { guard: awaited, target: "idle" },
                "child.unavailable": failed,
                "child.crashed": failed,
                deadline: late
              }
            }
          }
        }
      }
    },
    draining: {
      description: "The server is going: the client has been told. Its room keeps it, so that it can come back.",
      entry: ["tellShutdown", { type: "closeSocket", params: { code: 1001, reason: "Server shutdown" } }],
      on: {
        "flight.join": { actions: "rightCode" },
        "socket.closed": { target: "gone" }
      }
    },
    gone: { type: "final" }
  }
})

/** Its socket is closed, and it has left its seat and its network. */
export const connectionCrash = ({ id, at, context }: Crash<ConnectionContext>): Aftermath<DropSilkEvent> => ({
  tell: [
    { to: socketAt(id), event: { type: "socket.abandoned" } },
    ...(context === undefined
      ? []
      : [
          ...leavesOf(context, { abrupt: false, leavesRoom: true, at }).map(({ flightId, event }) => ({
            to: flightAt(flightId),
            event
          })),
          { to: ownNetwork(context), event: { type: "network.leave", id } satisfies NetworkEvent }
        ])
  ],
  record: [{ name: "client:disconnected", clientId: id, flightCode: null }]
})
