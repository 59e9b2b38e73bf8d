/** Whoever begins, lists, answers and polls sessions on behalf of HTTP: budgets first, then the sessions in use or the table. */
import type { Refusal, SessionReply } from "../../../machines/rondevu/session/sessionMessages.ts"
import type { SessionRecord } from "../../../machines/rondevu/session/sessionRecord.ts"
import type { Deposit, NewSession, TopicsPage } from "../../../wire/rondevu/sessions/bodies.ts"
import { sessionNumbers } from "../../../wire/rondevu/sessions/numbers.ts"
import type { SessionBudgets } from "./budgets.ts"
import { newCode } from "./identities.ts"
import type { ListedSession, SessionList, TopicsPart } from "./sessionList.ts"
import type { Sessions } from "./sessions.ts"
import type { DeskEvent } from "./telling/events.ts"

/** Who asks: the bucket of its page, and the client address. */
export interface Visitor {
  readonly bucket: string
  readonly address: string
}

/** A budget is spent, or a bucket full; milliseconds until there is room again. */
export interface Spent {
  readonly waitMs: number
}

/**
 * Why something could not be done. `unavailable`: the database does not answer, and may again; `broken`: it will not before
 * somebody has seen to it.
 */
export type NotDone = Refusal | "unavailable" | "broken"

/** What rejects, rejects with DatabaseFault. */
export interface SessionDesk {
  /** The session's code. */
  begin(visitor: Visitor, topic: string, given: NewSession): Promise<{ readonly code: string } | "taken" | Spent>
  ofTopic(visitor: Visitor, topic: string): Promise<readonly ListedSession[]>
  topics(visitor: Visitor, page: TopicsPage): Promise<TopicsPart>
  /** An answer, or a candidate. */
  leave(visitor: Visitor, deposit: Deposit): Promise<"done" | NotDone>
  /** Tells what is saved, at once when it is known at once. */
  poll(visitor: Visitor, code: string, told: (found: SessionRecord | NotDone | Spent) => void): void
}

export interface SessionDeskOptions {
  readonly budgets: SessionBudgets
  readonly list: Pick<SessionList, "begin" | "ofTopic" | "topics">
  readonly sessions: Pick<Sessions, "ask" | "poll" | "begun">
  /** Milliseconds that a session lives. */
  readonly lifeMs: number
  readonly record: (event: DeskEvent) => void
  /** Epoch milliseconds. */
  readonly now: () => number
}

const notDone = (reply: Exclude<SessionReply, { readonly type: "session.told" }>): NotDone => {
  switch (reply.type) {
    case "session.refused":
      return reply.refusal
    case "session.unavailable":
      return "unavailable"
    case "session.broken":
      return "broken"
  }
}

/** Whether any session can have this code. */
const isPossible = (code: string): boolean => code.length <= sessionNumbers.codeUnits

export const createSessionDesk = (options: SessionDeskOptions): SessionDesk => {
  const { budgets, list, sessions, lifeMs, record, now } = options
  return {
    begin: async ({ bucket, address }, topic, { label, offer, code: wanted }) => {
      const waitMs = budgets.begin(address)
      if (waitMs > 0) return { waitMs }
      const createdAt = now()
      const code = wanted ?? newCode()
      const begun = await list.begin({ bucket, code, topic, label, offer, createdAt, expiresAt: createdAt + lifeMs })
      if (begun === "taken") return begun
      if ("roomAt" in begun) {
        record({ name: "sessions:bucket_full", ip: address })
        return { waitMs: Math.max(1, begun.roomAt - createdAt) }
      }
      // Somebody may be looking for it already, or for one that had this code before.
      await sessions.begun({ bucket, code }, begun.arrival)
      record({ name: "sessions:begun", ip: address })
      return { code }
    },

    ofTopic: ({ bucket }, topic) => list.ofTopic({ bucket, topic, at: now() }),

    topics: ({ bucket }, { page, limit }) =>
      list.topics({ bucket, at: now(), offset: Math.min((page - 1) * limit, Number.MAX_SAFE_INTEGER), limit }),

    leave: async ({ bucket, address }, deposit) => {
      const { code } = deposit
      if (!isPossible(code)) return "gone"
      const reply = await sessions.ask(
        { bucket, code },
        "answer" in deposit
          ? { type: "session.answer", answer: deposit.answer }
          : { type: "candidate.add", side: deposit.side, candidate: deposit.candidate }
      )
      if (reply.type !== "session.told") return notDone(reply)
      if ("answer" in deposit) record({ name: "sessions:answered", ip: address })
      return "done"
    },

    poll: ({ bucket, address }, code, told) => {
      const waitMs = budgets.poll(address)
      if (waitMs > 0) return told({ waitMs })
      if (!isPossible(code)) return told("gone")
      sessions.poll({ bucket, code }, (found) => told("type" in found ? notDone(found) : found))
    }
  }
}
