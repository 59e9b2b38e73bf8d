/** The cluster as this node sees it, for whoever counts. */
import type { Metrics } from "../telemetry/metrics.ts"
import type { Channels } from "./channels.ts"
import type { Cluster } from "./cluster.ts"
import type { Passages } from "./passages.ts"

/** Connections that are another node's. */
export const measurePassages = (metrics: Pick<Metrics, "gauge">, passages: Pick<Passages, "count">): void =>
  metrics.gauge({
    name: "cluster_passed_connections",
    help: "Connections of clients that this node passes on to another one.",
    read: (gauge) => gauge.set(passages.count)
  })

export const measureCluster = (
  metrics: Pick<Metrics, "counter" | "gauge">,
  {
    router,
    shardStates,
    others
  }: Pick<Cluster, "shardStates" | "others"> & {
    readonly router: Pick<Cluster["router"], "counts" | "waiting">
  },
  /** Undefined: they are not there yet. */
  channels: () => Pick<Channels, "bytes"> | undefined
): void => {
  metrics.gauge({
    name: "cluster_shards",
    help: "Shards of the cluster's names by what they are on this node: open are those whose actors live here.",
    labels: ["state"],
    read: (gauge) => {
      for (const [state, shards] of shardStates()) gauge.set({ state }, shards)
    }
  })
  metrics.gauge({
    name: "cluster_nodes",
    help: "Nodes of the cluster that this one can speak to, itself included.",
    read: (gauge) => gauge.set(others().length + 1)
  })
  metrics.gauge({
    name: "cluster_waiting_events",
    help: "Events for actors of whose owner nothing is known at the moment.",
    read: (gauge) => gauge.set(router.waiting)
  })
  for (const [direction, help] of [
    ["sent", "Bytes that went to other nodes over the channels."],
    ["received", "Bytes that came from other nodes over the channels."]
  ] as const) {
    metrics.counter({
      name: `cluster_channel_bytes_${direction}_total`,
      help,
      read: () => channels()?.bytes()[direction] ?? 0
    })
  }
  for (const [name, help] of [
    ["forwarded", "Events that went to actors of other nodes."],
    ["waited", "Events that waited until it was known whose actor they were for."],
    ["sentBack", "Events of other nodes for actors that had moved on."],
    ["unavailable", "Events that waited in vain, or whose node had gone."]
  ] as const) {
    metrics.counter({
      name: `cluster_events_${name === "sentBack" ? "sent_back" : name}_total`,
      help,
      read: () => router.counts[name]
    })
  }
}
