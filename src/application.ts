/**
 * The composition root: every part of the server, put together from a Config. Tests build servers with it too.
 */
import type { IncomingMessage } from "node:http"
import type { Server as SecureServer } from "node:https"
import type { AddressInfo } from "node:net"
import * as Redacted from "effect/Redacted"
import { type ActorRefFrom, createActor, type InspectionEvent, waitFor } from "xstate"
import type { Config } from "./config/config.ts"
import { createGate } from "./http/core/gate.ts"
import { corePart } from "./http/core/part.ts"
import { dropSilkPart } from "./http/dropsilk/part.ts"
import { createHttpSurface } from "./http/surface.ts"
import { createDeadlines } from "./io/actors/deadlines.ts"
import { createJobs, jobNames } from "./io/actors/jobs.ts"
import { createAddressReader, type UnreadHeader } from "./io/admission/address.ts"
import { createBudgets } from "./io/admission/budgets.ts"
import { createOriginPolicy } from "./io/admission/origin.ts"
import { createOriginAdvice } from "./io/admission/originAdvice.ts"
import { createRefusedOrigins, type WhereRefused } from "./io/admission/refusedOrigins.ts"
import { createTokenBuckets } from "./io/admission/tokenBuckets.ts"
import { openDatabase } from "./io/database/database.ts"
import { createReadiness } from "./io/database/readiness.ts"
import { createSocketsOf } from "./io/dropsilk/around.ts"
import { createPreviewCleanup, createRoomCleanup } from "./io/dropsilk/cleanups.ts"
import { createConnections } from "./io/dropsilk/connections.ts"
import { aliasOf, createIdentities } from "./io/dropsilk/identities.ts"
import { createRoomRows } from "./io/dropsilk/roomRows.ts"
import { createRoomDesk, createRoomMachine } from "./io/dropsilk/rooms.ts"
import { createStories } from "./io/dropsilk/stories.ts"
import { createUploadRows } from "./io/dropsilk/uploadRows.ts"
import { createUploadThing, isSdkInstalled, readsToken } from "./io/dropsilk/uploadthing.ts"
import { createIceServers } from "./io/services/turnCredentials.ts"
import { followRenewals, readCertificate } from "./io/sockets/certificate.ts"
import { listen } from "./io/sockets/listening.ts"
import { createRush } from "./io/sockets/rush.ts"
import { createSocketServer } from "./io/sockets/socketServer.ts"
import { createLineBudgets } from "./io/telemetry/lineBudgets.ts"
import type { LogOutput } from "./io/telemetry/logOutput.ts"
import { createMetrics } from "./io/telemetry/metrics.ts"
import { createTelemetry, describeError } from "./io/telemetry/telemetry.ts"
import type { Tracing } from "./io/telemetry/tracing.ts"
import { createWatch } from "./io/tower/watch.ts"
import { limits } from "./limits.ts"
import type { DomainEvent } from "./machines/domainEvents.ts"
import type { SupervisorRef } from "./machines/supervisor.ts"
import { towerMachine, towerSupervisors } from "./machines/tower.ts"
import { version } from "./version.ts"

export interface ApplicationOptions {
  /** Where log lines go. */
  readonly output: LogOutput
  /** Readable log lines instead of JSON. */
  readonly pretty: boolean
  /** What the configuration has in it that has no effect, for the log. */
  readonly warnings?: readonly string[]
  /** Watches every actor of the system; absent, actors pay nothing for it. */
  readonly inspect?: ((event: InspectionEvent) => void) | undefined
  /** Where third parties are, without a slash at the end; absent: where they really are. For tests. */
  readonly endpoints?: {
    readonly cloudflare?: string
    readonly recaptcha?: string
    readonly uploadthing?: { readonly apiUrl: string; readonly ingestUrl: string }
  }
  /** Where the drawn statecharts are; absent: docs/statecharts. For tests. */
  readonly charts?: URL
}

const actorKinds = ["connections", "flights", "rooms", "networks", "stories", "jobs"] as const
type ActorKind = (typeof actorKinds)[number]

