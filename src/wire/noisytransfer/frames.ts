/**
 * NoisyTransfer's WebSocket frames: what clients may send, and what they are sent. docs/protocols/noisytransfer.md and
 * /asyncapi.json speak of the same schemas; src/io/noisytransfer/sockets/frames.ts reads and writes by them. A frame that
 * fits none of them is passed by in silence.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

// --- What clients send

const relayed = <const Type extends string>(type: Type, description: string) =>
  Schema.Struct({ type: Schema.Literal(type) }).annotate({
    description: `${description} Goes to the other side byte for byte, whatever else is in it; without a peer it goes nowhere.`
  })

/** A whole number from 0, however large: what is beyond all items of a room says nothing. */
const Count = Schema.Finite.check(
  Schema.makeFilter((count: number) => (Number.isInteger(count) && count >= 0) || "a whole number from 0")
).annotate({ description: "A whole number from 0." })
const Word = Schema.String.pipe(Schema.withDecodingDefaultKey(Effect.succeed("")))

export const clientFrames = {
  offer: relayed("offer", "A session description."),
  answer: relayed("answer", "A session description."),
  ice: relayed("ice", "An ICE candidate, or null as the last."),
  sender_ready: relayed("sender_ready", "Whoever sends is there."),
  send: Schema.Struct({
    type: Schema.Literal("send"),
    to: Schema.String.annotate({ description: "A or B, in either letter case; the client's own side is allowed." }),
    payload: Schema.optionalKey(Schema.Unknown)
  }).annotate({
    description:
      "Leaves `payload`, any JSON value, in the mailbox of a side; absent, it is null. Whoever sits there gets it at once. Answered by mailbox_full when it does not fit, and else not at all."
  }),
  hello: Schema.Struct({
    type: Schema.Literal("hello"),
    deliveredUpTo: Schema.optionalKey(Schema.NullOr(Count))
  }).annotate({
    description:
      "The client has all items of its mailbox up to this one, which the server forgets; it sends all the others again, oldest first. 0, null or absent: it says nothing of what it has, and gets everything."
  }),
  delivered: Schema.Struct({
    type: Schema.Literal("delivered"),
    upTo: Schema.optionalKey(Schema.NullOr(Count))
  }).annotate({
    description: "The client has all items up to this one, 0 included, which the server forgets. Brings nothing."
  }),
  telemetry: Schema.Struct({
    type: Schema.Literal("telemetry"),
    event: Word.annotate({
      description: "ice-connected or ice-failed, in any letter case; anything else says nothing."
    }),
    mode: Schema.optionalKey(Schema.Unknown),
    reason: Schema.optionalKey(Schema.Unknown)
  }).annotate({
    description:
      "How it went. Counted for the operator, ice-connected once in a room's life; never answered or passed on."
  })
} as const

export type ClientFrameType = keyof typeof clientFrames
/** Those that go to the other side as they are. */
export const relayedTypes = ["offer", "answer", "ice", "sender_ready"] as const
export type RelayedType = (typeof relayedTypes)[number]
/** Those that the server reads. */
export type ReadFrame = (typeof clientFrames)[Exclude<ClientFrameType, RelayedType>]["Type"]

// --- What clients are sent

const SequenceNumber = Schema.Int.annotate({ description: "The number of the item in this side's mailbox." })

export const serverFrames = {
  room_full: Schema.Struct({ type: Schema.Literal("room_full") }).annotate({
    description: "Both sides are there; again after every join that completes the room. A newcomer's first frame."
  }),
  offer: relayed("offer", "From the other side."),
  answer: relayed("answer", "From the other side."),
  ice: relayed("ice", "From the other side."),
  sender_ready: relayed("sender_ready", "From the other side."),
  send: Schema.Struct({ payload: Schema.Unknown, seq: SequenceNumber, type: Schema.Literal("send") }).annotate({
    description: "An item of the client's mailbox, counted from 0, where its URL has no `sid`."
  }),
  deliver: Schema.Struct({ payload: Schema.Unknown, seq: SequenceNumber, type: Schema.Literal("deliver") }).annotate({
    description: "An item of the client's mailbox, counted from 1, where its URL has a `sid`, be it empty."
  }),
  mailbox_full: Schema.Struct({
    type: Schema.Literal("mailbox_full"),
    to: Schema.Literals(["A", "B"]),
    reason: Schema.Literals(["items", "bytes", "server"])
  }).annotate({
    description:
      "What the client has just left for that side was not stored: too many items, too many bytes, or too much in all mailboxes of the server. The connection stays open; send it again when the other side has read."
  })
} as const
