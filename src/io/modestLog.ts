/** A log for what strangers can bring about as often as they like: what they do must not wash everything else out. */
import type { Telemetry } from "./telemetry.ts"
import type { TokenBuckets } from "./tokenBuckets.ts"

/** Writes the lines of one message while its bucket has tokens. The next one written says how many were `omitted`. */
export const createModestLog = (log: Telemetry["log"], buckets: Pick<TokenBuckets, "take">): Telemetry["log"] => {
  const omitted = new Map<string, number>()
  return (level, message, fields) => {
    const before = omitted.get(message) ?? 0
    if (buckets.take(message) > 0) {
      omitted.set(message, before + 1)
      return
    }
    omitted.delete(message)
    log(level, message, before === 0 ? fields : { ...fields, omitted: before })
  }
}
