import { beforeAll, describe, expect, test, vi } from "vitest"
import { formatUptime } from "../../../../src/http/dropsilk/status.ts"
import { version } from "../../../../src/version.ts"
import { allowedOrigin, useHttp } from "../../../support/httpClient.ts"

describe("the server", () => {
  const started = useHttp()
  /** How old the server is at least, seconds. */
  let age: () => number
  beforeAll(async () => {
    const startedAt = performance.now()
    age = () => (performance.now() - startedAt) / 1000
    // Nine connections of which six go, five flights of which two are left, four of them joined.
    const flights = await Promise.all(
      [true, true, true, true].map(async () => {
        const [host, guest] = [await started.connect(), await started.connect()]
        host.send({ type: "create-flight" })
        const { flightCode } = await host.until("flight-created")
        guest.send({ type: "join-flight", flightCode })
        await guest.until("peer-joined")
        return [host, guest]
      })
    )
    const alone = await started.connect()
    alone.send({ type: "create-flight" })
    await alone.until("flight-created")
    await Promise.all(
      flights
        .slice(1)
        .flat()
        .map((client) => client.close())
    )
    await vi.waitFor(() => expect(started.actors()).toMatchObject({ connections: 3, flights: 2 }), 20_000)
    await vi.waitFor(async () => {
      const { jobs } = (await started.get("/api/status")).json
      expect(jobs).toMatchObject({ roomCleanup: { state: "resting" }, previewCleanup: { state: "resting" } })
    }, 20_000)
  })

  test.each([
    ["/", "Server is alive and waiting for WebSocket connections."],
    ["/keep-alive", "OK"]
  ])("answers %s with plain text", async (path, text) => {
    const answer = await started.get(path, { origin: allowedOrigin })
    expect([answer.status, answer.text]).toEqual([200, text])
    expect(answer.headers["content-type"]).toBe("text/plain; charset=utf-8")
  })

  test("tells its numbers of this moment", async () => {
    const atLeast = age()
    const answer = await started.get("/stats")
    expect(answer.status).toBe(200)
    expect(Object.keys(answer.json)).toEqual(["activeConnections", "activeFlights", "memory", "timestamp", "uptime"])
    expect(answer.json).toMatchObject({ activeConnections: 3, activeFlights: 2 })
    expect(Object.keys(answer.json.memory)).toEqual(Object.keys(process.memoryUsage()))
    expect(new Date(answer.json.timestamp).toISOString()).toBe(answer.json.timestamp)
    expect(answer.json.uptime).toBeGreaterThanOrEqual(atLeast)
  })

  test("tells its status", async () => {
    const atLeast = Math.floor(age())
    const { status, json, headers } = await started.get("/api/status")
    expect([status, headers["content-type"]]).toEqual([200, "application/json"])
    const { timestamp, uptime, memory, ...rest } = json
    expect(Object.keys(json)).toEqual([
      "status",
      "timestamp",
      "uptime",
      "uptimeFormatted",
      "version",
      "memory",
      "services",
      "stats",
      "jobs"
    ])
    expect(new Date(timestamp).toISOString()).toBe(timestamp)
    expect(uptime).toBeGreaterThanOrEqual(atLeast)
    expect(Number.isInteger(uptime)).toBe(true)
    for (const name of ["heapTotalMB", "heapUsedMB", "rssMB"]) {
      expect(memory[name]).toBeGreaterThan(1)
      expect(Number.isInteger(memory[name])).toBe(true)
    }
    const moment = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    expect(rest).toEqual({
      status: "operational",
      uptimeFormatted: formatUptime(uptime),
      version,
      services: {
        signaling: { status: "operational", activeFlights: 2 },
        turn: { status: "not_configured" },
        websocket: { status: "operational", activeConnections: 3 }
      },
      stats: { totalConnections: 9, totalDisconnections: 6, totalFlightsCreated: 5, totalFlightsJoined: 4 },
      jobs: {
        previewCleanup: {
          state: "resting",
          lastRunAt: moment,
          lastResult: { outcome: "skipped", removed: 0 },
          nextRunAt: moment
        },
        roomCleanup: {
          state: "resting",
          lastRunAt: moment,
          lastResult: { outcome: "complete", removed: 0 },
          nextRunAt: moment
        }
      }
    })
  })

  test("has an icon", async () => {
    const answer = await started.get("/favicon.ico")
    expect([answer.status, answer.headers["content-type"]]).toEqual([200, "image/svg+xml"])
    expect(answer.text).toMatch(/^<svg .*<\/svg>\s*$/s)
  })
})

test.each([
  [0, "0d 0h 0m 0s"],
  [59, "0d 0h 0m 59s"],
  [93_784, "1d 2h 3m 4s"],
  [864_000, "10d 0h 0m 0s"]
])("an age of %i seconds is written as %s", (seconds, written) => {
  expect(formatUptime(seconds)).toBe(written)
})
