/**
 * Which life each node lives. A life is a random text that a node draws when it starts, and anew when another node has
 * taken it for dead: what was said in the old one is true no more, and whoever says it is told so.
 */
import { clusterLimits } from "./limits.ts"

/** Another node, as it is known. `mark`: what all ids of its clients begin with; empty for one that was never met. */
export interface PeerNode {
  readonly address: string
  readonly mark: string
}

interface Life extends PeerNode {
  /** Null: the last one that is known is over. */
  readonly life: string | null
}

export interface Lives {
  isBuried(life: string): boolean
  /** Who a node was until now, if it lives another life than before: that one is over. */
  meet(address: string, mark: string, life: string): PeerNode | undefined
  /** This life of a node is over; undefined: none is known. */
  bury(address: string): string | undefined
  forget(address: string): void
  /** How a node is known. */
  peer(address: string): PeerNode
  /** Addresses of those who have this mark. */
  withMark(mark: string): readonly string[]
}

export const createLives = (): Lives => {
  const lives = new Map<string, Life>()
  /** The oldest first. */
  const buried = new Set<string>()

  const noteEnd = (life: string) => {
    buried.add(life)
    for (const oldest of buried) {
      if (buried.size <= clusterLimits.buriedLives) return
      buried.delete(oldest)
    }
  }

  return {
    isBuried: (life) => buried.has(life),
    meet: (address, mark, life) => {
      const before = lives.get(address)
      lives.set(address, { address, mark, life })
      if (before === undefined || before.life === null || before.life === life) return undefined
      noteEnd(before.life)
      return { address, mark: before.mark }
    },
    bury: (address) => {
      const known = lives.get(address)
      if (known === undefined || known.life === null) return undefined
      lives.set(address, { ...known, life: null })
      noteEnd(known.life)
      return known.life
    },
    forget: (address) => void lives.delete(address),
    peer: (address) => ({ address, mark: lives.get(address)?.mark ?? "" }),
    withMark: (mark) => [...lives.values()].filter((life) => life.mark === mark).map(({ address }) => address)
  }
}
