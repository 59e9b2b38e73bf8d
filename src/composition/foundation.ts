/** What lies below all protocols: telling, keeping, letting in, and the actor system in which nobody lives yet. */
import * as Redacted from "effect/Redacted"
import type { ApplicationOptions } from "../application.ts"
import type { Config } from "../config/config.ts"
import { createDeadlines } from "../io/actors/deadlines.ts"
import { startSystem } from "../io/actors/system.ts"
import { createAdmission } from "../io/admission/admission.ts"
import { clusterLines } from "../io/cluster/lines.ts"
import { openDatabase } from "../io/database/database.ts"
import { measurePool } from "../io/database/poolMetrics.ts"
import { createReadiness } from "../io/database/readiness.ts"
import { migrationsOf, tablesOf } from "../io/database/tables.ts"
import { readCertificate } from "../io/sockets/certificate.ts"
import { createRush } from "../io/sockets/rush.ts"
import { describeError } from "../io/telemetry/describeError.ts"
import { openTelemetry } from "../io/telemetry/openTelemetry.ts"
import { limits } from "../limits.ts"
import type { Protocol } from "../protocol.ts"
import { version } from "../version.ts"
import type { Acquiring } from "./acquiring.ts"

/** `served`: the protocols whose tables must be there. */
export const layFoundation = async (
  part: Acquiring,
  config: Config,
  served: readonly Protocol[],
  options: ApplicationOptions
) => {
  const now = () => Date.now()
  const startedAt = now()

  const telling = await part(
    "telemetry",
    () => openTelemetry(config, options),
    ({ close }) => close()
  )
  const { metrics, recorder, telemetry } = telling
  const { log } = telemetry
  // Before anything that others would notice.
  const certificate = await part("certificate", () => config.tls && readCertificate(config.tls))
  const tracing = await part(
    "tracing",
    // Loaded by nobody else.
    async () => config.traces && (await import("../io/telemetry/tracing.ts")).createTracing(config.traces, version),
    (tracing) => tracing?.close()
  )
  const database = await part(
    "database",
    () =>
      openDatabase({
        dataDirectory: config.dataDirectory,
        tables: tablesOf(served),
        otherMigrations: migrationsOf(served),
        ...(config.database.url === undefined ? {} : { url: Redacted.value(config.database.url) }),
        ssl: config.database.ssl,
        environment: options.environment,
        onError: (error) => log("error", "room:error", { operation: "connection", ...describeError(error) })
      }),
    (database) => database.close()
  )
  measurePool(metrics, database.pool)
  const readiness = createReadiness({
    probe: database.probe,
    isOwned: () => node?.isReady() ?? true,
    onFault: (error) => log("error", "database:fault", describeError(error)),
    timeoutMs: limits.readinessTimeoutMs,
    freshMs: limits.readinessFreshMs
  })
  const admission = createAdmission({ config, log, metrics, now })
  const rush = createRush(limits.rush)
  const deadlines = await part(
    "deadlines",
    () => createDeadlines(limits.deadlineResolutionMs, now),
    ({ close }) => close()
  )
  const { cluster } = config
  const node = await part(
    "node",
    // Loaded by nobody else.
    async () =>
      cluster &&
      (await import("../io/cluster/node.ts")).joinCluster({
        ...cluster,
        database: { ...config.database, environment: options.environment },
        protocols: served.map(({ name }) => `${name} ${config.protocols[name]?.mount}`),
        highBytes: limits.backPressureHighBytes,
        lowBytes: limits.backPressureLowBytes,
        via: options.via,
        deadlines,
        metrics,
        log: telemetry.logFor(clusterLines)
      }),
    (node) => node?.close()
  )
  const system = await part(
    "actors",
    () => {
      const { registry = node?.registry, inspect } = options
      const { drainMs, shutdownTimeoutMs } = config
      return startSystem({ recorder, drainMs, shutdownTimeoutMs, registry, inspect, now })
    },
    (system) => system.stop()
  )
  if (node !== undefined) {
    system.open([node.kind])
    await node.begin(system)
  }
  return {
    now,
    startedAt,
    telling,
    certificate,
    tracing,
    database,
    readiness,
    admission,
    rush,
    deadlines,
    node,
    system
  }
}

export type Foundation = Awaited<ReturnType<typeof layFoundation>>
