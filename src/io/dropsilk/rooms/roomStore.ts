import type { RoomRow } from "../../../machines/dropsilk/room/roomContext.ts"
import type { LastWord } from "../../../machines/dropsilk/room/roomHearing.ts"
import type { RoomRecord } from "../../../machines/dropsilk/room/roomRecord.ts"

/**
 * The port through which room actors reach their rows. Every method rejects when the database cannot be reached; what
 * the database says then is for the log, never for a client.
 */
export interface RoomStore {
  /** The live room with this code, or null when there is none or its life ended before `at` (epoch ms). */
  load(code: string, at: number): Promise<RoomRow | null>
  /** Writes a new room; `taken` when its code already has a row. */
  insert(row: RoomRow): Promise<"inserted" | "taken">
  /**
   * Replaces `before` by `after` if the row still says what `before` says (the expiry apart); `conflict` when somebody
   * else has changed or removed it. The expiry only ever moves forward, but for a room that nobody is in any more.
   */
  save(before: RoomRecord, after: RoomRecord, words: readonly LastWord[]): Promise<"saved" | "conflict">
  /** Removes the row if it still says what `before` says (the expiry apart). */
  remove(before: RoomRecord): Promise<"removed" | "conflict">
  /** Removes all rooms whose life ended before `at` (epoch ms) and says how many there were. */
  removeExpired(at: number): Promise<number>
}
