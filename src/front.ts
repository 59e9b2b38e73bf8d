/** The front: one port on which requests are answered and sockets opened, of the core and of every protocol that is served. */
import * as Redacted from "effect/Redacted"
import type { Acquiring } from "./acquiring.ts"
import type { Config } from "./config/config.ts"
import { createGate } from "./http/core/gate.ts"
import { corePart } from "./http/core/part.ts"
import { createRequestMetrics } from "./http/requestMetrics.ts"
import { createHttpSurface } from "./http/surface.ts"
import type { System } from "./io/actors/system.ts"
import type { createAdmission } from "./io/admission/admission.ts"
import { createDoorkeeper } from "./io/admission/doorkeeper.ts"
import type { createReadiness } from "./io/database/readiness.ts"
import type { Certificate } from "./io/sockets/certificate.ts"
import type { Rush } from "./io/sockets/rush.ts"
import { createSocketServer } from "./io/sockets/socketServer.ts"
import { coreEvents } from "./io/telemetry/coreEvents.ts"
import { describeError } from "./io/telemetry/describeError.ts"
import type { Telling } from "./io/telemetry/openTelemetry.ts"
import type { Tracing } from "./io/telemetry/tracing.ts"
import { measureActors } from "./io/tower/actorMetrics.ts"
import { shownIdOf } from "./io/tower/towerFeed.ts"
import { createWatch } from "./io/tower/watch.ts"
import { limits } from "./limits.ts"
import type { OpenProtocol } from "./openProtocols.ts"
import { version } from "./version.ts"

export interface FrontOptions {
  readonly config: Config
  readonly certificate: Certificate | undefined
  readonly admission: ReturnType<typeof createAdmission>
  readonly rush: Pick<Rush, "arrival">
  readonly telling: Telling
  /** Absent: nobody collects traces. */
  readonly tracing: Tracing | undefined
  readonly readiness: Pick<ReturnType<typeof createReadiness>, "check">
  readonly system: System
  readonly opened: readonly OpenProtocol[]
  /** Where the drawn statecharts are. */
  readonly charts: URL
  readonly startedAt: number
  readonly now: () => number
}

export const openFront = async (part: Acquiring, options: FrontOptions) => {
  const { config, admission, telling, system, opened, startedAt, now } = options
  const { metrics, recorder, telemetry } = telling
  const { log } = telemetry

  const towerParts = opened.flatMap(({ parts }) => parts.tower ?? [])
  recorder.of(coreEvents(shownIdOf(towerParts)))
  measureActors(metrics, () => system.kinds.map(({ kind }) => [kind, system.supervisor(kind)]))
  const watch = createWatch({
    tower: system.tower,
    kinds: () => system.kinds.map(({ kind, chart }) => ({ kind, chart: chartNameOf(chart) })),
    supervisor: system.supervisor,
    parts: towerParts,
    version,
    startedAt,
    now,
    refusedOrigins: admission.refusedOrigins,
    onFault: (error) => log("error", "system:error", { kind: "watch", ...describeError(error) }),
    limits
  })
  recorder.subscribe(watch.hear)

  const key = config.logs.accessKey && Redacted.value(config.logs.accessKey)
  const gate = createGate({ key, log, addressOf: admission.addressOf })
  const onFault = (error: unknown) => log("error", "http:error", describeError(error))
  const core = corePart({
    readiness: options.readiness.check,
    metrics,
    logs: { gate, lines: telemetry.lines },
    tower: {
      gate,
      watch,
      chartNames: () => [...system.kinds.map(({ chart }) => chartNameOf(chart)), "tower"],
      charts: options.charts,
      limits
    }
  })
  const http = await part(
    "http",
    () =>
      createHttpSurface({
        parts: [
          { mount: "/", part: core },
          ...opened.flatMap(({ mount, parts: { http } }) =>
            http === undefined ? [] : [{ mount: mount as `/${string}`, part: http }]
          )
        ],
        budgets: { ...admission.budgets, addressOf: (request) => admission.addressOf(request).address },
        metrics: createRequestMetrics(metrics),
        tracing: options.tracing,
        allowsOrigin: admission.origins.allows,
        admitsPage: admission.origins.admits,
        onRefusedPage: admission.refuseOrigin,
        onFault,
        certificate: options.certificate
      }),
    ({ close }) => close()
  )

  const door = createDoorkeeper({
    addressOf: admission.addressOf,
    origins: admission.origins,
    onRefusedOrigin: (request) => admission.refuseOrigin("socket", request),
    budgets: admission.budgets,
    onArrival: options.rush.arrival
  })
  const sockets = await part(
    "sockets",
    () =>
      createSocketServer(http.server, {
        ...config.websocket,
        probeTimeoutMs: limits.probeTimeoutMs,
        heldFramesBytes: limits.heldFramesBytes,
        backPressureHighBytes: limits.backPressureHighBytes,
        backPressureLowBytes: limits.backPressureLowBytes,
        slowReaderTimeoutMs: limits.slowReaderTimeoutMs,
        framesPerSecond: config.budgets.framesPerSecond,
        frameBurst: config.budgets.framesPerSecond * limits.frameBurstSeconds,
        mounts: opened.flatMap(({ mount, parts }) => (parts.sockets === undefined ? [] : [door(mount, parts.sockets)]))
      }),
    // Who has been told to go has gone; whoever has not is cut off.
    ({ terminate }) => terminate()
  )

  return {
    http,
    sockets,
    /** Writes down that the server lives. */
    heartbeat: () =>
      log("info", "system:heartbeat", {
        activeConnections: sockets.clients,
        ...Object.assign({}, ...opened.map(({ parts }) => parts.heartbeat?.())),
        uptimeSeconds: Math.round(process.uptime()),
        memory: process.memoryUsage()
      })
  }
}

/** The name of a chart, which is that of its drawing. */
const chartNameOf = (chart: unknown): string => (chart as { readonly id: string }).id
