/**
 * What people who run a server look at first: who is there, whether those who meet get through to each other, what the
 * process needs and who is turned away. Measured while somebody watches, and not at all otherwise.
 */
import { monitorEventLoopDelay } from "node:perf_hooks"
import type { RefusalCounts } from "../admission/refusalMetrics.ts"
import type { Meetings } from "../sockets/link.ts"
import type { Tally, TowerPart } from "./towerPart.ts"

/** Who is there by one protocol. */
export interface ProtocolTally {
  readonly protocol: string
  readonly people: number
  readonly pairs: number | null
}

export interface Vitals {
  readonly people: number
  readonly pairs: number
  /** Since the start of the server, of all protocols that hear of meetings. */
  readonly meetings: Omit<Meetings, "open">
  readonly protocols: readonly ProtocolTally[]
  /** Bytes. */
  readonly memory: { readonly rss: number; readonly heap: number }
  /** Milliseconds by which the event loop was late between the two readings before: all but the worst hundredth, and the worst. */
  readonly delayMs: { readonly p99: number; readonly worst: number }
  /** Since the start of the server. */
  readonly refusals: RefusalCounts
}

export interface VitalsOptions {
  readonly parts: readonly { readonly protocol: string; readonly part: TowerPart }[]
  readonly refusals: () => RefusalCounts
  /** Milliseconds between two looks at how late the event loop is. */
  readonly delayResolutionMs: number
}

export interface VitalSigns {
  /** Somebody watches from now on. */
  begin(): void
  read(): Vitals
  /** Nobody watches any more. */
  end(): void
}

const noDelay = { p99: 0, worst: 0 }
const noMeetings = { paired: 0, answered: 0, faulted: 0, vain: 0 }
const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0)

export const createVitalSigns = ({ parts, refusals, delayResolutionMs }: VitalsOptions): VitalSigns => {
  let delay: ReturnType<typeof monitorEventLoopDelay> | undefined
  let taken: Vitals["delayMs"] = noDelay

  /** The histogram holds the time between two looks, which is that much even where nothing is late. */
  const lateness = (nanoseconds: number): number =>
    Math.max(0, Math.round((nanoseconds / 1e6 - delayResolutionMs) * 10) / 10)

  /**
   * Behind all timers that are due: a histogram forgets with a reset when it looked last, so a delay that its own timer is
   * about to see would be lost.
   */
  const takeDelay = (): void => {
    if (delay === undefined) return
    taken = delay.count === 0 ? noDelay : { p99: lateness(delay.percentile(99)), worst: lateness(delay.max) }
    delay.reset()
  }
  const readDelay = (): Vitals["delayMs"] => {
    setImmediate(takeDelay)
    return taken
  }

  return {
    begin: () => {
      taken = noDelay
      delay = monitorEventLoopDelay({ resolution: delayResolutionMs })
      delay.enable()
    },
    read: () => {
      const tallies = parts.flatMap(({ protocol, part }): (Tally & { protocol: string })[] => {
        const tally = part.tally?.()
        return tally === undefined ? [] : [{ protocol, ...tally }]
      })
      const meetings = { ...noMeetings }
      for (const { meetings: each = noMeetings } of tallies) {
        meetings.paired += each.paired
        meetings.answered += each.answered
        meetings.faulted += each.faulted
        meetings.vain += each.vain
      }
      const { rss, heapUsed } = process.memoryUsage()
      return {
        people: sum(tallies.map(({ people }) => people)),
        pairs: sum(tallies.map(({ pairs = 0 }) => pairs)),
        meetings,
        protocols: tallies.map(({ protocol, people, pairs = null }) => ({ protocol, people, pairs })),
        memory: { rss, heap: heapUsed },
        delayMs: readDelay(),
        refusals: refusals()
      }
    },
    end: () => {
      delay?.disable()
      delay = undefined
    }
  }
}
