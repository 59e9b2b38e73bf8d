/**
 * What happened, as structured lines: `{timestamp, level, message, …}`. JSON where a machine reads, readable where a
 * person does. Newest lines are kept for whoever may ask for them, and the totals that status pages show are counted
 * here.
 */
import { Writable } from "node:stream"
import { pino, type Logger } from "pino"
import pretty from "pino-pretty"
import type { DomainEvent } from "../machines/domainEvents.ts"

export interface TelemetryOptions {
  readonly level: "trace" | "debug" | "info" | "warn" | "error"
  /** Readable lines instead of JSON. */
  readonly pretty: boolean
  /** Lines kept in memory. */
  readonly bufferSize: number
  /** Where lines go. */
  readonly output: NodeJS.WritableStream
}

export interface Totals {
  readonly totalConnections: number
  readonly totalDisconnections: number
  readonly totalFlightsCreated: number
  readonly totalFlightsJoined: number
}

export type Level = "debug" | "info" | "warn" | "error"

export interface Telemetry {
  /** Writes one line. `fields` must hold no secret: no SDP, candidate, participant id, key, token or URL with one. */
  log(level: Level, message: string, fields?: Readonly<Record<string, unknown>>): void
  /** Counts a domain event and writes its line. */
  record(event: DomainEvent): void
  totals(): Totals
  /** The newest lines, oldest first. */
  lines(): readonly string[]
}

/** Keeps the newest so many lines; adding one costs the same however many there are. */
const createLogBuffer = (size: number) => {
  const lines: string[] = []
  let next = 0
  return {
    add: (line: string) => {
      lines[next] = line
      next = (next + 1) % size
    },
    all: () => (lines.length < size ? lines.slice() : [...lines.slice(next), ...lines.slice(0, next)])
  }
}

/** Name, message and code of an error: its other properties may hold values of a query, and its stack only paths. */
export const describeError = (error: unknown): Readonly<Record<string, unknown>> => {
  if (!(error instanceof Error)) return { error: typeof error === "string" ? error : "not an Error" }
  const { code } = error as { code?: unknown }
  return { error: `${error.name}: ${error.message}`, ...(typeof code === "string" ? { code } : {}) }
}

export const createTelemetry = (options: TelemetryOptions): Telemetry => {
  const buffer = createLogBuffer(options.bufferSize)
  const target = options.pretty
    ? pretty({ colorize: true, destination: options.output as never, messageKey: "message", timestampKey: "timestamp", sync: true })
    : options.output
  const both = new Writable({
    write(chunk: Buffer, _encoding, done) {
      const line = chunk.toString()
      buffer.add(line.trimEnd())
      target.write(line)
      done()
    },
    decodeStrings: true
  })
  const logger: Logger = pino(
    {
      level: options.level,
      base: null,
      messageKey: "message",
      timestamp: () => `,"timestamp":"${new Date().toISOString()}"`,
      formatters: { level: (level) => ({ level }) }
    },
    both
  )

  const totals = { totalConnections: 0, totalDisconnections: 0, totalFlightsCreated: 0, totalFlightsJoined: 0 }

  const log: Telemetry["log"] = (level, message, fields) => logger[level](fields ?? {}, message)

  return {
    log,
    record: (event) => {
      const { name, ...fields } = event
      switch (event.name) {
        case "client:connected":
          totals.totalConnections++
          log("info", name, { ...fields, totalClients: totals.totalConnections - totals.totalDisconnections })
          return
        case "client:disconnected":
          totals.totalDisconnections++
          log("info", name, { ...fields, remainingClients: totals.totalConnections - totals.totalDisconnections })
          return
        case "flight:created":
          totals.totalFlightsCreated++
          log("info", name, { flightCode: event.flightCode, creatorId: event.creatorId, createdAt: new Date().toISOString() })
          return
        case "flight:joined": {
          totals.totalFlightsJoined++
          const { flightId: _flightId, name: _name, ...joined } = event
          log("info", name, joined)
          return
        }
        case "flight:ended":
          log("info", name, { flightCode: event.flightCode, reason: event.reason })
          return
        case "client:error":
          log("error", name, { clientId: event.clientId, ...describeError(event.error) })
          return
        case "flight:error":
          log("warn", name, fields)
          return
        case "room:error":
          log("error", name, { roomCode: event.roomCode, operation: event.operation, ...describeError(event.error) })
          return
        case "system:error":
          log("error", name, {
            kind: event.kind,
            id: event.id,
            restarted: event.restarted,
            ...describeError(event.error)
          })
          return
        default:
          log("info", name, fields)
      }
    },
    totals: () => ({ ...totals }),
    lines: () => buffer.all()
  }
}

