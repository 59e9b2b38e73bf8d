/** How NoisyTransfer's WebSocket frames are read and written, by the schemas of src/wire/noisytransfer. */
import { isUtf8 } from "node:buffer"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Envelope, MailboxFull } from "../../../machines/noisytransfer/relayConnection/connectionContext.ts"
import type { Side } from "../../../machines/noisytransfer/relayRoom/seats.ts"
import {
  type ClientFrameType,
  clientFrames,
  type ReadFrame,
  type RelayedType,
  relayedTypes
} from "../../../wire/noisytransfer/frames.ts"
import { readMode, readSide } from "../../../wire/noisytransfer/names.ts"
import type { CoreBudget } from "../../admission/budgets.ts"
import { membersOf } from "../rawJson.ts"

/** Which budgets each takes from; see budgets.ts. A frame that cannot be read takes from `frames`, as all do. */
export const frameBudgets = {
  offer: ["frames"],
  answer: ["frames"],
  ice: ["frames"],
  sender_ready: ["frames"],
  send: ["frames"],
  hello: ["frames"],
  delivered: ["frames"],
  telemetry: ["frames"]
} as const satisfies Readonly<Record<ClientFrameType, readonly CoreBudget[]>>

/** How a frame is counted. */
export type FrameLabel = ClientFrameType | "other"

/** What a client says that is not for its peer alone. */
export type Said =
  | { readonly type: "mail.put"; readonly to: Side; readonly payload: string; readonly bytes: number }
  | { readonly type: "mail.hello" | "mail.delivered"; readonly upTo: number | null }
  | { readonly type: "flow.established"; readonly mode: string }
  | { readonly type: "flow.failed" }

/** What came. */
export type Incoming =
  /** The bytes go on as they are. */
  | { readonly kind: "relay"; readonly label: RelayedType }
  | { readonly kind: "said"; readonly label: FrameLabel; readonly said: Said }
  /** It is passed by. */
  | { readonly kind: "nothing"; readonly label: FrameLabel }

// --- Reading

const isRelayed = (type: string): type is RelayedType => (relayedTypes as readonly string[]).includes(type)

const decoders: ReadonlyMap<string, (input: unknown) => Result.Result<ReadFrame, unknown>> = new Map(
  Object.entries(clientFrames)
    .filter(([type]) => !isRelayed(type))
    .map(([type, schema]) => [type, Schema.decodeUnknownResult(schema as unknown as Schema.Codec<ReadFrame>)])
)

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The payload as it is written, in a text of its own: a part of the whole frame's would keep all of that in memory. */
const payloadIn = (bytes: Buffer): { readonly payload: string; readonly bytes: number } => {
  const written = membersOf(bytes).findLast(({ key }) => key === "payload")
  if (written === undefined) return { payload: "null", bytes: 4 }
  const { start, end } = written
  return { payload: bytes.toString("utf8", start, end), bytes: end - start }
}

/** Undefined: it says nothing. */
const saidBy = (frame: ReadFrame, bytes: Buffer): Said | undefined => {
  switch (frame.type) {
    case "send": {
      const to = readSide(frame.to)
      return to === undefined ? undefined : { type: "mail.put", to, ...payloadIn(bytes) }
    }
    case "hello":
      return { type: "mail.hello", upTo: frame.deliveredUpTo ?? null }
    case "delivered":
      return { type: "mail.delivered", upTo: frame.upTo ?? null }
    case "telemetry": {
      const event = frame.event.toLowerCase()
      if (event === "ice-failed") return { type: "flow.failed" }
      if (event !== "ice-connected") return undefined
      return { type: "flow.established", mode: readMode(typeof frame.mode === "string" ? frame.mode : "") }
    }
  }
}

/** Reads one frame. A binary frame is read like a text frame; one that is not UTF-8 says nothing. */
export const readFrame = (bytes: Buffer, isBinary: boolean): Incoming => {
  const value = isBinary && !isUtf8(bytes) ? undefined : parsed(bytes.toString("utf8"))
  if (typeof value !== "object" || value === null || Array.isArray(value)) return { kind: "nothing", label: "other" }
  const written = Object.hasOwn(value, "type") ? (value as { readonly type: unknown }).type : undefined
  const type = typeof written === "string" ? written.toLowerCase() : ""
  if (isRelayed(type)) return { kind: "relay", label: type }
  const decode = decoders.get(type)
  if (decode === undefined) return { kind: "nothing", label: "other" }
  const label = type as ClientFrameType
  const decoded = decode({ ...value, type })
  const said = Result.isSuccess(decoded) ? saidBy(decoded.success, bytes) : undefined
  return said === undefined ? { kind: "nothing", label } : { kind: "said", label, said }
}

// --- Writing

export const roomFull = '{"type":"room_full"}'

/** With its keys in alphabetical order. */
export const writeEnvelope = ({ type, seq, payload }: Envelope): string =>
  `{"payload":${payload},"seq":${seq},"type":"${type}"}`

export const writeMailboxFull = ({ to, reason }: MailboxFull): string =>
  JSON.stringify({ type: "mailbox_full", to, reason })
