/** The server as a process: configuration, signals, exit codes. */
import { existsSync, readFileSync } from "node:fs"
import { isatty } from "node:tty"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { type ApplicationOptions, startApplication } from "./application.ts"
import { readCommandLine } from "./config/commandLine.ts"
import { type Config, loadConfig, readEnvironmentFile, variableTable } from "./config/config.ts"
import { configWarnings, environmentFileWarnings } from "./config/configWarnings.ts"
import { serverProgram } from "./config/serverFlags.ts"
import { shownSettings } from "./config/shownSettings.ts"
import { greeting } from "./greeting.ts"
import { createLogOutput, type DescriptorOutput } from "./io/telemetry/logOutput.ts"
import { outliveStandardStreams } from "./io/telemetry/standardStreams.ts"
import { limits } from "./limits.ts"
import { protocols } from "./protocols.ts"

const standardOutput = 1

/** Ends the process once its last lines are written. */
const leave = async (exitCode: number, output?: DescriptorOutput): Promise<never> => {
  // Node waits for a write that hangs, and so for a terminal that somebody has stopped with Ctrl-S. All else is done.
  if ((await output?.settled(limits.logFarewellMs))?.hangs === true) process.kill(process.pid, "SIGKILL")
  process.exit(exitCode)
}

const fail = (error: unknown, output?: DescriptorOutput): Promise<never> => {
  // One line where it is said before anything else: a log reader may not be there yet.
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  return leave(1, output)
}

const defaultFile = ".env"

const fileWarnings = (file: string): readonly string[] =>
  existsSync(file)
    ? environmentFileWarnings(file, readFileSync(file, "utf8"), process.env, Object.keys(variableTable(protocols)))
    : []

export interface RunOptions {
  /** Watches every actor: for development, as it costs each event something. */
  readonly inspect?: ApplicationOptions["inspect"]
}

/** Says what it has found, and ends the process: with 1 where something must be changed. */
const checked = async (config: Config, warnings: readonly string[]): Promise<void> => {
  const { check, report } = await import("./check/check.ts")
  const findings = await check({ config, protocols, warnings })
  process.exitCode = findings.some(({ state }) => state === "fault") ? 1 : 0
  process.stdout.write(report(findings))
}

const migrated = async ({ database: { url, ssl }, dataDirectory }: Config): Promise<void> => {
  const { migrateDatabase } = await import("./migrate.ts")
  try {
    const said = await migrateDatabase({ url: url && Redacted.value(url), ssl, dataDirectory }, protocols)
    process.stdout.write(`${said}\n`)
  } catch (error) {
    return fail(error)
  }
}

/** Runs the server until a signal ends it. */
export const run = async ({ inspect }: RunOptions = {}): Promise<void> => {
  outliveStandardStreams()
  const words = process.argv.slice(2)
  const { answer, command, values: flags } = await readCommandLine(serverProgram, words)
  if (answer !== undefined) {
    process.stdout.write(`${answer}\n`)
    return
  }
  const { "env-file": named, "data-dir": folder } = flags
  const file = named ?? defaultFile
  const loaded = await Effect.runPromise(
    Effect.result(
      Effect.gen(function* () {
        const fromFile = yield* readEnvironmentFile(file, { needed: named !== undefined })
        // PostgreSQL's own variables are read where the connection is made.
        for (const [name, value] of Object.entries(fromFile)) if (name.startsWith("PG")) process.env[name] ??= value
        const environment = { ...fromFile, ...process.env }
        const config = yield* loadConfig(environment, words, protocols)
        const settings = yield* Effect.promise(() => shownSettings(environment, words, protocols))
        return { environment, config, settings }
      })
    )
  )
  if (Result.isFailure(loaded)) return fail(loaded.failure)
  const { config, environment, settings } = loaded.success
  const said = folder === undefined ? environment : { ...environment, DATA_DIR: folder }
  const warnings = [...fileWarnings(file), ...configWarnings(said, protocols)]
  if (command === "check") return checked(config, warnings)
  if (command === "migrate") return migrated(config)

  const output = createLogOutput(standardOutput, {
    waitingUnits: limits.logWaitingUnits,
    gatherMs: limits.logGatherMs,
    retryMs: limits.logRetryMs
  })
  const giveUp = (error: unknown) => fail(error, output)
  const application = await startApplication(config, {
    protocols,
    output,
    pretty: isatty(standardOutput),
    inspect,
    settings,
    warnings
  }).catch(giveUp)

  /** When it was told to, on the clock of `performance.now`. */
  let stoppingSince: number | undefined
  const giveUpAfter = (milliseconds: number) =>
    setTimeout(giveUp, milliseconds, `Not closed after ${milliseconds} ms: giving up.`).unref()
  const stop = (exitCode: number) => {
    if (stoppingSince !== undefined) return
    stoppingSince = performance.now()
    giveUpAfter(config.drainMs + config.shutdownTimeoutMs)
    application.stop().then(() => leave(exitCode, output), giveUp)
  }
  const signalled = () => {
    if (stoppingSince === undefined) return stop(0)
    if (performance.now() - stoppingSince < limits.sameSignalMs) return
    application.hurry()
    giveUpAfter(config.shutdownTimeoutMs)
  }
  // A terminal that is closed sends SIGHUP.
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, signalled)
  // A promise that nobody waited for harms nobody. After an exception that nobody caught the state is unknown: clients
  // are told, rooms saved, and whoever watches the process starts it anew.
  process.on("unhandledRejection", application.reportFault)
  process.on("uncaughtException", (error) => {
    application.reportFault(error)
    stop(1)
  })
  // Last: whoever reads this may stop the server at once.
  output.write(greeting(config, application))
}
