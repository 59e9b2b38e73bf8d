/** What a shard knows on one node, what it is told, and what follows from both without a state. */

/** Which node has a shard, and since when: no two epochs are equal. */
export interface Owner {
  /** `host:port`. */
  readonly node: string
  readonly epoch: string
}

export interface ShardSettings {
  /** The node that this one is. */
  readonly self: string
  /** How long the last owner may take to let through what was on its way to it, milliseconds. */
  readonly fenceMs: number
  /** How long the other nodes may take to say who belongs here, milliseconds. */
  readonly gatherMs: number
}

export interface ShardInput {
  readonly index: number
  readonly settings: ShardSettings
}

export interface ShardContext extends ShardInput {
  /** As it was told last; null: nobody is known. */
  readonly owner: Owner | null
  /** The node to which events for this shard have been sent last. */
  readonly former: string | null
  /** The one that was asked last for its last words and has not said them, be it that they are not waited for any longer. */
  readonly lastWordsOf: string | null
  /** Nodes that have not said yet who belongs here. */
  readonly awaited: readonly string[]
  /** Who has said so before this node knew that it is the owner, and under which epoch. */
  readonly early: readonly Owner[]
}

export type ShardEvent =
  /** `nodes`: the others that are there. */
  | ({ readonly type: "owner.known"; readonly nodes: readonly string[] } & Owner)
  /** Its owner has gone. */
  | { readonly type: "owner.unknown" }
  /** The registry of owners cannot be read: nobody can become one. */
  | { readonly type: "registry.away" }
  /** A former owner has let everything through that was on its way to it, or has sent it back. */
  | { readonly type: "shard.fenced"; readonly epoch: string }
  /** A node has told this owner of everybody who belongs here. */
  | ({ readonly type: "shard.announced" } & Owner)
  /** The owner must let go: what it keeps is to be saved first. */
  | { readonly type: "shard.release"; readonly epoch: string }
  /** The way to a node has ended, or is there again. */
  | { readonly type: "node.parted"; readonly node: string }
  | { readonly type: "node.met"; readonly node: string }
  /** The server is going. */
  | { readonly type: "server.draining" }
  /** All shards of this node have been given away. */
  | { readonly type: "shard.left" }
  | { readonly type: "deadline"; readonly at: number }

/** How events for this shard's actors go. */
export type Route =
  /** They wait. */
  | { readonly to: "nowhere" }
  /** What says who belongs here goes to them; all else waits. */
  | { readonly to: "claims" }
  | { readonly to: "here" }
  | ({ readonly to: "node" } & Owner)
