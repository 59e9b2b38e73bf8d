/** Domain events as the tower page shows them. See towerView.ts for what is left out. */
import type { DomainEvent } from "../../machines/domainEvents.ts"
import { describeError } from "../telemetry/telemetry.ts"
import { halfOfCode, halfOfId } from "./towerView.ts"

/** Whatever a field holds is text: names are what people call themselves. */
export interface FeedEntry {
  /** Epoch milliseconds. */
  readonly at: number
  readonly event: DomainEvent["name"]
  readonly level: "info" | "warn" | "error"
  /** The id of a connection. */
  readonly client?: string
  readonly name?: string
  /** The first half of a flight's or room's code, with its channel. */
  readonly code?: string
  readonly detail?: string
}

export interface CrashEntry {
  readonly at: number
  readonly kind: string
  readonly id: string
  readonly error: string
  readonly restarted: boolean
}

/** Something that has happened, epoch milliseconds. */
export interface Happening {
  readonly at: number
  readonly event: DomainEvent
}

const errorText = (error: unknown): string => String(describeError(error)["error"])

/** Ids of flights, rooms and stories are codes. */
const shownId = (kind: string, id: string): string =>
  kind === "flights" || kind === "rooms" || kind === "stories" ? halfOfId(id) : id

export const crashEntry = (at: number, crash: Extract<DomainEvent, { name: "system:error" }>): CrashEntry => ({
  at,
  kind: crash.kind,
  id: shownId(crash.kind, crash.id),
  error: errorText(crash.error),
  restarted: crash.restarted
})

type Parts = Partial<Omit<FeedEntry, "at" | "event">>

const partsOf = (event: DomainEvent): Parts => {
  switch (event.name) {
    case "client:connected":
      return { client: event.clientId }
    case "client:registered_details":
      return { client: event.clientId, name: event.newName }
    case "client:disconnected":
      return { client: event.clientId, ...(event.flightCode === null ? {} : { code: halfOfCode(event.flightCode) }) }
    case "client:error":
      return { level: "error", client: event.clientId, detail: errorText(event.error) }
    case "flight:created":
      return { client: event.creatorId, code: halfOfId(event.flightId) }
    case "flight:seated":
      return { client: event.memberId, name: event.memberName, code: halfOfId(event.flightId) }
    case "flight:joined":
      return {
        client: event.joinerId,
        name: event.joinerName,
        code: halfOfId(event.flightId),
        detail: event.connectionType
      }
    case "flight:left":
      return { client: event.memberId, code: halfOfId(event.flightId) }
    case "flight:invitation":
      return { client: event.from, code: halfOfCode(event.flightCode), detail: `to ${event.to}` }
    case "flight:error":
      return { level: "warn", client: event.clientId, code: halfOfCode(event.flightCode), detail: event.error }
    case "flight:ended":
      return { code: halfOfId(event.flightId), detail: event.reason }
    case "room:error":
      return {
        level: "error",
        code: halfOfCode(event.roomCode),
        detail: `${event.operation}: ${errorText(event.error)}`
      }
    case "system:error":
      return { level: "error", detail: `${event.kind} ${shownId(event.kind, event.id)}: ${errorText(event.error)}` }
  }
}

export const feedEntry = ({ at, event }: Happening): FeedEntry => ({
  at,
  event: event.name,
  level: "info",
  ...partsOf(event)
})
