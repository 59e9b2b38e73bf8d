/** How DropSilk's WebSocket frames are read and written, by the schemas of src/wire/dropsilk. */
import { isUtf8 } from "node:buffer"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { ConnectionFault } from "../../../machines/dropsilk/connection/connectionContext.ts"
import type { Participant, Role } from "../../../machines/dropsilk/room/roomRecord.ts"
import { frameErrors } from "../../../wire/dropsilk/errors.ts"
import { type ClientFrame, clientFrames, type ServerFrame } from "../../../wire/dropsilk/frames.ts"
import type { CoreBudget } from "../../admission/budgets.ts"
import type { DropSilkBudget } from "../budgets.ts"

/** Which budgets each takes from; see budgets.ts. A frame that cannot be read takes from `frames`, as all do. */
export const frameBudgets = {
  "register-details": ["frames"],
  "create-flight": ["frames"],
  "join-flight": ["frames", "guesses"],
  "invite-to-flight": ["frames", "invitations"],
  "attach-room": ["frames"],
  ping: ["frames"],
  signal: ["frames"]
} as const satisfies Readonly<Record<keyof typeof clientFrames, readonly (CoreBudget | DropSilkBudget)[]>>

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

const write = (frame: ServerFrame): string => JSON.stringify(frame)

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

export const writeShutdown = (reconnectInMs: number | undefined): string =>
  write({
    type: "server-shutdown",
    message: "Server is shutting down for maintenance.",
    ...(reconnectInMs === undefined ? {} : { reconnectInMs })
  })

export const writeError = (name: ConnectionFault | FrameFault): string =>
  write({ type: "error", message: frameErrors[name].message })

const usersStart = `{"type":"users-on-network-update","users":[`
const usersEnd = "]}"

/** Of a list as `writeUserLists` writes it, in bytes. */
export const listSizes = {
  /** With the head of its WebSocket frame. */
  emptyListBytes: Buffer.byteLength(usersStart + usersEnd) + 4,
  /** Besides the id and the name, but with a comma. */
  entryBytes: Buffer.byteLength(`${JSON.stringify({ id: "", name: "" })},`) - 2 * Buffer.byteLength(JSON.stringify(""))
}

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
