/** What the timed jobs do: rooms whose life has ended, and previews that are old enough, are removed. */

import { describeError } from "../telemetry/describeError.ts"
import type { OldFile, UploadStore } from "./previews/uploadRows.ts"
import { describeUploadFault, type UploadThing, UploadThingFailed } from "./previews/uploadthing.ts"
import type { RoomStore } from "./rooms/roomStore.ts"
import type { DropSilkLog } from "./telling/events.ts"

export interface CleanupReport {
  readonly outcome: "complete" | "skipped" | "failed"
  /** Rows that are gone. */
  readonly removed: number
}

/** Does the work once and logs what came of it; stops half-way, where it can, when `hurry` is aborted. */
export type Cleanup = (hurry: AbortSignal) => Promise<CleanupReport>

export interface RoomCleanupOptions {
  readonly store: Pick<RoomStore, "removeExpired">
  readonly log: DropSilkLog
  /** Epoch milliseconds. */
  readonly now: () => number
}

export const createRoomCleanup =
  ({ store, log, now }: RoomCleanupOptions): Cleanup =>
  async () => {
    try {
      const removed = await store.removeExpired(now())
      log("info", "room_cleanup:complete", { removed })
      return { outcome: "complete", removed }
    } catch (error) {
      log("error", "room_cleanup:error", describeError(error))
      return { outcome: "failed", removed: 0 }
    }
  }

export interface PreviewCleanupOptions {
  readonly store: Pick<UploadStore, "findOld" | "remove">
  /** Absent: there is no usable token. */
  readonly files: Pick<UploadThing, "deleteFiles"> | undefined
  readonly retentionHours: number
  /** Files that are deleted with one question. */
  readonly batch: number
  /** So many batches that failed one after the other end a run: the others would fail as well. */
  readonly failedBatches: number
  readonly log: DropSilkLog
  /** Epoch milliseconds. */
  readonly now: () => number
}

/** Files go first, and the rows of those that are gone after them: what fails in between is found again by its row. */
export const createPreviewCleanup = (options: PreviewCleanupOptions): Cleanup => {
  const { store, files, retentionHours, batch, failedBatches, log, now } = options

  /** Gives back how many rows went and how many stayed. */
  const removeBatch = async (old: readonly OldFile[], { deleteFiles }: Pick<UploadThing, "deleteFiles">) => {
    const { remaining } = await deleteFiles(old.map(({ key }) => key))
    const gone = old.filter(({ key }) => !remaining.has(key))
    const removed = gone.length === 0 ? 0 : await store.remove(gone.map(({ id }) => id))
    return { removed, kept: old.length - gone.length }
  }

  return async (hurry) => {
    if (files === undefined) {
      log("info", "cleanup:skipped", { reason: "UPLOADTHING_TOKEN is not set, or unusable: see system:startup" })
      return { outcome: "skipped", removed: 0 }
    }
    const before = now() - retentionHours * 3_600_000
    log("info", "cleanup:start", { olderThan: new Date(before).toISOString() })

    let [removed, kept, afterId, failures] = [0, 0, 0, 0]
    let fault: unknown
    try {
      while (!hurry.aborted && failures < failedBatches) {
        const old = await store.findOld({ before, afterId, limit: batch })
        const last = old.at(-1)
        if (last === undefined) break
        afterId = last.id
        try {
          const done = await removeBatch(old, files)
          removed += done.removed
          kept += done.kept
          failures = 0
        } catch (error) {
          if (!(error instanceof UploadThingFailed)) throw error
          fault = error
          kept += old.length
          failures++
        }
      }
    } catch (error) {
      fault = error
    }
    if (fault === undefined && kept === 0) {
      log("info", "cleanup:complete", { removed })
      return { outcome: "complete", removed }
    }
    const reason =
      fault === undefined ? { provider: "uploadthing", error: "did not delete all files" } : describeUploadFault(fault)
    log("error", "cleanup:error", { removed, kept, ...reason })
    return { outcome: "failed", removed }
  }
}
