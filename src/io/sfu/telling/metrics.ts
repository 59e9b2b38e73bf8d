/** What is counted of the SFU when somebody asks; what happens is counted with its event. */
import type { Metrics } from "../../telemetry/metrics.ts"
import type { Census } from "./census.ts"
import type { Usage } from "./usage.ts"

export interface SfuMetricsOptions {
  readonly metrics: Pick<Metrics, "gauge">
  readonly usage: Usage
  readonly census: () => Census
  /** Conferences that have a router. */
  readonly routers: () => number
}

/** What is read but once in a moment, as all gauges of a page are. */
const onceAMoment = <A>(read: () => A): (() => A) => {
  let known: { readonly value: A } | undefined
  return () => {
    if (known === undefined) {
      known = { value: read() }
      queueMicrotask(() => {
        known = undefined
      })
    }
    return known.value
  }
}

export const measureSfu = ({ metrics, usage, routers, ...options }: SfuMetricsOptions): void => {
  // It walks over everybody.
  const census = onceAMoment(options.census)
  metrics.gauge({
    name: "sfu_routers",
    help: "Conferences that have a router now.",
    read: (gauge) => gauge.set(routers())
  })
  metrics.gauge({
    name: "sfu_transports",
    help: "Transports that participants have now.",
    labels: ["state"],
    read: (gauge) => {
      for (const [state, count] of Object.entries(census().transports)) gauge.set({ state }, count)
    }
  })
  metrics.gauge({
    name: "sfu_producers",
    help: "Producers that participants have now.",
    labels: ["kind"],
    read: (gauge) => {
      for (const [kind, count] of Object.entries(census().producers)) gauge.set({ kind }, count)
    }
  })
  metrics.gauge({
    name: "sfu_consumers",
    help: "Consumers that participants have now.",
    read: (gauge) => gauge.set(census().consumers)
  })
  metrics.gauge({
    name: "sfu_worker_cpu_seconds",
    help: "CPU time that a media worker has used since its start.",
    labels: ["worker"],
    read: (gauge) => {
      for (const { worker, cpuSeconds } of usage.workers()) gauge.set({ worker }, cpuSeconds)
    }
  })
}
