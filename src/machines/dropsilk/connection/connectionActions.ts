/** What a connection's chart asks before it decides, and what it does then. */
import { assertEvent, assign, setup } from "xstate"
import { networkOf } from "../../clientAddress.ts"
import { present } from "../../present.ts"
import { speakAs } from "../../registry.ts"
import { connectionAt, flightAt, roomAt } from "../addresses.ts"
import type { DropSilkEvent } from "../events.ts"
import type { Channel, ConnectionType, FlightEvent, FlightInput, Peer, SeatReport } from "../flight/flightContext.ts"
import type { NetworkEvent } from "../network/network.ts"
import type { NetworkClient, Presence } from "../network/networkClients.ts"
import type { RoomAttach, RoomInvite } from "../room/roomMessages.ts"
import type { Participant, Role } from "../room/roomRecord.ts"
import {
  type Asked,
  type ConnectionContext,
  type ConnectionEvent,
  type ConnectionFault,
  type ConnectionInput,
  leavesOf,
  memberOf,
  ownNetwork,
  roomFlightId,
  type Seat,
  seatsOf,
  type ToFlight,
  type Wanted
} from "./connectionContext.ts"

const { tell, start } = speakAs(({ id }: ConnectionContext) => connectionAt(id))

interface RoomSeat {
  readonly code: string
  readonly channel: Channel
  readonly participantId: string
  readonly participants: readonly string[]
}

type Attaching = Wanted & { readonly leavesPeer?: boolean }

/** By its latest question. */
const askingMember = (context: ConnectionContext, participantId: string | null) =>
  memberOf(context, { participantId, attempt: context.attempts })

/** How its network is to see it. */
const clientOf = ({ id, name }: ConnectionContext, { presence }: { presence: Presence }): NetworkClient => ({
  id,
  name,
  presence
})

