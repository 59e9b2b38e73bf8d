/** What an offer is asked and what it answers. */
import type { Address } from "../../address.ts"
import { isLasting } from "../../record/books.ts"
import type { RecordEvent } from "../../record/storage.ts"
import type { Candidate } from "./offerRecord.ts"

interface Asker {
  readonly requestId: number
  readonly replyTo: Address
  /** Who asks: a peer that has shown that it is this one. */
  readonly peerId: string
  /** Epoch milliseconds. */
  readonly at: number
}

/** What is answered when what it was decided upon is saved. */
export type OfferCommand =
  | ({ readonly type: "offer.answer"; readonly sdp: string; readonly secret: string | null } & Asker)
  | ({ readonly type: "offer.delete" } & Asker)
  /** Each as JSON text. */
  | ({ readonly type: "candidates.add"; readonly candidates: readonly string[] } & Asker)
  /** Its row has been made or written beside it: answered once what is known is not older. */
  | ({ readonly type: "offer.refresh"; readonly revision: number } & Asker)

export type OfferRead = { readonly type: "candidates.read"; readonly since: number } & Asker

export type OfferEvent =
  | OfferCommand
  | OfferRead
  /** The row has this revision; null: it is gone. Another process has written it. */
  | { readonly type: "record.revised"; readonly revision: number | null }
  /** To look at the clock. */
  | { readonly type: "life.due"; readonly at: number }
  /** The server is going: end when nobody waits. */
  | { readonly type: "offer.rest" }
  | RecordEvent

/**
 * `gone`: there is no such offer, or it has expired; `secret`: it was not named, or a wrong one; `answered`: somebody was
 * first; `stranger`: neither owner nor answerer; `owner`: it is not there or somebody else's; `full`: of candidates.
 */
export type Refusal = "gone" | "secret" | "answered" | "stranger" | "owner" | "full"

export type OfferReply =
  /** `at`: when it was asked for, epoch ms; `owner`: whose offer it is. */
  | { readonly type: "offer.done"; readonly requestId: number; readonly at: number; readonly owner: string }
  | { readonly type: "candidates.told"; readonly requestId: number; readonly candidates: readonly Candidate[] }
  | { readonly type: "offer.refused"; readonly requestId: number; readonly refusal: Refusal }
  /** It could not be read or written: asking again later may help. */
  | { readonly type: "offer.unavailable"; readonly requestId: number }
  /** It could not be read or written, and will not be until somebody has seen to it. */
  | { readonly type: "offer.broken"; readonly requestId: number }

/** A command that has been decided upon and waits for the save of what it was decided upon. */
export interface Decided {
  readonly command: OfferCommand
  readonly refusal: Refusal | null
  /** Whose offer it was decided upon. */
  readonly owner: string
}

export const refusalOf = ({ requestId }: Pick<Asker, "requestId">, refusal: Refusal): OfferReply => ({
  type: "offer.refused",
  requestId,
  refusal
})

/** The answer to a command once what it was decided upon is saved. */
export const reply = ({ command, refusal, owner }: Decided): OfferReply =>
  refusal === null
    ? { type: "offer.done", requestId: command.requestId, at: command.at, owner }
    : refusalOf(command, refusal)

/** What everybody hears who asks something of an offer that is not there. */
export const absent = (question: OfferCommand | OfferRead): OfferReply =>
  question.type === "offer.refresh"
    ? reply({ command: question, refusal: null, owner: "" })
    : refusalOf(question, question.type === "offer.delete" ? "owner" : "gone")

/** The answer when the row could not be read or written, with the error that told so. */
export const failure = ({ requestId }: Pick<Asker, "requestId">, error: unknown): OfferReply => ({
  type: isLasting(error) ? "offer.broken" : "offer.unavailable",
  requestId
})
