/** What topic offers keep. */
import { secretTables } from "../../database/keptKey.ts"
import type { Tables } from "../../database/tables.ts"

export const offerTables: Tables = {
  rondevu_offers: {
    columns: [
      ...["id", "arrival", "peer_id", "sdp", "topics", "secret", "info", "created_at", "expires_at"],
      ...["answerer_peer_id", "answer_sdp", "answered_at", "bytes", "revision"]
    ],
    given: ["id", "peer_id", "sdp", "topics", "created_at", "expires_at"],
    changed: "expires_at",
    numbered: "arrival"
  },
  rondevu_topics: {
    columns: ["topic", "offer_id", "peer_id", "created_at", "arrival", "expires_at"],
    given: ["topic", "offer_id", "peer_id", "created_at", "arrival", "expires_at"],
    changed: "expires_at"
  },
  rondevu_candidates: {
    columns: ["offer_id", "created_at", "role", "peer_id", "candidate"],
    given: ["offer_id", "created_at", "role", "peer_id", "candidate"]
  },
  ...secretTables
}
