/** When participants have polled of whose polls their rooms do not hear. */
import type { AnyActorRef } from "xstate"
import type { Polled } from "../../../machines/dropsilk/room/roomHearing.ts"
import { participantsOf, type RoomRecord } from "../../../machines/dropsilk/room/roomRecord.ts"

export const createPolls = () => {
  /** When each participant of a room has polled last. */
  const lastPolls = new WeakMap<AnyActorRef, Map<string, number>>()

  return {
    /** Whether a poll of this participant has been noted. */
    has: (room: AnyActorRef, participantId: string): boolean => lastPolls.get(room)?.has(participantId) === true,
    /** `inside`: the room as the participant was told of it. `at` in epoch milliseconds. */
    note: (room: AnyActorRef, inside: RoomRecord, participantId: string, at: number): void => {
      const polls = lastPolls.get(room) ?? new Map<string, number>()
      lastPolls.set(room, polls.set(participantId, at))
      if (polls.size <= 2) return
      // Two are in a room; of a third, one has gone.
      const staying = new Set(participantsOf(inside).map(({ id }) => id))
      for (const id of polls.keys()) if (!staying.has(id)) polls.delete(id)
    },
    of: (room: AnyActorRef | undefined): readonly Polled[] =>
      [...((room && lastPolls.get(room)) ?? [])].map(([participantId, at]) => ({ participantId, at }))
  }
}

export type Polls = ReturnType<typeof createPolls>
