/**
 * The composition root: every part of the server, put together from a Config and the protocols it serves. Parts are
 * acquired in order and released in reverse. Tests build servers with it too.
 */
import type { Server as SecureServer } from "node:https"
import type { AddressInfo } from "node:net"
import * as Redacted from "effect/Redacted"
import type { InspectionEvent } from "xstate"
import { type Acquiring, acquireAll } from "./acquiring.ts"
import type { Config } from "./config/config.ts"
import { openFront } from "./front.ts"
import { createDeadlines } from "./io/actors/deadlines.ts"
import { startSystem } from "./io/actors/system.ts"
import { createAdmission } from "./io/admission/admission.ts"
import { openDatabase } from "./io/database/database.ts"
import { measurePool } from "./io/database/poolMetrics.ts"
import { createReadiness } from "./io/database/readiness.ts"
import { tablesOf } from "./io/database/tables.ts"
import { lowerCase, randomText } from "./io/services/randomText.ts"
import { createIceServers } from "./io/services/turnCredentials.ts"
import { followRenewals, readCertificate } from "./io/sockets/certificate.ts"
import { createFrameMetrics } from "./io/sockets/frameMetrics.ts"
import { listen } from "./io/sockets/listening.ts"
import { createRush } from "./io/sockets/rush.ts"
import { describeError } from "./io/telemetry/describeError.ts"
import type { LogOutput } from "./io/telemetry/logOutput.ts"
import { openTelemetry } from "./io/telemetry/openTelemetry.ts"
import { limits } from "./limits.ts"
import type { RegistryLogic } from "./machines/registry.ts"
import { openProtocols } from "./openProtocols.ts"
import type { Protocol } from "./protocol.ts"
import { version } from "./version.ts"

export interface ApplicationOptions {
  /** All that could be served; the Config says where, and which are off. */
  readonly protocols: readonly Protocol[]
  /** Where log lines go. */
  readonly output: LogOutput
  /** Readable log lines instead of JSON. */
  readonly pretty: boolean
  /** What the configuration has in it that has no effect, for the log. */
  readonly warnings?: readonly string[]
  /** Watches every actor of the system; absent, actors pay nothing for it. */
  readonly inspect?: ((event: InspectionEvent) => void) | undefined
  /** What carries events from one actor to another; absent: that of one process, which does so at once. */
  readonly registry?: () => RegistryLogic
  /** Where third parties are, by name, without a slash at the end; absent: where they really are. For tests. */
  readonly endpoints?: Readonly<Record<string, unknown>>
  /** Where the drawn statecharts are; absent: docs/statecharts. For tests. */
  readonly charts?: URL
  /** Hears of each part of the server that is there; what it throws ends the start. */
  readonly onAcquired?: (part: string) => void
}

/** Starts a server. Rejects with a named error when the certificate is unusable, the database cannot be opened or the port cannot be had. */
export const startApplication = async (config: Config, options: ApplicationOptions) => {
  const { whole, release } = await acquireAll(options, (part) => acquire(part, config, options))
  const { port, database, system, telemetry, front, readiness } = whole
  const { log } = telemetry

  /** Takes nobody in any more, tells everybody, lets actors save what they owe and requests finish, and releases all parts. */
  const stop = async () => {
    log("info", "system:shutdown", { activeConnections: front.sockets.clients })
    readiness.stop()
    front.sockets.refuseNewcomers()
    await Promise.all([front.http.close(), system.drain()])
    await release()
  }
  let stopping: Promise<void> | undefined

  return {
    /** The port it listens on. */
    port,
    /** Which database it uses, without secrets. */
    database: database.describe,
    /** The root of the actor system: for watching it, and for trying what happens when an actor fails. */
    tower: system.tower,
    /** Living actors by kind. */
    actors: (): Readonly<Record<string, number>> =>
      Object.fromEntries(system.kinds.map(({ kind }) => [kind, system.living(kind)])),
    /** Writes a fault that nobody has caught into the log. */
    reportFault: (error: unknown) => log("error", "system:error", { kind: "process", ...describeError(error) }),
    /** Resolves when all is closed; whoever calls decides how long to wait. */
    stop: () => (stopping ??= stop())
  }
}

