/** Where the actors of a cluster are found: each node has its own. */
import type { Address } from "../address.ts"

export const shardKind = "shards"
/** `index`: from 0. */
export const shardAt = (index: number): Address => ({ kind: shardKind, id: String(index) })
