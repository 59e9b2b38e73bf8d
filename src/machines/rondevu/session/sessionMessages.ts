/** What a session is asked and what it answers. */
import type { Address } from "../../address.ts"
import { isLasting } from "../../record/books.ts"
import type { RecordEvent } from "../../record/storage.ts"
import type { SessionRecord, Side } from "./sessionRecord.ts"

interface SessionAsker {
  readonly requestId: number
  readonly replyTo: Address
  /** Epoch milliseconds. */
  readonly at: number
}

/** What is answered when what it was decided upon is saved. */
export type SessionQuestion =
  | ({ readonly type: "session.answer"; readonly answer: string } & SessionAsker)
  /** `candidate`: as JSON text. */
  | ({ readonly type: "candidate.add"; readonly side: Side; readonly candidate: string } & SessionAsker)
  | ({ readonly type: "session.poll" } & SessionAsker)

export type SessionEvent =
  | SessionQuestion
  /** The row has another version, by `versionOf`; null: it is gone. Another process has written it, or it was made anew. */
  | { readonly type: "record.revised"; readonly version: string | null }
  /** To look at the clock. */
  | { readonly type: "life.due"; readonly at: number }
  /** The server is going: end when nobody waits. */
  | { readonly type: "session.rest" }
  | RecordEvent

/** `gone`: there is no such session, or it has expired; `answered`: somebody was first; `full`: of candidates of that side. */
export type Refusal = "gone" | "answered" | "full"

export type SessionReply =
  /** With what is saved. */
  | { readonly type: "session.told"; readonly requestId: number; readonly session: SessionRecord }
  | { readonly type: "session.refused"; readonly requestId: number; readonly refusal: Refusal }
  /** It could not be read or written: asking again later may help. */
  | { readonly type: "session.unavailable"; readonly requestId: number }
  /** It could not be read or written, and will not be until somebody has seen to it. */
  | { readonly type: "session.broken"; readonly requestId: number }

/** A question that has been decided upon and waits for the save of what it was decided upon. */
export interface Decided {
  readonly question: SessionQuestion
  readonly refusal: Refusal | null
}

/** The answer to a question once what it was decided upon is saved; `saved` is what the row says then. */
export const reply = ({ question: { requestId }, refusal }: Decided, saved: SessionRecord): SessionReply =>
  refusal === null
    ? { type: "session.told", requestId, session: saved }
    : { type: "session.refused", requestId, refusal }

/** What everybody hears who asks something of a session that is not there. */
export const absent = ({ requestId }: Pick<SessionAsker, "requestId">): SessionReply => ({
  type: "session.refused",
  requestId,
  refusal: "gone"
})

/** The answer when the row could not be read or written, with the error that told so. */
export const failure = ({ requestId }: Pick<SessionAsker, "requestId">, error: unknown): SessionReply => ({
  type: isLasting(error) ? "session.broken" : "session.unavailable",
  requestId
})
