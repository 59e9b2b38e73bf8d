/** Frames as they are counted: by what they are, and how long a signal takes to its peer. */
import { limits } from "../../limits.ts"
import type { Metrics } from "../telemetry/metrics.ts"

export interface FrameMetrics {
  /** A frame was read that is no signal: its type, or the fault that it was refused with. */
  frame(outcome: string): void
  /** When this frame came (performance.now()), or 0 for one that is not measured. */
  arrived(): number
  /** The frame was a signal and is with its peer's socket, if it has a peer. `arrivedAt`: what `arrived` gave. */
  relayed(arrivedAt: number): void
}

export const createFrameMetrics = (metrics: Pick<Metrics, "counter" | "histogram">): FrameMetrics => {
  let arrivals = 0
  let signals = 0
  const frames = metrics.counter({
    name: "frames_total",
    help: "Frames read other than relayed signals, by type or by the fault.",
    labels: ["outcome"]
  })
  metrics.counter({ name: "signals_total", help: "Signal frames read, relayed or not.", read: () => signals })
  const relay = metrics.histogram({
    name: "relay_duration_seconds",
    help: `From reading a signal to handing it to the peer's socket, measured of one frame in ${limits.relaySample}.`,
    buckets: [0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25]
  })

  return {
    frame: (outcome) => frames.inc({ outcome }),
    arrived: () => (arrivals++ % limits.relaySample === 0 ? performance.now() : 0),
    relayed: (arrivedAt) => {
      signals++
      if (arrivedAt !== 0) relay.observe((performance.now() - arrivedAt) / 1000)
    }
  }
}
