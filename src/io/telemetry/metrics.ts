/**
 * What is counted for whoever watches the server, as Prometheus reads it. Counting is adding to a number; everything
 * else happens when somebody asks. Labels are words of this program's own: nothing a client sends becomes one.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client"
import type { DomainEvent } from "../../machines/domainEvents.ts"
import type { JobStatus } from "../../machines/job.ts"
import type { SupervisorRef } from "../../machines/supervisor.ts"
import { countStates } from "../actors/actorStates.ts"

/** What is read when somebody asks. */
export interface MetricsSources {
  readonly version: string
  readonly supervisors: () => Readonly<Record<string, SupervisorRef>>
  readonly jobs: () => Readonly<Record<string, JobStatus>>
  /** Connections of the database pool. */
  readonly pool: () => {
    readonly acquiredConnections: number
    readonly idleConnections: number
    readonly waitingClients: number
  }
}

export interface Metrics {
  record(event: DomainEvent): void
  /** Somebody was refused for having spent a budget. */
  refused(budget: string): void
  /** A page of an origin that is not allowed was refused something: one of a few words. */
  refusedOrigin(where: string): void
  /** A log line was written. */
  line(level: string, message: string): void
  /** A log line was left out, as too many such were written already. */
  lineOmitted(message: string): void
  /** So many log lines could not be written where they should go. */
  linesLost(count: number): void
  /** A request was answered; route and method are of few. */
  answered(route: string, method: string, status: number, seconds: number): void
  /** A frame was read that is no signal: its type, or the fault that it was refused with. */
  frame(outcome: string): void
  /** When this frame came (performance.now()), or 0 for one that is not measured. */
  arrived(): number
  /** The frame was a signal and is with its peer's socket, if it has a peer. `arrivedAt`: what `arrived` gave. */
  relayed(arrivedAt: number): void
  /** In the text format of Prometheus; `contentType` says which version. */
  text(): Promise<string>
  readonly contentType: string
}

/** Of so many frames one is measured: two looks at the clock cost a tenth of what relaying a frame does. */
const relaySample = 64

