/** Whether this server should be sent clients: its database answers, and it is not about to go. */

/**
 * `database`: it gives no answer, or not in time. `database_fault`: it answers that it will not do what is needed, and
 * waiting does not cure that. `cluster`: of a node, some actors would have no home yet.
 */
export type Readiness = "ready" | "shutting_down" | "database" | "database_fault" | "cluster"

export interface ReadinessOptions {
  /** Asks the database for what is needed of it; rejects with an error that says of itself whether it is `lasting`. */
  readonly probe: () => Promise<unknown>
  /** Whether everybody who is found by a name has a home; absent: always. */
  readonly isOwned?: () => boolean
  /** Hears once of a fault that lasts, and again when there has been none in between. */
  readonly onFault: (error: unknown) => void
  /** Milliseconds that it may take. */
  readonly timeoutMs: number
  /** Milliseconds that an answer is good for: however many ask, the database is asked once. */
  readonly freshMs: number
}

export const createReadiness = ({ probe, isOwned, onFault, timeoutMs, freshMs }: ReadinessOptions) => {
  let isStopping = false
  let isFaulty = false
  let asking: Promise<Readiness> | undefined
  let freshUntil = 0

  const ask = async (): Promise<Readiness> => {
    const late = Promise.withResolvers<Readiness>()
    const timer = setTimeout(() => late.resolve("database"), timeoutMs)
    const answer = probe().then(
      (): Readiness => {
        isFaulty = false
        return "ready"
      },
      (error: { readonly lasting?: boolean }): Readiness => {
        if (error.lasting !== true) return "database"
        if (!isFaulty) onFault(error)
        isFaulty = true
        return "database_fault"
      }
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
      if (isStopping) return "shutting_down"
      return readiness === "ready" && isOwned?.() === false ? "cluster" : readiness
    },
    /** From now on it is not ready. */
    stop: () => {
      isStopping = true
    }
  }
}
