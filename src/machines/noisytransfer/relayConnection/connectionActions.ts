/** What a connection's chart asks before it decides, and what it does then. */
import { assign, setup } from "xstate"
import { present } from "../../present.ts"
import { speakAs } from "../../registry.ts"
import { relayConnectionAt, relayRoomAt } from "../addresses.ts"
import type { NoisyTransferEvent } from "../events.ts"
import type { Item, Mailbox } from "../relayRoom/mailbox.ts"
import type { Question, RelayRoomEvent, RoomInput, RoomNotice } from "../relayRoom/roomContext.ts"
import type { OfSides, Side } from "../relayRoom/seats.ts"
import {
  type ConnectionContext,
  type ConnectionInput,
  type ConnectionSettings,
  type Envelopes,
  lastOfDelivered,
  lastOfHello,
  type MailboxFull,
  type Parcel,
  pauseBehind,
  questionOf,
  type RelayConnectionEvent
} from "./connectionContext.ts"

const { tell } = speakAs(({ id }: ConnectionContext) => relayConnectionAt(id))

export const connectionSetup = setup({
  types: {
    context: {} as ConnectionContext,
    events: {} as RelayConnectionEvent,
    input: {} as ConnectionInput & ConnectionSettings
  },
  guards: {
    /** The answer to what was asked last. */
    isAwaited: ({ context }, { attempt }: { attempt: number | undefined }) => attempt === context.attempts,
    /** What was asked last of the room itself, and not of whoever it has given something on to. */
    isRooms: ({ context }, { attempt, id }: { attempt: number | undefined; id: string }) =>
      attempt === context.attempts && id === context.roomId,
    /**
     * It is for the other side, whose socket is on another node: relayed frames go straight to that node, and this goes by
     * the room's, which may be a third one.
     */
    mayOvertake: ({ context: { side, peer, mark } }, { to }: { to: Side }) =>
      to !== side && peer !== null && !peer.startsWith(mark),
    isPeer: ({ context }, { peer }: { peer: string }) => context.peer === peer,
    /** The answer to what was asked last, and a long one. */
    isWorthAPause: ({ context }, { attempt, items }: { attempt: number; items: readonly Item[] }) =>
      attempt === context.attempts && pauseBehind(context, items) >= context.replay.leastMs
  },
  actions: {
    /** Lets the socket's frames in as events. */
    openSocket: () => {},
    // Frames to the client
    /** Both sides are there: whatever the peer sends may come. */
    tellRoomFull: (_, _peer: { peerId: string }) => {},
    tellItems: (_, _items: Envelopes) => {},
    tellMailboxFull: (_, _full: MailboxFull) => {},
    // The socket
    /** Finds out soon whether the socket lives: one that does not is ended. */
    probeSocket: () => {},
    /** Finds out whether the socket lives, and says so by `socket.lives` or `socket.silent`. */
    askSocket: (_, _question: { newcomer: string; withinMs: number }) => {},
    /** Says `socket.flushed` once not much waits to be sent. */
    awaitFlush: () => {},
    closeSocket: (_, _close: { code: number; reason: string }) => {},
    /** Ends it without a closing handshake. */
    cutSocket: () => {},
    /** Later frames wait, in order, until they are released. */
    holdFrames: () => {},
    releaseFrames: () => {},
    /** Takes this socket out of whatever link it has. */
    dropLink: () => {},
    /** Asks for a `deadline` event in so many milliseconds. */
    requestDeadline: (_, _parameters: { afterMs: number }) => {},
    cancelDeadline: () => {},
    record: (_, _event: NoisyTransferEvent) => {},
    // Others in the tower
    countAttempt: assign({ attempts: ({ context }) => context.attempts + 1 }),
    rememberPause: assign({
      pauseMs: ({ context }, { items }: { items: readonly Item[] }) => pauseBehind(context, items)
    }),
    rememberPeer: assign({ peer: (_, { peerId }: { peerId: string }) => peerId }),
    forgetPeer: assign({ peer: null }),
    /** Something was left in its room's mailboxes, as it was told, has seen or has done itself. */
    noteMail: assign({
      hasMail: ({ context }, { isThere }: { isThere: boolean }) => context.hasMail || isThere
    }),
    keepEntrusted: assign({ mailboxes: (_, { mailboxes }: { mailboxes: OfSides<Mailbox> }) => mailboxes }),
    forgetEntrusted: assign({ mailboxes: null }),
    resumeSeat: tell(({ context }) => {
      const { id, roomId, side, sid, openedAt, peer, hasMail, mailboxes } = context
      return {
        to: relayRoomAt(roomId),
        input: { id: roomId } satisfies RoomInput,
        event: {
          ...{ type: "seat.resume", id, side, sid, at: openedAt },
          ...{ peer, hasMail, mailboxes }
        } satisfies RelayRoomEvent
      }
    }),
    takeSeat: tell(({ context }) => {
      const { id, roomId, side, sid, openedAt, attempts } = context
      return {
        to: relayRoomAt(roomId),
        input: { id: roomId } satisfies RoomInput,
        event: { type: "seat.take", id, side, sid, at: openedAt } satisfies RelayRoomEvent,
        replyTo: relayConnectionAt(id),
        requestId: attempts
      }
    }),
    leaveSeat: tell(({ context: { id, roomId } }) => ({
      to: relayRoomAt(roomId),
      event: { type: "seat.leave", id } satisfies RelayRoomEvent
    })),
    tellRoom: tell(({ context }, { event }: { event: RelayRoomEvent }) => ({ to: relayRoomAt(context.roomId), event })),
    keepParcel: assign({ parcel: (_, { to, payload, bytes }: Parcel) => ({ to, payload, bytes }) }),
    forgetParcel: assign({ parcel: null }),
    /** The channel to its peer's node is ordered: this arrives behind all frames that went before. */
    askForFrames: tell(({ context }) => {
      const asker = questionOf(context)
      return {
        to: relayConnectionAt(present(context.peer, "peer")),
        event: { type: "frames.asked", asker } satisfies RelayConnectionEvent,
        replyTo: relayConnectionAt(context.id),
        requestId: asker.attempt
      }
    }),
    confirmFrames: tell((_, { asker: { id, attempt } }: { asker: Question }) => ({
      to: relayConnectionAt(id),
      event: { type: "frames.arrived", attempt } satisfies RelayConnectionEvent
    })),
    putParcel: tell(({ context }) => {
      const question = questionOf(context)
      return {
        to: relayRoomAt(context.roomId),
        event: { type: "mail.put", ...question, ...present(context.parcel, "parcel") } satisfies RelayRoomEvent,
        replyTo: relayConnectionAt(context.id),
        requestId: question.attempt
      }
    }),
    askForItems: tell(({ context }, { upTo }: { upTo: number | null }) => {
      const question = questionOf(context)
      return {
        to: relayRoomAt(context.roomId),
        event: { type: "mail.hello", ...question, upTo: lastOfHello(context, upTo) } satisfies RelayRoomEvent,
        replyTo: relayConnectionAt(context.id),
        requestId: question.attempt
      }
    }),
    acknowledgeItems: tell(({ context }, { upTo }: { upTo: number | null }) => ({
      to: relayRoomAt(context.roomId),
      event: { type: "mail.delivered", id: context.id, upTo: lastOfDelivered(context, upTo) } satisfies RelayRoomEvent
    })),
    /** Whoever has left it need not wait any longer. */
    confirmItem: tell((_, { sender: { id, attempt } }: { sender: Question }) => ({
      to: relayConnectionAt(id),
      event: { type: "mail.kept", attempt } satisfies RoomNotice
    }))
  }
})