export type Application = Awaited<ReturnType<typeof startApplication>>

const acquire = async (part: Acquiring, config: Config, options: ApplicationOptions) => {
  const now = () => Date.now()
  const startedAt = now()
  const served = options.protocols.filter(({ name }) => config.protocols[name]?.mount != null)

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
    async () => config.traces && (await import("./io/telemetry/tracing.ts")).createTracing(config.traces, version),
    (tracing) => tracing?.close()
  )
  const database = await part(
    "database",
    () =>
      openDatabase({
        dataDirectory: config.dataDirectory,
        tables: tablesOf(served),
        otherMigrations: served.flatMap(({ migrations }) => migrations ?? []),
        ...(config.database.url === undefined ? {} : { url: Redacted.value(config.database.url) }),
        ssl: config.database.ssl,
        onError: (error) => log("error", "room:error", { operation: "connection", ...describeError(error) })
      }),
    (database) => database.close()
  )
  measurePool(metrics, database.pool)
  const readiness = createReadiness({
    probe: database.probe,
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
  const system = await part(
    "actors",
    () =>
      startSystem({
        recorder,
        shutdownTimeoutMs: config.shutdownTimeoutMs,
        registry: options.registry,
        inspect: options.inspect,
        now
      }),
    (system) => system.stop()
  )

  let publicUrl = config.publicServerUrl
  const opened = await openProtocols(part, served, {
    config,
    system,
    core: {
      environment: config.environment,
      version,
      startedAt,
      now,
      isPublic: config.publicServerUrl !== undefined,
      telemetry,
      recorder,
      metrics,
      frames: createFrameMetrics(metrics),
      traced: (name, service) => tracing?.around(name, service) ?? service,
      registry: system.registry,
      supervisor: system.supervisor,
      deadlines,
      whenCalm: rush.whenCalm,
      addressOf: admission.addressOf,
      budget: admission.budgets.make,
      database,
      iceServers: createIceServers({
        ...config.turn,
        cloudflare: config.turn.cloudflare && {
          ...config.turn.cloudflare,
          endpoint: options.endpoints?.["cloudflare"] as string | undefined
        },
        userId: () => randomText(lowerCase, limits.turnUserIdLength),
        now,
        elapsed: () => performance.now(),
        log
      }),
      hasTurn: config.turn.cloudflare !== undefined || config.turn.own !== undefined,
      thirdParties: options.endpoints ?? {}
    },
    publicUrl: () => publicUrl as string
  })
  const front = await openFront(part, {
    config,
    certificate,
    admission,
    rush,
    telling,
    tracing,
    readiness,
    system,
    opened,
    charts: options.charts ?? new URL("../docs/statecharts/", import.meta.url),
    startedAt,
    now
  })

  await part(
    "port",
    () => listen(front.http.server, config.host, config.port),
    () => front.http.close()
  )
  const { port } = front.http.server.address() as AddressInfo
  publicUrl ??= `${config.tls === undefined ? "http" : "https"}://localhost:${port}`
  log("info", "system:startup", { version, port, environment: config.environment, database: database.describe })
  for (const warning of options.warnings ?? []) log("warn", "system:startup", { warning })
  if (config.environment === "production" && config.logs.accessKey === undefined) {
    const warning = "LOG_ACCESS_KEY is not set: GET /logs and GET /tower answer 403 to everybody"
    log("warn", "system:startup", { warning })
  }
  await part(
    "renewals",
    () =>
      config.tls &&
      certificate &&
      followRenewals({
        files: config.tls,
        current: certificate,
        everyMs: limits.certificateCheckMs,
        use: (renewed) => (front.http.server as SecureServer).setSecureContext(renewed),
        log
      }),
    (renewals) => renewals?.stop()
  )
  await part("heartbeat", () => beat(config.heartbeatIntervalMs, () => front.heartbeat()), clearInterval)
  system.begin()
  return { port, database, system, telemetry, front, readiness }
}

const beat = (everyMs: number, work: () => void) => setInterval(work, everyMs).unref()
