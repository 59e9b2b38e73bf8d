/** What a connection knows, what it is told, and what follows from both without a state. */
import type { Belonging } from "../../cluster/homes.ts"
import type { SupervisorReply } from "../../supervisor.ts"
import { relayRoomAt } from "../addresses.ts"
import type { MailboxLimit } from "../events.ts"
import type { Item } from "../relayRoom/mailbox.ts"
import type { Belongings, Posting, Question, RoomNotice } from "../relayRoom/roomContext.ts"
import type { Side } from "../relayRoom/seats.ts"

export interface ConnectionInput {
  readonly id: string
  readonly address: string
  /** The room that it wants to be in; see relayRoomAt. */
  readonly roomId: string
  readonly side: Side
  /** What the client calls its session; null: its URL has no such parameter. */
  readonly sid: string | null
  /** When its socket was opened, epoch milliseconds. */
  readonly openedAt: number
}

export interface ConnectionSettings {
  /** All ids of its node's connections begin so; empty: its server is alone. */
  readonly mark: string
  /** How long a room may take to answer, milliseconds: longer than it takes to find out whether somebody lives. */
  readonly askTimeoutMs: number
  /**
   * How long the client's next frames wait behind a replay, so that asking again and again does not pay: milliseconds for
   * each item, and bytes that are worth one more; what comes to less than `leastMs` is not waited for.
   */
  readonly replay: { readonly msPerItem: number; readonly bytesPerMs: number; readonly leastMs: number }
}

/** Something that it leaves for a side. */
export type Parcel = Omit<Posting, keyof Question>

/** What it would take along to another node that has its room is a part of what it knows. */
export interface ConnectionContext extends ConnectionInput, ConnectionSettings, Belongings {
  /** It waits to be handed to the room; null: nothing does. */
  readonly parcel: Parcel | null
  /** Questions to others so far; the last one may be without an answer. */
  readonly attempts: number
  /** The next frames wait for so long behind the replay that was sent last, milliseconds. */
  readonly pauseMs: number
}

export type RelayConnectionEvent =
  // What the client asks
  | { readonly type: "mail.put"; readonly to: Side; readonly payload: string; readonly bytes: number }
  /** `upTo`: the client's own number; null: it has said none. */
  | { readonly type: "mail.hello"; readonly upTo: number | null }
  | { readonly type: "mail.delivered"; readonly upTo: number | null }
  | { readonly type: "flow.established"; readonly mode: string; readonly at: number }
  | { readonly type: "flow.failed" }
  // What others answer or tell
  | RoomNotice
  | SupervisorReply
  /** The other side's connection wants to know when all frames have arrived that it has sent before this. */
  | { readonly type: "frames.asked"; readonly asker: Question }
  /** They have. */
  | { readonly type: "frames.arrived"; readonly attempt: number }
  /** Its room goes on elsewhere, and is put together again there by those who belong to it. */
  | { readonly type: "room.moved" }
  // What happens to the socket and the server
  /** The way to the node of this connection is broken. */
  | { readonly type: "link.broken"; readonly peer: string }
  /** Whether the socket lives, which was to be found out for `newcomer`. */
  | { readonly type: "socket.lives" | "socket.silent"; readonly newcomer: string }
  /** So much of what it was sent has gone out that there is room for more. */
  | { readonly type: "socket.flushed" }
  | { readonly type: "socket.closed" }
  | { readonly type: "deadline"; readonly at: number }
  | { readonly type: "server.draining" }
  /** Whoever runs the server ends it. */
  | { readonly type: "operator.ends" }

/** To whom it belongs from its coming to its going. */
export const belongingsOf = ({ roomId }: Pick<ConnectionInput, "roomId">): readonly Belonging[] => [
  { to: relayRoomAt(roomId), moved: { type: "room.moved" } }
]

/** An item as its client is sent it. */
export interface Envelope {
  readonly type: "send" | "deliver"
  readonly seq: number
  readonly payload: string
}

/** What is written to the client of its mailbox; `sender`: whose item it is, null for a replay. */
export interface Envelopes {
  readonly envelopes: readonly Envelope[]
  readonly sender: string | null
}

/** Of the mailbox that was full. */
export interface MailboxFull {
  readonly to: Side
  readonly reason: MailboxLimit
}

/**
 * Two kinds of clients read mailboxes. Those that name a session know items as `deliver` and count them from 1, so that 0
 * says that they have none; those that do not know them as `send` and count from 0.
 */
export const isMailboxClient = ({ sid }: Pick<ConnectionInput, "sid">): boolean => sid !== null

export const envelopeOf = (context: ConnectionContext, { seq, payload }: Item): Envelope =>
  isMailboxClient(context) ? { type: "deliver", seq: seq + 1, payload } : { type: "send", seq, payload }

/** The last item that the client has, by the number it says in a `hello`, where 0 is as good as nothing; null: none. */
export const lastOfHello = (context: ConnectionContext, upTo: number | null): number | null =>
  upTo === null || upTo === 0 ? null : isMailboxClient(context) ? upTo - 1 : upTo

/** The same of a `delivered`, where 0 is the first item of those who count from 0. */
export const lastOfDelivered = (context: ConnectionContext, upTo: number | null): number | null =>
  isMailboxClient(context) ? lastOfHello(context, upTo) : upTo

/** How long the next frames wait behind these items, milliseconds. */
export const pauseBehind = ({ replay }: ConnectionSettings, items: readonly Item[]): number =>
  Math.ceil(items.length * replay.msPerItem + items.reduce((sum, { bytes }) => sum + bytes, 0) / replay.bytesPerMs)

/** The question that it has asked last. */
export const questionOf = ({ id, attempts }: ConnectionContext): Question => ({ id, attempt: attempts })
