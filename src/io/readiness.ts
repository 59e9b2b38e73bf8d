/** Whether this server should be sent clients: its database answers, and it is not about to go. */

/** `database`: it gives no answer, or not in time. */
export type Readiness = "ready" | "shutting_down" | "database"

export interface ReadinessOptions {
  /** Asks the database something trivial. */
  readonly probe: () => Promise<unknown>
  /** Milliseconds that it may take. */
  readonly timeoutMs: number
  /** Milliseconds that an answer is good for: however many ask, the database is asked once. */
  readonly freshMs: number
}

export const createReadiness = ({ probe, timeoutMs, freshMs }: ReadinessOptions) => {
  let isStopping = false
  let asking: Promise<Readiness> | undefined
  let freshUntil = 0

  const ask = async (): Promise<Readiness> => {
    const late = Promise.withResolvers<Readiness>()
    const timer = setTimeout(() => late.resolve("database"), timeoutMs)
    const answer = probe().then(
      (): Readiness => "ready",
      (): Readiness => "database"
    )
    try {
      return await Promise.race([answer, late.promise])
    } finally {
      clearTimeout(timer)
      freshUntil = performance.now() + freshMs
    }
  }

  return {
    /** Never rejects. */
    check: async (): Promise<Readiness> => {
      if (isStopping) return "shutting_down"
      if (asking === undefined || performance.now() > freshUntil) {
        freshUntil = Number.POSITIVE_INFINITY
        asking = ask()
      }
      const readiness = await asking
      return isStopping ? "shutting_down" : readiness
    },
    /** From now on it is not ready. */
    stop: () => {
      isStopping = true
    }
  }
}
