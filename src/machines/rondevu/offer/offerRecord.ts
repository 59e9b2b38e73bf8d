/** What an offer's actor knows of its row, and what may become of it. Pure values and pure changes. */

/** `offerer`: whose offer it is; `answerer`: who has answered it. */
export type Role = "offerer" | "answerer"

export interface Candidate {
  /** As JSON text, as it came. */
  readonly candidate: string
  readonly peerId: string
  readonly role: Role
  /** Epoch milliseconds; rises strictly over all candidates of an offer. */
  readonly createdAt: number
}

export interface Answer {
  readonly peerId: string
  /** Epoch milliseconds. */
  readonly at: number
  /** Null once it is in the row: nobody asks the actor for it. */
  readonly sdp: string | null
}

/** A row of `rondevu_offers` with its candidates; its SDP and topics are nothing that the actor needs. */
export interface OfferRecord {
  readonly id: string
  /** Whose it is. */
  readonly peerId: string
  /** What whoever answers must name; null: nothing. */
  readonly secret: string | null
  /** Epoch milliseconds. */
  readonly expiresAt: number
  readonly answer: Answer | null
  /** In the order of their `createdAt`. */
  readonly candidates: readonly Candidate[]
  /** Raised by every change, whoever makes it. */
  readonly revision: number
}

/** Who somebody is to an offer; the owner stays that when it answers its own. */
export const roleOf = ({ peerId, answer }: OfferRecord, who: string): Role | null =>
  peerId === who ? "offerer" : answer?.peerId === who ? "answerer" : null

export const withAnswer = (offer: OfferRecord, answer: Answer): OfferRecord => ({ ...offer, answer })

/** What of an offer is kept in mind once it is in the row. */
export const withoutAnswerText = (offer: OfferRecord): OfferRecord =>
  offer.answer === null ? offer : { ...offer, answer: { ...offer.answer, sdp: null } }

/** The offer with more candidates at its end: each at a time of its own, however many come in one millisecond. */
export const withCandidates = (
  offer: OfferRecord,
  { peerId, role, candidates, at }: { peerId: string; role: Role; candidates: readonly string[]; at: number }
): OfferRecord => {
  const last = offer.candidates.at(-1)?.createdAt ?? Number.NEGATIVE_INFINITY
  const first = Math.max(at, last + 1)
  const added = candidates.map((candidate, index) => ({ candidate, peerId, role, createdAt: first + index }))
  return { ...offer, candidates: [...offer.candidates, ...added] }
}

/** Whether so many more of one side fit. */
export const hasRoomFor = ({ candidates }: OfferRecord, side: Role, more: number, most: number): boolean =>
  candidates.filter(({ role }) => role === side).length + more <= most

/** What somebody of this role may read: the other side's, later than `since`. */
export const candidatesFor = ({ candidates }: OfferRecord, reader: Role, since: number): readonly Candidate[] =>
  candidates.filter(({ role, createdAt }) => role !== reader && createdAt > since)

/** UTF-16 units that every comparison looks at: the longest secret. */
const secretUnits = 128

/** Whether what was named is the secret. How long it takes tells nothing of where they differ. */
export const isSecretRight = ({ secret }: OfferRecord, named: string | null): boolean => {
  if (secret === null) return true
  const given = named ?? ""
  let difference = secret.length ^ given.length
  for (let index = 0; index < secretUnits; index++) {
    difference |= (secret.charCodeAt(index) || 0) ^ (given.charCodeAt(index) || 0)
  }
  return difference === 0
}
