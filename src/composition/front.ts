/** The front: one port on which requests are answered and sockets opened, of the core and of every protocol that is served. */
import * as Redacted from "effect/Redacted"
import type { Config } from "../config/config.ts"
import type { ShownSetting } from "../config/shownSettings.ts"
import type { AttachedTo, Owned } from "../http/attachment.ts"
import { createGate } from "../http/core/gate.ts"
import { corePart } from "../http/core/part.ts"
import { createRequestMetrics } from "../http/requestMetrics.ts"
import { createHttpSurface } from "../http/surface.ts"
import { createDoorkeeper } from "../io/admission/doorkeeper.ts"
import { isUnder } from "../io/admission/requestPath.ts"
import { createSocketServer, type SocketServer } from "../io/sockets/socketServer.ts"
import { describeError } from "../io/telemetry/describeError.ts"
import { coreEvents } from "../io/telemetry/events/coreEvents.ts"
import { measureActors } from "../io/tower/actorMetrics.ts"
import { explained } from "../io/tower/explainedClients.ts"
import { shownIdOf } from "../io/tower/towerFeed.ts"
import { createVitalSigns } from "../io/tower/vitals.ts"
import { createWatch } from "../io/tower/watch.ts"
import { limits } from "../limits.ts"
import { version } from "../version.ts"
import type { Acquiring } from "./acquiring.ts"
import type { Foundation } from "./foundation.ts"
import type { OpenProtocol } from "./openProtocols.ts"

export interface FrontOptions {
  readonly config: Config
  readonly foundation: Foundation
  readonly opened: readonly OpenProtocol[]
  /** Where the drawn statecharts are. */
  readonly charts: URL
  /** What the server runs with, without secrets. */
  readonly settings: readonly ShownSetting[]
  /** Absent: it has a port of its own. */
  readonly attached: AttachedTo | undefined
}

export const openFront = async (part: Acquiring, options: FrontOptions) => {
  const { config, foundation, opened, charts, settings, attached } = options
  const { admission, rush, telling, tracing, certificate, readiness, node, system, startedAt, now } = foundation
  const { metrics, recorder, telemetry } = telling
  const { log } = telemetry

  const namedParts = opened.flatMap(({ name, parts: { tower } }) =>
    tower === undefined ? [] : [{ protocol: name, part: tower }]
  )
  const towerParts = [...(node === undefined ? [] : [node.tower]), ...namedParts.map(({ part }) => part)]
  recorder.of(coreEvents(shownIdOf(towerParts)))
  measureActors(metrics, () => system.kinds.map(({ kind }) => [kind, system.supervisor(kind)]))
  const watch = createWatch({
    tower: system.tower,
    kinds: () => system.kinds.map(({ kind, chart }) => ({ kind, chart: chartNameOf(chart) })),
    supervisor: system.supervisor,
    parts: towerParts,
    registry: system.registry,
    version,
    startedAt,
    now,
    refusedOrigins: admission.refusedOrigins,
    vitals: createVitalSigns({
      parts: namedParts,
      refusals: admission.refusals,
      delayResolutionMs: limits.watchDelayResolutionMs
    }),
    onFault: (error) => log("error", "system:error", { kind: "watch", ...describeError(error) }),
    limits
  })
  recorder.subscribe(watch.hear)

  const key = config.logs.accessKey && Redacted.value(config.logs.accessKey)
  const gate = createGate({ key, log, addressOf: admission.addressOf })
  const onFault = (error: unknown) => log("error", "http:error", describeError(error))
  const core = corePart({
    readiness: readiness.check,
    metrics,
    logs: { gate, lines: telemetry.lines },
    tower: {
      gate,
      watch,
      settings,
      where: (id) => node?.where(id) ?? [],
      clients: () => explained([...sockets.everybody()], admission.addressReasons),
      onEnded: ({ kind, id }, request) =>
        log("warn", "system:ended_by_hand", { kind, id, ip: admission.addressOf(request).address }),
      chartNames: () => [...system.kinds.map(({ chart }) => chartNameOf(chart)), "tower"],
      charts,
      limits
    }
  })
  const http = await part(
    "http",
    () =>
      createHttpSurface({
        // What is asked most is looked at first: a protocol's fast paths.
        parts: [
          ...opened.flatMap(({ mount, parts: { http } }) =>
            http === undefined ? [] : [{ mount: mount as `/${string}`, part: http }]
          ),
          { mount: "/", part: core }
        ],
        budgets: { ...admission.budgets, addressOf: (request) => admission.addressOf(request).address },
        metrics: createRequestMetrics(metrics),
        tracing,
        allowsOrigin: admission.origins.allows,
        admitsPage: admission.origins.admits,
        onRefusedPage: admission.refuseOrigin,
        onFault,
        certificate,
        attached: attached && { ...attached, owned: ownedBy(opened) }
      }),
    ({ close }) => close()
  )

  const door = createDoorkeeper({
    addressOf: admission.addressOf,
    origins: admission.origins,
    onRefusedOrigin: (request) => admission.refuseOrigin("socket", request),
    budgets: admission.budgets,
    onArrival: rush.arrival
  })
  const sockets: SocketServer = await part(
    "sockets",
    () =>
      createSocketServer(http.events, {
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

  foundation.node?.receiveUpgrades((request, socket, head) => void http.events.emit("upgrade", request, socket, head))

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

/** What is theirs in a server of somebody else's: there, nothing is at the root but what they answer, and one socket. */
const ownedBy = (opened: readonly OpenProtocol[]): Owned => {
  const below = opened.flatMap(({ mount }) => (mount === "/" ? [] : [mount]))
  const socketAtRoot = opened.some(({ mount, parts }) => mount === "/" && parts.sockets !== undefined)
  const isBelow = (path: string) => below.some((mount) => isUnder(path, mount))
  return { request: isBelow, upgrade: (path) => isBelow(path) || (path === "/" && socketAtRoot) }
}

/** The name of a chart, which is that of its drawing. */
const chartNameOf = (chart: unknown): string => (chart as { readonly id: string }).id
