/**
 * A rush: connections come one upon the other, as after a deploy. Everybody is let in first; what can wait is done when
 * nobody comes any more.
 */

export interface RushOptions {
  /** Milliseconds between two arrivals below which it is a rush. */
  readonly gapMs: number
  /** Milliseconds of waiting work that are done in one turn of the event loop. */
  readonly sliceMs: number
  /** Milliseconds after which work is done although it is still a rush. */
  readonly patienceMs: number
}

export interface Rush {
  /** Somebody has been let in. */
  arrival(): void
  /** Does this at once, or in a rush a little later, always in order. */
  whenCalm(work: () => void): void
}

export const createRush = ({ gapMs, sliceMs, patienceMs }: RushOptions): Rush => {
  let waiting: { readonly work: () => void; readonly since: number }[] = []
  let arrivals = 0
  let lastAt = Number.NEGATIVE_INFINITY
  let isClose = false
  /** Arrivals up to the last look. */
  let seen = 0

  const look = () => {
    const now = performance.now()
    const isCalm = arrivals === seen
    seen = arrivals
    if (isCalm || now - (waiting[0]?.since ?? now) >= patienceMs) workUntil(now + sliceMs)
    if (waiting.length > 0) setImmediate(look)
  }

  const workUntil = (end: number) => {
    let done = 0
    while (done < waiting.length && performance.now() < end) waiting[done++]?.work()
    waiting = waiting.slice(done)
  }

  return {
    arrival: () => {
      const now = performance.now()
      isClose = now - lastAt < gapMs
      lastAt = now
      arrivals++
    },
    whenCalm: (work) => {
      if (waiting.length === 0) {
        const now = performance.now()
        if (!isClose || now - lastAt >= gapMs) return work()
        setImmediate(look)
      }
      waiting.push({ work, since: performance.now() })
    }
  }
}
