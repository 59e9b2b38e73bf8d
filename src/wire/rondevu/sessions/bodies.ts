/**
 * What clients of the older sessions send, read in the order in which the contract checks it. Texts are kept as the database
 * keeps them: half a surrogate pair is no character, and becomes U+FFFD.
 */
import { type Check, firstFailed, isWord, keeps, type Query, type Read, wholeNumberIn } from "../checks.ts"
import { rondevuNumbers } from "../numbers.ts"
import { sessionErrors } from "./errors.ts"
import { sessionNumbers } from "./numbers.ts"

type Fields = Readonly<Record<string, unknown>>

/** Who has left a candidate, or asks for those of the other. */
export type Side = "offerer" | "answerer"

export interface NewSession {
  readonly label: string
  readonly offer: string
  /** Null: the server chooses one. */
  readonly code: string | null
}

/** What is left in a session by `POST /answer`. */
export type Deposit =
  | { readonly code: string; readonly answer: string }
  /** As JSON text. */
  | { readonly code: string; readonly side: Side; readonly candidate: string }

export interface PollQuestion {
  readonly code: string
  readonly side: Side
}

/** Pages from 1. */
export interface TopicsPage {
  readonly page: number
  readonly limit: number
}

/** The value, or the refusal of the first check that fails. */
const readBy = <A>(checks: readonly Check[], value: () => A): Read<A> => {
  const refusal = firstFailed(checks)
  return refusal === undefined ? { value: value() } : { refusal }
}

/** Whether a text is no longer than so many units; what is no text is not. */
const isWithin = (value: unknown, units: number): boolean => typeof value === "string" && value.length <= units

const topicChecks = (topic: string): readonly Check[] => [
  [isWithin(topic, sessionNumbers.topicUnits), sessionErrors.longTopic],
  keeps("topic", topic)
]

export const readTopic = (topic: string): Read<string> => readBy(topicChecks(topic), () => topic)

/** A code that a session may have. */
const isCode = (value: unknown): boolean =>
  isWord(value) && value.length <= sessionNumbers.codeUnits && value.isWellFormed()

export const readNewSession = (topic: string, fields: Fields): Read<NewSession> => {
  const { peerId, info, offer, code } = fields
  const label = peerId === undefined ? info : peerId
  return readBy(
    [
      ...topicChecks(topic),
      [isWord(label), sessionErrors.noLabel],
      [isWithin(label, sessionNumbers.labelUnits), sessionErrors.longLabel],
      keeps("peerId", label),
      [isWord(offer), sessionErrors.noOffer],
      [isWithin(offer, rondevuNumbers.sdpUnits), sessionErrors.longOffer],
      keeps("offer", offer),
      [code === undefined || isCode(code), sessionErrors.invalidCode],
      keeps("code", code)
    ],
    () => ({
      label: String(label).toWellFormed(),
      offer: String(offer).toWellFormed(),
      code: code === undefined ? null : String(code)
    })
  )
}

const isSide = (value: unknown): value is Side => value === "offerer" || value === "answerer"

const placeChecks = ({ code, side }: Fields): readonly Check[] => [
  [isWord(code), sessionErrors.noCode],
  keeps("code", code),
  [isSide(side), sessionErrors.noSide]
]

export const readPoll = (fields: Fields): Read<PollQuestion> =>
  readBy(placeChecks(fields), () => ({ code: codeOf(fields), side: sideOf(fields) }))

export const readDeposit = (fields: Fields): Read<Deposit> => {
  const { answer, candidate } = fields
  const text = candidate ? JSON.stringify(candidate) : ""
  return readBy<Deposit>(
    [
      ...placeChecks(fields),
      [Boolean(answer || candidate), sessionErrors.nothing],
      [!(answer && candidate), sessionErrors.both],
      [!answer || typeof answer === "string", sessionErrors.invalidAnswer],
      [!answer || isWithin(answer, rondevuNumbers.sdpUnits), sessionErrors.longAnswer],
      keeps("answer", answer),
      [isWithin(text, rondevuNumbers.candidateUnits), sessionErrors.longCandidate]
    ],
    () => {
      const code = codeOf(fields)
      return answer ? { code, answer: String(answer).toWellFormed() } : { code, side: sideOf(fields), candidate: text }
    }
  )
}

const codeOf = ({ code }: Fields): string => String(code).toWellFormed()
const sideOf = ({ side }: Fields): Side => (side === "offerer" ? side : "answerer")

/** Less than the first page is the first, and a page has one topic at least. */
export const readTopicsPage = (query: Query): Read<TopicsPage> => {
  const { usual, most } = sessionNumbers.topicsOfPage
  const page = wholeNumberIn(query, "page", 1, true)
  if ("refusal" in page) return page
  const limit = wholeNumberIn(query, "limit", usual, true)
  if ("refusal" in limit) return limit
  return { value: { page: Math.max(1, page.value), limit: Math.max(1, Math.min(most, limit.value)) } }
}
