/** Refusals as they are counted. */
import type { Metrics } from "../telemetry/metrics.ts"
import type { WhereRefused } from "./refusedOrigins.ts"

/** Refusals since the start, by the name of the budget and by what a page of another origin was refused. */
export interface RefusalCounts {
  readonly budgets: Readonly<Record<string, number>>
  readonly origins: Readonly<Partial<Record<WhereRefused, number>>>
}

export interface RefusalMetrics {
  counts(): RefusalCounts
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
  const counts: { budgets: Record<string, number>; origins: Partial<Record<WhereRefused, number>> } = {
    budgets: {},
    origins: {}
  }
  return {
    counts: () => counts,
    refused: (budget) => {
      refusals.inc({ budget })
      counts.budgets[budget] = (counts.budgets[budget] ?? 0) + 1
    },
    refusedOrigin: (where) => {
      origins.inc({ where })
      counts.origins[where] = (counts.origins[where] ?? 0) + 1
    }
  }
}
