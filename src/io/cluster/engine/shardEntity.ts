/**
 * A shard, as an entity of Effect Cluster's. It does one thing: whoever watches it is told where it lives, and under which
 * epoch, again and again. A watch that ends means that it has moved, and is taken up again wherever it lives then.
 */
import { randomUUID } from "node:crypto"
import * as ClusterSchema from "effect/cluster/ClusterSchema"
import * as Entity from "effect/cluster/Entity"
import { make as makeEntityId } from "effect/cluster/EntityId"
import type { Sharding } from "effect/cluster/Sharding"
import * as Effect from "effect/Effect"
import * as Rpc from "effect/rpc/Rpc"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { Owner } from "../engine.ts"

const Watch = Rpc.make("Watch", {
  success: Schema.Struct({ node: Schema.String, epoch: Schema.String }),
  stream: true
  // It never ends by itself, and a shard that moves would wait for that.
}).annotate(ClusterSchema.InterruptOnTermination, true)

/** `group`: what the library calls a set of shards, of which nodes of one cluster have the same. */
export const shardEntity = (group: string) =>
  Entity.make("Shard", [Watch]).annotate(ClusterSchema.ShardGroup, () => group)

/**
 * The entity's name for each shard, so chosen that each falls into a shard of the library's of its own: it hashes names, and
 * by any others some nodes would own many and some none.
 */
export const entityIdsOf = (sharding: Sharding["Service"], shards: number, group: string): readonly string[] =>
  Array.from({ length: shards }, (_, shard) => {
    for (let attempt = 0; ; attempt++) {
      const id = `${shard} ${attempt}`
      if (sharding.getShardId(makeEntityId(id), group).id === shard + 1) return id
    }
  })

export interface ShardOptions {
  readonly self: string
  /** How often whoever watches is told, milliseconds. */
  readonly everyMs: number
  /** This node owns it from now on, under this epoch. */
  readonly onTaken: (shard: number, epoch: string) => void
  /** Whether it is this node's still: one that stood still may have lost it. */
  readonly isHeld: (shard: number, epoch: string) => boolean
  /** This node must let go of it; it is given away when the promise is kept. Never rejects. */
  readonly release: (shard: number, epoch: string) => Promise<void>
}

/** What a shard does where it lives. */
export const shardHandlers = (
  entity: ReturnType<typeof shardEntity>,
  { self, everyMs, onTaken, isHeld, release }: ShardOptions
) =>
  entity.toLayer(
    Effect.gen(function* () {
      const { entityId } = yield* Entity.CurrentAddress
      const shard = Number.parseInt(entityId, 10)
      const owner: Owner = { node: self, epoch: randomUUID() }
      onTaken(shard, owner.epoch)
      yield* Effect.addFinalizer(() => Effect.promise(() => release(shard, owner.epoch)))
      return entity.of({
        // A watch that ends without a word is taken up again.
        Watch: () =>
          isHeld(shard, owner.epoch) ? Stream.repeat(Stream.succeed(owner), Schedule.spaced(everyMs)) : Stream.empty
      })
    }),
    // Watching one is no turn that others wait for.
    { concurrency: "unbounded" }
  )
