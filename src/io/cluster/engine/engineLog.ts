/** What the library says goes nowhere but into the log, and there only from warn on. */
import * as Cause from "effect/Cause"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import { describeError } from "../../telemetry/describeError.ts"
import type { Log } from "../../telemetry/telemetry.ts"

export const engineLog = (log: Log<"cluster:engine">): Layer.Layer<never> =>
  Layer.mergeAll(
    Layer.succeed(References.MinimumLogLevel)("Warn"),
    Logger.layer([
      Logger.make<unknown, void>(({ message, cause, logLevel }) => {
        const said = Array.isArray(message) ? message : [message]
        const causes = [cause, ...said.filter(Cause.isCause)].filter(({ reasons }) => reasons.length > 0)
        log(logLevel === "Warn" ? "warn" : "error", "cluster:engine", {
          said: said.filter((part) => typeof part === "string").join(" "),
          ...(causes[0] === undefined ? {} : describeError(rootOf(Cause.squash(causes[0]))))
        })
      })
    ])
  )

/** What has failed in the end: the library wraps errors several times, and only the innermost says what. */
export const rootOf = (error: unknown): unknown =>
  error instanceof Error && error.cause instanceof Error ? rootOf(error.cause) : error
