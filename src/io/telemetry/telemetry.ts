/**
 * The log: structured lines, `{timestamp, level, message, …}`. JSON where a machine reads, readable where a person does.
 * The newest lines are kept for whoever may ask for them.
 */
import { type Logger, pino } from "pino"
import { errorText, printable } from "./describeError.ts"
import type { Level } from "./events/eventTable.ts"
import { type AdmitsLine, type CoreLine, coreLines, type LineBudgets, type LineCause } from "./lineBudgets.ts"
import { createLogBuffer } from "./logBuffer.ts"
import type { LogOutput } from "./logOutput.ts"

export interface TelemetryOptions {
  readonly level: "trace" | Level
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
  /** Hears of each line that is written. */
  readonly onLine?: ((level: Level, message: string) => void) | undefined
  /** Hears of each line that is left out. */
  readonly onOmitted?: ((message: string) => void) | undefined
}

/**
 * Writes one line, unless too many such were written already; says whether it was left out for that. Never throws,
 * whatever `fields` are. They must hold no secret: no SDP, candidate, participant id, key, token or URL with one.
 */
export type Log<Name extends string> = (
  level: Level,
  message: Name,
  fields?: Readonly<Record<string, unknown>>,
  cause?: LineCause
) => "omitted" | void

export interface Telemetry {
  /** Writes the core's own lines. */
  readonly log: Log<CoreLine>
  /** Writes lines of somebody else's, who says how often each of them may be written. */
  logFor<Name extends string>(budgets: LineBudgets<Name>): Log<Name>
  /** Whether lines of this level are written at all. */
  writes(level: Level): boolean
  /** The newest lines, oldest first, as JSON. */
  lines(): readonly string[]
  /** Tells what was left out and has not been told yet: for when the server ends. */
  close(): void
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
  const { level, readable, bufferSize, lineUnits, output, admits, omittedMs, onLine, onOmitted } = options
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

  const write = (level: Level, message: string, fields?: Readonly<Record<string, unknown>>) => {
    onLine?.(level, message)
    try {
      logger[level]({ level, message, ...fields })
    } catch (error) {
      // A getter that throws, or what would fill the log by itself. That it happened is worth a line all the same.
      logger[level]({ level, message, unwritable: printable(errorText(error)) })
    }
  }

  const omitted = new Map<string, number>()
  let telling: NodeJS.Timeout | undefined
  const tellOmitted = () => {
    clearTimeout(telling)
    telling = undefined
    if (omitted.size === 0) return
    const lines = Object.fromEntries(omitted)
    omitted.clear()
    if (logger.isLevelEnabled("warn")) write("warn", "system:omitted", { lines })
  }

  const logFor: Telemetry["logFor"] =
    (budgets) =>
    (level, message, fields, cause = {}) => {
      if (!logger.isLevelEnabled(level)) return
      if (admits?.(message, budgets[message], cause) === false) {
        onOmitted?.(message)
        omitted.set(message, (omitted.get(message) ?? 0) + 1)
        telling ??= setTimeout(tellOmitted, omittedMs).unref()
        return "omitted"
      }
      write(level, message, fields)
    }

  return {
    log: logFor(coreLines),
    logFor,
    writes: (level) => logger.isLevelEnabled(level),
    lines: buffer.lines,
    close: tellOmitted
  }
}
