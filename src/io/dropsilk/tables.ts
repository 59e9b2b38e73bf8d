/** What DropSilk keeps: rooms, and previews that were uploaded. A table that its own server has made will do. */
import type { Tables } from "../database/tables.ts"

export const dropSilkTables: Tables = {
  rooms: {
    columns: [
      ...["room_code", "host_participant_id", "host_name", "guest_participant_id", "guest_name"],
      ...["host_screen_share_active", "guest_screen_share_active", "host_ready", "guest_ready"],
      ...["host_chat_active", "guest_chat_active", "host_file_count", "guest_file_count"],
      ...["host_total_bytes", "guest_total_bytes", "created_at", "updated_at", "expires_at"]
    ],
    // Without them nobody comes back to a room after a restart.
    laterColumns: ["departed", "last_words"],
    given: ["room_code", "host_participant_id", "host_name", "expires_at"],
    changed: "updated_at"
  },
  uploaded_files: {
    columns: ["id", "file_key", "file_url", "file_name", "uploaded_at"],
    given: ["file_key", "file_url", "file_name"],
    numbered: "id"
  }
}
