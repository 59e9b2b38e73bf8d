/**
 * A room: one durable meeting place of two participants, and the only writer of its row.
 *
 * Write-through: a change is made in the draft, saved, and only then answered, so that no answer speaks of something a
 * crash can undo. Changes that arrive while a save is under way go out together in the next one. A poll is answered
 * from what is saved, less whoever has left since: that is a fact, and its peer has been told. An extension of the
 * room's life is remembered and written when it has grown large enough, or when the actor goes to rest.
 *
 * Its three regions have a file each: roomOccupancy.ts, roomStorage.ts, roomAttendance.ts.
 */
import type { SnapshotFrom } from "xstate"
import { attendance } from "./roomAttendance.ts"
import { newRoomContext } from "./roomContext.ts"
import { occupancy } from "./roomOccupancy.ts"
import { type RoomRecord, roleOf } from "./roomRecord.ts"
import { roomSetup } from "./roomSetup.ts"
import { creating, loading, storage } from "./roomStorage.ts"

export const roomMachine = roomSetup.createMachine({
  id: "room",
  description:
    "One durable room. Its occupancy follows what has been decided, its storage sees to it that nothing is answered before it is saved, and its attendance keeps it alive while somebody is attached.",
  context: ({ input }) => newRoomContext(input),
  initial: "opening",
  states: {
    opening: {
      always: [{ guard: "isCreation", target: "creating" }, { target: "loading" }]
    },
    creating,
    loading,
    open: {
      type: "parallel",
      on: {
        "sideSeat.taken": { actions: "takeSideSeat" },
        "sideSeat.freed": { actions: "freeSideSeat" }
      },
      states: { occupancy, storage, attendance }
    },
    gone: { type: "final", description: "The actor ends; the row, if there still is one, remains." }
  }
})

/** A poll that follows what was last said within this share of the time to rest, or to live, is no event. */
const quietShare = 0.1

/**
 * What a participant's poll is answered with when the room has been spoken to only just now, so that one event more would
 * change nothing but a clock by seconds; the room hears of it when somebody wants a place there (`polled`). Null: the room
 * itself must be asked.
 */
export const readQuietly = (
  { context, value, status }: SnapshotFrom<typeof roomMachine>,
  participantId: string,
  at: number
): RoomRecord | null => {
  const { saved, draft, owed, decided, spokenAt, expiresAt, settings } = context
  const isQuiet = at >= spokenAt && at - spokenAt < quietShare * Math.min(settings.restMs, settings.timeToLiveMs)
  if (!isQuiet || status !== "active" || typeof value === "string" || !("open" in value)) return null
  if (value.open.attendance === "resting" || value.open.attendance === "closing") return null
  if (saved === null || saved !== draft || owed.length > 0 || decided.length > 0) return null
  return roleOf(saved, participantId) === null ? null : { ...saved, expiresAt }
}
