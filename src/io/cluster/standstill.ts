/**
 * Notices that this process has stood still, as one that is frozen or starved does: what it takes for true may be long out of
 * date. It looks by a clock of its own, and before anything that comes is believed: what has come meanwhile may be heard first.
 */

export interface StandstillOptions {
  /** How often it looks by itself, milliseconds. */
  readonly everyMs: number
  /** After so long without a look this process has stood still, milliseconds. */
  readonly afterMs: number
  readonly onStoodStill: () => void
}

export const createStandstill = ({ everyMs, afterMs, onStoodStill }: StandstillOptions) => {
  let lookedAt = performance.now()
  const look = (): void => {
    const now = performance.now()
    const since = now - lookedAt
    lookedAt = now
    if (since >= afterMs) onStoodStill()
  }
  const timer = setInterval(look, everyMs)
  timer.unref()
  return { look, close: (): void => clearInterval(timer) }
}
