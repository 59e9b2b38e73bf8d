/** What is counted of NoisyTransfer on a page of its own, under the names that its dashboards know. */
import type { Histogram } from "prom-client"
import type { NoisyTransferEvent } from "../../../machines/noisytransfer/events.ts"
import type { Metrics } from "../../telemetry/metrics.ts"
import type { FrameLabel } from "../sockets/frames.ts"
import type { CodeEvent } from "./events.ts"

export interface RelayMetricsOptions {
  readonly page: Metrics
  /** Rooms with at least one side, and connections with a seat. */
  readonly rooms: () => number
  readonly peers: () => number
  /** Different words for how two are connected that are counted by themselves. */
  readonly modes: number
}

export interface RelayMetrics {
  frameIn(label: FrameLabel, bytes: number): void
  frameOut(label: FrameLabel, bytes: number): void
  roundTrip(milliseconds: number): void
  /** Takes every event; those that nothing is counted of change nothing. */
  hear(event: NoisyTransferEvent | CodeEvent): void
}

const bytes = [64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576]
const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const secondsToFlow = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300]

export const createRelayMetrics = ({ page, rooms, peers, modes }: RelayMetricsOptions): RelayMetrics => {
  const connections = page.counter({ name: "ws_connections_total", help: "WebSocket upgrades accepted." })
  page.gauge({ name: "rooms_active", help: "Rooms with at least one side.", read: (gauge) => gauge.set(rooms()) })
  page.gauge({ name: "peers_active", help: "Connections with a seat.", read: (gauge) => gauge.set(peers()) })
  const roundTrips = page.histogram({ name: "ws_rtt_seconds", help: "Ping to pong.", buckets: seconds })
  const firstFlows = page.histogram({
    name: "session_time_to_first_flow_seconds",
    help: "From the room's first seat to its first ice-connected.",
    buckets: secondsToFlow
  })
  const messages = page.counter({ name: "ws_messages_total", help: "Frames read.", labels: ["type"] })
  const signals = page.counter({ name: "signal_messages_total", help: "Frames read, by type.", labels: ["type"] })
  const signalBytes = page.counter({
    name: "signal_bytes_total",
    help: "Bytes of frames, by type.",
    labels: ["dir", "type"]
  })
  const frameBytes: Histogram<"dir"> = page.histogram({
    name: "ws_frame_bytes",
    help: "Sizes of frames.",
    labels: ["dir"],
    buckets: bytes
  })
  const established = page.counter({
    name: "session_established_total",
    help: "Rooms that have told ice-connected.",
    labels: ["mode"]
  })
  const failed = page.counter({ name: "session_failed_total", help: "Every ice-failed told.", labels: ["reason"] })

  const seats = page.counter({
    name: "contested_seats_total",
    help: "Sides that somebody wanted and another had: refused, or taken over from a dead socket of the same session.",
    labels: ["outcome"]
  })
  const mailboxes = page.counter({
    name: "mailbox_refusals_total",
    help: "Items that did not fit into a mailbox, by the limit in the way.",
    labels: ["reason"]
  })
  const minted = page.counter({
    name: "rendezvous_codes_minted_total",
    help: "Codes minted, by their length.",
    labels: ["digits"]
  })
  const redeemed = page.counter({ name: "rendezvous_codes_redeemed_total", help: "Codes redeemed." })
  const refused = page.counter({
    name: "rendezvous_codes_refused_total",
    help: "Codes that were no good.",
    labels: ["reason"]
  })

  const known = new Set<string>(["unspecified", "other"])
  /** Clients choose the words: only so many become labels. */
  const modeLabel = (mode: string): string => {
    if (known.size < modes + 2) known.add(mode)
    return known.has(mode) ? mode : "other"
  }

  return {
    frameIn: (type, size) => {
      messages.inc({ type })
      signals.inc({ type })
      signalBytes.inc({ dir: "in", type }, size)
      frameBytes.observe({ dir: "in" }, size)
    },
    frameOut: (type, size) => {
      signalBytes.inc({ dir: "out", type }, size)
      frameBytes.observe({ dir: "out" }, size)
    },
    roundTrip: (milliseconds) => roundTrips.observe(milliseconds / 1000),
    hear: (event) => {
      switch (event.name) {
        case "relay:connected":
          return connections.inc()
        case "relay:established":
          firstFlows.observe(event.afterMs / 1000)
          return established.inc({ mode: modeLabel(event.mode) })
        case "relay:failed":
          return failed.inc({ reason: "ice-failed" })
        case "relay:refused":
          return seats.inc({ outcome: "refused" })
        case "relay:replaced":
          return seats.inc({ outcome: "replaced" })
        case "relay:mailbox_full":
          return mailboxes.inc({ reason: event.reason })
        case "rendezvous:minted":
          return minted.inc({ digits: String(event.digits) })
        case "rendezvous:redeemed":
          return redeemed.inc()
        case "rendezvous:refused":
          return refused.inc({ reason: event.reason })
      }
    }
  }
}
