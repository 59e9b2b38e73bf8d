/**
 * How many offers are on a topic: counted by an index when it is asked, and known for a moment. A count is forgotten when this
 * process or another node writes to its topic (offerNews.ts), when the first of its offers expires, and before it is older than
 * what any other process writes may be.
 */
import type { OfferList } from "./offerList.ts"

export interface TopicCountsOptions {
  readonly list: Pick<OfferList, "count">
  /** Milliseconds that a count is known for at most. */
  readonly freshMs: number
  /** Topics whose counts are known at one time. */
  readonly topics: number
}

export interface TopicCounts {
  /** Rejects with DatabaseFault. */
  of(topic: string, at: number): Promise<number>
  /** Some topics have been written to. */
  forget(topics: readonly string[]): void
  /** It is not known which. */
  forgetAll(): void
}

export const createTopicCounts = ({ list, freshMs, topics: most }: TopicCountsOptions): TopicCounts => {
  const known = new Map<string, { readonly total: number; readonly at: number; readonly until: number }>()
  /** Raised by every write: what was counted before it is not kept. */
  let writes = 0

  return {
    of: async (topic, at) => {
      const count = known.get(topic)
      if (count !== undefined && at >= count.at && at < count.until) return count.total
      const before = writes
      const { total, until } = await list.count(topic, at)
      if (before === writes) {
        if (known.size >= most) known.clear()
        known.set(topic, { total, at, until: Math.min(at + freshMs, until ?? Number.POSITIVE_INFINITY) })
      }
      return total
    },
    forget: (topics) => {
      writes++
      for (const topic of topics) known.delete(topic)
    },
    forgetAll: () => {
      writes++
      known.clear()
    }
  }
}
