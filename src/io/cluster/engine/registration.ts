/**
 * This node's own row in the registry. The library writes over whatever is registered under its address; but two servers to
 * which somebody has given one address would then be one node that owns its shards twice. So a row is of one life, and
 * nobody takes that of another one: who finds its address taken waits to see whether that one is still heard of.
 */
import { randomUUID } from "node:crypto"
import { PersistenceError } from "effect/cluster/ClusterError"
import { Runner, make as runnerOf } from "effect/cluster/Runner"
import type { RunnerAddress } from "effect/cluster/RunnerAddress"
import * as Effect from "effect/Effect"
import type * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { writeNodeAddress } from "../nodeAddress.ts"

/** How many numbers there are for nodes: two characters of [0-9a-z]. */
const numbers = 36 ** 2

/** A node on the same database that is registered on other terms. */
export interface Stranger {
  readonly node: string
  readonly terms: string
}

export interface RegistrationOptions {
  /** `host:port`. */
  readonly self: string
  /** What nodes of one cluster have in common, by which they are registered. */
  readonly terms: string
  /** Milliseconds after which a node on these terms counts for gone; undefined: they say nothing of it. */
  readonly leaseOf: (terms: string) => number | undefined
  /** Milliseconds in which a living node is heard of for certain. */
  readonly heardWithinMs: number
  /** This node is registered, from the first time on under the same number: 0 to 1295, different for all that are. */
  readonly onNumber: (number: number) => void
  /** Somebody is there on other terms. */
  readonly onStranger: (stranger: Stranger) => void
  /** Another living server has this node's address. */
  readonly onTwin: () => void
  /** One had it just now: this node as it was before, or another one. */
  readonly onDoubt: () => void
}

/** A row as it is before this node has one. `beat`, `age`: when it was heard of last, and how long ago, milliseconds. */
interface Present {
  readonly runner: string
  readonly beat: string
  readonly age: number
}

/** As the library writes addresses down. */
const keyOf = ({ host, port }: RunnerAddress): string => `${host}:${port}`

/** Undefined: another version of the library has written it. */
const readRunner = (text: string): Runner | undefined => {
  try {
    return Runner.decodeSync(text)
  } catch {
    return undefined
  }
}

export const createRegistration = (
  sql: SqlClient.SqlClient,
  table: ReturnType<SqlClient.SqlClient>,
  options: RegistrationOptions
) => {
  const { terms } = options
  const life = randomUUID()
  let machine: number | undefined
  let own: { readonly key: string; readonly row: string } | undefined
  /** When whoever has the address was heard of, as was seen last. */
  let seenBeat: string | undefined

  const look = ({ runner, beat, age }: Present): Effect.Effect<unknown, SqlError> => {
    const there = readRunner(runner)
    if (there === undefined) return Effect.void
    const node = writeNodeAddress(there.address)
    const [theirs = "", itsLife] = there.groups
    if (node === options.self) {
      if (itsLife === life) return Effect.void
      if (age > options.heardWithinMs) return sql`delete from ${table} where runner = ${runner}`
      if (seenBeat !== undefined && seenBeat !== beat) options.onTwin()
      else options.onDoubt()
      seenBeat = beat
    } else if (theirs !== terms && age < (options.leaseOf(theirs) ?? 0)) options.onStranger({ node, terms: theirs })
    return Effect.void
  }
  const lookAround = Effect.flatMap(
    // Whatever this node's lease: those with a longer one are heard of more seldom.
    sql<Present>`select runner, last_heartbeat::text as beat,
      extract(epoch from now() - last_heartbeat)::float8 * 1000 as age from ${table}`,
    (rows) => Effect.forEach(rows, look)
  )

  const insert = (key: string, row: string, healthy: boolean) =>
    Effect.flatMap(
      sql<{ readonly id: number }>`
        insert into ${table} as present (address, runner, healthy, last_heartbeat) values (${key}, ${row}, ${healthy}, now())
        on conflict (address) do update set healthy = excluded.healthy, last_heartbeat = excluded.last_heartbeat
        where present.runner = excluded.runner returning machine_id as id`,
      ([inserted]) =>
        inserted === undefined
          ? Effect.fail(new PersistenceError({ cause: new Error(`${options.self} is in use`) }))
          : Effect.succeed(inserted.id)
    )
  const remove = ({ key, row }: { readonly key: string; readonly row: string }) =>
    sql`delete from ${table} where address = ${key} and runner = ${row}`

  /** A machine id grows with every registration, and so may be another one's modulo all numbers. */
  const isTaken = (key: string, id: number) =>
    Effect.map(
      sql`select 1 from ${table} where address <> ${key} and machine_id % ${numbers}::int = ${id % numbers}::int`,
      (rows) => rows.length > 0
    )
  const keep = (key: string, id: number) => sql`update ${table} set machine_id = ${id}::int where address = ${key}`

  return {
    /** Fails where somebody else has the address, and may be asked for again. */
    register: ({ address, weight }: Runner, healthy: boolean): Effect.Effect<number, PersistenceError> =>
      PersistenceError.refail(
        Effect.gen(function* () {
          const key = keyOf(address)
          const row = Runner.encodeSync(runnerOf({ address, groups: [terms, life], weight }))
          if (machine === undefined) yield* lookAround
          let id = yield* insert(key, row, healthy)
          if (machine === undefined) {
            while (yield* isTaken(key, id)) {
              yield* remove({ key, row })
              id = yield* insert(key, row, healthy)
            }
            machine = id
            own = { key, row }
            options.onNumber(id % numbers)
          } else if (id !== machine) {
            // It was taken out of the registry, and is alive: its number is in addresses, and stays.
            yield* keep(key, machine)
          }
          return machine
        })
      ),
    /** Its row may be another one's. */
    unregister: Effect.suspend(() =>
      own === undefined ? Effect.void : PersistenceError.refail(Effect.asVoid(remove(own)))
    ),
    get isRegistered() {
      return machine !== undefined
    },
    /** What the library knows of a runner that was read; tells of a twin. */
    known: ({ address, groups, weight }: Runner): Runner => {
      const [theirs = "", itsLife] = groups
      if (machine !== undefined && itsLife !== life && writeNodeAddress(address) === options.self) options.onTwin()
      return runnerOf({ address, groups: [theirs], weight })
    }
  }
}
