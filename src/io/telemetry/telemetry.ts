/**
 * What happened, as structured lines: `{timestamp, level, message, …}`. JSON where a machine reads, readable where a
 * person does. Newest lines are kept for whoever may ask for them, and the totals that status pages show are counted
 * here.
 */
import { type Logger, pino } from "pino"
import type { DomainEvent } from "../../machines/domainEvents.ts"
import type { AdmitsLine, LineCause, LineName } from "./lineBudgets.ts"
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
  /** Says of each line whether it may be written now; absent: all may. */
  readonly admits?: AdmitsLine | undefined
  /** Milliseconds after which it is told how many lines were left out. */
  readonly omittedMs?: number
  /** The address of a connection. */
  readonly addressOf?: ((clientId: string) => string | undefined) | undefined
  /** Hears of each line that is written. */
  readonly onLine?: ((level: Level, message: string) => void) | undefined
  /** Hears of each line that is left out. */
  readonly onOmitted?: ((message: string) => void) | undefined
}

export interface Totals {
  readonly totalConnections: number
  readonly totalDisconnections: number
  readonly totalFlightsCreated: number
  readonly totalFlightsJoined: number
}

export type Level = "debug" | "info" | "warn" | "error"

export interface Telemetry {
  /**
   * Writes one line, unless too many such were written already; says whether it was left out for that. Never throws,
   * whatever `fields` are. They must hold no secret: no SDP, candidate, participant id, key, token or URL with one.
   */
  log(level: Level, message: LineName, fields?: Readonly<Record<string, unknown>>, cause?: LineCause): "omitted" | void
  /** Counts a domain event and writes its line, if it is one that has a line; says what `log` says. */
  record(event: DomainEvent): "omitted" | void
  totals(): Totals
  /** The newest lines, oldest first, as JSON. */
  lines(): readonly string[]
  /** Tells what was left out and has not been told yet: for when the server ends. */
  close(): void
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
  if (name === "SyntaxError")
    return printable(message.replace(/"[^]*" is not valid JSON/, "the text is not valid JSON"))
  return printable(message)
}

const printable = (text: string): string => {
  const safe = text.replace(/\/\/[^\s/?#]*@/g, "//<redacted>@")
  return safe.length > errorUnits ? `${safe.slice(0, errorUnits)}…` : safe
}

/** Characters that JSON leaves as they are and that some terminals obey or take for the end of a line. */
const unprintable = /[\u007f-\u009f\u2028\u2029]/
const everyUnprintable = new RegExp(unprintable, "g")
const escapeOf = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
const escaped = (line: string): string => (unprintable.test(line) ? line.replace(everyUnprintable, escapeOf) : line)

/** JSON where what makes lines for people cannot. */
const tryReadable = (readable: (line: string) => string, line: string): string => {
  try {
    return readable(line)
  } catch {
    return line
  }
}

export const createTelemetry = (options: TelemetryOptions): Telemetry => {
  const { level, readable, bufferSize, lineUnits, output, admits, omittedMs, addressOf, onLine, onOmitted } = options
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

  const write = (level: Level, message: LineName, fields?: Readonly<Record<string, unknown>>) => {
    onLine?.(level, message)
    try {
      logger[level]({ level, message, ...fields })
    } catch (error) {
      // A getter that throws, or what would fill the log by itself. That it happened is worth a line all the same.
      logger[level]({ level, message, unwritable: printable(String(describeError(error)["error"])) })
    }
  }

  const omitted = new Map<LineName, number>()
  let telling: NodeJS.Timeout | undefined
  const tellOmitted = () => {
    clearTimeout(telling)
    telling = undefined
    if (omitted.size === 0) return
    const lines = Object.fromEntries(omitted)
    omitted.clear()
    if (logger.isLevelEnabled("warn")) write("warn", "system:omitted", { lines })
  }

  const log: Telemetry["log"] = (level, message, fields, cause = {}) => {
    if (!logger.isLevelEnabled(level)) return
    if (admits?.(message, cause) === false) {
      onOmitted?.(message)
      omitted.set(message, (omitted.get(message) ?? 0) + 1)
      telling ??= setTimeout(tellOmitted, omittedMs).unref()
      return "omitted"
    }
    write(level, message, fields)
  }

  /** Of a connection: its line counts for it, and for its address. */
  const causedBy = (client: string): LineCause => {
    const address = addressOf?.(client)
    return address === undefined ? { client } : { client, address }
  }
  /** Living flights whose beginning was left out: so is their end. */
  const untold = new Set<string>()

  const totals = { totalConnections: 0, totalDisconnections: 0, totalFlightsCreated: 0, totalFlightsJoined: 0 }

  const record: Telemetry["record"] = (event) => {
    switch (event.name) {
      case "client:connected":
        totals.totalConnections++
        return log(
          "info",
          event.name,
          {
            clientId: event.clientId,
            ip: event.ip,
            totalClients: totals.totalConnections - totals.totalDisconnections
          },
          { address: event.ip }
        )
      case "client:registered_details":
        return log("info", event.name, { clientId: event.clientId, newName: event.newName }, causedBy(event.clientId))
      case "client:disconnected":
        totals.totalDisconnections++
        return log(
          "info",
          event.name,
          {
            clientId: event.clientId,
            remainingClients: totals.totalConnections - totals.totalDisconnections,
            flightCode: event.flightCode
          },
          causedBy(event.clientId)
        )
      case "client:error":
        return log(
          "error",
          event.name,
          { clientId: event.clientId, ...describeError(event.error) },
          causedBy(event.clientId)
        )
      case "flight:created": {
        totals.totalFlightsCreated++
        const { flightCode, creatorId } = event
        const said = log(
          "info",
          event.name,
          { flightCode, creatorId, createdAt: new Date().toISOString() },
          causedBy(creatorId)
        )
        if (said === "omitted") untold.add(event.flightId)
        return said
      }
      case "flight:joined":
        totals.totalFlightsJoined++
        return log(
          "info",
          event.name,
          {
            flightCode: event.flightCode,
            joinerId: event.joinerId,
            joinerName: event.joinerName,
            ip: event.ip,
            connectionType: event.connectionType
          },
          { client: event.joinerId, address: event.ip }
        )
      case "flight:seated":
      case "flight:left":
        // For the flight's story only.
        return
      case "flight:invitation":
        return log(
          "info",
          event.name,
          { flightCode: event.flightCode, from: event.from, to: event.to },
          causedBy(event.from)
        )
      case "flight:error":
        return log(
          "warn",
          event.name,
          { clientId: event.clientId, flightCode: event.flightCode, error: event.error },
          causedBy(event.clientId)
        )
      case "flight:ended":
        if (untold.delete(event.flightId)) return
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

  return { log, record, totals: () => ({ ...totals }), lines: buffer.lines, close: tellOmitted }
}
