/** A recorder with all that it tells: its lines, its counters, its feed. */
import { Writable } from "node:stream"
import type { EventRow, NamedEvent } from "../../src/io/telemetry/events/eventTable.ts"
import { createRecorder } from "../../src/io/telemetry/events/recorder.ts"
import { createMetrics } from "../../src/io/telemetry/metrics.ts"
import { createTelemetry, type TelemetryOptions } from "../../src/io/telemetry/telemetry.ts"

export const createLog = (options: Partial<TelemetryOptions> = {}) => {
  let text = ""
  const output = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      text += chunk.toString()
      done()
    }
  })
  const telemetry = createTelemetry({ level: "info", bufferSize: 100, lineUnits: 10_000, output, ...options })
  return { ...telemetry, written: () => text, parsed: () => telemetry.lines().map((line) => JSON.parse(line)) }
}

export const createRecording = (options: Partial<TelemetryOptions> = {}) => {
  const log = createLog(options)
  const metrics = createMetrics("1.2.3")
  const shown: (readonly [NamedEvent, EventRow<NamedEvent>])[] = []
  const recorder = createRecorder({ telemetry: log, metrics })
  recorder.subscribe((...event) => shown.push(event))
  return { ...log, recorder, metrics, shown }
}
