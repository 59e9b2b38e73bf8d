/** Who is there: the library's registry of runners, with what is asked of it beyond that. */
import { PersistenceError } from "effect/cluster/ClusterError"
import { make as machineIdOf } from "effect/cluster/MachineId"
import type { Runner } from "effect/cluster/Runner"
import type { RunnerAddress } from "effect/cluster/RunnerAddress"
import { RunnerStorage } from "effect/cluster/RunnerStorage"
import type { ShardId } from "effect/cluster/ShardId"
import * as SqlRunnerStorage from "effect/cluster/SqlRunnerStorage"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import { limits } from "../../../limits.ts"
import { writeNodeAddress } from "../nodeAddress.ts"
import { runnersTable, tablePrefix } from "./engineTables.ts"
import { createRegistration, type RegistrationOptions, type Stranger } from "./registration.ts"
import type { ShardLocks } from "./shardLocks.ts"

export interface RunnerRegistryOptions extends RegistrationOptions {
  /** Where its tables are. */
  readonly schema: string
  /** Each time it has been read: who is there, and who is there on other terms. */
  readonly onRead: (nodes: readonly string[], others: readonly Stranger[]) => void
  readonly locks: Pick<ShardLocks, "answered" | "unanswered">
  /** It could not be read or written. */
  readonly onFault: (error: PersistenceError) => void
}

/** With the schema: the library makes the key of its locks of this, and they are the whole database's. */
export const prefixIn = (schema: string): string => `${schema}.${tablePrefix}`

/** The library counts them from 1. */
const shardIn = ({ id }: ShardId): number => id - 1

export const runnerRegistry = (options: RunnerRegistryOptions) =>
  Layer.effect(RunnerStorage)(
    Effect.gen(function* () {
      const storage = yield* RunnerStorage
      const sql = yield* SqlClient.SqlClient
      const table = sql(`${options.schema}.${runnersTable}`)
      const registration = createRegistration(sql, table, options)

      const read = (found: readonly (readonly [runner: Runner, healthy: boolean])[]) => {
        const runners = found.map(([runner, healthy]): [Runner, boolean] => [registration.known(runner), healthy])
        const nodes: string[] = []
        const others: Stranger[] = []
        for (const [{ address, groups }] of runners) {
          const node = writeNodeAddress(address)
          if (groups[0] === options.terms) nodes.push(node)
          else others.push({ node, terms: groups[0] ?? "" })
        }
        options.onRead(nodes, others)
        return runners
      }

      type Ask = (address: RunnerAddress, shards: Iterable<ShardId>) => Effect.Effect<ShardId[], PersistenceError>
      const noted =
        (ask: Ask): Ask =>
        (address, shards) =>
          Effect.suspend(() => {
            const asked = [...shards]
            const at = performance.now()
            return ask(address, asked).pipe(
              Effect.tap((held) =>
                Effect.sync(() => options.locks.answered(asked.map(shardIn), held.map(shardIn), at))
              ),
              Effect.onError(() => Effect.sync(options.locks.unanswered))
            )
          })

      const heard = <A>(effect: Effect.Effect<A, PersistenceError>): Effect.Effect<A, PersistenceError> =>
        Effect.tapError(effect, (error) => Effect.sync(() => options.onFault(error)))
      return RunnerStorage.of({
        ...storage,
        acquire: noted(storage.acquire),
        // Before it is registered the row would be another one's, which would seem to be alive.
        refresh: noted((address, shards) =>
          registration.isRegistered ? storage.refresh(address, shards) : Effect.succeed([])
        ),
        register: (runner, healthy) => heard(Effect.map(registration.register(runner, healthy), machineIdOf)),
        // Said on the way out as well, which a database that has gone silent must not hold up.
        unregister: (address) =>
          PersistenceError.refail(
            Effect.timeout(
              writeNodeAddress(address) === options.self ? registration.unregister : storage.unregister(address),
              limits.connectTimeoutMs
            )
          ),
        getRunners: heard(Effect.map(storage.getRunners, read))
      })
    })
  ).pipe(Layer.provide(SqlRunnerStorage.layerStorage({ prefix: prefixIn(options.schema) })))
