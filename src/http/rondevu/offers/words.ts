/** What the desk has found, in the words of the wire. */

import type { Spent, Told } from "../../../io/rondevu/offers/offerDesk.ts"
import type { ListedOffer } from "../../../io/rondevu/offers/offerList.ts"
import type { Refusal } from "../../../machines/rondevu/offer/offerMessages.ts"
import type { Candidate } from "../../../machines/rondevu/offer/offerRecord.ts"
import { offerErrors } from "../../../wire/rondevu/offers/errors.ts"
import { type Answer, errorAnswer } from "../../answer.ts"
import { fault, tooMany, unavailable } from "../answers.ts"

/** As anybody may see it. */
export const publicOffer = (offer: ListedOffer) => ({
  id: offer.id,
  sdp: offer.sdp,
  topics: offer.topics,
  expiresAt: offer.expiresAt,
  lastSeen: offer.createdAt,
  hasSecret: offer.secret !== null,
  ...(offer.info === null ? {} : { info: offer.info })
})

/** As its owner sees it. */
export const ownOffer = (offer: ListedOffer) => ({
  id: offer.id,
  sdp: offer.sdp,
  topics: offer.topics,
  createdAt: offer.createdAt,
  expiresAt: offer.expiresAt,
  lastSeen: offer.createdAt,
  ...(offer.secret === null ? {} : { secret: offer.secret }),
  ...(offer.info === null ? {} : { info: offer.info }),
  ...(offer.answererPeerId === null || offer.answeredAt === null
    ? {}
    : { answererPeerId: offer.answererPeerId, answeredAt: offer.answeredAt })
})

export const isSpent = (found: object | string): found is Spent => typeof found === "object" && "waitMs" in found

/** How each refusal is put, by what was asked. */
export type RefusalWords = Readonly<Partial<Record<Refusal, Answer>>>

const answeredNone = errorAnswer(offerErrors.answeredNone)
const noOffer = errorAnswer(offerErrors.noOffer)

export const answering: RefusalWords = {
  gone: answeredNone,
  secret: errorAnswer(offerErrors.wrongSecret),
  answered: errorAnswer(offerErrors.alreadyAnswered)
}
export const deleting: RefusalWords = { owner: errorAnswer(offerErrors.notDeletable) }
export const posting: RefusalWords = {
  gone: noOffer,
  stranger: errorAnswer(offerErrors.mayNotPost),
  full: errorAnswer(offerErrors.tooManyCandidates)
}
export const reading: RefusalWords = { gone: noOffer, stranger: errorAnswer(offerErrors.mayNotRead) }

/** What was not done, in words; undefined: it was done. */
export const notDone = (reply: Told | Spent, words: RefusalWords): Answer | undefined => {
  if ("waitMs" in reply) return tooMany(reply.waitMs)
  switch (reply.type) {
    case "offer.done":
      return undefined
    case "offer.refused":
      return words[reply.refusal] ?? fault
    case "offer.unavailable":
      return unavailable
    case "offer.broken":
      return fault
  }
}

/** A candidate goes out as it came in. */
const candidateJson = ({ candidate, peerId, role, createdAt }: Candidate): string =>
  `{"candidate":${candidate},"peerId":${JSON.stringify(peerId)},"role":"${role}","createdAt":${createdAt}}`

/** Of lists that are told again and again, while their offer is in use. */
const written = new WeakMap<readonly Candidate[], Answer>()

/** Each list is one offer's. */
export const candidatesAnswer = (offerId: string, candidates: readonly Candidate[]): Answer => {
  const known = written.get(candidates)
  if (known !== undefined) return known
  const answer = {
    status: 200,
    contentType: "application/json",
    body: `{"offerId":${JSON.stringify(offerId)},"candidates":[${candidates.map(candidateJson).join(",")}]}`
  }
  written.set(candidates, answer)
  return answer
}
