/** Who may do something how often: a bucket of tokens for each key. The table is bounded, and forgets who has all tokens. */
import { limits } from "../../limits.ts"

export interface TokenBucketsOptions {
  /** Tokens of a full bucket, which is what everybody begins with. 0: there is no limit. */
  readonly burst: number
  /** Tokens that come back each second. */
  readonly perSecond: number
  /** Buckets at most; for one more the one that has not been used for longest is forgotten. */
  readonly keys: number
  /** Milliseconds on a clock that never jumps. */
  readonly now: () => number
}

export interface TokenBuckets {
  /** Takes a token and gives back 0, or takes none and gives back the milliseconds until there is one. */
  take(key: string): number
  /** What `take` would give back, without taking: a key that is not remembered has all tokens. */
  wait(key: string): number
  /** Puts a token back. */
  give(key: string): void
  /** Keys that are remembered. */
  readonly size: number
}

interface Bucket {
  tokens: number
  /** When they were counted. */
  at: number
  /** When it was put behind all others. */
  putAt: number
}

export const createTokenBuckets = ({ burst, perSecond, keys, now }: TokenBucketsOptions): TokenBuckets => {
  if (burst === 0) return { take: () => 0, wait: () => 0, give: () => {}, size: 0 }
  /** In the order of their last use, to `budgetKeysOrderedMs`. */
  const buckets = new Map<string, Bucket>()

  const tokensOf = ({ tokens, at }: Bucket, time: number): number =>
    Math.min(burst, tokens + ((time - at) / 1000) * perSecond)

  const forget = (time: number) => {
    let looked = 0
    for (const [key, bucket] of buckets) {
      const isFull = tokensOf(bucket, time) >= burst
      if (isFull || buckets.size > keys) buckets.delete(key)
      if (++looked >= limits.budgetKeysForgotten) return
    }
  }

  return {
    take: (key) => {
      const time = now()
      // Counted in place: every request takes one.
      const bucket = buckets.get(key) ?? { tokens: burst, at: time, putAt: Number.NEGATIVE_INFINITY }
      const tokens = tokensOf(bucket, time)
      const isGranted = tokens >= 1
      bucket.tokens = isGranted ? tokens - 1 : tokens
      bucket.at = time
      if (time - bucket.putAt >= limits.budgetKeysOrderedMs) {
        buckets.delete(key)
        buckets.set(key, bucket)
        bucket.putAt = time
        forget(time)
      }
      return isGranted ? 0 : ((1 - tokens) / perSecond) * 1000
    },
    wait: (key) => {
      const bucket = buckets.get(key)
      const tokens = bucket === undefined ? burst : tokensOf(bucket, now())
      return tokens >= 1 ? 0 : ((1 - tokens) / perSecond) * 1000
    },
    give: (key) => {
      const bucket = buckets.get(key)
      if (bucket === undefined) return
      bucket.tokens = Math.min(burst, bucket.tokens + 1)
      if (tokensOf(bucket, now()) >= burst) buckets.delete(key)
    },
    get size() {
      return buckets.size
    }
  }
}
