/** What the timed job does: codes that have expired are removed. */
import type { WorkReport } from "../../actors/jobs.ts"
import { describeError } from "../../telemetry/describeError.ts"
import type { NoisyTransferLog } from "../telling/events.ts"
import type { CodeStore } from "./codeRows.ts"

export interface CodeCleanupOptions {
  readonly store: Pick<CodeStore, "removeExpired">
  readonly log: NoisyTransferLog
  /** Epoch milliseconds. */
  readonly now: () => number
}

/** Does the work once and logs what came of it. */
export const createCodeCleanup =
  ({ store, log, now }: CodeCleanupOptions) =>
  async (): Promise<WorkReport> => {
    try {
      const removed = await store.removeExpired(now())
      // Every minute: where there was nothing to do there is nothing to say.
      if (removed > 0) log("info", "code_cleanup:complete", { removed })
      return { outcome: "complete", removed }
    } catch (error) {
      log("error", "code_cleanup:error", describeError(error))
      return { outcome: "failed", removed: 0 }
    }
  }
