/**
 * The frames of named peers: what clients may send, and what they are sent. docs/protocols/named-peers.md and
 * /asyncapi.json speak of the same schemas; src/io/named-peers/frames.ts reads and writes by them.
 */
import * as Schema from "effect/Schema"
import { frameErrors } from "./errors.ts"
import { PeerKey, PeerName } from "./fields.ts"

// --- What clients send

/** Goes to everybody else in the space, unless it has a target. */
const event = <const Type extends string>(type: Type, what: string) =>
  Schema.Struct({ type: Schema.Literal(type) }).annotate({
    description: `${what} Goes to everybody else in the space, with all its fields and \`from\`; with a \`target\` only there.`
  })

/** What goes to everybody else, by its type. */
export const eventFrames = {
  stream_started: event("stream_started", "A stream has begun."),
  stream_stopped: event("stream_stopped", "A stream has ended; `reason` says why."),
  stream_restored: event("stream_restored", "A stream is back."),
  page_opened: event("page_opened", "A page is there and waits for streams.")
} as const

export const clientFrames = {
  login: Schema.Struct({
    type: Schema.Literal("login"),
    name: Schema.optionalKey(PeerName),
    id: Schema.optionalKey(PeerName.annotate({ description: "Stands in for `name` where there is none." })),
    key: Schema.optionalKey(PeerKey)
  }).annotate({
    description:
      "Comes first: the client is called so from now on. With a `key`, a later login with the same name and the same key takes the name over at once. Answered by login_success."
  }),
  ping: Schema.Struct({ type: Schema.Literal("ping") }).annotate({
    description: "Asks for a sign of life, before the login too. Answered by pong."
  }),
  ...eventFrames,
  message: Schema.Struct({ type: Schema.String, target: Schema.String }).annotate({
    description:
      "Of any type, such as offer, answer or candidate. Goes to the peer of that name as it is, with all its fields and `from`."
  })
} as const

// --- What clients are sent

const From = Schema.String.annotate({ description: "The sender's name, whatever it has said itself." })

export const serverFrames = {
  login_success: Schema.Struct({
    type: Schema.Literal("login_success"),
    id: Schema.String,
    clients: Schema.Array(Schema.String)
  }).annotate({
    description:
      "The client is in. `id` is its name, `clients` are all names in the space, its own too, in order of login."
  }),
  peer_connected: Schema.Struct({ type: Schema.Literal("peer_connected"), peer: Schema.String }).annotate({
    description: "Somebody else has logged in."
  }),
  peer_disconnected: Schema.Struct({ type: Schema.Literal("peer_disconnected"), peer: Schema.String }).annotate({
    description: "Somebody who was logged in has gone; its name is free."
  }),
  pong: Schema.Struct({ type: Schema.Literal("pong"), timestamp: Schema.Int }).annotate({
    description: "The answer to ping, in milliseconds since 1970."
  }),
  error: Schema.Struct({
    type: Schema.Literal("error"),
    error: Schema.Literals(Object.keys(frameErrors) as (keyof typeof frameErrors)[]),
    target: Schema.optionalKey(Schema.String.annotate({ description: "With target_not_found: who was not found." }))
  }).annotate({ description: "Something was refused; only whoever asked for it hears so." }),
  message: Schema.Struct({ type: Schema.String, target: Schema.optionalKey(Schema.String), from: From }).annotate({
    description: "From another peer, to this one or to everybody: all fields as they were sent, `from` behind them."
  })
} as const

/** What the server itself says. */
export type ServerFrame = Exclude<
  (typeof serverFrames)[keyof typeof serverFrames],
  (typeof serverFrames)["message"]
>["Type"]
