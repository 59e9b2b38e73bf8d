/** How frames of the SFU are read and written, by the schemas of src/wire/sfu. */
import { isUtf8 } from "node:buffer"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaJITCompiler from "effect/schema/SchemaJITCompiler"
import type { Announcement } from "../../machines/sfu/media.ts"
import { bareError } from "../../wire/sfu/errors.ts"
import { type ClientFrame, type ClientFrameType, clientFrames } from "../../wire/sfu/frames.ts"
import type { CoreBudget } from "../admission/budgets.ts"

/** Which budgets each takes from. A frame that cannot be read takes from `frames`, as all do. */
export const frameBudgets = {
  "join-room": ["frames"],
  "create-transport": ["frames"],
  "connect-transport": ["frames"],
  produce: ["frames"],
  consume: ["frames"],
  "resume-consumer": ["frames"]
} as const satisfies Readonly<Record<ClientFrameType, readonly CoreBudget[]>>

/** What came. */
export type Incoming =
  | { readonly kind: "request"; readonly request: ClientFrame; readonly requestId: string | null }
  /** It cannot be read; null: nor can it be answered by an id. */
  | { readonly kind: "fault"; readonly requestId: string | null }

// --- Reading

type Decode = (input: unknown) => Result.Result<ClientFrame, unknown>

const decoders: ReadonlyMap<unknown, Decode> = new Map(
  Object.entries(clientFrames).map(([type, schema]) => {
    SchemaJITCompiler.enable(schema.ast)
    return [type, Schema.decodeUnknownResult(schema as unknown as Schema.Codec<ClientFrame>)]
  })
)

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const own = (object: object, name: string): unknown =>
  Object.hasOwn(object, name) ? (object as Readonly<Record<string, unknown>>)[name] : undefined

/** Reads one frame. A binary frame is read like a text frame; one that is not UTF-8 is no JSON either. */
export const readFrame = (bytes: Buffer, isBinary: boolean): Incoming => {
  const value = isBinary && !isUtf8(bytes) ? undefined : parsed(bytes.toString("utf8"))
  if (typeof value !== "object" || value === null || Array.isArray(value)) return { kind: "fault", requestId: null }
  const given = own(value, "requestId")
  const requestId = typeof given === "string" ? given : null
  const decoded = decoders.get(own(value, "type"))?.(value)
  return decoded !== undefined && Result.isSuccess(decoded)
    ? { kind: "request", request: decoded.success, requestId }
    : { kind: "fault", requestId }
}

// --- Writing

/** Keys in the order in which the known server writes them. */
const write = (type: string, data: unknown): string => JSON.stringify({ type, data })

export const writeResponse = (requestId: string, data: object): string =>
  JSON.stringify({ type: "response", requestId, data })

/** Without a `requestId` nobody can be told what it is about. */
export const writeRefusal = (requestId: string | null, error: string): string =>
  requestId === null ? write("error", bareError) : writeResponse(requestId, { error })

export const writeNewProducer = ({ producerId, kind, userName, userId }: Announcement): string =>
  write("new-producer", { producerId, kind, userName, userId })

export const writeProducerClosed = ({ producerId, userId }: { producerId: string; userId: string }): string =>
  write("producer-closed", { producerId, userId })
