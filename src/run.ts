/** The server as a process: configuration, signals, exit codes. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { startApplication, type ApplicationOptions } from "./application.ts"
import { readCommandLine } from "./commandLine.ts"
import { loadConfig, readEnvironmentFile } from "./config.ts"
import { greeting } from "./greeting.ts"
import { createBatchedOutput } from "./io/batchedOutput.ts"
import { serverProgram } from "./serverFlags.ts"

const fail = (error: unknown): never => {
  // One line where it is said before anything else: a log reader may not be there yet.
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}

export interface RunOptions {
  /** Watches every actor: for development, as it costs each event something. */
  readonly inspect?: ApplicationOptions["inspect"]
}

/** Runs the server until a signal ends it. */
export const run = async ({ inspect }: RunOptions = {}): Promise<void> => {
  const words = process.argv.slice(2)
  const { answer } = await readCommandLine(serverProgram, words)
  if (answer !== undefined) {
    process.stdout.write(`${answer}\n`)
    return
  }
  const loaded = await Effect.runPromise(
    Effect.result(
      Effect.flatMap(readEnvironmentFile(".env"), (fromFile) => {
        // PostgreSQL's own variables are read where the connection is made.
        for (const [name, value] of Object.entries(fromFile)) if (name.startsWith("PG")) process.env[name] ??= value
        return loadConfig({ ...fromFile, ...process.env }, words)
      })
    )
  )
  if (Result.isFailure(loaded)) return fail(loaded.failure)
  const config = loaded.success

  const isTerminal = process.stdout.isTTY === true
  const output = createBatchedOutput(process.stdout)
  process.on("exit", output.flush)
  const application = await startApplication(config, { output, pretty: isTerminal, inspect }).catch(fail)

  let stopping = false
  const stop = (exitCode: number) => {
    if (stopping) return
    stopping = true
    setTimeout(() => fail(`Not closed after ${config.shutdownTimeoutMs} ms: giving up.`), config.shutdownTimeoutMs).unref()
    application.stop().then(() => process.exit(exitCode), fail)
  }
  process.on("SIGTERM", () => stop(0))
  process.on("SIGINT", () => stop(0))
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
