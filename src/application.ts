/**
 * The composition root: every part of the server, put together from a Config and the protocols it serves. Parts are
 * acquired in order and released in reverse. Tests build servers with it too.
 */
import type { Server } from "node:http"
import type { Server as SecureServer } from "node:https"
import type { AddressInfo } from "node:net"
import type { InspectionEvent } from "xstate"
import { type Acquiring, acquireAll } from "./composition/acquiring.ts"
import { layFoundation } from "./composition/foundation.ts"
import { openFront } from "./composition/front.ts"
import { openProtocols } from "./composition/openProtocols.ts"
import type { Config } from "./config/config.ts"
import type { ShownSetting } from "./config/shownSettings.ts"
import type { AttachedTo } from "./http/attachment.ts"
import { followRenewals } from "./io/sockets/certificate.ts"
import { describeError } from "./io/telemetry/describeError.ts"
import type { LogOutput } from "./io/telemetry/logOutput.ts"
import { limits } from "./limits.ts"
import type { RegistryLogic } from "./machines/registry.ts"
import { networkUrls } from "./ownUrls.ts"
import { places } from "./places.ts"
import type { PageOfProtocol, Protocol } from "./protocol.ts"
import { version } from "./version.ts"

export interface ApplicationOptions {
  /** All that could be served; the Config says where, and which are off. */
  readonly protocols: readonly Protocol[]
  /** Where log lines go. */
  readonly output: LogOutput
  /** Readable log lines instead of JSON. */
  readonly pretty: boolean
  /** What the server runs with, without secrets, for the tower page; absent: it is not shown. */
  readonly settings?: readonly ShownSetting[]
  /** Where libpq's variables are, for what DATABASE_URL does not say. Absent: in this process's environment. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined
  /** The server that ours is a part of, and the path below which it is; absent: it has a port of its own. */
  readonly attached?: AttachedTo | undefined
  /** What the configuration has in it that has no effect, for the log. */
  readonly warnings?: readonly string[]
  /** Watches every actor of the system; absent, actors pay nothing for it. */
  readonly inspect?: ((event: InspectionEvent) => void) | undefined
  /** What carries events from one actor to another; absent: that of one process, which does so at once. */
  readonly registry?: () => RegistryLogic
  /** Where third parties are, by name, without a slash at the end; absent: where they really are. For tests. */
  readonly endpoints?: Readonly<Record<string, unknown>>
  /** Where another node of the cluster is dialled instead of where it is said to be. For tests of broken ways. */
  readonly via?: ((node: string) => string) | undefined
  /** Where the drawn statecharts are; absent: docs/statecharts. For tests. */
  readonly charts?: URL
  /** Hears of each part of the server that is there; what it throws ends the start. */
  readonly onAcquired?: (part: string) => void
}

/** Starts a server. Rejects with a named error when the certificate is unusable, the database cannot be opened or the port cannot be had. */
export const startApplication = async (config: Config, options: ApplicationOptions) => {
  const { whole, release } = await acquireAll(options, (part) => acquire(part, config, options))
  const { port, front, foundation, absent, pages } = whole
  const { database, system, readiness } = foundation
  const { log } = foundation.telling.telemetry

  /**
   * Takes nobody in any more, tells everybody and answers requests until then, lets actors save what they owe and requests
   * finish, and releases all parts.
   */
  const stop = async () => {
    log("info", "system:shutdown", { activeConnections: front.sockets.clients })
    readiness.stop()
    front.sockets.refuseNewcomers()
    const { told, done } = system.drain()
    await Promise.all([told.then(() => front.http.close()), done])
    await release()
  }
  let stopping: Promise<void> | undefined

  return {
    /** The port it listens on; of a server that it is attached to, NaN where that listens on none yet. */
    port: port ?? Number.NaN,
    /** Where it listens now; null: nowhere, as may be of a server that it is attached to. */
    address: () => front.http.server.address() as AddressInfo | null,
    /** Whether its clients speak TLS with it. */
    isSecure: "setSecureContext" in front.http.server,
    /** Which database it uses, without secrets. */
    database: database.describe,
    /** Why protocols are not served that were to be, by name: a sentence each. */
    absent,
    /** Pages for people, with their whole paths. */
    pages,
    /** The root of the actor system: for watching it, and for trying what happens when an actor fails. */
    tower: system.tower,
    /** Living actors by kind. */
    actors: (): Readonly<Record<string, number>> =>
      Object.fromEntries(system.kinds.map(({ kind }) => [kind, system.living(kind)])),
    /** Writes a fault that nobody has caught into the log. */
    reportFault: (error: unknown) => log("error", "system:error", { kind: "process", ...describeError(error) }),
    /** Resolves when all is closed; whoever calls decides how long to wait. */
    stop: () => (stopping ??= stop()),
    /** While it stops: waits no longer for clients to be sent away in their turn. */
    hurry: system.hurry
  }
}

export type Application = Awaited<ReturnType<typeof startApplication>>

/** Undefined while it does not listen, or on no port. */
const portOf = (server: Server): number | undefined => (server.address() as AddressInfo | null)?.port

const acquire = async (part: Acquiring, config: Config, options: ApplicationOptions) => {
  const served = options.protocols.filter(({ name }) => config.protocols[name]?.mount != null)
  const { attached } = options

  const foundation = await layFoundation(part, config, served, options)
  const localUrl = (): string => {
    const base = attached === undefined || attached.basePath === "/" ? "" : attached.basePath
    const { server } = front.http
    return `${"setSecureContext" in server ? "https" : "http"}://localhost:${portOf(server)}${base}`
  }
  const { opened, absent } = await openProtocols(part, served, {
    config,
    foundation,
    endpoints: options.endpoints,
    publicUrl: () => config.publicServerUrl ?? localUrl(),
    networkUrls: () => networkUrls(config, portOf(front.http.server) ?? config.port)
  })
  const charts = options.charts ?? places.charts
  const front = await openFront(part, {
    ...{ config, foundation, opened, charts, attached },
    settings: options.settings ?? []
  })
  const { server, open, close } = front.http
  const { log } = foundation.telling.telemetry

  await part("port", () => open(config.host, config.port), close)
  const port = portOf(server)
  const { describe } = foundation.database
  log("info", "system:startup", { version, port, environment: config.environment, database: describe })
  const absences = Object.entries(absent).map(([name, why]) => `${name} is not served: ${why}`)
  for (const warning of [...(options.warnings ?? []), ...absences]) log("warn", "system:startup", { warning })
  if (config.environment === "production" && config.logs.accessKey === undefined) {
    const warning = "LOG_ACCESS_KEY is not set: GET /logs and GET /tower answer 403 to everybody"
    log("warn", "system:startup", { warning })
  }

  const { certificate: current } = foundation
  const use = (renewed: NonNullable<typeof current>) => (server as SecureServer).setSecureContext(renewed)
  const everyMs = limits.certificateCheckMs
  await part(
    "renewals",
    () => config.tls && current && followRenewals({ files: config.tls, current, everyMs, use, log }),
    (renewals) => renewals?.stop()
  )
  await part("heartbeat", () => setInterval(front.heartbeat, config.heartbeatIntervalMs).unref(), clearInterval)
  foundation.system.begin()
  const pages = opened.flatMap(({ mount, parts }) => (parts.pages ?? []).map((page) => below(mount, page)))
  return { port, front, foundation, absent, pages }
}

const below = (mount: string, page: PageOfProtocol): PageOfProtocol =>
  mount === "/" ? page : { ...page, path: mount + page.path }
