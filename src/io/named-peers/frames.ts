/** How frames of named peers are read and written, by the schemas of src/wire/named-peers. */
import { isUtf8 } from "node:buffer"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { FrameError } from "../../wire/named-peers/errors.ts"
import { PeerKey, PeerName } from "../../wire/named-peers/fields.ts"
import { type clientFrames, eventFrames, type ServerFrame } from "../../wire/named-peers/frames.ts"
import type { CoreBudget } from "../admission/budgets.ts"

/** The budgets of named peers, as refusals are counted and logged. */
export type NamedPeersBudget = "announcements"

/** Which budgets each takes from. A frame that cannot be read takes from `frames`, as all do. */
export const frameBudgets = {
  login: ["frames"],
  ping: ["frames"],
  stream_started: ["frames", "announcements"],
  stream_stopped: ["frames", "announcements"],
  stream_restored: ["frames", "announcements"],
  page_opened: ["frames", "announcements"],
  message: ["frames"]
} as const satisfies Readonly<Record<keyof typeof clientFrames, readonly (CoreBudget | NamedPeersBudget)[]>>

// --- Reading

/** A frame for others; `text` is what came, `object` what that says. */
interface ForOthers {
  readonly text: string
  readonly object: object
}

/** What came. */
export type Incoming =
  | { readonly kind: "login"; readonly name: string; readonly key: string | null }
  /** What it says can be nobody's name. */
  | { readonly kind: "misnamed" }
  | { readonly kind: "ping" }
  /** For the peer of this name. */
  | ({ readonly kind: "message"; readonly target: string } & ForOthers)
  /** For everybody else. */
  | ({ readonly kind: "event"; readonly type: string } & ForOthers)
  /** A frame, but for nobody. */
  | { readonly kind: "aimless" }
  /** No frame. */
  | { readonly kind: "fault" }

const readName = Schema.decodeUnknownResult(PeerName)
const readKey = Schema.decodeUnknownResult(PeerKey)
const eventTypes: ReadonlySet<string> = new Set(Object.keys(eventFrames))
const fault: Incoming = { kind: "fault" }

type Fields = Readonly<Record<string, unknown>>

const readLogin = (fields: Fields): Incoming => {
  const name = readName(Object.hasOwn(fields, "name") || !Object.hasOwn(fields, "id") ? fields["name"] : fields["id"])
  if (Result.isFailure(name)) return { kind: "misnamed" }
  if (!Object.hasOwn(fields, "key")) return { kind: "login", name: name.success, key: null }
  const key = readKey(fields["key"])
  return Result.isFailure(key) ? fault : { kind: "login", name: name.success, key: key.success }
}

const readJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * Reads one frame. A binary frame is read like a text frame; one that is not UTF-8 is no JSON either.
 */
export const readFrame = (bytes: Buffer, isBinary: boolean): Incoming => {
  if (isBinary && !isUtf8(bytes)) return fault
  const text = bytes.toString("utf8")
  const object = readJson(text)
  if (typeof object !== "object" || object === null || Array.isArray(object)) return fault
  if (!Object.hasOwn(object, "type")) return fault
  const fields = object as Fields
  const type = fields["type"]
  if (typeof type !== "string") return fault
  if (type === "login") return readLogin(fields)
  if (type === "ping") return { kind: "ping" }
  if (Object.hasOwn(fields, "target")) {
    const target = fields["target"]
    return typeof target === "string" ? { kind: "message", target, text, object } : { kind: "aimless" }
  }
  return eventTypes.has(type) ? { kind: "event", type, text, object } : { kind: "aimless" }
}

// --- Writing

const write = (frame: ServerFrame): string => JSON.stringify(frame)

export const writeLoginSuccess = (id: string, clients: readonly string[]): string =>
  write({ type: "login_success", id, clients })

export const writePeerConnected = (peer: string): string => write({ type: "peer_connected", peer })

export const writePeerDisconnected = (peer: string): string => write({ type: "peer_disconnected", peer })

/** `timestamp`: epoch milliseconds. */
export const writePong = (timestamp: number): string => write({ type: "pong", timestamp })

export const writeError = (error: FrameError): string => write({ type: "error", error })

export const writeTargetNotFound = (target: string): string =>
  write({ type: "error", error: "target_not_found", target })