export interface Application {
  /** The port it listens on. */
  readonly port: number
  /** Which database it uses, without secrets. */
  readonly database: string
  /** Writes a fault that nobody has caught into the log. */
  reportFault(error: unknown): void
  /** The root of the actor system: for watching it, and for trying what happens when an actor fails. */
  readonly tower: ActorRefFrom<typeof towerMachine>
  /** Living actors by kind. */
  actors(): Readonly<Record<ActorKind, number>>
  /**
   * Takes nobody in any more, tells every client, saves what rooms owe, closes the database. Resolves when all is
   * closed; whoever calls decides how long to wait.
   */
  stop(): Promise<void>
}

/** Starts a server. Rejects with a named error when the certificate is unusable, the database cannot be opened or the port cannot be had. */
export const startApplication = async (config: Config, options: ApplicationOptions): Promise<Application> => {
  const metrics = createMetrics({
    version,
    supervisors: () => Object.fromEntries(actorKinds.map((kind) => [kind, supervisor(kind)])),
    jobs: () => jobs.status(),
    pool: () => database.pool.state()
  })
  const telemetry = createTelemetry({
    level: config.logLevel,
    bufferSize: config.logs.bufferSize,
    lineUnits: limits.logLineUnits,
    admits: createLineBudgets(() => performance.now()),
    omittedMs: limits.omittedLinesMs,
    addressOf: (clientId) => connections.addressOf(clientId),
    onLine: metrics.line,
    onOmitted: metrics.lineOmitted,
    output: options.output,
    readable: options.pretty ? (await import("./io/telemetry/readableLines.ts")).createReadableLines() : undefined
  })
  const { log } = telemetry
  options.output.onLoss?.({
    lost: metrics.linesLost,
    recovered: (lost, error) => log("warn", "system:output", { lost, error })
  })
  const now = () => Date.now()
  const startedAt = now()

  // Before anything that would have to be closed again.
  const certificate = config.tls && readCertificate(config.tls)

  const database = await openDatabase({
    dataDirectory: config.dataDirectory,
    ...(config.database.url === undefined ? {} : { url: Redacted.value(config.database.url) }),
    ssl: config.database.ssl,
    onError: (error) => log("error", "room:error", { operation: "connection", ...describeError(error) })
  })

  const deadlines = createDeadlines(limits.deadlineResolutionMs, now)
  const identities = createIdentities()
  const origins = createOriginPolicy({ environment: config.environment, ...config.origins })
  const tracing =
    config.traces === undefined
      ? undefined
      : // Loaded by nobody else.
        await (await import("./io/telemetry/tracing.ts")).createTracing(config.traces, version)
  const traced: Tracing["around"] = (name, service) => tracing?.around(name, service) ?? service
  const store = traced("database", createRoomRows(database, aliasOf))
  const readiness = createReadiness({
    probe: database.probe,
    onFault: (error) => log("error", "database:fault", describeError(error)),
    timeoutMs: limits.readinessTimeoutMs,
    freshMs: limits.readinessFreshMs
  })
  const record = (event: DomainEvent) => {
    metrics.record(event)
    const isUntold = telemetry.record(event) === "omitted"
    // A flight that is not worth a line is worth no story.
    if (!(isUntold && event.name === "flight:created")) stories.hear(event)
    watch.hear(event)
  }
  const toldHeaders = new Set<UnreadHeader>()
  const addressOf = createAddressReader(config.trustProxy, (header, proxy) => {
    if (toldHeaders.has(header)) return
    toldHeaders.add(header)
    const warning =
      header === "X-Forwarded-For"
        ? "X-Forwarded-For came from an address that is no trusted proxy's, and is not believed. If it is your proxy, set TRUST_PROXY"
        : `${header} came without an X-Forwarded-For to go by, and is not read. If its sender is your proxy, all its clients count as one: let it send X-Forwarded-For`
    log("warn", "system:proxy", { warning, ip: proxy })
  })
  const refusalLines = createTokenBuckets({
    burst: 1,
    perSecond: 1000 / limits.refusalLineMs,
    keys: limits.budgetKeys,
    now: () => performance.now()
  })
  const budgets = createBudgets({
    settings: config.budgets,
    guessesADay: limits.guessesADay,
    guessesAtOnce: limits.guessesAtOnce,
    pollBurstSeconds: limits.pollBurstSeconds,
    stayMs: limits.stayMs,
    requestBurstSeconds: limits.requestBurstSeconds,
    invitations: limits.invitations,
    keys: limits.budgetKeys,
    onRefused: (budget, ip) => {
      metrics.refused(budget)
      // A flood must not wash everything else out of the log.
      if (refusalLines.take(`${budget} ${ip}`) === 0) log("warn", "abuse:refused", { budget, ip })
    },
    now: () => performance.now()
  })
  const rush = createRush(limits.rush)
  const connections = createConnections({
    addressOf,
    identities,
    deadlines,
    record,
    budgets,
    metrics,
    onArrival: rush.arrival,
    now
  })

  const stories = createStories({ links: connections.links, deadlines, log, limit: limits.stories, now })

  const refusedOrigins = createRefusedOrigins({
    advise: createOriginAdvice({ ...config.origins, localPort: origins.localPort }),
    onRefused: metrics.refusedOrigin,
    log,
    most: limits.refusedOrigins,
    newcomers: createTokenBuckets({
      burst: limits.refusedOriginsAMinute,
      perSecond: limits.refusedOriginsAMinute / 60,
      keys: limits.budgetKeys,
      now: () => performance.now()
    }),
    lineMs: limits.refusalLineMs,
    now,
    elapsed: () => performance.now()
  })
  const refuseOrigin = (where: WhereRefused, request: IncomingMessage) =>
    refusedOrigins.refuse(where, request.headers.origin, addressOf(request).address)

  let publicUrl = config.publicServerUrl
  const uploadRows = traced("database", createUploadRows(database))
  const { uploadthingToken } = config.previews
  const uploadthingFault =
    uploadthingToken === undefined
      ? undefined
      : !readsToken(uploadthingToken)
        ? "UPLOADTHING_TOKEN is no token as UploadThing shows it"
        : !isSdkInstalled()
          ? "UPLOADTHING_TOKEN is set, and the package uploadthing is not installed: install without --omit=peer"
          : undefined
  if (uploadthingFault !== undefined) {
    log("warn", "system:startup", { warning: `${uploadthingFault}. Previews are off` })
  }
  const uploadThing =
    uploadthingToken !== undefined && uploadthingFault === undefined
      ? createUploadThing({
          token: uploadthingToken,
          callbackUrl: () => `${publicUrl}/api/uploadthing`,
          unreachable: config.environment === "development" && config.publicServerUrl === undefined,
          store: uploadRows,
          log,
          timeoutMs: limits.uploadThingTimeoutMs,
          listing: limits.previewListing,
          endpoints: options.endpoints?.uploadthing
        })
      : undefined
  const files =
    uploadThing && traced("uploadthing", { answer: uploadThing.answer, deleteFiles: uploadThing.deleteFiles })

  const jobs = createJobs({
    jobs: {
      previewCleanup: {
        schedule: config.previews.cleanup,
        work: createPreviewCleanup({
          store: uploadRows,
          files,
          retentionHours: config.previews.retentionHours,
          batch: limits.previewBatch,
          failedBatches: limits.previewFailedBatches,
          log,
          now
        })
      },
      roomCleanup: { schedule: config.rooms.cleanup, work: createRoomCleanup({ store, log, now }) }
    },
    log,
    now
  })

  const farewellMs = Math.min(
    limits.farewells.everyMs,
    (config.shutdownTimeoutMs * limits.farewellShare) / limits.farewells.batches
  )
  const tower = createActor(
    towerMachine.provide({
      actors: towerSupervisors({
        ...connections.machines,
        room: createRoomMachine(store, deadlines, record),
        story: stories.machine,
        job: jobs.machine,
        settings: {
          connection: { askTimeoutMs: limits.askTimeoutMs },
          flight: { graceMs: config.rooms.abruptGraceMs },
          room: {
            listeningSince: startedAt,
            returnMs: config.rooms.seatReturnMs,
            returners: limits.returners,
            reloadMs: limits.reloadSilenceMs,
            silenceMs: limits.goneSilenceMs,
            timeToLiveMs: config.rooms.timeToLiveMs,
            restMs: limits.roomRestMs,
            touchShare: limits.touchShare,
            retryMs: limits.roomRetryMs
          },
          network: {
            listBytesPerSecond: limits.listBytesPerSecond,
            listRoundMs: limits.listRoundMs,
            listTurnBytes: limits.listTurnBytes,
            crowd: limits.networkCrowd
          },
          story: { staleMs: limits.storyStaleMs, entries: limits.storyEntries },
          job: { backOffMs: limits.jobBackOffMs, longestBackOffMs: limits.jobLongestBackOffMs }
        },
        now,
        whenCalm: rush.whenCalm
      }),
      actions: {
        record: (_, event) => record(event),
        closeCrashedSocket: (_, { id }) => connections.closeCrashed(id),
        requestFarewell: ({ self }) => {
          setTimeout(
            () => {
              // Everybody may have gone meanwhile, and the tower with them.
              if (self.getSnapshot().status === "active") self.send({ type: "farewell.next" })
            },
            farewellMs * (0.5 + Math.random())
          )
        }
      }
    }),
    {
      input: {
        suspensionMs: limits.suspensionMs,
        jobs: jobNames,
        farewells: { size: limits.farewells.size, most: limits.farewells.batches }
      },
      ...(options.inspect === undefined ? {} : { inspect: options.inspect })
    }
  ).start()
  const supervisor = (kind: ActorKind) => tower.system.get(kind) as SupervisorRef
  const living = (kind: ActorKind) => supervisor(kind).getSnapshot().children.size
  const watch = createWatch({
    tower,
    supervisor,
    signalsOf: connections.links.signalsOf,
    version,
    startedAt,
    now,
    refusedOrigins: refusedOrigins.view,
    onFault: (error) => log("error", "system:error", { kind: "watch", ...describeError(error) }),
    limits
  })
  connections.attach(supervisor("connections"))
  stories.attach(supervisor("stories"))
  jobs.attach(supervisor("jobs"))

  const desk = createRoomDesk(supervisor("rooms"), {
    identities,
    aliasOf,
    socketsOf: createSocketsOf(supervisor("networks")),
    codeAttempts: limits.roomCodeAttempts,
    askTimeoutMs: limits.askTimeoutMs,
    now
  })

  const gate = createGate({
    key: config.logs.accessKey && Redacted.value(config.logs.accessKey),
    log,
    addressOf
  })
  const requestBudgets = { ...budgets, addressOf: (request: IncomingMessage) => addressOf(request).address }
  const http = await createHttpSurface({
    parts: [
      {
        mount: "/",
        part: dropSilkPart({
          desk,
          budgets: requestBudgets,
          status: {
            activeConnections: () => living("connections"),
            activeFlights: () => living("flights"),
            turnConfigured: config.turn.cloudflare !== undefined || config.turn.own !== undefined,
            totals: telemetry.totals,
            jobs: jobs.status,
            version,
            startedAt
          },
          iceServers: createIceServers({
            ...config.turn,
            cloudflare: config.turn.cloudflare && {
              ...config.turn.cloudflare,
              endpoint: options.endpoints?.cloudflare
            },
            userId: identities.connectionId,
            now,
            elapsed: () => performance.now(),
            log
          }),
          uploads: { uploadThing: files, log },
          contact: {
            email: config.contact.email,
            recaptcha: config.contact.recaptchaSecretKey && {
              secretKey: config.contact.recaptchaSecretKey,
              endpoint: options.endpoints?.recaptcha
            },
            log
          }
        })
      },
      {
        mount: "/",
        part: corePart({
          readiness: readiness.check,
          metrics,
          logs: { gate, lines: telemetry.lines },
          tower: { gate, watch, charts: options.charts ?? new URL("../docs/statecharts/", import.meta.url), limits }
        })
      }
    ],
    budgets: requestBudgets,
    metrics,
    tracing,
    allowsOrigin: origins.allows,
    admitsPage: origins.admits,
    onRefusedPage: refuseOrigin,
    onFault: (error) => log("error", "http:error", describeError(error)),
    certificate
  })

  const sockets = createSocketServer(http.server, {
    ...config.websocket,
    probeTimeoutMs: limits.probeTimeoutMs,
    heldFramesBytes: limits.heldFramesBytes,
    backPressureHighBytes: limits.backPressureHighBytes,
    backPressureLowBytes: limits.backPressureLowBytes,
    slowReaderTimeoutMs: limits.slowReaderTimeoutMs,
    framesPerSecond: config.budgets.framesPerSecond,
    frameBurst: config.budgets.framesPerSecond * limits.frameBurstSeconds,
    refuses: (request) => {
      const { origin, host } = request.headers
      if (!origins.admitsUpgrade(origin, host)) {
        refuseOrigin("socket", request)
        return { status: 403, body: "Forbidden: Invalid Origin" }
      }
      const wait = budgets.connect(addressOf(request).address)
      if (wait === 0) return null
      return { status: 429, body: "Too many connections", headers: { "Retry-After": String(Math.ceil(wait / 1000)) } }
    },
    handler: connections.handler
  })

  const closeDatabase = async () => {
    deadlines.close()
    desk.close()
    await database.close()
    await tracing?.close()
  }

  try {
    await listen(http.server, config.host, config.port)
  } catch (error) {
    tower.stop()
    await http.close()
    await closeDatabase()
    throw error
  }
  const { port } = http.server.address() as AddressInfo
  publicUrl ??= `${config.tls === undefined ? "http" : "https"}://localhost:${port}`
  if (!database.keepsDeparted) {
    const warning =
      "The table rooms cannot keep who has left: nobody comes back to a room after a restart until npm run migrate has been run"
    log("warn", "system:startup", { warning })
  }
  log("info", "system:startup", { version, port, environment: config.environment, database: database.describe })
  for (const warning of options.warnings ?? []) log("warn", "system:startup", { warning })
  if (config.environment === "production" && config.logs.accessKey === undefined) {
    log("warn", "system:startup", {
      warning: "LOG_ACCESS_KEY is not set: GET /logs and GET /tower answer 403 to everybody"
    })
  }

  const renewals =
    config.tls &&
    certificate &&
    followRenewals({
      files: config.tls,
      current: certificate,
      everyMs: limits.certificateCheckMs,
      use: (renewed) => (http.server as SecureServer).setSecureContext(renewed),
      log
    })

  tower.send({ type: "jobs.start" })

  const heartbeat = setInterval(() => {
    log("info", "system:heartbeat", {
      activeConnections: living("connections"),
      activeFlights: living("flights"),
      uptimeSeconds: Math.round(process.uptime()),
      memory: process.memoryUsage()
    })
  }, config.heartbeatIntervalMs)
  heartbeat.unref()

  const stop = async () => {
    log("info", "system:shutdown", { activeConnections: living("connections") })
    readiness.stop()
    clearInterval(heartbeat)
    renewals?.stop()
    sockets.refuseNewcomers()
    const requestsFinished = http.close()
    tower.send({ type: "shutdown" })
    await Promise.all([requestsFinished, waitFor(tower, (snapshot) => snapshot.status === "done")])
    uploadThing?.close()
    await closeDatabase()
    telemetry.close()
  }
  let stopping: Promise<void> | undefined

  return {
    port,
    database: database.describe,
    tower,
    actors: () => Object.fromEntries(actorKinds.map((kind) => [kind, living(kind)])) as Record<ActorKind, number>,
    reportFault: (error) => log("error", "system:error", { kind: "process", ...describeError(error) }),
    stop: () => (stopping ??= stop())
  }
}
