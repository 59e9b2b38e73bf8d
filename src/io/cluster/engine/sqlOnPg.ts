/**
 * Effect's SqlClient on `pg`, so that the engine reaches a PostgreSQL by the same way as everything else here: the URL, its
 * parameters, TLS, channel binding and libpq's variables mean the same for both.
 *
 * Single statements share one session, which is opened when first needed and again when it broke. Who reserves a
 * connection, as locks that belong to a session do, has one of its own, which ends with its scope.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Reactivity from "effect/reactivity/Reactivity"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import * as SqlClient from "effect/sql/SqlClient"
import type { Connection } from "effect/sql/SqlConnection"
import { SqlError, UnknownError } from "effect/sql/SqlError"
import { makeCompiler } from "effect/sql/Statement"
import type pg from "pg"
import { reasonOf } from "../../database/databaseErrors.ts"

/** `open`: resolves with a connected client whose errors are heard by somebody; rejects with the database's own error. */
export const sqlOnPg = (open: () => Promise<pg.Client>): Layer.Layer<SqlClient.SqlClient> =>
  Layer.effect(SqlClient.SqlClient)(
    Effect.gen(function* () {
      return yield* SqlClient.make({
        acquirer: Effect.succeed(connectionOn(yield* sharedSession(open))),
        transactionAcquirer: Effect.map(ownSession(open), connectionOn),
        compiler,
        driver: "pg",
        spanAttributes: []
      })
    })
  ).pipe(Layer.provide(Reactivity.layer))

/**
 * Asks something on a session, one after the other. Where nobody waits for the answer any more the session ends, as nobody
 * knows what has become of the statement.
 */
type Ask = <A>(query: (client: pg.Client) => Promise<A>) => Effect.Effect<A, SqlError>

const ownSession = Effect.fnUntraced(function* (open: () => Promise<pg.Client>) {
  const client = yield* Effect.acquireRelease(attempt(open), (client) => Effect.sync(() => end(client)))
  const turns = Semaphore.makeUnsafe(1)
  const ask: Ask = (query) =>
    turns.withPermit(
      Effect.onInterrupt(
        attempt(() => query(client)),
        () => Effect.sync(() => end(client))
      )
    )
  return ask
})

const sharedSession = Effect.fnUntraced(function* (open: () => Promise<pg.Client>) {
  let current: Promise<pg.Client> | undefined
  const turns = Semaphore.makeUnsafe(1)
  const forget = (opening: Promise<pg.Client>): void => {
    if (current === opening) current = undefined
  }
  const opened = (): Promise<pg.Client> => {
    const opening = open()
    opening.then(
      (client) => client.once("end", () => forget(opening)),
      () => forget(opening)
    )
    return opening
  }
  const endAll = async () => current?.then(end, () => {})
  yield* Effect.addFinalizer(() => Effect.promise(endAll))
  const ask: Ask = (query) =>
    turns.withPermit(
      // Only when it is its turn: the session may have ended with the statement before.
      Effect.suspend(() => {
        const opening = (current ??= opened())
        const giveUp = () => {
          forget(opening)
          opening.then(end, () => {})
        }
        return Effect.onInterrupt(
          attempt(async () => query(await opening)),
          () => Effect.sync(giveUp)
        )
      })
    )
  return ask
})

/** Says goodbye if it can; with a statement on its way it is cut off. */
const end = (client: pg.Client): void => void client.end().catch(() => {})

const attempt = <A>(ask: () => Promise<A>): Effect.Effect<A, SqlError> =>
  Effect.tryPromise({
    try: ask,
    catch: (cause) => new SqlError({ reason: new UnknownError({ cause, message: reasonOf(cause) }) })
  })

const connectionOn = (ask: Ask): Connection => {
  const rows = (text: string, params: readonly unknown[]) =>
    ask(async (client) => (await client.query(text, [...params])).rows)
  const values = (text: string, params: readonly unknown[]) =>
    ask(async (client) => (await client.query<unknown[]>({ text, values: [...params], rowMode: "array" })).rows)
  return {
    execute: rows,
    executeUnprepared: rows,
    executeValues: values,
    executeValuesUnprepared: values,
    executeRaw: (text, params) => ask((client) => client.query(text, [...params])),
    executeStream: () => Stream.die(new Error("The engine reads no streams"))
  }
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

const compiler = makeCompiler({
  dialect: "pg",
  placeholder: (index) => `$${index}`,
  // A table may be named with its schema, whose own name may have a dot in it.
  onIdentifier: (name) => {
    const dot = name.lastIndexOf(".")
    return dot === -1 ? quoted(name) : `${quoted(name.slice(0, dot))}.${quoted(name.slice(dot + 1))}`
  },
  onRecordUpdate: () => {
    throw new Error("The engine updates no lists of rows")
  },
  onCustom: () => {
    throw new Error("The engine has no values of its own kinds")
  }
})
