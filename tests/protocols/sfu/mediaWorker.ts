import { describe, expect, it } from "vitest"
import { findWorkerBinary } from "../../../src/io/sfu/engine/workerBinary.ts"

const named = process.env["MEDIASOUP_WORKER_BIN"] || undefined
const missing = await findWorkerBinary(named).then(
  () => undefined,
  (error: Error) => error.message
)

/** What a server in a test is told, so that it has the worker that the tests have. */
export const mediaWorkerSetting: Readonly<Record<string, string>> =
  named === undefined ? {} : { MEDIASOUP_WORKER_BIN: named }

/** A suite that needs a real media worker. Without one it is skipped, with a line that says so; in CI it fails instead. */
export const describeWithMediaWorker = (name: string, suite: () => void): void => {
  if (missing === undefined) return void describe(name, suite)
  if (process.env["CI"]) {
    return void describe(name, () => it("finds a media worker", () => expect.fail(missing)))
  }
  console.warn(`SKIPPED ${name}: ${missing}`)
  describe.skip(name, suite)
}
