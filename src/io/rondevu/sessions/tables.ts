/** What the older sessions keep. */
import type { Tables } from "../../database/tables.ts"

export const sessionTables: Tables = {
  rondevu_sessions: {
    columns: [
      ...["bucket", "code", "arrival", "topic", "label", "offer", "answer"],
      ...["created_at", "expires_at", "revision"]
    ],
    given: ["bucket", "code", "topic", "label", "offer", "created_at", "expires_at"],
    changed: "answer",
    numbered: "arrival"
  },
  rondevu_session_candidates: {
    columns: ["bucket", "code", "side", "position", "candidate"],
    given: ["bucket", "code", "side", "candidate"],
    numbered: "position"
  }
}
