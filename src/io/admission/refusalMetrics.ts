/** Refusals as they are counted. */
import type { Metrics } from "../telemetry/metrics.ts"
import type { WhereRefused } from "./refusedOrigins.ts"

export interface RefusalMetrics {
  /** Somebody was refused for having spent a budget. */
  refused(budget: string): void
  /** A page of an origin that is not allowed was refused something. */
  refusedOrigin(where: WhereRefused): void
}

export const createRefusalMetrics = (metrics: Pick<Metrics, "counter">): RefusalMetrics => {
  const refusals = metrics.counter({
    name: "refusals_total",
    help: "Refused for a spent budget.",
    labels: ["budget"]
  })
  const origins = metrics.counter({
    name: "origin_refusals_total",
    help: "Refused for an Origin that is not allowed.",
    labels: ["where"]
  })
  return { refused: (budget) => refusals.inc({ budget }), refusedOrigin: (where) => origins.inc({ where }) }
}
