/**
 * What is counted for whoever watches the server, as Prometheus reads it. Each part of the server registers what it
 * counts when it is made. Counting is adding to a number; everything else happens when somebody asks. Labels are words
 * of this program's own: nothing a client sends becomes one.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client"

interface Described<Label extends string> {
  /** Without the prefix that all of the page have. No two have the same. */
  readonly name: string
  readonly help: string
  readonly labels?: readonly Label[]
}

export interface Metrics {
  /** `read`: how many there have been, asked when somebody wants to know; absent: `inc` counts. */
  counter<Label extends string = never>(described: Described<Label> & { readonly read?: () => number }): Counter<Label>
  /** `read` sets the gauge when somebody wants to know; what it does not set any more is gone. */
  gauge<Label extends string = never>(
    described: Described<Label> & { readonly read: (gauge: Gauge<Label>) => void }
  ): void
  /** `buckets`: upper bounds. */
  histogram<Label extends string = never>(
    described: Described<Label> & { readonly buckets: readonly number[] }
  ): Histogram<Label>
  /** In the text format of Prometheus; `contentType` says which version. */
  text(): Promise<string>
  readonly contentType: string
}

/** A page of metrics whose names begin with `prefix`. */
export const createMetricsPage = (prefix: string): Metrics => pageOf(new Registry(), prefix)

/** The server's own page; the process stands on it as well. */
export const createMetrics = (version: string): Metrics => {
  const registry = new Registry()
  const page = pageOf(registry, "silktower_")
  let isAsked = false
  page.gauge({
    name: "info",
    help: "Always 1; says the version.",
    labels: ["version"],
    read: (gauge) => gauge.set({ version }, 1)
  })
  return {
    ...page,
    text: () => {
      // They watch the event loop and the collector from then on, which a server that nobody watches need not pay for.
      if (!isAsked) collectDefaultMetrics({ register: registry })
      isAsked = true
      return page.text()
    }
  }
}

const pageOf = (registry: Registry, prefix: string): Metrics => {
  const options = <Label extends string>({ name, help, labels = [] }: Described<Label>) => ({
    name: prefix + name,
    help,
    labelNames: [...labels],
    registers: [registry]
  })
  return {
    counter: ({ read, ...described }) =>
      new Counter({
        ...options(described),
        ...(read && {
          collect() {
            this.reset()
            this.inc(read())
          }
        })
      }),
    gauge: ({ read, ...described }) =>
      void new Gauge({
        ...options(described),
        collect() {
          this.reset()
          read(this)
        }
      }),
    histogram: ({ buckets, ...described }) => new Histogram({ ...options(described), buckets: [...buckets] }),
    text: () => registry.metrics(),
    contentType: registry.contentType
  }
}
