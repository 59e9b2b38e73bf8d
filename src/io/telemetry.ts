/**
 * What happened, as structured lines: `{timestamp, level, message, …}`. JSON where a machine reads, readable where a
 * person does. Newest lines are kept for whoever may ask for them, and the totals that status pages show are counted
 * here.
 */
import { pino, type Logger } from "pino"
import type { DomainEvent } from "../machines/domainEvents.ts"
import { createLogBuffer } from "./logBuffer.ts"
import type { LogOutput } from "./logOutput.ts"

export interface TelemetryOptions {
  readonly level: "trace" | "debug" | "info" | "warn" | "error"
  /** Turns a JSON line into what is written; absent: JSON is written. */
  readonly readable?: ((line: string) => string) | undefined
  /** Lines kept in memory. */
  readonly bufferSize: number
  /** Characters of one line; of a longer one the fields are left out. */
  readonly lineUnits: number
  /** Where lines go. When it breaks, lines are kept in memory only. */
  readonly output: LogOutput
  /** Hears of each line that is written. */
  readonly onLine?: ((level: Level, message: string) => void) | undefined
}

export interface Totals {
  readonly totalConnections: number
  readonly totalDisconnections: number
  readonly totalFlightsCreated: number
  readonly totalFlightsJoined: number
}

export type Level = "debug" | "info" | "warn" | "error"

export interface Telemetry {
  /** Writes one line; never throws, whatever `fields` are. They must hold no secret: no SDP, candidate, participant id, key, token or URL with one. */
  log(level: Level, message: string, fields?: Readonly<Record<string, unknown>>): void
  /** Counts a domain event and writes its line, if it is one that has a line. */
  record(event: DomainEvent): void
  totals(): Totals
  /** The newest lines, oldest first, as JSON. */
  lines(): readonly string[]
}

/** UTF-16 units of an error's message that a line shows. */
const errorUnits = 500

/**
 * Name, message and code of an error, as a log may show them: whatever else it holds may be somebody's secret. Never
 * throws: an error may be anything that was thrown, and is described where nobody catches any more.
 */
export const describeError = (error: unknown): Readonly<Record<string, unknown>> => {
  try {
    return description(error)
  } catch {
    return { error: "an Error that cannot be read" }
  }
}

const description = (error: unknown): Readonly<Record<string, unknown>> => {
  if (!(error instanceof Error)) return { error: typeof error === "string" ? printable(error) : "not an Error" }
  const { code } = error as { code?: unknown }
  return { error: `${error.name}: ${messageOf(error)}`, ...(typeof code === "string" ? { code } : {}) }
}

/** Some errors quote what they could not read, which is what a client or a third party has sent. */
const messageOf = ({ name, message }: Error): string => {
  if (name.startsWith("Schema")) return "a value is not what was expected"
  if (name === "SyntaxError") return printable(message.replace(/"[^]*" is not valid JSON/, "the text is not valid JSON"))
  return printable(message)
}

const printable = (text: string): string => {
  const safe = text.replace(/\/\/[^\s/?#]*@/g, "//<redacted>@")
  return safe.length > errorUnits ? `${safe.slice(0, errorUnits)}…` : safe
}

/** Characters that JSON leaves as they are and that some terminals obey or take for the end of a line. */
const unprintable = /[\u007f-\u009f\u2028\u2029]/
const everyUnprintable = new RegExp(unprintable, "g")
const escape = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
const escaped = (line: string): string => (unprintable.test(line) ? line.replace(everyUnprintable, escape) : line)

/** JSON where what makes lines for people cannot. */
const tryReadable = (readable: (line: string) => string, line: string): string => {
  try {
    return readable(line)
  } catch {
    return line
  }
}

export const createTelemetry = (options: TelemetryOptions): Telemetry => {
  const { level, readable, bufferSize, lineUnits, output, onLine } = options
  const buffer = createLogBuffer(bufferSize)
  // Whoever read the lines has gone. That is no reason for the server to go as well.
  output.on?.("error", () => {})

  const logger: Logger = pino(
    {
      level,
      base: null,
      messageKey: "message",
      // pino writes the level before everything else. Here it begins with nothing but the brace, then comes this, and
      // the rest in the order in which `log` puts it.
      formatters: { level: () => ({}) },
      timestamp: () => `"timestamp":"${new Date().toISOString()}"`
    },
    {
      write: (written) => {
        if (written.length > lineUnits) throw new RangeError(`of ${written.length} characters`)
        const line = escaped(written)
        buffer.add(line.slice(0, -1))
        output.write(readable === undefined ? line : escaped(tryReadable(readable, line)))
      }
    }
  )

  const log: Telemetry["log"] = (level, message, fields) => {
    if (!logger.isLevelEnabled(level)) return
    onLine?.(level, message)
    try {
      logger[level]({ level, message, ...fields })
    } catch (error) {
      // A getter that throws, or what would fill the log by itself. That it happened is worth a line all the same.
      logger[level]({ level, message, unwritable: printable(String(describeError(error)["error"])) })
    }
  }

  const totals = { totalConnections: 0, totalDisconnections: 0, totalFlightsCreated: 0, totalFlightsJoined: 0 }

  const record = (event: DomainEvent) => {
    switch (event.name) {
      case "client:connected":
        totals.totalConnections++
        return log("info", event.name, {
          clientId: event.clientId,
          ip: event.ip,
          totalClients: totals.totalConnections - totals.totalDisconnections
        })
      case "client:registered_details":
        return log("info", event.name, { clientId: event.clientId, newName: event.newName })
      case "client:disconnected":
        totals.totalDisconnections++
        return log("info", event.name, {
          clientId: event.clientId,
          remainingClients: totals.totalConnections - totals.totalDisconnections,
          flightCode: event.flightCode
        })
      case "client:error":
        return log("error", event.name, { clientId: event.clientId, ...describeError(event.error) })
      case "flight:created":
        totals.totalFlightsCreated++
        return log("info", event.name, {
          flightCode: event.flightCode,
          creatorId: event.creatorId,
          createdAt: new Date().toISOString()
        })
      case "flight:joined":
        totals.totalFlightsJoined++
        return log("info", event.name, {
          flightCode: event.flightCode,
          joinerId: event.joinerId,
          joinerName: event.joinerName,
          ip: event.ip,
          connectionType: event.connectionType
        })
      case "flight:seated":
      case "flight:left":
        // For the flight's story only.
        return
      case "flight:invitation":
        return log("info", event.name, { flightCode: event.flightCode, from: event.from, to: event.to })
      case "flight:error":
        return log("warn", event.name, {
          clientId: event.clientId,
          flightCode: event.flightCode,
          error: event.error
        })
      case "flight:ended":
        return log("info", event.name, { flightCode: event.flightCode, reason: event.reason })
      case "room:error":
        return log("error", event.name, {
          roomCode: event.roomCode,
          operation: event.operation,
          ...describeError(event.error)
        })
      case "system:error":
        return log("error", event.name, {
          kind: event.kind,
          id: event.id,
          restarted: event.restarted,
          ...describeError(event.error)
        })
      default:
        return event satisfies never
    }
  }

  return { log, record, totals: () => ({ ...totals }), lines: buffer.lines }
}
