/** The log as it is counted. */
import type { Metrics } from "./metrics.ts"

export interface LogMetrics {
  /** A line was written. */
  line(level: string, message: string): void
  /** A line was left out, as too many such were written already. */
  omitted(message: string): void
  /** So many lines could not be written where they should go. */
  lost(count: number): void
}

export const createLogMetrics = (metrics: Pick<Metrics, "counter">): LogMetrics => {
  const lines = metrics.counter({
    name: "log_lines_total",
    help: "Log lines written.",
    labels: ["level", "message"]
  })
  const omitted = metrics.counter({
    name: "log_lines_omitted_total",
    help: "Log lines left out for a flood of such.",
    labels: ["message"]
  })
  const lost = metrics.counter({
    name: "log_lines_lost_total",
    help: "Log lines that standard output did not take."
  })
  return {
    line: (level, message) => lines.inc({ level, message }),
    omitted: (message) => omitted.inc({ message }),
    lost: (count) => lost.inc(count)
  }
}
