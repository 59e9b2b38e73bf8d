/**
 * A connection: one client from its greeting to its going.
 *
 * Two regions live side by side. `place` is where the client is: in the lobby, alone in a flight, or paired. `request`
 * is what it has asked for and not been answered yet: frames are handled strictly in order, so while a room is being
 * asked, later frames are held.
 */
import { type AnyActorRef, assign, sendTo, setup } from "xstate"
import type { DomainEvent } from "../domainEvents.ts"
import { type Delivery, type SupervisorReply, supervisorOf } from "../supervisor.ts"
import type { Channel, ConnectionType, FlightEvent, FlightInput, FlightNotice, Member, Peer } from "./flight.ts"
import type { NetworkNotice, Presence } from "./network.ts"
import type { AttachReply, RoomInvite, RoomVouched } from "./roomMessages.ts"
import type { Participant, Role } from "./roomRecord.ts"

export interface ConnectionInput {
  /** 10 characters of `[0-9a-z]`. */
  readonly id: string
  readonly address: string
  readonly group: string
  /** When its socket was opened, epoch milliseconds. */
  readonly openedAt: number
  /** How long a room may take to answer an attach, milliseconds. */
  readonly askTimeoutMs: number
}

interface Seat {
  readonly flightId: string
  readonly code: string
  readonly channel: Channel
  /** Null in an open flight. */
  readonly participantId: string | null
  readonly flight: AnyActorRef
}

interface Attach {
  /** Tells the answer to this attach from a late one to an earlier attach. */
  readonly attempt: number
  readonly code: string
  readonly channel: Channel
  readonly participantId: string
  readonly at: number
}

