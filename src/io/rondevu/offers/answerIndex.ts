/**
 * The answers to the offers of peers that poll for them, in memory while they do: one statement when a peer begins, and one
 * after each answer to its offers. What this process and other nodes write is forgotten at once (offerNews.ts); what any
 * other process writes, when its mark differs.
 */
import type { FoundAnswer, OfferList } from "./offerList.ts"

export interface AnswerIndexOptions {
  readonly list: Pick<OfferList, "answered">
  /** Milliseconds after which a peer that does not poll is forgotten. */
  readonly restMs: number
  /** Peers that are remembered; for one more the one that has not polled for longest is forgotten. */
  readonly peers: number
  /** Told that there is something to compare with the database. */
  readonly inUse: () => void
  /** Epoch milliseconds. */
  readonly now: () => number
}

export interface AnswerIndex {
  /** As JSON; null: it must be read first. */
  known(peerId: string, at: number): string | null
  /** Reads, and tells the same. Rejects with DatabaseFault. */
  read(peerId: string): Promise<string>
  /** The offers of this peer are others now. */
  forget(peerId: string): void
  /** The marks of what is known. */
  marks(): ReadonlyMap<string, string | null>
}

interface Entry {
  readonly answers: readonly FoundAnswer[]
  readonly mark: string | null
  /** What is told until the first of them expires. */
  body: string
  until: number
  usedAt: number
}

const bodyOf = (answers: readonly FoundAnswer[]): string =>
  JSON.stringify({
    answers: answers.map(({ offerId, answererId, sdp, answeredAt, topics }) => ({
      offerId,
      answererId,
      sdp,
      answeredAt,
      topics
    }))
  })

export const createAnswerIndex = ({ list, restMs, peers, inUse, now }: AnswerIndexOptions): AnswerIndex => {
  /** In the order of their last use. */
  const entries = new Map<string, Entry>()
  /** The newest reading of each peer that is under way: only that is kept, and after a change none. */
  const readings = new Map<string, number>()
  let readingsBegun = 0

  const told = (entry: Entry, at: number): string => {
    if (at >= entry.until) {
      const living = entry.answers.filter(({ expiresAt }) => expiresAt > at)
      entry.body = bodyOf(living)
      entry.until = Math.min(...living.map(({ expiresAt }) => expiresAt))
    }
    return entry.body
  }

  const use = (peerId: string, entry: Entry, at: number) => {
    entry.usedAt = at
    entries.delete(peerId)
    entries.set(peerId, entry)
    let looked = 0
    for (const [other, { usedAt }] of entries) {
      if (entries.size > peers || Math.abs(at - usedAt) >= restMs) entries.delete(other)
      if (++looked >= 2) return
    }
  }

  return {
    known: (peerId, at) => {
      const entry = entries.get(peerId)
      if (entry === undefined) return null
      use(peerId, entry, at)
      return told(entry, at)
    },
    read: async (peerId) => {
      const reading = ++readingsBegun
      readings.set(peerId, reading)
      try {
        const { answers, mark } = await list.answered(peerId)
        const at = now()
        const entry: Entry = { answers, mark, body: "", until: Number.NEGATIVE_INFINITY, usedAt: at }
        if (readings.get(peerId) === reading) {
          use(peerId, entry, at)
          inUse()
        }
        return told(entry, at)
      } finally {
        if (readings.get(peerId) === reading) readings.delete(peerId)
      }
    },
    forget: (peerId) => {
      entries.delete(peerId)
      readings.delete(peerId)
    },
    marks: () => new Map([...entries].map(([peerId, { mark }]) => [peerId, mark]))
  }
}
