/** Everything that can go wrong, by name. */
import type { frameErrors, httpErrors } from "../wire/dropsilk/errors.ts"

/** What an error is called; the docs (docs/client.md) say of each what to do. */
export type TowerErrorName =
  | "Aborted"
  | "AlreadySeated"
  | "Closed"
  | "FlightNotFoundOrFull"
  | "InvalidRequest"
  | "OriginRefused"
  | "PeerIsSharing"
  | "RateLimited"
  | "RoomFull"
  | "RoomNotFound"
  | "SeatTaken"
  | "ServerFault"
  | "Unavailable"
  | "Unreachable"

interface TowerErrorDetails {
  readonly cause?: unknown
  readonly code?: number
  readonly issues?: readonly string[]
  readonly retryAfterMs?: number
}

/** What every call of this client rejects with. `message` is the server's own where it has said something. */
export class TowerError extends Error {
  override readonly name: TowerErrorName
  /** Of `Closed`: the WebSocket's close code, where the socket was closed by the other side. */
  readonly code: number | undefined
  /** Of `InvalidRequest`: what the server found, field by field. */
  readonly issues: readonly string[]
  /** Of `RateLimited` and `Unavailable`: milliseconds after which to try again, where the server has said so. */
  readonly retryAfterMs: number | undefined

  constructor(
    name: TowerErrorName,
    message: string,
    { cause, code, issues = [], retryAfterMs }: TowerErrorDetails = {}
  ) {
    super(message, { cause })
    this.name = name
    this.code = code
    this.issues = issues
    this.retryAfterMs = retryAfterMs
  }
}

type Said<Errors extends Readonly<Record<string, unknown>>, Key extends string> = {
  [Name in keyof Errors]: Errors[Name] extends Readonly<Record<Key, infer Text extends string>> ? Text : never
}[keyof Errors]

/** Typed by the server's own list, so that a refusal it learns cannot be forgotten here. */
const ofFrames: Readonly<Record<Said<typeof frameErrors, "message">, TowerErrorName>> = {
  "Already in a flight": "AlreadySeated",
  "Flight not found or full": "FlightNotFoundOrFull",
  "Invalid message format": "InvalidRequest",
  "Invalid message payload": "InvalidRequest",
  "Room not found or expired": "RoomNotFound",
  "Seat taken by another connection": "SeatTaken",
  "Server error processing your request": "ServerFault",
  "Too many attempts": "RateLimited",
  "Unknown message type": "InvalidRequest"
}

/** As `ofFrames`, of what rooms answer over HTTP; what is missing here is told by its status. */
const ofAnswers: Readonly<Partial<Record<Said<typeof httpErrors, "error">, TowerErrorName>>> = {
  "Forbidden: Invalid Origin": "OriginRefused",
  "Peer is already screen sharing": "PeerIsSharing",
  "Room already has two participants": "RoomFull",
  "Room not found or expired": "RoomNotFound",
  "Room not found or participant is not part of it.": "RoomNotFound"
}

const nameIn = (names: Readonly<Record<string, TowerErrorName>>, text: string): TowerErrorName | undefined =>
  Object.hasOwn(names, text) ? names[text] : undefined

/** What an `error` frame says. */
export const errorOfFrame = (message: string): TowerError =>
  new TowerError(nameIn(ofFrames, message) ?? "ServerFault", message)

const nameOfStatus = (status: number): TowerErrorName => {
  if (status === 429) return "RateLimited"
  if (status === 503) return "Unavailable"
  return status >= 500 ? "ServerFault" : "InvalidRequest"
}

/** What an answer over HTTP says that is no success; `body` is its JSON, if it has any. */
export const errorOfAnswer = (status: number, body: unknown, retryAfter: string | null): TowerError => {
  const { error, issues } = (body ?? {}) as { readonly error?: unknown; readonly issues?: unknown }
  const message = typeof error === "string" ? error : `The server answered ${status}.`
  const seconds = Number(retryAfter ?? Number.NaN)
  return new TowerError(nameIn(ofAnswers, message) ?? nameOfStatus(status), message, {
    ...(Array.isArray(issues) ? { issues: issues.map(String) } : {}),
    ...(Number.isFinite(seconds) ? { retryAfterMs: seconds * 1000 } : {})
  })
}

export const closedError = (code?: number): TowerError =>
  code === undefined
    ? new TowerError("Closed", "The tower is closed.")
    : new TowerError("Closed", `The server closed the socket with code ${code}: connecting again does not help.`, {
        code
      })

/** Whether an error is this client's and has this name. */
export const isTowerError = (error: unknown, ...names: readonly TowerErrorName[]): error is TowerError =>
  error instanceof TowerError && (names.length === 0 || names.includes(error.name))
