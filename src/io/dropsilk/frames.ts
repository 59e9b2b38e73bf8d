/**
 * DropSilk's WebSocket frames: what clients may send, what they are sent, and how one becomes an event and the other
 * is written. docs/protocol.md and /asyncapi.json speak of the same schemas.
 */
import { isUtf8 } from "node:buffer"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import { limits } from "../../limits.ts"
import type { ConnectionFault } from "../../machines/dropsilk/connectionContext.ts"
import type { Participant, Role } from "../../machines/dropsilk/roomRecord.ts"
import type { BudgetName } from "../admission/budgets.ts"
import { isCode, readCode } from "./code.ts"

// --- What clients send

const trimmed = (
  description: string,
  fits: (text: string) => boolean,
  change: (text: string) => string = (text) => text
) =>
  Schema.String.annotate({ description })
    .check(Schema.makeFilter((text: string) => fits(text.trim()) || description))
    .pipe(
      Schema.decodeTo(
        Schema.String,
        SchemaTransformation.transform({ decode: (text) => change(text.trim()), encode: (text) => text })
      )
    )

const Name = trimmed(
  `1 to ${limits.nameUnits} UTF-16 units after trimming`,
  (text) => text.length >= 1 && text.length <= limits.nameUnits,
  // As over HTTP, or a room and a socket would know one name as two.
  (text) => text.toWellFormed()
)
const Id = trimmed(
  `1 to ${limits.idUnits} UTF-16 units after trimming`,
  (text) => text.length >= 1 && text.length <= limits.idUnits
)
const Code = trimmed(
  `exactly ${limits.codeLength} letters and digits, in any letter case; whatever else is in between is ignored`,
  isCode,
  readCode
)

const ChannelName = Schema.Literals(["transfer", "screen-share", "chat"])

export const clientFrames = {
  "register-details": Schema.Struct({ type: Schema.Literal("register-details"), name: Name }).annotate({
    description: "Sets the client's name; until then it is Anonymous."
  }),
  "create-flight": Schema.Struct({ type: Schema.Literal("create-flight") }).annotate({
    description: "Opens a flight with this client in it. Answered by flight-created."
  }),
  "join-flight": Schema.Struct({ type: Schema.Literal("join-flight"), flightCode: Code }).annotate({
    description: "Takes the second seat of a flight. Both members get peer-joined."
  }),
  "invite-to-flight": Schema.Struct({
    type: Schema.Literal("invite-to-flight"),
    inviteeId: Id,
    flightCode: Code
  }).annotate({
    description:
      "Invites a client of the same network into the flight that the inviter sits in, or into a room with a free seat that was made or is polled from its address. Anything else is dropped silently."
  }),
  "attach-room": Schema.Struct({
    type: Schema.Literal("attach-room"),
    roomCode: Code,
    participantId: Id,
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

/** Which budgets each takes from; see budgets.ts. A frame that cannot be read takes from `frames`, as all do. */
export const frameBudgets = {
  "register-details": ["frames"],
  "create-flight": ["frames"],
  "join-flight": ["frames", "guesses"],
  "invite-to-flight": ["frames", "invitations"],
  "attach-room": ["frames"],
  ping: ["frames"],
  signal: ["frames"]
} as const satisfies Readonly<Record<keyof typeof clientFrames, readonly BudgetName[]>>

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
  "server-shutdown": Schema.Struct({ type: Schema.Literal("server-shutdown"), message: Schema.String }).annotate({
    description: "The server is going; close code 1001 follows. Connect again after a moment."
  }),
  error: Schema.Struct({ type: Schema.Literal("error"), message: Schema.String }).annotate({
    description: "Something the client asked for was refused. The connection stays open."
  })
} as const

/** Every message an `error` frame can carry, and what the client had better do. */
export const frameErrors = {
  "invalid-format": { message: "Invalid message format", duty: "Fix the client: not JSON, or no object with a type." },
  "unknown-type": { message: "Unknown message type", duty: "Fix the client, or ask for what this server can do." },
  "invalid-payload": { message: "Invalid message payload", duty: "Fix the fields of the frame." },
  "already-in-flight": { message: "Already in a flight", duty: "Open another socket, or close this one first." },
  "flight-not-found-or-full": { message: "Flight not found or full", duty: "Ask the other person for the code again." },
  "room-not-found": { message: "Room not found or expired", duty: "Create or join a room over HTTP first." },
  "seat-taken": {
    message: "Seat taken by another connection",
    duty: "Another page of yours has attached: tell the person, and attach again only when asked to."
  },
  "too-many-attempts": { message: "Too many attempts", duty: "Ask for the code again, and try after a moment." },
  "server-error": { message: "Server error processing your request", duty: "Try again after a moment." }
} as const satisfies Record<ConnectionFault | FrameFault, { message: string; duty: string }>

export type FrameFault = "invalid-format" | "unknown-type" | "invalid-payload"

// --- Reading

/** What came: a frame, a signal whose bytes can go on as they are, or a fault. */
export type Incoming =
  | { readonly kind: "frame"; readonly frame: Exclude<ClientFrame, { type: "signal" }> }
  /** `forward` is what the peer is sent: the bytes that came, or `{type, data}` put together from them. */
  | { readonly kind: "signal"; readonly forward: Buffer | string }
  | { readonly kind: "fault"; readonly fault: FrameFault }

const decoders: Readonly<Record<string, (input: unknown) => Result.Result<ClientFrame, unknown>>> = Object.assign(
  Object.create(null),
  Object.fromEntries(
    Object.entries(clientFrames).map(([type, schema]) => [
      type,
      Schema.decodeUnknownResult(schema as Schema.Codec<ClientFrame>)
    ])
  )
)

const fault = (name: FrameFault): Incoming => ({ kind: "fault", fault: name })

/** The start of a frame that is `{type, data}` and nothing else: as every client writes it, and with white space. */
const usualSignalStart = `{"type":"signal","data":`
/** White space of JSON (RFC 8259 2). `\s` and `trim` know some twenty characters more, which JSON.parse does not take. */
const space = "[ \\t\\n\\r]*"
const signalStart = new RegExp(["^", "\\{", '"type"', ":", '"signal"', ",", '"data"', ":"].join(space))
const signalEnd = new RegExp(`\\}${space}$`)

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/**
 * Whether the frame is exactly `{type, data}`, each key once: then what stands between `"data":` and the last brace is
 * one JSON value by itself. A second key would make it none.
 */
const isPlainSignal = (text: string): boolean => {
  const start = text.startsWith(usualSignalStart) ? usualSignalStart.length : (signalStart.exec(text)?.[0].length ?? 0)
  if (start === 0) return false
  const end = text.endsWith("}") ? text.length - 1 : text.search(signalEnd)
  return end > start && isJson(text.slice(start, end))
}

/**
 * The value that a JSON object has under `data`, the last one if there are several, as it is written: read and written
 * again it could be another one (`-0`, `1e999`, long numbers). `text` must be a JSON object that has one.
 */
const dataAsWritten = (text: string): string => {
  let depth = 0
  let key = ""
  let start = 0
  let stringStart = 0
  let data = ""
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === '"') {
      stringStart = at
      for (at++; text[at] !== '"'; at++) if (text[at] === "\\") at++
    } else if (character === "{" || character === "[") {
      depth++
    } else if (character === ":" && depth === 1) {
      key = JSON.parse(text.slice(stringStart, at))
      start = at + 1
    } else if (character === "," && depth === 1) {
      if (key === "data") data = text.slice(start, at)
    } else if (character === "}" || character === "]") {
      depth--
      if (depth === 0 && key === "data") data = text.slice(start, at)
    }
  }
  return data
}

