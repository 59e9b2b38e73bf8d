/** What happens with a session, in the words that operators search their logs for. */
import type { Operation } from "../../record/storage.ts"

/** Never the session's code, its topic, or who is in it. */
export type SessionEventTold = {
  readonly name: "session:error"
  readonly operation: Operation
  readonly error: unknown
}
