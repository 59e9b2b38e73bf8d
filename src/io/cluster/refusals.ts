/** Tells of those who are none of this cluster's nodes, or take this one for none of theirs. */
import { limits } from "../../limits.ts"
import { createTokenBuckets } from "../admission/tokenBuckets.ts"
import type { Log } from "../telemetry/telemetry.ts"
import type { Refusal } from "./greeting.ts"

export type RefusalLine = "cluster:refused" | "cluster:refused_by"

/** One line a minute for each node and reason. */
export const createRefusals = (log: Log<RefusalLine>) => {
  const now = () => performance.now()
  const lines = createTokenBuckets({ burst: 1, perSecond: 1000 / limits.refusalLineMs, keys: 1000, now })
  return (line: RefusalLine) =>
    (node: string, reason: Refusal): void => {
      if (lines.take(`${line} ${node} ${reason}`) === 0) log("warn", line, { node, reason })
    }
}
