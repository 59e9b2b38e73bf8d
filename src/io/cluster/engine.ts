/**
 * Which node owns which shard, and who is there: asked of Effect Cluster, which keeps its registry and its locks in
 * PostgreSQL. Nothing of it is loaded by a server that is alone.
 */
import type { Redacted } from "effect/Redacted"
import type { DatabaseSsl } from "../database/connecting/databaseEncryption.ts"
import type { Log } from "../telemetry/telemetry.ts"
import type { RefusalLine } from "./refusals.ts"

/** Where a shard lives. */
export interface Owner {
  /** `host:port`. */
  readonly node: string
  /** No two are equal: one that loses a shard and gets it again has it under another one. */
  readonly epoch: string
}

export interface EngineOptions {
  /** `host:port` under which other nodes reach this one's engine, and on which it listens; IPv6 in brackets. */
  readonly self: string
  /** A PostgreSQL URL, with what openDatabase takes beside it. */
  readonly databaseUrl: Redacted<string>
  readonly databaseSsl?: DatabaseSsl
  /** Where libpq's variables are, for what the URL does not say. Absent: in this process's environment. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined
  /** Engines prove it to each other before anything else. */
  readonly secret: Redacted<string>
  /** How many there are, numbered from 0; the same on all nodes. */
  readonly shards: number
  /** Eight characters that are the same on all nodes: what else they must agree on, not to be read back from it. */
  readonly pact: string
  /** A node that has not been heard of for so long is gone, milliseconds; the registry counts whole seconds, rounded up. */
  readonly leaseMs: number
  /** How often a node looks who is there, milliseconds. */
  readonly lookMs: number
  /** A shard has another owner; null: nobody is known to own it at the moment. Not called any more once it is closing. */
  readonly onOwner: (shard: number, owner: Owner | null) => void
  /**
   * This node must let go of a shard that it owned under this epoch, and hears in the same moment that nobody is known to
   * own it: it is given away when the promise is kept, or after a second. Where its lock is lost already, as after a freeze,
   * it may be another one's by then. Not called where the database cannot be asked: nobody else can own it meanwhile.
   */
  readonly onRelease: (shard: number, epoch: string) => Promise<void>
  /** Each time the registry has been read: all nodes that are in it, this one too. */
  readonly onNodes: (nodes: readonly string[]) => void
  /** The interface to bind; absent: the host of `self`. For tests of two machines with one address. */
  readonly listen?: string | undefined
  /** Where to dial instead of where a node is said to be. For tests of broken ways. */
  readonly via?: ((node: string) => string) | undefined
  /** What the library says at warn and above, and who was refused. */
  readonly log: Log<"cluster:engine" | RefusalLine>
}

export interface Engine {
  /** This node's among all that are there, 0 to 1295; it keeps it for as long as it lives. */
  readonly number: number
  /** Whether the locks of all shards that this node has for its own are its own still, as far as it knows. */
  isSure(): boolean
  /**
   * Others may have gone on without this node: of shards whose locks may be another's by now nobody is known to be the owner,
   * until these have been asked for again.
   */
  doubt(): void
  /** Takes a node whose process is gone out of the registry, instead of waiting until its lease has run out. */
  strike(node: string): void
  /** Hands this node's shards over, then leaves. May be called again. Never rejects. */
  close(): Promise<void>
}

/**
 * Joins the cluster; resolves when this node is registered, before it owns anything. Rejects with ClusterAddressUnusable,
 * ClusterAddressTaken, ClusterDiffers, or what prepareDatabase rejects with; DatabaseFault where the database fails in
 * between.
 */
export const startEngine = async (options: EngineOptions): Promise<Engine> =>
  (await import("./engine/effectEngine.ts")).startEffectEngine(options)