export interface ConnectionContext extends ConnectionInput {
  readonly name: string
  /** It has given itself a name, or its room has. */
  readonly isNamed: boolean
  readonly seat: Seat | null
  readonly attach: Attach | null
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
  | {
      readonly type: "room.attach"
      readonly code: string
      readonly participantId: string
      readonly channel: Channel
      readonly at: number
    }
  // What others answer or tell
  | { readonly type: "code.drawn"; readonly code: string }
  | FlightNotice
  | AttachReply
  | RoomVouched
  | NetworkNotice
  | SupervisorReply
  /** The network of this group has lost its memory and is put together again; null means every network. */
  | { readonly type: "network.lost"; readonly group: string | null }
  /** This connection has given its seat back. */
  | { readonly type: "seat.left" }
  // What happens to the socket and the server
  | { readonly type: "deadline"; readonly at: number }
  | { readonly type: "server.draining" }
  /** Somebody else was refused because this one seems to be there. */
  | { readonly type: "socket.wanted" }
  /** `abrupt`: without a closing handshake. */
  | { readonly type: "socket.closed"; readonly abrupt: boolean; readonly at: number }

/** The faults a client can be told of; src/wire/dropsilk/errors.ts has their wording. */
export type ConnectionFault =
  | "already-in-flight"
  | "flight-not-found-or-full"
  | "too-many-attempts"
  | "room-not-found"
  | "seat-taken"
  | "server-error"

/** Flights that belong to a room live beside the open ones under names no code can have. */
export const roomFlightId = (code: string, channel: Channel): string => `${code}/${channel}`

const memberOf = (context: ConnectionContext, self: AnyActorRef, participantId: string | null): Member => ({
  id: context.id,
  name: context.name,
  address: context.address,
  group: context.group,
  participantId,
  connection: self
})

type EventOf<Type extends ConnectionEvent["type"]> = Extract<ConnectionEvent, { type: Type }>

const base = setup({
  types: {
    context: {} as ConnectionContext,
    events: {} as ConnectionEvent,
    input: {} as ConnectionInput
  },
  guards: {
    holdsSeat: ({ context }) => context.seat !== null,
    /** Taking another channel of the same room with the socket that keeps the participant in it. */
    wouldLeaveRoomFirst: ({ context, event }) => {
      const { code, channel, participantId } = event as EventOf<"room.attach">
      const { seat } = context
      return (
        seat !== null &&
        seat.channel === "transfer" &&
        channel !== "transfer" &&
        seat.code === code &&
        seat.participantId === participantId
      )
    },
    /** Not the name that it has given itself already. */
    isNewName: ({ context, event }) => !context.isNamed || (event as EventOf<"details.register">).name !== context.name,
    isOwnFlight: ({ context, event }) => "flightId" in event && event.flightId === context.seat?.flightId,
    isCurrentAttempt: ({ context, event }) => (event as { attempt: number }).attempt === context.attach?.attempt,
    sitsInNamedFlight: ({ context, event }) => context.seat?.code === (event as EventOf<"flight.invite">).code,
    isOwnNetwork: ({ context, event }) => {
      const { group } = event as EventOf<"network.lost">
      return group === null || group === context.group
    }
  },
  actions: {
    /** Lets the socket's frames in as events. */
    openSocket: () => {},
    // Frames to the client
    tellRegistered: () => {},
    tellFlightCreated: (_, _flight: { code: string }) => {},
    tellPeerJoined: (_, _joined: { flightCode: string; peer: Peer; connectionType: ConnectionType }) => {},
    tellPeerLeft: () => {},
    tellInvitation: (_, _invitation: { flightCode: string; fromName: string }) => {},
    tellRoomAttached: (_, _attached: { code: string; role: Role; peer: Participant | null }) => {},
    tellFault: (_, _fault: { fault: ConnectionFault }) => {},
    tellPong: () => {},
    tellShutdown: () => {},
    // The socket
    /** Finds out soon whether the socket lives: one that does not is ended. */
    probeSocket: () => {},
    closeSocket: (_, _close: { code: number; reason: string }) => {},
    /** Later frames wait, in order, until they are released. */
    holdFrames: () => {},
    releaseFrames: () => {},
    /** Takes this socket out of whatever link it has. */
    dropLink: () => {},
    /** Draws a flight code and sends it back as `code.drawn`. */
    drawFlightCode: () => {},
    /** Asks for a `deadline` event in so many milliseconds. */
    requestDeadline: (_, _parameters: { afterMs: number }) => {},
    cancelDeadline: () => {},
    record: (_, _event: DomainEvent) => {},
    // Others in the tower
    enterNetwork: sendTo(supervisorOf("networks"), ({ context, self }, { presence }: { presence: Presence }) => ({
      type: "child.tell" as const,
      id: context.group,
      input: { group: context.group },
      event: {
        type: "network.enter",
        client: { id: context.id, name: context.name, presence, connection: self }
      }
    })),
    leaveNetwork: sendTo(supervisorOf("networks"), ({ context }) => ({
      type: "child.tell" as const,
      id: context.group,
      event: { type: "network.leave", id: context.id }
    })),
    announcePresence: sendTo(supervisorOf("networks"), ({ context }, { presence }: { presence: Presence }) => ({
      type: "child.tell" as const,
      id: context.group,
      event: { type: "network.presence", id: context.id, presence }
    })),
    invite: sendTo(supervisorOf("networks"), ({ context, event }) => {
      const { inviteeId, code } = event as EventOf<"flight.invite"> | EventOf<"room.vouched">
      return {
        type: "child.tell" as const,
        id: context.group,
        event: { type: "network.invite", from: context.id, to: inviteeId, flightCode: code }
      }
    }),
    /** Whoever hosts over HTTP invites before it attaches: only the room knows that it may. */
    askRoomToVouch: sendTo(supervisorOf("rooms"), ({ context, event, self }) => {
      const { inviteeId, code, at } = event as EventOf<"flight.invite">
      return {
        type: "child.tell" as const,
        id: code,
        event: { type: "room.invite", inviteeId, address: context.address, at, replyTo: self } satisfies RoomInvite
      }
    }),
    openFlight: sendTo(supervisorOf("flights"), ({ context, self }, { code }: { code: string }) => ({
      type: "child.start" as const,
      id: code,
      input: { id: code, code, channel: "transfer", ofRoom: false } satisfies FlightInput,
      event: { type: "seat.take", member: memberOf(context, self, null), participants: [] },
      replyTo: self
    })),
    joinFlight: sendTo(supervisorOf("flights"), ({ context, self }, { code }: { code: string }) => ({
      type: "child.tell" as const,
      id: code,
      event: { type: "seat.take", member: memberOf(context, self, null), participants: [] },
      replyTo: self
    })),
    takeRoomSeat: sendTo(supervisorOf("flights"), ({ context, event, self }) => {
      const { code, channel, participant, participants } = event as EventOf<"room.admitted">
      const id = roomFlightId(code, channel)
      return {
        type: "child.tell" as const,
        id,
        input: { id, code, channel, ofRoom: true } satisfies FlightInput,
        event: { type: "seat.take", member: memberOf(context, self, participant.id), participants },
        replyTo: self
      }
    }),
    askRoom: sendTo(supervisorOf("rooms"), ({ context, self }) => {
      const { attempt, code, channel, participantId, at } = context.attach as Attach
      return {
        type: "child.tell" as const,
        id: code,
        input: { code, at },
        event: { type: "room.attach", attempt, channel, participantId, address: context.address, at, replyTo: self },
        replyTo: self
      }
    }),
    rememberSeat: assign({
      seat: ({ event }) => {
        const { flightId, code, channel, participantId, flight } = event as EventOf<"seat.given">
        return { flightId, code, channel, participantId, flight }
      }
    }),
    forgetSeat: assign({ seat: null }),
    rememberAttach: assign(({ context, event }) => {
      const { code, channel, participantId, at } = event as EventOf<"room.attach">
      return {
        attempts: context.attempts + 1,
        attach: { attempt: context.attempts + 1, code, channel, participantId, at }
      }
    }),
    forgetAttach: assign({ attach: null })
  }
})

/** Takes the name that the client has given itself, or that its room knows it by. */
const rename = base.enqueueActions(({ context, event, enqueue, system }) => {
  const name = event.type === "room.admitted" ? event.participant.name : (event as EventOf<"details.register">).name
  if (!context.isNamed) enqueue.assign({ isNamed: true })
  if (name === context.name) return
  enqueue.assign({ name })
  enqueue.sendTo(supervisorOf("networks")({ system }), {
    type: "child.tell",
    id: context.group,
    event: { type: "network.rename", id: context.id, name }
  })
  if (context.seat !== null) {
    enqueue.sendTo(context.seat.flight, { type: "member.renamed", id: context.id, name })
  }
})

/** Gives the held seat back. */
const leaveSeat = base.enqueueActions(({ context, event, enqueue }) => {
  if (context.seat === null) return
  const { at } = event as EventOf<"socket.closed"> | EventOf<"room.attach">
  const abrupt = event.type === "socket.closed" && event.abrupt
  enqueue.sendTo(context.seat.flight, { type: "seat.leave", id: context.id, abrupt, at } satisfies FlightEvent)
  enqueue.assign({ seat: null })
  enqueue.raise({ type: "seat.left" })
})

/** Gives the held seat back unless it is the very one that the room has just granted. */
const leaveOtherSeat = base.enqueueActions(({ context, event, enqueue }) => {
  const { code, channel, participant, at } = event as EventOf<"room.admitted">
  const { seat } = context
  if (seat === null || (seat.flightId === roomFlightId(code, channel) && seat.participantId === participant.id)) return
  enqueue.sendTo(seat.flight, { type: "seat.leave", id: context.id, abrupt: false, at } satisfies FlightEvent)
  enqueue.assign({ seat: null })
  enqueue.raise({ type: "seat.left" })
})

export const connectionMachine = base.extend({ actions: { rename, leaveSeat, leaveOtherSeat } }).createMachine({
  id: "connection",
  description:
    "One client, from its greeting to its going: where it is (in the lobby, alone in a flight, paired) and what it has asked for.",
  context: ({ input }) => ({ ...input, name: "Anonymous", isNamed: false, seat: null, attach: null, attempts: 0 }),
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
        "server.draining": { target: "draining" },
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
            "leaveSeat",
            "leaveNetwork"
          ]
        },
        "details.register": {
          guard: "isNewName",
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
        "flight.invite": [{ guard: "sitsInNamedFlight", actions: "invite" }, { actions: "askRoomToVouch" }],
        "room.vouched": { actions: "invite" },
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
            "seat.given": { target: ".seated", actions: "rememberSeat" }
          },
          states: {
            lobby: {
              description: "Without a seat: sees the others of its network and is seen by them.",
              on: {
                "network.lost": {
                  guard: "isOwnNetwork",
                  actions: { type: "enterNetwork", params: { presence: "visible" } }
                }
              }
            },
            seated: {
              description: "Holds a seat in a flight.",
              initial: "alone",
              on: {
                "peer.joined": {
                  guard: "isOwnFlight",
                  target: ".paired",
                  actions: {
                    type: "tellPeerJoined",
                    params: ({ event }) => ({
                      flightCode: event.flightCode,
                      peer: event.peer,
                      connectionType: event.connectionType
                    })
                  }
                },
                "seat.left": {
                  target: "lobby",
                  actions: { type: "announcePresence", params: { presence: "visible" } }
                },
                "seat.lost": {
                  guard: "isOwnFlight",
                  target: "lobby",
                  actions: [
                    // Its signals would go nowhere without a word. It is not closed: a client that has lost its socket
                    // attaches again, and two of one participant would take the seat from each other without end.
                    { type: "tellFault", params: { fault: "seat-taken" } },
                    "forgetSeat",
                    { type: "announcePresence", params: { presence: "visible" } }
                  ]
                }
              },
              states: {
                alone: {
                  description: "Waits for the other one; on the transfer channel it is still seen on its network.",
                  entry: {
                    type: "announcePresence",
                    params: ({ context }) => ({
                      presence: context.seat?.channel === "transfer" ? ("visible" as const) : ("withdrawn" as const)
                    })
                  },
                  on: {
                    "flight.lost": {
                      guard: "isOwnFlight",
                      target: "#connection.connected.place.lobby",
                      actions: [
                        { type: "tellFault", params: { fault: "server-error" } },
                        "forgetSeat",
                        { type: "announcePresence", params: { presence: "visible" } }
                      ]
                    },
                    "network.lost": {
                      guard: "isOwnNetwork",
                      actions: {
                        type: "enterNetwork",
                        params: ({ context }) => ({
                          presence: context.seat?.channel === "transfer" ? ("visible" as const) : ("withdrawn" as const)
                        })
                      }
                    }
                  }
                },
                paired: {
                  description: "The other seat is taken too: signal frames pass over the link.",
                  entry: {
                    type: "announcePresence",
                    params: ({ context }) => ({
                      presence: context.seat?.channel === "transfer" ? ("paired" as const) : ("withdrawn" as const)
                    })
                  },
                  on: {
                    "peer.left": { guard: "isOwnFlight", target: "alone", actions: "tellPeerLeft" },
                    "flight.lost": {
                      guard: "isOwnFlight",
                      target: "#connection.connected.place.lobby",
                      actions: [
                        "dropLink",
                        "tellPeerLeft",
                        "forgetSeat",
                        { type: "announcePresence", params: { presence: "visible" } }
                      ]
                    },
                    "network.lost": {
                      guard: "isOwnNetwork",
                      actions: {
                        type: "enterNetwork",
                        params: ({ context }) => ({
                          presence: context.seat?.channel === "transfer" ? ("paired" as const) : ("withdrawn" as const)
                        })
                      }
                    }
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
              on: {
                "flight.create": [
                  { guard: "holdsSeat", actions: { type: "tellFault", params: { fault: "already-in-flight" } } },
                  { target: "creating" }
                ],
                "flight.join": [
                  { guard: "holdsSeat", actions: { type: "tellFault", params: { fault: "already-in-flight" } } },
                  {
                    target: "joining",
                    actions: { type: "joinFlight", params: ({ event }) => ({ code: event.code }) }
                  }
                ],
                "room.attach": [
                  {
                    guard: "wouldLeaveRoomFirst",
                    target: "attaching",
                    actions: ["rememberAttach", "leaveSeat"]
                  },
                  { target: "attaching", actions: "rememberAttach" }
                ]
              }
            },
            creating: {
              description: "A code is drawn until one is free.",
              entry: "drawFlightCode",
              on: {
                "code.drawn": { actions: { type: "openFlight", params: ({ event }) => ({ code: event.code }) } },
                "child.exists": { target: "creating", reenter: true },
                "seat.given": {
                  target: "idle",
                  actions: { type: "tellFlightCreated", params: ({ event }) => ({ code: event.code }) }
                },
                "child.unavailable": {
                  target: "idle",
                  actions: { type: "tellFault", params: { fault: "server-error" } }
                },
                "child.crashed": {
                  target: "idle",
                  actions: { type: "tellFault", params: { fault: "server-error" } }
                }
              }
            },
            joining: {
              description: "The flight is asked for its second seat.",
              on: {
                "seat.given": { target: "idle" },
                "seat.refused": {
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
                "child.crashed": {
                  target: "idle",
                  actions: { type: "tellFault", params: { fault: "server-error" } }
                }
              }
            },
            attaching: {
              description: "The room is asked; later frames wait behind the answer.",
              entry: [
                "holdFrames",
                {
                  type: "requestDeadline",
                  params: ({ context }) => ({ afterMs: context.askTimeoutMs })
                },
                "askRoom"
              ],
              exit: ["cancelDeadline", "forgetAttach", "releaseFrames"],
              on: {
                "room.admitted": {
                  guard: "isCurrentAttempt",
                  target: "idle",
                  actions: [
                    "leaveOtherSeat",
                    "rename",
                    {
                      type: "tellRoomAttached",
                      params: ({ event }) => ({ code: event.code, role: event.role, peer: event.peer })
                    },
                    "takeRoomSeat"
                  ]
                },
                "room.denied": {
                  guard: "isCurrentAttempt",
                  target: "idle",
                  actions: { type: "tellFault", params: { fault: "room-not-found" } }
                },
                "room.failed": {
                  guard: "isCurrentAttempt",
                  target: "idle",
                  actions: { type: "tellFault", params: { fault: "server-error" } }
                },
                "child.unavailable": {
                  target: "idle",
                  actions: { type: "tellFault", params: { fault: "server-error" } }
                },
                "child.crashed": {
                  target: "idle",
                  actions: { type: "tellFault", params: { fault: "server-error" } }
                },
                deadline: {
                  target: "idle",
                  actions: { type: "tellFault", params: { fault: "server-error" } }
                }
              }
            }
          }
        }
      }
    },
    draining: {
      description: "The server is going: the client has been told. Its room keeps it, so that it can come back.",
      entry: ["tellShutdown", { type: "closeSocket", params: { code: 1001, reason: "Server shutdown" } }],
      on: { "socket.closed": { target: "gone" } }
    },
    gone: { type: "final" }
  }
})

/** What the others are told of a connection that has crashed: it has left its seat and its network. */
export const connectionCrashNotices = (context: ConnectionContext, at: number): readonly Delivery[] => [
  ...(context.seat === null
    ? []
    : [
        {
          to: context.seat.flight,
          event: { type: "seat.leave", id: context.id, abrupt: false, at } satisfies FlightEvent
        }
      ]),
  {
    to: "networks",
    event: { type: "child.tell", id: context.group, event: { type: "network.leave", id: context.id } }
  }
]
