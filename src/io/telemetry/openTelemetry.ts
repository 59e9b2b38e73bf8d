/** Everything by which the server tells of itself: its log, what it counts, and what it records of events. */
import type { Config } from "../../config/config.ts"
import { limits } from "../../limits.ts"
import { version } from "../../version.ts"
import { createRecorder, type Recorder } from "./events/recorder.ts"
import { createLineBudgets } from "./lineBudgets.ts"
import { createLogMetrics } from "./logMetrics.ts"
import type { LogOutput } from "./logOutput.ts"
import { createMetrics, type Metrics } from "./metrics.ts"
import { createTelemetry, type Telemetry } from "./telemetry.ts"

export interface TellingOptions {
  /** Where log lines go. */
  readonly output: LogOutput
  /** Readable log lines instead of JSON. */
  readonly pretty: boolean
}

export interface Telling {
  readonly metrics: Metrics
  readonly telemetry: Telemetry
  readonly recorder: Recorder
  close(): void
}

export const openTelemetry = async (
  { logLevel, logs }: Pick<Config, "logLevel" | "logs">,
  { output, pretty }: TellingOptions
): Promise<Telling> => {
  const metrics = createMetrics(version)
  const logMetrics = createLogMetrics(metrics)
  const telemetry = createTelemetry({
    level: logLevel,
    bufferSize: logs.bufferSize,
    lineUnits: limits.logLineUnits,
    admits: createLineBudgets(() => performance.now()),
    omittedMs: limits.omittedLinesMs,
    onLine: logMetrics.line,
    onOmitted: logMetrics.omitted,
    output,
    // Loaded where a person reads.
    readable: pretty ? (await import("./readableLines.ts")).createReadableLines() : undefined
  })
  output.onLoss?.({
    lost: logMetrics.lost,
    recovered: (lost, error) => telemetry.log("warn", "system:output", { lost, error })
  })
  return { metrics, telemetry, recorder: createRecorder({ telemetry, metrics }), close: telemetry.close }
}