/**
 * Reads one frame. A binary frame is read like a text frame; one that is not UTF-8 is no JSON either.
 */
export const readFrame = (bytes: Buffer, isBinary: boolean): Incoming => {
  if (isBinary && !isUtf8(bytes)) return fault("invalid-format")
  const text = bytes.toString("utf8")
  if (isPlainSignal(text)) return { kind: "signal", forward: bytes }

  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return fault("invalid-format")
  }
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, "type")) return fault("invalid-format")
  const { type } = value as { type: unknown }
  if (typeof type !== "string") return fault("invalid-format")
  const decode = decoders[type]
  if (decode === undefined) return fault("unknown-type")

  if (type === "signal") {
    if (!Object.hasOwn(value, "data")) return fault("invalid-payload")
    return { kind: "signal", forward: `${usualSignalStart}${dataAsWritten(text)}}` }
  }
  const decoded = decode(value)
  return Result.isSuccess(decoded)
    ? { kind: "frame", frame: decoded.success as Exclude<ClientFrame, { type: "signal" }> }
    : fault("invalid-payload")
}

// --- Writing

const write = (
  frame: {
    readonly [Type in keyof typeof serverFrames]: (typeof serverFrames)[Type]["Type"]
  }[keyof typeof serverFrames]
): string => JSON.stringify(frame)

export const writeRegistered = (id: string): string => write({ type: "registered", id })

export const writeFlightCreated = (flightCode: string): string => write({ type: "flight-created", flightCode })

export const writePeerJoined = (
  flightCode: string,
  peer: { readonly id: string; readonly name: string },
  connectionType: "lan" | "wan"
): string => write({ type: "peer-joined", flightCode, peer: { id: peer.id, name: peer.name }, connectionType })

export const writePeerLeft = (): string => write({ type: "peer-left" })

export const writePong = (): string => write({ type: "pong" })

export const writeInvitation = (flightCode: string, fromName: string): string =>
  write({ type: "flight-invitation", flightCode, fromName })

/** The other participant's secret id stays here; its alias goes out. */
export const writeRoomAttached = (flightCode: string, role: Role, peer: Participant | null): string =>
  write({
    type: "room-attached",
    flightCode,
    role,
    peer:
      peer === null
        ? null
        : {
            participantId: peer.alias,
            role: role === "host" ? "guest" : "host",
            name: peer.name,
            ready: peer.ready,
            fileCount: peer.fileCount,
            totalBytes: peer.totalBytes
          }
  })

export const writeShutdown = (): string =>
  write({ type: "server-shutdown", message: "Server is shutting down for maintenance." })

export const writeError = (name: keyof typeof frameErrors): string =>
  write({ type: "error", message: frameErrors[name].message })

const usersStart = `{"type":"users-on-network-update","users":[`
const usersEnd = "]}"

/**
 * The list of a network, each client left out of its own: written once for the whole group, then cut for each receiver.
 * `null` gives the empty list.
 */
export const writeUserLists = (
  visible: readonly { readonly id: string; readonly name: string }[]
): ((without: string | null) => string) => {
  const entries = visible.map(({ id, name }) => JSON.stringify({ id, name }))
  const whole = entries.join(",")
  const places = new Map<string, { start: number; end: number }>()
  let start = 0
  visible.forEach(({ id }, index) => {
    const end = start + (entries[index] as string).length
    places.set(id, { start, end })
    start = end + 1
  })
  return (without) => {
    if (without === null) return usersStart + usersEnd
    const place = places.get(without)
    if (place === undefined) return usersStart + whole + usersEnd
    // One comma goes with the entry: the one before it, or after it if it is the first.
    const list =
      place.start === 0 ? whole.slice(place.end + 1) : whole.slice(0, place.start - 1) + whole.slice(place.end)
    return usersStart + list + usersEnd
  }
}