const base = setup({
  types: {
    context: {} as ConnectionContext,
    events: {} as ConnectionEvent,
    input: {} as ConnectionInput
  },
  guards: {
    holdsSeat: ({ context }) => context.seat !== null,
    /** Taking another channel of the same room with the socket that keeps the participant in it. */
    wouldLeaveRoomFirst: ({ context: { seat } }, wanted: { code: string; channel: Channel; participantId: string }) =>
      seat !== null &&
      seat.channel === "transfer" &&
      wanted.channel !== "transfer" &&
      seat.code === wanted.code &&
      seat.participantId === wanted.participantId,
    /** Not the name that it has given itself already. */
    isNewName: ({ context }, given: { name: string }) => !context.isNamed || given.name !== context.name,
    isOwnFlight: ({ context }, { flightId }: { flightId: string }) => flightId === context.seat?.flightId,
    /** The room's answer to this very attach. */
    isCurrentAttach: ({ context }, { attempt }: { attempt: number }) => attempt === context.attach?.attempt,
    /** The flight's answer to this very question. */
    isAwaited: ({ context }, { attempt }: { attempt: number }) => attempt === context.asked?.attempt,
    /** A supervisor's answer to what was asked last. */
    isCurrentReply: ({ context: { asked, attach } }, { requestId }: { requestId: number | undefined }) =>
      requestId !== undefined && requestId === (asked ?? attach)?.attempt,
    sitsInNamedFlight: ({ context }, { code }: { code: string }) => context.seat?.code === code,
    isPeer: ({ context }, { peer }: { peer: string }) => peer === context.peer,
    isOutlived: ({ context }) => context.outlived,
    isOwnNetwork: ({ context }, { group }: { group: string | null }) => group === null || group === networkOf(context)
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
    /** Takes it out of the link of a flight in which it sits no more: that one may not be reached to close it. */
    leaveLink: (_, _flight: { flightId: string }) => {},
    /** Draws a flight code and sends it back as `code.drawn`. */
    drawFlightCode: () => {},
    /** The code of a join was none of a guess: what it was counted as is given back. */
    rightCode: () => {},
    /** Asks for a `deadline` event in so many milliseconds. */
    requestDeadline: (_, _parameters: { afterMs: number }) => {},
    cancelDeadline: () => {},
    record: (_, _event: DropSilkEvent) => {},
    // Others in the tower
    enterNetwork: tell(({ context }, seen: { presence: Presence }) => ({
      to: ownNetwork(context),
      input: { group: networkOf(context) },
      event: { type: "network.enter", client: clientOf(context, seen) } satisfies NetworkEvent
    })),
    /** Its network goes on elsewhere, and may begin there with this client. */
    resumeNetwork: tell(({ context }, seen: { presence: Presence }) => ({
      to: ownNetwork(context),
      input: { group: networkOf(context) },
      event: { type: "network.resume", client: clientOf(context, seen) } satisfies NetworkEvent
    })),
    leaveNetwork: tell(({ context }) => ({
      to: ownNetwork(context),
      event: { type: "network.leave", id: context.id } satisfies NetworkEvent
    })),
    announcePresence: tell(({ context }, { presence }: { presence: Presence }) => ({
      to: ownNetwork(context),
      event: { type: "network.presence", id: context.id, presence } satisfies NetworkEvent
    })),
    announceName: tell(({ context }, { name }: { name: string }) => ({
      to: ownNetwork(context),
      event: { type: "network.rename", id: context.id, name } satisfies NetworkEvent
    })),
    invite: tell(({ context }, { inviteeId, code }: { inviteeId: string; code: string }) => ({
      to: ownNetwork(context),
      event: { type: "network.invite", from: context.id, to: inviteeId, flightCode: code } satisfies NetworkEvent
    })),
    /** Whoever hosts over HTTP invites before it attaches: only the room knows that it may. */
    askRoomToVouch: tell(({ context }, { inviteeId, code, at }: { inviteeId: string; code: string; at: number }) => {
      const { id, address } = context
      return {
        to: roomAt(code),
        event: { type: "room.invite", inviteeId, address, at, replyTo: connectionAt(id) } satisfies RoomInvite
      }
    }),
    /** What is asked then carries this attempt. */
    rememberAsked: assign(({ context }, { flightId }: { flightId: string }) => ({
      attempts: context.attempts + 1,
      asked: { flightId, attempt: context.attempts + 1 },
      attach: null
    })),
    openFlight: start(({ context }, { code }: { code: string }) => ({
      to: flightAt(code),
      input: { id: code, code, channel: "transfer", ofRoom: false } satisfies FlightInput,
      event: { type: "seat.take", member: askingMember(context, null), participants: [] } satisfies FlightEvent,
      replyTo: connectionAt(context.id),
      requestId: context.attempts
    })),
    joinFlight: tell(({ context }, { code }: { code: string }) => ({
      to: flightAt(code),
      event: { type: "seat.take", member: askingMember(context, null), participants: [] } satisfies FlightEvent,
      replyTo: connectionAt(context.id),
      requestId: context.attempts
    })),
    takeRoomSeat: tell(({ context }, { code, channel, participantId, participants }: RoomSeat) => {
      const id = roomFlightId(code, channel)
      return {
        to: flightAt(id),
        input: { id, code, channel, ofRoom: true } satisfies FlightInput,
        event: { type: "seat.take", member: askingMember(context, participantId), participants } satisfies FlightEvent,
        replyTo: connectionAt(context.id),
        requestId: context.attempts
      }
    }),
    /** Its flight goes on elsewhere, and may begin there with this member. */
    resumeSeat: tell(({ context }) => {
      const seat = present(context.seat, "seat")
      const { flightId: id, code, channel, participantId } = seat
      return {
        to: flightAt(id),
        input: { id, code, channel, ofRoom: participantId !== null } satisfies FlightInput,
        event: { type: "seat.resume", member: memberOf(context, seat), peer: context.peer } satisfies FlightEvent
      }
    }),
    vacateSeat: tell((_, { code, participantId, at }: Omit<Wanted, "channel">) => ({
      to: roomAt(code),
      input: { code, at },
      event: { type: "seat.vacated", participantId, at } satisfies SeatReport
    })),
    tellFlight: tell((_, { flightId, event }: ToFlight) => ({
      to: flightAt(flightId),
      event
    })),
    askRoom: tell(({ context }, { code, channel, participantId, at }: Wanted) => {
      const { id, address, attempts } = context
      const replyTo = connectionAt(id)
      return {
        to: roomAt(code),
        input: { code, at },
        event: {
          type: "room.attach",
          attempt: attempts,
          channel,
          participantId,
          address,
          at,
          replyTo
        } satisfies RoomAttach,
        replyTo,
        requestId: attempts
      }
    }),
    rememberAttach: assign(({ context }, { code, channel, participantId, at, leavesPeer = false }: Attaching) => ({
      attempts: context.attempts + 1,
      attach: { attempt: context.attempts + 1, code, channel, participantId, at, leavesPeer }
    })),
    /** Nothing that was asked is waited for any more. */
    forgetRequest: assign({ asked: null, attach: null }),
    rememberSeat: assign({
      seat: (_, { flightId, code, channel, participantId, attempt }: Seat) => ({
        flightId,
        code,
        channel,
        participantId,
        attempt
      })
    }),
    forgetSeat: assign({ seat: null }),
    rememberPeer: assign({ peer: (_, { id }: Peer) => id }),
    forgetPeer: assign({ peer: null })
  }
})

