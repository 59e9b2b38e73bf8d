/** Session actors at both ends: their rows below them, and whoever asks them on behalf of HTTP. */
import { fromPromise, type SnapshotFrom } from "xstate"
import type { Endpoint, RegistryRef } from "../../../machines/registry.ts"
import { sessionAt, sessionDeskAt, sessionDeskKind } from "../../../machines/rondevu/addresses.ts"
import type { SessionEventTold } from "../../../machines/rondevu/session/events.ts"
import { readQuietly, sessionMachine } from "../../../machines/rondevu/session/session.ts"
import type { Place, SessionContext } from "../../../machines/rondevu/session/sessionContext.ts"
import type { SessionQuestion, SessionReply } from "../../../machines/rondevu/session/sessionMessages.ts"
import { type SessionRecord, versionOf } from "../../../machines/rondevu/session/sessionRecord.ts"
import type { SupervisorRef } from "../../../machines/supervisor.ts"
import type { NodeOfCluster } from "../../../protocol.ts"
import { createAsking, type Unasked } from "../../actors/asking.ts"
import { type Deadlines, namedDeadlines } from "../../actors/deadlines.ts"
import { contextOf } from "../../tower/actorSnapshots.ts"
import { sessionIdOf } from "./identities.ts"
import type { SessionRows } from "./sessionRows.ts"

/** The session machine on its rows. */
export const createSessionMachine = (
  rows: SessionRows,
  deadlines: Deadlines,
  record: (event: SessionEventTold) => void
): typeof sessionMachine =>
  sessionMachine.provide({
    actors: {
      loadRow: fromPromise(({ input }) => rows.load(input)),
      saveRow: fromPromise(({ input }) => rows.save(input))
    },
    actions: {
      ...namedDeadlines(deadlines),
      record: (_, event) => record(event)
    }
  })

export interface SessionsOptions {
  readonly registry: Pick<RegistryRef, "send">
  readonly node: Pick<NodeOfCluster, "mark" | "isHere">
  /** The supervisor of sessions, for looking at those that are here. */
  readonly supervisor: () => SupervisorRef
  readonly askTimeoutMs: number
  /** Told that there is something to compare with the database. */
  readonly inUse: () => void
  /** Epoch milliseconds. */
  readonly now: () => number
}

/** A session in use whose row is known and not being written, and the version that is known. */
export interface Held extends Place {
  readonly version: string
}

/** The sessions in use. An answer that does not come in time is `session.unavailable`. */
export interface Sessions {
  ask(place: Place, question: Exclude<Unasked<SessionQuestion>, { type: "session.poll" }>): Promise<SessionReply>
  /** Tells what is saved at once when the session has it at once. */
  poll(place: Place, told: (found: SessionRecord | Exclude<SessionReply, { type: "session.told" }>) => void): void
  /** A row has been made: an actor that has looked for it in vain, or has an earlier one, looks again. Resolves when it
   * knows, wherever it is. */
  begun(place: Place, arrival: number): Promise<void>
  /** By the ids of their actors. */
  held(): ReadonlyMap<string, Held>
  /** Another process has written the row of the actor of this id; null: it is gone. */
  revised(id: string, version: string | null): void
  readonly endpoints: Readonly<Record<string, Endpoint>>
  close(): void
}

export const createSessions = ({ registry, node, supervisor, askTimeoutMs, inUse, now }: SessionsOptions): Sessions => {
  const desk = sessionDeskAt(node.mark)
  const { expect, tell, ask, endpoint, close } = createAsking<SessionReply>({
    registry,
    desk,
    timeoutMs: askTimeoutMs,
    unanswered: (requestId) => ({ type: "session.unavailable", requestId }),
    now
  })
  /** Where the actor of a session is, and what it is started with. */
  const actorOf = ({ bucket, code }: Place) => {
    const id = sessionIdOf(bucket, code)
    return { to: sessionAt(id), input: { id, bucket, code } }
  }

  const revised = (id: string, version: string | null) =>
    registry.send({ type: "tell", to: sessionAt(id), from: desk, event: { type: "record.revised", version } })

  return {
    ask: (place, question) => {
      const { to, input } = actorOf(place)
      inUse()
      return ask(to, input, question)
    },
    poll: (place, told) => {
      const { to, input } = actorOf(place)
      // One that still rests here while it lives elsewhere does not know what is said there.
      const session = node.isHere(to) ? supervisor().getSnapshot().children.get(input.id) : undefined
      const known =
        session === undefined ? null : readQuietly(session.getSnapshot() as SnapshotFrom<typeof sessionMachine>, now())
      if (known !== null) return told(known)
      const asked = expect((reply) => told(reply.type === "session.told" ? reply.session : reply))
      inUse()
      tell(to, input, { type: "session.poll" } satisfies Unasked<SessionQuestion>, asked)
    },
    begun: async ({ bucket, code }, arrival) => {
      const id = sessionIdOf(bucket, code)
      revised(id, versionOf({ arrival, revision: 0 }))
      // Elsewhere whatever it answers is behind that.
      if (!node.isHere(sessionAt(id))) await ask(sessionAt(id), null, { type: "session.poll" })
    },
    held: () => {
      const held = new Map<string, Held>()
      for (const [id, session] of supervisor().getSnapshot().children) {
        const context = contextOf<SessionContext>(session)
        if (context?.saved == null || context.saved !== context.draft || context.isStale) continue
        held.set(id, { bucket: context.bucket, code: context.code, version: versionOf(context.saved) })
      }
      return held
    },
    revised,
    endpoints: { [sessionDeskKind]: endpoint },
    close
  }
}
