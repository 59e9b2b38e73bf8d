/** Whether calls could be carried. */
import { type Finding, fault, good } from "../../../check/finding.ts"
import { findWorkerBinary } from "./workerBinary.ts"

export const checkWorker = async (named: string | undefined): Promise<Finding> => {
  const about = "media worker"
  try {
    return good(about, `The media worker ${await findWorkerBinary(named)} runs here.`)
  } catch (error) {
    const { message } = error as Error
    return fault(about, `Calls cannot be carried: ${message}`)
  }
}
