/** The connections to the database, for whoever counts. */
import type { DatabasePool } from "slonik"
import type { Metrics } from "../telemetry/metrics.ts"

export const measurePool = (metrics: Pick<Metrics, "gauge">, pool: Pick<DatabasePool, "state">): void =>
  metrics.gauge({
    name: "database_connections",
    help: "Connections to the database by what they do, and statements that wait for one.",
    labels: ["state"],
    read: (gauge) => {
      const { acquiredConnections, idleConnections, waitingClients } = pool.state()
      gauge.set({ state: "busy" }, acquiredConnections)
      gauge.set({ state: "idle" }, idleConnections)
      gauge.set({ state: "waiting" }, waitingClients)
    }
  })
