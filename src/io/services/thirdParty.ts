/** Asking other people's services over HTTP: with patience that ends, and without believing what comes back. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { limits } from "../../limits.ts"

/** A service did not give a usable answer. `reason` is fit for a log: it repeats nothing that was sent or received. */
export class ThirdPartyFailed extends Data.TaggedError("ThirdPartyFailed")<{
  readonly reason: string
  /** The HTTP status, when there was an answer at all. */
  readonly status?: number
  /** Whether the same question may be answered in a moment: the network, or a fault of the service itself. */
  readonly passing: boolean
}> {}

export interface Patience {
  /** Milliseconds for everything, retries and the pauses before them included. */
  readonly timeoutMs: number
  /** How often a passing failure is tried again. */
  readonly retries: number
  /** Milliseconds before the first retry, doubled for each further one, each more or less by a fifth. */
  readonly retryMs: number
}

const defaultPatience: Patience = {
  timeoutMs: limits.thirdPartyTimeoutMs,
  retries: limits.thirdPartyRetries,
  retryMs: limits.thirdPartyRetryMs
}

/**
 * Sends a request and reads a JSON answer of this shape. 5xx and network errors are tried again. Redirects are not
 * followed, as a question with a secret in it is meant for nobody else. `name` is that of the question in traces.
 */
export const askThirdParty = <S extends Schema.ConstraintDecoder<unknown>>(
  name: string,
  request: HttpClientRequest.HttpClientRequest,
  schema: S,
  { timeoutMs, retries, retryMs }: Patience = defaultPatience
): Effect.Effect<S["Type"], ThirdPartyFailed> => {
  const decode = Schema.decodeUnknownResult(schema)

  const once = Effect.gen(function* () {
    const response = yield* Effect.mapError(HttpClient.execute(request), unreachable)
    if (response.status >= 300) return yield* answered(response.status)
    const text = yield* Effect.mapError(response.text, unreachable)
    const decoded = Result.flatMap(
      Result.try((): unknown => JSON.parse(text)),
      decode
    )
    if (Result.isSuccess(decoded)) return decoded.success
    return yield* new ThirdPartyFailed({
      reason: "answered something else than it should",
      status: response.status,
      passing: false
    })
  })

  return once.pipe(
    Effect.retry({
      schedule: Schedule.exponential(retryMs).pipe(Schedule.jittered),
      times: retries,
      while: (error) => error.passing
    }),
    Effect.timeoutOrElse({
      duration: timeoutMs,
      orElse: () =>
        Effect.fail(new ThirdPartyFailed({ reason: `gave no answer within ${timeoutMs} ms`, passing: false }))
    }),
    Effect.provide(transport),
    Effect.withSpan(name, { kind: "client" })
  )
}

/** No trace headers either, what happens inside this server is nobody else's business; and no spans with URLs in them. */
const transport = Layer.mergeAll(
  FetchHttpClient.layer,
  Layer.succeed(FetchHttpClient.RequestInit, { redirect: "manual" }),
  Layer.succeed(HttpClient.TracerPropagationEnabled, false),
  Layer.succeed(HttpClient.TracerDisabledWhen, () => true)
)

const answered = (status: number): ThirdPartyFailed =>
  new ThirdPartyFailed({ reason: `answered ${status}`, status, passing: status >= 500 })

const unreachable = (error: unknown): ThirdPartyFailed => {
  const code = networkCode(error)
  const reason = code === undefined ? "could not be reached" : `could not be reached (${code})`
  return new ThirdPartyFailed({ reason, passing: true })
}

/** The innermost code, such as ECONNREFUSED: fetch wraps what happened, and so does its wrapper. */
const networkCode = (error: unknown): string | undefined => {
  if (!(error instanceof Error)) return undefined
  const { code } = error as { code?: unknown }
  return networkCode(error.cause) ?? (typeof code === "string" ? code : undefined)
}
