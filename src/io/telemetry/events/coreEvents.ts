/** What is told of the core's own events. */
import type { CoreEvent } from "../../../machines/events.ts"
import { describeError, errorText } from "../describeError.ts"
import { coreLines } from "../lineBudgets.ts"
import type { EventTable } from "./eventTable.ts"

/** An actor's id as the tower page may show it. */
export type ShownId = (kind: string, id: string) => string

/** `shownId`: as much of an id as the tower page may show. */
export const coreEvents = (shownId: ShownId): EventTable<CoreEvent> => ({
  "system:error": {
    line: {
      level: "error",
      budget: coreLines["system:error"],
      fields: ({ kind, id, restarted, error }) => ({ kind, id, restarted, ...describeError(error) })
    },
    counter: {
      name: "actor_crashes_total",
      help: "Actors that have crashed.",
      labels: { kind: ({ kind }) => kind, restarted: ({ restarted }) => String(restarted) }
    },
    feed: {
      says: "an actor has crashed",
      parts: ({ kind, id, error }) => ({ detail: `${kind} ${shownId(kind, id)}: ${errorText(error)}` })
    }
  }
})
