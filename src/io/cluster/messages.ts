/** What nodes say to each other, as JSON. Events are plain data and hold addresses, so nothing in them has to be translated. */
import type { Owner } from "../../machines/cluster/shard/shardContext.ts"
import type { RegistryEvent } from "../../machines/registry.ts"

/** What an actor of one node says to one of another. */
export type Said = Extract<RegistryEvent, { type: "tell" | "start" }>
export type SaidToAll = Extract<RegistryEvent, { type: "tellAll" }>

export type NodeMessage =
  /** For an actor with a socket of the node that hears it. */
  | { readonly kind: "socket"; readonly said: Said }
  /** For an actor found by a name whose shard, as the sender believes, the node that hears it owns since this epoch. */
  | { readonly kind: "name"; readonly shard: number; readonly epoch: string; readonly said: Said }
  /** It does not, and gives that back. */
  | { readonly kind: "back"; readonly shard: number; readonly epoch: string; readonly said: Said }
  | { readonly kind: "all"; readonly said: SaidToAll }
  /** Asks for `fenced` behind all that came before it. */
  | { readonly kind: "fence" | "fenced"; readonly shard: number; readonly epoch: string }
  /** The sender is going, and says so: nobody need wonder what has become of it. */
  | { readonly kind: "leaving" }
  /** The sender owns nothing any more, and ends soon: nothing is said to it by names from now on. It asks for `farewell`
   * behind all that came before. */
  | { readonly kind: "left" | "farewell" }
  /** All actors of the sender who belong to the shard have said so. */
  | { readonly kind: "announced"; readonly shard: number; readonly owner: Owner }
