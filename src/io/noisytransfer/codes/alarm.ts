/** Whether many wrong codes have come lately, from whomever: then somebody guesses. */

export interface AlarmOptions {
  /** More than so many ... */
  readonly wrongCodes: number
  /** ... within so many milliseconds. */
  readonly withinMs: number
  /** Milliseconds on a clock that never jumps. */
  readonly now: () => number
}

export interface Alarm {
  /** A wrong code has come. */
  heard(): void
  readonly isOn: boolean
}

export const createAlarm = ({ wrongCodes, withinMs, now }: AlarmOptions): Alarm => {
  /** When the last of them came, in a ring: the oldest is where the next will be. */
  const times: number[] = []
  let next = 0

  return {
    heard: () => {
      times[next] = now()
      next = (next + 1) % (wrongCodes + 1)
    },
    get isOn() {
      const oldest = times[next]
      return times.length > wrongCodes && oldest !== undefined && now() - oldest < withinMs
    }
  }
}
