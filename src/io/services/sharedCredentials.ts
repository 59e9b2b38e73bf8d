/** Credentials that cost a question, and maybe money: one is asked for everybody, and its answer shared for a while. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"

export interface SharedCredentialsOptions<Credentials, Failure> {
  readonly ask: Effect.Effect<Credentials, Failure>
  /** Seconds that the credentials are good for, counted from the question. */
  readonly goodForSeconds: number
  /** Milliseconds that they are shared, counted in the same way. */
  readonly sharedMs: number
  /** Milliseconds that a failure is shared before it is tried again. */
  readonly failedMs: number
  /** Hears of each failure once, however many share it. */
  readonly onFailure: (failure: Failure) => void
  /** Milliseconds on a clock that never jumps. */
  readonly elapsed: () => number
}

export interface Shared<Credentials> {
  readonly credentials: Credentials
  /** Whole seconds that they are still good for. */
  readonly ttl: number
}

/** Gives null for a failure. Who leaves while it is asked takes nothing from the others. */
export const shareCredentials = <Credentials, Failure>(
  options: SharedCredentialsOptions<Credentials, Failure>
): Effect.Effect<Shared<Credentials> | null> => {
  const { ask, goodForSeconds, sharedMs, failedMs, onFailure, elapsed } = options
  let asking: Promise<{ readonly credentials: Credentials; readonly askedAt: number } | null> | undefined
  let freshUntil = 0

  return Effect.gen(function* () {
    // The question is a part of the request that asks it first, in traces as well.
    const services = yield* Effect.context()
    if (asking === undefined || elapsed() > freshUntil) {
      const askedAt = elapsed()
      freshUntil = Number.POSITIVE_INFINITY
      const asked = Effect.runPromiseWith(services)(Effect.result(ask))
      asking = asked.then((result) => {
        freshUntil = Result.isSuccess(result) ? askedAt + sharedMs : elapsed() + failedMs
        if (Result.isSuccess(result)) return { credentials: result.success, askedAt }
        onFailure(result.failure)
        return null
      })
      // A fault of ours, not theirs: the next one asks anew.
      asking.catch(() => (asking = undefined))
    }
    const current = asking
    const answer = yield* Effect.promise(() => current)
    if (answer === null) return null
    return { credentials: answer.credentials, ttl: Math.floor(goodForSeconds - (elapsed() - answer.askedAt) / 1000) }
  })
}
