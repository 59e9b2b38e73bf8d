/** What the media engine has used and carries at the moment, asked for no more often than is worth it. */
import { createGlance } from "../../tower/glance.ts"
import type { MediaEngine, WorkerUsage } from "../engine/mediaEngine.ts"

/** In bit/s, as clients see it: `up` comes from them. */
export interface Rate {
  readonly up: number
  readonly down: number
}

export interface Usage {
  /** As last heard; asks anew when that is old. */
  workers(): readonly WorkerUsage[]
  /** Of these transports together, as last heard; they are asked for soon. */
  rate(transportIds: readonly string[]): Rate
}

export interface UsageOptions {
  readonly engine: Pick<MediaEngine, "usage" | "bitRates">
  /** Milliseconds for which the answers are good. */
  readonly usageFreshMs: number
  readonly ratesFreshMs: number
  /** Transports whose rates are asked for at a time. */
  readonly transports: number
}

/** A failure is no answer: what was heard before stays, and a worker that has died is told of elsewhere. */
const onFault = (): void => {}

export const createUsage = (options: UsageOptions): Usage => {
  const { engine, usageFreshMs, ratesFreshMs, transports } = options
  /** Those that somebody has looked at since the last question. */
  let wanted = new Set<string>()

  const workers = createGlance<readonly WorkerUsage[]>({
    initial: [],
    read: async () => (await engine.usage()).workers,
    freshMs: usageFreshMs,
    onFault
  })
  const rates = createGlance<ReadonlyMap<string, Rate>>({
    initial: new Map(),
    read: async () => {
      // Once all rows of this moment have been looked at.
      await Promise.resolve()
      const asked = [...wanted]
      wanted = new Set()
      return engine.bitRates(asked)
    },
    freshMs: ratesFreshMs,
    onFault
  })

  return {
    workers,
    rate: (transportIds) => {
      for (const id of transportIds) if (wanted.size < transports) wanted.add(id)
      const known = rates()
      return transportIds.reduce(
        (sum, id) => {
          const { up, down } = known.get(id) ?? { up: 0, down: 0 }
          return { up: sum.up + up, down: sum.down + down }
        },
        { up: 0, down: 0 }
      )
    }
  }
}
