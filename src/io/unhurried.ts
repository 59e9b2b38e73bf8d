/** Work that may wait while much is going on: in a rush everybody is let in first, and sees who else is there after that. */

/**
 * Makes a queue. Work is done at once as long as this turn of the event loop has been busy for less than `sliceMs`
 * milliseconds, and else, in order, in the turns that follow, for `sliceMs` in each.
 */
export const createUnhurried = (sliceMs: number): ((work: () => void) => void) => {
  let waiting: (() => void)[] = []
  /** Until when work is done in this turn, on the clock of performance.now(); undefined before the first of a turn. */
  let until: number | undefined

  const endTurn = () => {
    until = undefined
    if (waiting.length === 0) return
    const end = performance.now() + sliceMs
    let done = 0
    while (done < waiting.length && performance.now() < end) (waiting[done++] as () => void)()
    waiting = waiting.slice(done)
    if (waiting.length > 0) setImmediate(endTurn)
  }

  return (work) => {
    if (waiting.length > 0) {
      waiting.push(work)
      return
    }
    if (until === undefined) {
      until = performance.now() + sliceMs
      setImmediate(endTurn)
    } else if (performance.now() >= until) {
      waiting.push(work)
      return
    }
    work()
  }
}
