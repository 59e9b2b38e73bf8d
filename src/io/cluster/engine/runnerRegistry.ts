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
import type { ShardLocks } from "./shardLocks.ts"

/** How many numbers there are for nodes: two characters of [0-9a-z]. */
const numbers = 36 ** 2

export interface RunnerRegistryOptions {
  /** Where its tables are. */
  readonly schema: string
  /** What nodes of one cluster have in common, by which they are registered. */
  readonly terms: string
  /** Each time it has been read: who is there, and who is there on other terms. */
  readonly onRead: (nodes: readonly string[], others: readonly Stranger[]) => void
  /** This node is registered, from the first time on under the same number: 0 to 1295, different for all that are. */
  readonly onNumber: (number: number) => void
  readonly locks: Pick<ShardLocks, "answered" | "unanswered">
  /** It could not be read or written. */
  readonly onFault: (error: PersistenceError) => void
}

/** A node on the same database that is registered on other terms. */
export interface Stranger {
  readonly node: string
  readonly terms: string
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
      let machine: number | undefined

      /** A machine id grows with every registration, and so may be another one's modulo all numbers. */
      const isTaken = (key: string, id: number) =>
        Effect.map(
          sql`select 1 from ${table} where address <> ${key} and machine_id % ${numbers}::int = ${id % numbers}::int`,
          (rows) => rows.length > 0
        )
      const keep = (key: string, id: number) => sql`update ${table} set machine_id = ${id}::int where address = ${key}`

      const register = (runner: Runner, healthy: boolean) =>
        Effect.gen(function* () {
          const key = `${runner.address.host}:${runner.address.port}`
          let id: number = yield* storage.register(runner, healthy)
          if (machine === undefined) {
            while (yield* PersistenceError.refail(isTaken(key, id))) {
              yield* storage.unregister(runner.address)
              id = yield* storage.register(runner, healthy)
            }
            machine = id
            options.onNumber(id % numbers)
          } else if (id !== machine) {
            // It was taken out of the registry, and is alive: its number is in addresses, and stays.
            yield* PersistenceError.refail(keep(key, machine))
          }
          return machineIdOf(machine)
        })

      const read = (runners: readonly (readonly [runner: Runner, healthy: boolean])[]) => {
        const nodes: string[] = []
        const others: Stranger[] = []
        for (const [{ address, groups }] of runners) {
          const node = writeNodeAddress(address)
          if (groups[0] === options.terms) nodes.push(node)
          else others.push({ node, terms: groups[0] ?? "" })
        }
        options.onRead(nodes, others)
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
        refresh: noted(storage.refresh),
        register: (runner, healthy) => heard(register(runner, healthy)),
        // Said on the way out as well, which a database that has gone silent must not hold up.
        unregister: (address) =>
          PersistenceError.refail(Effect.timeout(storage.unregister(address), limits.connectTimeoutMs)),
        getRunners: heard(Effect.tap(storage.getRunners, (runners) => Effect.sync(() => read(runners))))
      })
    })
  ).pipe(Layer.provide(SqlRunnerStorage.layerStorage({ prefix: prefixIn(options.schema) })))