export const createMetrics = ({ version, supervisors, jobs, pool }: MetricsSources): Metrics => {
  const registry = new Registry()
  const registers = [registry]
  const counter = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
    new Counter({ name: `silktower_${name}`, help, labelNames, registers })

  const connections = counter("connections_opened_total", "WebSocket connections taken in.")
  const disconnections = counter("connections_closed_total", "WebSocket connections that have ended.")
  const flightsCreated = counter("flights_created_total", "Flights opened, each channel of a room included.")
  const meetings = counter("flights_joined_total", "Times that two have met in a flight.", "connection_type")
  const flightsEnded = counter("flights_ended_total", "Flights that have ended.", "reason")
  const flightFaults = counter("flight_errors_total", "Refused attempts to join a flight.", "error")
  const invitations = counter("flight_invitations_total", "Invitations passed on.")
  const crashes = counter("actor_crashes_total", "Actors that have crashed.", "kind", "restarted")
  const refusals = counter("refusals_total", "Refused for a spent budget.", "budget")
  const refusedOrigins = counter("origin_refusals_total", "Refused for an Origin that is not allowed.", "where")
  const lines = counter("log_lines_total", "Log lines written.", "level", "message")
  const omittedLines = counter("log_lines_omitted_total", "Log lines left out for a flood of such.", "message")
  const lostLines = counter("log_lines_lost_total", "Log lines that standard output did not take.")
  const frames = counter("frames_total", "Frames read other than relayed signals, by type or by the fault.", "outcome")

  let arrivals = 0
  let signals = 0
  new Counter({
    name: "silktower_signals_total",
    help: "Signal frames read, relayed or not.",
    registers,
    collect() {
      this.reset()
      this.inc(signals)
    }
  })
  const relay = new Histogram({
    name: "silktower_relay_duration_seconds",
    help: `From reading a signal to handing it to the peer's socket, measured of one frame in ${relaySample}.`,
    buckets: [0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25],
    registers
  })
  const http = new Histogram({
    name: "silktower_http_request_duration_seconds",
    help: "From the head of a request to the end of its answer.",
    labelNames: ["route", "method", "status"],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers
  })
  // Looking a child up by its labels costs more than counting it.
  const answers = new Map<string, Histogram.Internal<string>>()

  new Gauge({
    name: "silktower_actor_states",
    help: "Living actors by kind and by the states they are in; a parallel chart is in one state of each region.",
    labelNames: ["kind", "state"],
    registers,
    collect() {
      this.reset()
      for (const [kind, supervisor] of Object.entries(supervisors())) {
        for (const [state, count] of countStates(supervisor)) this.set({ kind, state }, count)
      }
    }
  })
  new Gauge({
    name: "silktower_actors",
    help: "Living actors by kind.",
    labelNames: ["kind"],
    registers,
    collect() {
      for (const [kind, supervisor] of Object.entries(supervisors())) {
        this.set({ kind }, supervisor.getSnapshot().children.size)
      }
    }
  })
  new Gauge({
    name: "silktower_job_last_run_timestamp_seconds",
    help: "When the last finished run of a timed job began, by what came of it.",
    labelNames: ["job", "outcome"],
    registers,
    collect() {
      this.reset()
      for (const [job, { lastRunAt, lastResult }] of Object.entries(jobs())) {
        if (lastRunAt !== null && lastResult !== null) this.set({ job, outcome: lastResult.outcome }, lastRunAt / 1000)
      }
    }
  })
  new Gauge({
    name: "silktower_database_connections",
    help: "Connections to the database by what they do, and statements that wait for one.",
    labelNames: ["state"],
    registers,
    collect() {
      const { acquiredConnections, idleConnections, waitingClients } = pool()
      this.set({ state: "busy" }, acquiredConnections)
      this.set({ state: "idle" }, idleConnections)
      this.set({ state: "waiting" }, waitingClients)
    }
  })
  new Gauge({ name: "silktower_info", help: "Always 1; says the version.", labelNames: ["version"], registers }).set(
    { version },
    1
  )

  let isAsked = false

  return {
    record: (event) => {
      switch (event.name) {
        case "client:connected":
          return connections.inc()
        case "client:disconnected":
          return disconnections.inc()
        case "flight:created":
          return flightsCreated.inc()
        case "flight:joined":
          return meetings.inc({ connection_type: event.connectionType })
        case "flight:ended":
          return flightsEnded.inc({ reason: event.reason })
        case "flight:error":
          return flightFaults.inc({ error: event.error })
        case "flight:invitation":
          return invitations.inc()
        case "system:error":
          return crashes.inc({ kind: event.kind, restarted: String(event.restarted) })
      }
    },
    refused: (budget) => refusals.inc({ budget }),
    refusedOrigin: (where) => refusedOrigins.inc({ where }),
    line: (level, message) => lines.inc({ level, message }),
    lineOmitted: (message) => omittedLines.inc({ message }),
    linesLost: (count) => lostLines.inc(count),
    answered: (route, method, status, seconds) => {
      const statusClass = `${Math.floor(status / 100)}xx`
      const key = `${method} ${route} ${statusClass}`
      let answer = answers.get(key)
      if (answer === undefined) answers.set(key, (answer = http.labels({ route, method, status: statusClass })))
      answer.observe(seconds)
    },
    frame: (outcome) => frames.inc({ outcome }),
    arrived: () => (arrivals++ % relaySample === 0 ? performance.now() : 0),
    relayed: (arrivedAt) => {
      signals++
      if (arrivedAt !== 0) relay.observe((performance.now() - arrivedAt) / 1000)
    },
    text: () => {
      // They watch the event loop and the collector from then on, which a server that nobody watches need not pay for.
      if (!isAsked) collectDefaultMetrics({ register: registry })
      isAsked = true
      return registry.metrics()
    },
    contentType: registry.contentType
  }
}
