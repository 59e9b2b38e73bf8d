/** What this node knows of the locks of its shards: whose lock it is sure of, and until when. */

export interface ShardLocks {
  /** What was asked for at this time, on the clock of performance.now(), and which of it this node has. */
  answered(asked: readonly number[], held: readonly number[], at: number): void
  /** They could not be asked for. */
  unanswered(): void
  /** This node has it, and nobody else can have it yet. */
  isHeld(shard: number): boolean
  /** The same, but nobody could say so when it was asked for last: nobody else can take it either. */
  isUncertain(shard: number): boolean
}

/** `leaseMs`: a lock that has not been asked for in that time may be another one's. */
export const createShardLocks = (leaseMs: number): ShardLocks => {
  const heldAt = new Map<number, number>()
  let isAnswered = true
  const isHeld = (shard: number): boolean =>
    performance.now() - (heldAt.get(shard) ?? Number.NEGATIVE_INFINITY) < leaseMs
  return {
    answered: (asked, held, at) => {
      isAnswered = true
      for (const shard of asked) heldAt.delete(shard)
      for (const shard of held) heldAt.set(shard, at)
    },
    unanswered: () => {
      isAnswered = false
    },
    isHeld,
    isUncertain: (shard) => !isAnswered && isHeld(shard)
  }
}
