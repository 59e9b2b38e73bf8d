/** A started HTTP surface on a port of the system's choice, and a client that sends exactly what it is told. */
import { once } from "node:events"
import type { IncomingHttpHeaders } from "node:http"
import { Agent, request } from "node:http"
import type { AddressInfo } from "node:net"
import { connect } from "node:net"
import { onTestFinished } from "vitest"
import type { HttpLimits } from "../../../src/http/server.ts"
import type { HttpSurfaceOptions } from "../../../src/http/surface.ts"
import { createHttpSurface } from "../../../src/http/surface.ts"
import { createOriginPolicy } from "../../../src/io/admission/origin.ts"
import { createMemoryDesk } from "../../protocols/dropsilk/http/memoryDesk.ts"
import { useThroughout } from "../../support/useThroughout.ts"

export const allowedOrigin = "https://dropsilk.xyz"

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** The body read as JSON; undefined when it is none. */
  readonly json: any
}

/** `parts` are put in the place of what this server has by itself. */
/** Budgets of which those with an answer of their own make everybody wait so many milliseconds. */
export const budgetsOf = (wait: () => number): HttpSurfaceOptions["budgets"] => ({
  request: () => 0,
  check: () => 0,
  askOthers: wait,
  createRoom: wait,
  guess: wait,
  guessedRight: () => {},
  poll: wait,
  addressOf: () => "192.0.2.1"
})

export const startServer = async (limits: Partial<HttpLimits> = {}, parts: Partial<HttpSurfaceOptions> = {}) => {
  const desk = createMemoryDesk()
  const faults: unknown[] = []
  const origins = createOriginPolicy({ environment: "development", allowed: [allowedOrigin], localPorts: [] })
  const { server, close } = await createHttpSurface({
    desk,
    budgets: budgetsOf(() => 0),
    readiness: async () => "ready",
    metrics: { text: async () => "", contentType: "text/plain", answered: () => {} },
    status: {
      activeConnections: () => 3,
      activeFlights: () => 2,
      turnConfigured: false,
      totals: () => ({ totalConnections: 9, totalDisconnections: 6, totalFlightsCreated: 5, totalFlightsJoined: 4 }),
      jobs: () => ({
        previewCleanup: { state: "running", lastRunAt: null, lastResult: null, nextRunAt: null },
        roomCleanup: {
          state: "resting",
          lastRunAt: Date.parse("2026-01-02T03:04:05.678Z"),
          lastResult: { outcome: "complete", removed: 7 },
          nextRunAt: Date.parse("2026-01-02T03:09:05.678Z")
        }
      }),
      version: "1.2.3",
      startedAt: Date.now() - 93_784_000
    },
    uploads: { log: () => {} },
    contact: { log: () => {} },
    allowsOrigin: origins.allows,
    admitsPage: origins.admits,
    onFault: (error) => faults.push(error),
    documents: { "/asyncapi.json": () => ({ asyncapi: "3.0.0" }) },
    limits,
    ...parts
  })
  await once(server.listen(0, "127.0.0.1"), "listening")
  const { port } = server.address() as AddressInfo
  const agent = new Agent({ keepAlive: true })

  const send = (
    method: string,
    path: string,
    { headers = {}, body }: { headers?: Record<string, string>; body?: string | Buffer } = {}
  ): Promise<Answer> =>
    new Promise((resolve, reject) => {
      // Node's client frames no body of a DELETE by itself.
      const framed = body === undefined || headers["transfer-encoding"] !== undefined
      const sent = framed ? headers : { ...headers, "content-length": String(Buffer.byteLength(body)) }
      const outgoing = request({ host: "127.0.0.1", port, method, path, headers: sent, agent }, (incoming) => {
        const chunks: Buffer[] = []
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk))
        incoming.on("error", reject)
        incoming.on("end", () => {
          const text = Buffer.concat(chunks).toString()
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text, json: jsonOf(text) })
        })
      })
      outgoing.on("error", reject)
      outgoing.end(body)
    })

  return {
    desk,
    faults,
    server,
    close,
    port,
    send,
    get: (path: string, headers: Record<string, string> = {}) => send("GET", path, { headers }),
    /** A JSON body; a string is sent as it is. */
    post: (path: string, body?: unknown, contentType = "application/json") =>
      send("POST", path, {
        headers: { "content-type": contentType },
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) })
      }),
    /** Bytes on a bare socket; resolves with everything that came back once the server has closed it. */
    exchange: async (bytes: string): Promise<string> => {
      const socket = connect(port, "127.0.0.1")
      let received = ""
      socket.setEncoding("latin1").on("data", (chunk) => {
        received += chunk
      })
      socket.write(bytes, "latin1")
      await once(socket, "close")
      return received
    },
    stop: async () => {
      agent.destroy()
      await close()
    }
  }
}

export type StartedServer = Awaited<ReturnType<typeof startServer>>

/** One that the suite's tests share. */
export const useSurface = (...given: Parameters<typeof startServer>): StartedServer =>
  useThroughout(
    () => startServer(...given),
    (started) => started.stop()
  )

/** One of the test's own, within which this is called. */
export const surfaceForThisTest = async (...given: Parameters<typeof startServer>): Promise<StartedServer> => {
  const started = await startServer(...given)
  onTestFinished(() => started.stop())
  return started
}

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
