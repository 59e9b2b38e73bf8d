/** What the timed jobs of both parts do: rows that have expired are removed, some at a time. */
import type { WorkReport } from "../actors/jobs.ts"

export interface ExpiredCleanupOptions {
  /** Removes so many of those that expired before `at` (epoch ms), and says how many there were. */
  readonly remove: (at: number, most: number) => Promise<number>
  readonly batch: number
  /** What is done after that. */
  readonly afterwards?: () => Promise<void>
  readonly onRemoved: (removed: number) => void
  readonly onFault: (error: unknown) => void
  /** Epoch milliseconds. */
  readonly now: () => number
}

/** Does the work once; stops between two batches when `hurry` is aborted. */
export const createExpiredCleanup =
  ({ remove, batch, afterwards, onRemoved, onFault, now }: ExpiredCleanupOptions) =>
  async (hurry: AbortSignal): Promise<WorkReport> => {
    let removed = 0
    try {
      let last = batch
      while (last === batch && !hurry.aborted) {
        last = await remove(now(), batch)
        removed += last
      }
      await afterwards?.()
      // Every minute: where there was nothing to do there is nothing to say.
      if (removed > 0) onRemoved(removed)
      return { outcome: "complete", removed }
    } catch (error) {
      onFault(error)
      return { outcome: "failed", removed }
    }
  }
