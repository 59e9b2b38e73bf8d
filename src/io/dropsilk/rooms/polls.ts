/** When participants have polled of whose polls their rooms do not hear. */
import type { AnyActorRef } from "xstate"
import type { Polled } from "../../../machines/dropsilk/room/roomHearing.ts"

export const createPolls = () => {
  /** When each participant of a room has polled last. */
  const lastPolls = new WeakMap<AnyActorRef, Map<string, number>>()

  return {
    /** Whether a poll of this participant has been noted. */
    has: (room: AnyActorRef, participantId: string): boolean => lastPolls.get(room)?.has(participantId) === true,
    /** `at` in epoch milliseconds. */
    note: (room: AnyActorRef, participantId: string, at: number): void => {
      const polls = lastPolls.get(room)
      if (polls === undefined) return void lastPolls.set(room, new Map([[participantId, at]]))
      if (polls.has(participantId) || polls.size < 2) return void polls.set(participantId, at)
      // Two are in a room; of a third, one has gone, and whoever has not says so with the next poll.
      polls.clear()
      polls.set(participantId, at)
    },
    of: (room: AnyActorRef | undefined): readonly Polled[] =>
      [...((room && lastPolls.get(room)) ?? [])].map(([participantId, at]) => ({ participantId, at }))
  }
}

export type Polls = ReturnType<typeof createPolls>
