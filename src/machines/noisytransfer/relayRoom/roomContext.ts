/** What a room knows, what it is told and tells, and what follows from both without a state. */
import { markIn } from "../../cluster/homes.ts"
import { present } from "../../present.ts"
import type { MailboxLimit } from "../events.ts"
import { emptyMailbox, type Item, type Mailbox, type Space } from "./mailbox.ts"
import { type OfSides, type Side, type Sitter, sides } from "./seats.ts"

export interface RoomInput {
  /** A digest of the appID. */
  readonly id: string
}

export interface RoomSettings {
  /** What one mailbox may hold. */
  readonly mailbox: Space
  /** How long whoever has a seat may take to answer when somebody of its own session wants it, milliseconds. */
  readonly contestMs: number
}

export interface RoomContext extends RoomInput, RoomSettings {
  readonly sitters: OfSides<Sitter | null>
  /** The connection that waits for the seat while it is found out whether its holder lives. */
  readonly newcomers: OfSides<string | null>
  readonly mailboxes: OfSides<Mailbox>
  /** When the first seat was taken, epoch milliseconds. */
  readonly openedAt: number
  /** While it is put together again: whom each side was told of last as its peer. */
  readonly named: OfSides<string | null>
  /** While it is put together again: somebody knows that something was left in its mailboxes. */
  readonly missesMail: boolean
}

/** What a member takes to the next node that has the room. */
export interface Belongings {
  /** Whom it was told of last as its peer, if it may be still. */
  readonly peer: string | null
  /** Something was left in the room's mailboxes, as far as it knows. */
  readonly hasMail: boolean
  /** Both mailboxes as they were where the room has lived before; null: that could not be said. */
  readonly mailboxes: OfSides<Mailbox> | null
}

export type RelayRoomEvent =
  /** `at`: epoch milliseconds. */
  | {
      readonly type: "seat.take"
      readonly id: string
      readonly side: Side
      readonly sid: string | null
      readonly at: number
    }
  | { readonly type: "seat.leave"; readonly id: string }
  /** `id` sits there already, as its node knows: the room goes on where another node has left off. `at`: as it came. */
  | ({
      readonly type: "seat.resume"
      readonly id: string
      readonly side: Side
      readonly sid: string | null
      readonly at: number
    } & Belongings)
  /** Everybody who sits there has said so. */
  | { readonly type: "home.settled" }
  /** It ends here without a word, and goes on on another node. */
  | { readonly type: "home.leaving" }
  /** All connections whose ids begin so have gone with their node. */
  | { readonly type: "node.gone"; readonly mark: string }
  /** Whoever has the seat that `newcomer` wants lives, or has given no sign of life in time. */
  | { readonly type: "probe.answered" | "probe.missed"; readonly newcomer: string }
  /** `id` leaves something for a side. */
  | ({ readonly type: "mail.put" } & Posting)
  /** The same, when it is known what all mailboxes of this node together may still take: `left`. */
  | ({ readonly type: "mail.weighed"; readonly left: Space } & Posting)
  /** `id` says what it has of its own mailbox, and wants the rest of it. */
  | { readonly type: "mail.hello"; readonly id: string; readonly attempt: number; readonly upTo: number | null }
  /** `id` says what it has of its own mailbox. */
  | { readonly type: "mail.delivered"; readonly id: string; readonly upTo: number | null }
  /** `id` says that the two are connected to each other; `mode` says how. */
  | { readonly type: "flow.established"; readonly id: string; readonly mode: string; readonly at: number }
  | { readonly type: "flow.failed"; readonly id: string }
  /** Whoever runs the server ends it. */
  | { readonly type: "operator.ends" }

/** Something that somebody leaves for a side. */
export interface Posting extends Question {
  readonly to: Side
  readonly payload: string
  readonly bytes: number
}

/** Which of a connection's questions is answered; `id`: the connection's. */
export interface Question {
  readonly id: string
  readonly attempt: number
}

/** What a room tells connections. */
export type RoomNotice =
  /** `hasMail`: something was left in the room's mailboxes. */
  | { readonly type: "seat.given"; readonly hasMail: boolean }
  | { readonly type: "seat.refused" | "seat.lost" }
  /** Somebody of the same session wants the seat: does its holder live? */
  | { readonly type: "seat.wanted"; readonly newcomer: string; readonly withinMs: number }
  /** Somebody was refused because this one seems to be there. */
  | { readonly type: "socket.wanted" }
  /** The other one has gone, and takes nothing any more that it was being given. Its client is not told. */
  | { readonly type: "peer.gone" }
  /** The room ends where it is, and is put together again elsewhere with what this one has of it. */
  | { readonly type: "mail.entrusted"; readonly mailboxes: OfSides<Mailbox> }
  /** Both sides are there. `peerId`: the other one's connection. */
  | { readonly type: "room.full"; readonly peerId: string }
  /** Something was left for it just now; whoever did so waits until it has it. */
  | { readonly type: "item.given"; readonly item: Item; readonly sender: Question }
  | { readonly type: "mail.kept"; readonly attempt: number }
  | { readonly type: "mail.refused"; readonly attempt: number; readonly to: Side; readonly reason: MailboxLimit }
  | { readonly type: "mail.replayed"; readonly attempt: number; readonly items: readonly Item[] }
  | { readonly type: "room.lost" }
  /** Whoever runs the server has ended it. */
  | { readonly type: "room.ended" }

/** Whoever sits there, or waits for a seat. */
export const membersOf = ({ sitters, newcomers }: RoomContext): readonly string[] =>
  sides.flatMap((side) => [sitters[side]?.id, newcomers[side]]).filter((id) => typeof id === "string")

/** The two connections that a link joins. */
export interface LinkEnds {
  readonly roomId: string
  readonly first: string
  readonly second: string
}

export const newRoomContext = (input: RoomInput & RoomSettings): RoomContext => ({
  ...input,
  sitters: { A: null, B: null },
  newcomers: { A: null, B: null },
  mailboxes: { A: emptyMailbox, B: emptyMailbox },
  openedAt: 0,
  named: { A: null, B: null },
  missesMail: false
})

/** What both mailboxes hold. */
export const heldIn = ({ mailboxes: { A, B } }: RoomContext): Space => ({
  items: A.items.length + B.items.length,
  bytes: A.bytes + B.bytes
})

/** Something was left in its mailboxes, whether it is there still or not. */
export const hasMail = ({ mailboxes: { A, B } }: Pick<RoomContext, "mailboxes">): boolean => A.next + B.next > 0

/** The later of the two: numbers of items and what is acknowledged only rise. */
export const laterOf = (one: OfSides<Mailbox>, other: OfSides<Mailbox>): OfSides<Mailbox> => {
  const ageOf = ({ A, B }: OfSides<Mailbox>) => A.next + B.next + A.acknowledged + B.acknowledged
  return ageOf(other) > ageOf(one) ? other : one
}

/** Who has each seat once those of a node have gone: where somebody waits for one, that one has it. */
export const seatedWithout = ({ sitters, newcomers }: RoomContext, mark: string): OfSides<string | null> => {
  const seatedAt = (side: Side) =>
    sitters[side] === null
      ? null
      : ([sitters[side].id, newcomers[side]].find((id) => id !== null && markIn(id) !== mark) ?? null)
  return { A: seatedAt("A"), B: seatedAt("B") }
}

/** While both seats are taken. */
export const linkEndsOf = ({ id, sitters: { A, B } }: RoomContext): LinkEnds => ({
  roomId: id,
  first: present(A, "side A").id,
  second: present(B, "side B").id
})
