/** Tells of those who are none of this cluster's nodes, or take this one for none of theirs, and of those that cannot be reached. */
import { limits } from "../../limits.ts"
import { createTokenBuckets } from "../admission/tokenBuckets.ts"
import type { Log } from "../telemetry/telemetry.ts"
import type { GreetingFault } from "./greeting.ts"

export type RefusalLine = "cluster:refused" | "cluster:refused_by"

const createLines = () => {
  const now = () => performance.now()
  return createTokenBuckets({ burst: 1, perSecond: 1000 / limits.refusalLineMs, keys: 1000, now })
}

/** One line a minute for each node that is in the registry, and to which there is no way. */
export const createUnreached = (log: Log<"cluster:unreached">) => {
  const lines = createLines()
  return (node: string, error: string): void => {
    if (lines.take(node) === 0) log("warn", "cluster:unreached", { node, error })
  }
}

/** One line a minute for each node and reason. */
export const createRefusals = (log: Log<RefusalLine>) => {
  const lines = createLines()
  return (line: RefusalLine) =>
    (node: string, reason: GreetingFault): void => {
      if (lines.take(`${line} ${node} ${reason}`) === 0) log("warn", line, { node, reason })
    }
}
