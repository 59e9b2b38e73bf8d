/**
 * What is read for whoever looks at the server, such as the tower page: when somebody looks, one reading at a time, and not
 * again for a while. Who looks first is shown what was known before, and the rest at the next look.
 */
export interface GlanceOptions<A> {
  /** What is shown before anything was read. */
  readonly initial: A
  readonly read: () => Promise<A>
  /** Milliseconds between the end of a reading and the next. */
  readonly freshMs: number
  /** Told of a reading that has failed: what was known before stays. */
  readonly onFault: (error: unknown) => void
}

export const createGlance = <A>({ initial, read, freshMs, onFault }: GlanceOptions<A>): (() => A) => {
  let known = initial
  let isReading = false
  let nextAt = Number.NEGATIVE_INFINITY

  const look = async () => {
    isReading = true
    try {
      known = await read()
    } catch (error) {
      onFault(error)
    } finally {
      isReading = false
      nextAt = performance.now() + freshMs
    }
  }

  return () => {
    // A clock that never jumps.
    if (!isReading && performance.now() >= nextAt) void look()
    return known
  }
}
