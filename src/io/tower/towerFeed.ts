/** Domain events and crashes as the tower page shows them. */
import type { ActorCrashed } from "../../machines/events.ts"
import { errorText } from "../telemetry/describeError.ts"
import type { ShownId } from "../telemetry/events/coreEvents.ts"
import type { EventRow, FeedParts, Level, NamedEvent } from "../telemetry/events/eventTable.ts"
import type { TowerPart } from "./towerPart.ts"

export interface FeedEntry extends FeedParts {
  /** Epoch milliseconds. */
  readonly at: number
  readonly event: string
  readonly level: Level
  /** What has happened, in words. */
  readonly says: string
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
  readonly event: NamedEvent
  readonly row: EventRow<NamedEvent>
}

/** Ids as all parts together let them be shown. */
export const shownIdOf = (parts: readonly TowerPart[]): ShownId => {
  const shortened: TowerPart["shownIds"] = Object.assign({}, ...parts.map(({ shownIds }) => shownIds))
  return (kind, id) => shortened[kind]?.(id) ?? id
}

export const crashEntry = (at: number, { kind, id, error, restarted }: ActorCrashed, shownId: ShownId): CrashEntry => ({
  at,
  kind,
  id: shownId(kind, id),
  error: errorText(error),
  restarted
})

export const feedEntry = ({ at, event, row }: Happening): FeedEntry => ({
  at,
  event: event.name,
  level: row.line?.level ?? "info",
  says: row.feed?.says ?? event.name,
  ...row.feed?.parts(event)
})