/** Takes the name that the client has given itself, or that its room knows it by. */
const rename = base.enqueueActions(({ context, event, enqueue }) => {
  assertEvent(event, ["details.register", "room.admitted"])
  const name = event.type === "room.admitted" ? event.participant.name : event.name
  if (!context.isNamed) enqueue.assign({ isNamed: true })
  if (name === context.name) return
  enqueue.assign({ name })
  enqueue({ type: "announceName", params: { name } })
  if (context.seat === null) return
  const { flightId } = context.seat
  enqueue({ type: "tellFlight", params: { flightId, event: { type: "member.renamed", id: context.id, name } } })
})

/** Gives back the seat that it has, and one that it has asked for. */
const leaveSeats = base.enqueueActions(({ context, event, enqueue }) => {
  assertEvent(event, "socket.closed")
  const { abrupt, at } = event
  for (const leave of leavesOf(context, { abrupt, leavesRoom: true, at })) {
    enqueue({ type: "tellFlight", params: leave })
  }
})

/** What a flight is told of a seat that goes without its participant leaving the room. */
const orphanOf = (id: string, { flightId, attempt }: Asked): ToFlight => ({
  flightId,
  event: { type: "seat.orphaned", id, attempt }
})

/** Its node goes, and what it has and has asked for goes on elsewhere: its client comes back there. */
const orphanSeats = base.enqueueActions(({ context, enqueue }) => {
  for (const each of seatsOf(context)) enqueue({ type: "tellFlight", params: orphanOf(context.id, each) })
})

/** Somebody else has its seat. It may have said that it sits there before it was told so, and been believed. */
const giveUpSeat = base.enqueueActions(({ context, enqueue }) => {
  const { id, seat } = context
  if (seat === null) return
  enqueue({ type: "leaveLink", params: seat })
  enqueue({ type: "tellFlight", params: orphanOf(id, seat) })
})

/**
 * Gives back the seat that keeps its participant in the room. The room hears of it from here, before it is asked for
 * another seat: what the flight says of it may come after that.
 */
const leaveRoom = base.enqueueActions(({ context, event, enqueue }) => {
  assertEvent(event, "room.attach")
  const { code, participantId, at } = event
  for (const leave of leavesOf(context, { abrupt: false, leavesRoom: false, at })) {
    enqueue({ type: "tellFlight", params: leave })
  }
  enqueue({ type: "vacateSeat", params: { code, participantId, at } })
  if (context.seat !== null) enqueue({ type: "leaveLink", params: context.seat })
  enqueue.assign({ seat: null })
  enqueue.raise({ type: "seat.left" })
})

/** Gives the held seat back unless it is the very one that the room has just granted. */
const leaveOtherSeat = base.enqueueActions(({ context, event, enqueue }) => {
  assertEvent(event, "room.admitted")
  const { code, channel, participant, at } = event
  const { seat } = context
  if (seat === null || (seat.flightId === roomFlightId(code, channel) && seat.participantId === participant.id)) return
  for (const leave of leavesOf(context, { abrupt: false, leavesRoom: true, at })) {
    enqueue({ type: "tellFlight", params: leave })
  }
  enqueue({ type: "leaveLink", params: seat })
  enqueue.assign({ seat: null })
  enqueue.raise({ type: "seat.changed" })
})

/**
 * The flight that was asked has not answered in time. It hears behind the question that the seat is not wanted any more;
 * but to have waited in vain is not to leave a room.
 */
const giveUpAsked = base.enqueueActions(({ context, event, enqueue }) => {
  assertEvent(event, "deadline")
  const { id, asked, seat, peer } = context
  if (asked === null) return
  const { flightId } = asked
  for (const { attempt } of seatsOf(context).filter((each) => each.flightId === flightId)) {
    const leave = { type: "seat.leave", id, attempt, leavesRoom: false, abrupt: false, at: event.at } as const
    enqueue({ type: "tellFlight", params: { flightId, event: leave } })
  }
  if (seat?.flightId !== flightId) return
  enqueue({ type: "leaveLink", params: seat })
  if (peer !== null) enqueue("tellPeerLeft")
  enqueue.assign({ seat: null })
  enqueue.raise({ type: "seat.left" })
})

/** The attach for which it has left its peer has failed: its client is told of no other place, and would signal to nobody. */
const tellPeerLeftBehind = base.enqueueActions(({ context, enqueue }) => {
  if (context.attach?.leavesPeer === true) enqueue("tellPeerLeft")
})

export const connectionSetup = base.extend({
  actions: { rename, leaveSeats, orphanSeats, giveUpSeat, leaveRoom, leaveOtherSeat, giveUpAsked, tellPeerLeftBehind }
})
