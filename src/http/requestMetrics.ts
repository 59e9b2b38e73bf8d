/** Requests as they are counted. */
import type { Histogram } from "prom-client"
import type { Metrics } from "../io/telemetry/metrics.ts"

export interface RequestMetrics {
  /** A request was answered; route and method are of few. */
  answered(route: string, method: string, status: number, seconds: number): void
}

export const createRequestMetrics = (metrics: Pick<Metrics, "histogram">): RequestMetrics => {
  const durations = metrics.histogram({
    name: "http_request_duration_seconds",
    help: "From the head of a request to the end of its answer.",
    labels: ["route", "method", "status"],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
  })
  // Looking a child up by its labels costs more than counting it; so would a long text to find it by.
  const answers = new Map<string, Map<string, Histogram.Internal<string>>>()

  return {
    answered: (route, method, status, seconds) => {
      let ofRoute = answers.get(route)
      if (ofRoute === undefined) answers.set(route, (ofRoute = new Map()))
      const statusClass = `${Math.floor(status / 100)}xx`
      const key = method + statusClass
      let answer = ofRoute.get(key)
      if (answer === undefined) ofRoute.set(key, (answer = durations.labels({ route, method, status: statusClass })))
      answer.observe(seconds)
    }
  }
}
