/**
 * DropSilk's WebSocket frames: what clients may send, and what they are sent. docs/protocols/dropsilk.md and /asyncapi.json
 * speak of the same schemas; src/io/dropsilk/sockets/frames.ts reads and writes by them.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { FrameCode, FrameId, FrameName } from "./fields.ts"

// --- What clients send

const ChannelName = Schema.Literals(["transfer", "screen-share", "chat"])

export const clientFrames = {
  "register-details": Schema.Struct({ type: Schema.Literal("register-details"), name: FrameName }).annotate({
    description: "Sets the client's name; until then it is Anonymous."
  }),
  "create-flight": Schema.Struct({ type: Schema.Literal("create-flight") }).annotate({
    description: "Opens a flight with this client in it. Answered by flight-created."
  }),
  "join-flight": Schema.Struct({ type: Schema.Literal("join-flight"), flightCode: FrameCode }).annotate({
    description: "Takes the second seat of a flight. Both members get peer-joined."
  }),
  "invite-to-flight": Schema.Struct({
    type: Schema.Literal("invite-to-flight"),
    inviteeId: FrameId,
    flightCode: FrameCode
  }).annotate({
    description:
      "Invites a client of the same network into the flight that the inviter sits in, or into a room with a free seat that was made or is polled from its address. Anything else is dropped silently."
  }),
  "attach-room": Schema.Struct({
    type: Schema.Literal("attach-room"),
    roomCode: FrameCode,
    participantId: FrameId,
    channel: ChannelName.pipe(Schema.withDecodingDefaultKey(Effect.succeed("transfer" as const)))
  }).annotate({
    description:
      "Takes the participant's seat on a channel of its room (transfer unless named). Answered by room-attached; when both seats of the channel are taken, both get peer-joined; one that changes nothing is answered to its sender alone. Who has left the room comes back by it, for a while."
  }),
  ping: Schema.Struct({ type: Schema.Literal("ping") }).annotate({
    description:
      "Asks for a sign of life, which pages cannot see otherwise. Answered by pong in its turn, behind the answers to what was sent before."
  }),
  signal: Schema.Struct({ type: Schema.Literal("signal"), data: Schema.Unknown }).annotate({
    description:
      "Goes to the other member of this client's flight or channel, data unchanged. Without one it goes nowhere."
  })
} as const

/** What clients may send, once it is read. */
export type ClientFrame = (typeof clientFrames)[keyof typeof clientFrames]["Type"]

// --- What clients are sent

const PeerSchema = Schema.Struct({ id: Schema.String, name: Schema.String })

export const serverFrames = {
  registered: Schema.Struct({ type: Schema.Literal("registered"), id: Schema.String }).annotate({
    description: "At once after the upgrade: the client's id, 10 characters of [0-9a-z]."
  }),
  "users-on-network-update": Schema.Struct({
    type: Schema.Literal("users-on-network-update"),
    users: Schema.Array(PeerSchema)
  }).annotate({ description: "The other clients of this network group, whenever the list has changed." }),
  "flight-created": Schema.Struct({ type: Schema.Literal("flight-created"), flightCode: Schema.String }).annotate({
    description: "The answer to create-flight: 6 characters of ABCDEFGHJKLMNPQRSTUVWXYZ23456789."
  }),
  "peer-joined": Schema.Struct({
    type: Schema.Literal("peer-joined"),
    flightCode: Schema.String,
    peer: PeerSchema,
    connectionType: Schema.Literals(["lan", "wan"])
  }).annotate({ description: "Both seats are taken; peer is the other member." }),
  "peer-left": Schema.Struct({ type: Schema.Literal("peer-left") }).annotate({
    description:
      "The other member has gone; this one keeps its seat. Of a room's socket that broke off it is told after a moment."
  }),
  "flight-invitation": Schema.Struct({
    type: Schema.Literal("flight-invitation"),
    flightCode: Schema.String,
    fromName: Schema.String
  }).annotate({ description: "Somebody on the same network invites this client." }),
  "room-attached": Schema.Struct({
    type: Schema.Literal("room-attached"),
    flightCode: Schema.String,
    role: Schema.Literals(["host", "guest"]),
    peer: Schema.NullOr(
      Schema.Struct({
        participantId: Schema.String,
        role: Schema.Literals(["host", "guest"]),
        name: Schema.String,
        ready: Schema.Boolean,
        fileCount: Schema.Int,
        totalBytes: Schema.Int
      })
    )
  }).annotate({
    description: "The answer to attach-room; peer is the other participant, attached or not, or null."
  }),
  signal: Schema.Struct({ type: Schema.Literal("signal"), data: Schema.Unknown }).annotate({
    description: "From the peer, data unchanged."
  }),
  pong: Schema.Struct({ type: Schema.Literal("pong") }).annotate({ description: "The answer to ping." }),
  "server-shutdown": Schema.Struct({
    type: Schema.Literal("server-shutdown"),
    message: Schema.String,
    reconnectInMs: Schema.optionalKey(Schema.Int)
  }).annotate({
    description:
      "The server is going; close code 1001 follows. Connect again after reconnectInMs, or, where it is not there, after a moment."
  }),
  error: Schema.Struct({ type: Schema.Literal("error"), message: Schema.String }).annotate({
    description: "Something the client asked for was refused. The connection stays open."
  })
} as const

/** What clients are sent. */
export type ServerFrame = (typeof serverFrames)[keyof typeof serverFrames]["Type"]
