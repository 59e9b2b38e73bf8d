/** What is told of sessions: in the log, in counters and on the tower page. Never codes, topics, labels or what is in them. */
import { limits } from "../../../../limits.ts"
import type { SessionEventTold } from "../../../../machines/rondevu/session/events.ts"
import { describeError } from "../../../telemetry/describeError.ts"
import type { EventTable } from "../../../telemetry/events/eventTable.ts"
import { type LineBudget, type LineBudgets, request, unlimited } from "../../../telemetry/lineBudgets.ts"
import type { Log } from "../../../telemetry/telemetry.ts"

/** What a single request is enough for, of people who are many. */
const peerRequest: LineBudget = { address: limits.linesAMinute.ofRequests, all: limits.linesAMinute.ofAll }

/** Lines that are no events'. */
export const lines = {
  "sessions:error": request,
  "sessions:cleaned": unlimited,
  "sessions:cleanup_error": unlimited
} as const satisfies LineBudgets

/** Writes them. */
export type SessionsLog = Log<keyof typeof lines>

/** What happens at the desk, which no actor looks after. */
export type DeskEvent =
  | { readonly name: "sessions:begun"; readonly ip: string }
  /** In the same words again counts as well. */
  | { readonly name: "sessions:answered"; readonly ip: string }
  /** A bucket has as many sessions as it may. */
  | { readonly name: "sessions:bucket_full"; readonly ip: string }

export const events: EventTable<SessionEventTold | DeskEvent> = {
  "session:error": {
    line: {
      level: "error",
      budget: request,
      fields: ({ operation, error }) => ({ operation, ...describeError(error) })
    },
    counter: {
      name: "rondevu_session_faults_total",
      help: "Faults of the database at a session in use.",
      labels: { operation: ({ operation }) => operation }
    },
    feed: { says: "could not be read or written: a session", parts: ({ operation }) => ({ detail: operation }) }
  },
  "sessions:begun": {
    line: { level: "info", budget: peerRequest, address: ({ ip }) => ip, fields: ({ ip }) => ({ ip }) },
    counter: { name: "rondevu_sessions_begun_total", help: "Sessions that have been begun." },
    feed: { says: "a session was begun", parts: () => ({}) }
  },
  "sessions:answered": {
    line: { level: "info", budget: peerRequest, address: ({ ip }) => ip, fields: ({ ip }) => ({ ip }) },
    counter: {
      name: "rondevu_sessions_answered_total",
      help: "Answers that were taken, or were the one that was there."
    },
    feed: { says: "a session was answered", parts: () => ({}) }
  },
  "sessions:bucket_full": {
    line: { level: "warn", budget: peerRequest, address: ({ ip }) => ip, fields: ({ ip }) => ({ ip }) },
    counter: {
      name: "rondevu_session_buckets_full_total",
      help: "Sessions that were refused as their bucket was full."
    },
    feed: { says: "a bucket of sessions is full", parts: () => ({}) }
  }
}
