/** What a session's actor knows of its row, and what may become of it. Pure values and pure changes. */

/** Who has left something: whoever began the session, or the other. A word of the client's that nothing is compared with. */
export type Side = "offerer" | "answerer"

export interface Candidate {
  readonly side: Side
  /** As JSON text, as it came. */
  readonly candidate: string
}

/** A row of `rondevu_sessions` with its candidates; its topic and label are nothing that the actor needs. */
export interface SessionRecord {
  /** Tells it from an earlier session of the same code. */
  readonly arrival: number
  /** Raised by every change, whoever makes it. */
  readonly revision: number
  /** Epoch milliseconds; nothing extends it. */
  readonly expiresAt: number
  readonly offer: string
  readonly answer: string | null
  /** In the order in which they have arrived. */
  readonly candidates: readonly Candidate[]
}

/** What tells two states of all rows of one code apart. */
export const versionOf = ({ arrival, revision }: Pick<SessionRecord, "arrival" | "revision">): string =>
  `${arrival}.${revision}`

export const withAnswer = (session: SessionRecord, answer: string): SessionRecord => ({ ...session, answer })

/** The session with one candidate more, behind all others. */
export const withCandidate = (session: SessionRecord, candidate: Candidate): SessionRecord => ({
  ...session,
  candidates: [...session.candidates, candidate]
})

/** Those of one side, as JSON texts, in the order in which they have arrived. */
export const candidatesOf = ({ candidates }: SessionRecord, side: Side): readonly string[] =>
  candidates.flatMap((each) => (each.side === side ? [each.candidate] : []))

/** Whether one more of this side fits. */
export const hasRoomFor = (session: SessionRecord, side: Side, most: number): boolean =>
  candidatesOf(session, side).length < most

/** What is in one and not yet in the other, which it was made of: candidates are only ever added. */
export const addedSince = (before: SessionRecord, after: SessionRecord): readonly Candidate[] =>
  after.candidates.slice(before.candidates.length)
