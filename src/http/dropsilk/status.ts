/** The endpoints that say how the server is. */
import * as Effect from "effect/Effect"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import type { JobStatus } from "../../machines/job.ts"
import { DropSilkApi } from "../../wire/dropsilk/api.ts"
import { ServerGroup, StatusGroup } from "../../wire/dropsilk/server.ts"
import { responseOf, textAnswer } from "../answer.ts"
import { successOf } from "../success.ts"
import { favicon } from "./favicon.ts"

/** What these endpoints ask of the rest of the server. */
export interface ServerStatus {
  /** Open WebSocket connections. */
  activeConnections(): number
  activeFlights(): number
  /** Whether TURN credentials can be had. */
  readonly turnConfigured: boolean
  /** Counted since the start. */
  totals(): {
    readonly totalConnections: number
    readonly totalDisconnections: number
    readonly totalFlightsCreated: number
    readonly totalFlightsJoined: number
  }
  /** How each timed job is. */
  jobs(): Readonly<Record<"previewCleanup" | "roomCleanup", JobStatus>>
  readonly version: string
  /** Milliseconds since the epoch. */
  readonly startedAt: number
}

/** The handlers of `ServerGroup`. */
export const serverHandlers = (status: ServerStatus) => {
  const says = successOf(ServerGroup.endpoints.stats)
  const greeting = responseOf(textAnswer(200, "Server is alive and waiting for WebSocket connections."))
  const ok = responseOf(textAnswer(200, "OK"))
  const icon = HttpServerResponse.text(favicon, {
    contentType: "image/svg+xml",
    // A day: the icon is asked for by every browser that opens any of these pages.
    headers: { "cache-control": "public, max-age=86400" }
  })

  return HttpApiBuilder.group(DropSilkApi, "server", (handlers) =>
    handlers.handleAll({
      root: () => Effect.succeed(greeting),
      keepAlive: () => Effect.succeed(ok),
      favicon: () => Effect.succeed(icon),
      stats: () =>
        Effect.sync(() => {
          const now = Date.now()
          return responseOf(
            says({
              activeConnections: status.activeConnections(),
              activeFlights: status.activeFlights(),
              memory: process.memoryUsage(),
              timestamp: new Date(now).toISOString(),
              uptime: (now - status.startedAt) / 1000
            })
          )
        })
    })
  )
}

/** The handlers of `StatusGroup`. */
export const statusHandlers = (status: ServerStatus) => {
  const says = successOf(StatusGroup.endpoints.status)
  return HttpApiBuilder.group(DropSilkApi, "status", (handlers) =>
    handlers.handle("status", () =>
      Effect.sync(() => {
        const now = Date.now()
        const uptime = Math.floor((now - status.startedAt) / 1000)
        const { heapTotal, heapUsed, rss } = process.memoryUsage()
        const { totalConnections, totalDisconnections, totalFlightsCreated, totalFlightsJoined } = status.totals()
        const { previewCleanup, roomCleanup } = status.jobs()
        return responseOf(
          says({
            status: "operational",
            timestamp: new Date(now).toISOString(),
            uptime,
            uptimeFormatted: formatUptime(uptime),
            version: status.version,
            memory: { heapTotalMB: megabytes(heapTotal), heapUsedMB: megabytes(heapUsed), rssMB: megabytes(rss) },
            services: {
              signaling: { status: "operational", activeFlights: status.activeFlights() },
              turn: { status: status.turnConfigured ? "operational" : "not_configured" },
              websocket: { status: "operational", activeConnections: status.activeConnections() }
            },
            stats: { totalConnections, totalDisconnections, totalFlightsCreated, totalFlightsJoined },
            jobs: { previewCleanup: withDates(previewCleanup), roomCleanup: withDates(roomCleanup) }
          })
        )
      })
    )
  )
}

const withDates = ({ state, lastRunAt, lastResult, nextRunAt }: JobStatus) => ({
  state,
  lastRunAt: isoDate(lastRunAt),
  lastResult,
  nextRunAt: isoDate(nextRunAt)
})

const isoDate = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString())

/** Whole MiB. */
const megabytes = (bytes: number): number => Math.round(bytes / 1024 / 1024)

/** Whole seconds as `1d 2h 3m 4s`, all four parts always. */
export const formatUptime = (seconds: number): string => {
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  return `${Math.floor(hours / 24)}d ${hours % 24}h ${minutes % 60}m ${seconds % 60}s`
}
