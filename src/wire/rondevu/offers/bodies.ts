/** What bodies of topic offers say, read in the order of the contract's checks. */
import type { WireError } from "../../core/errors.ts"
import { type Check, firstFailed, isKept, isText, isWord, keeps, type Read } from "../checks.ts"
import { invalidCharacter } from "../errors.ts"
import { rondevuNumbers } from "../numbers.ts"
import { offerErrors, tooManyInRequest, tooManyTopics } from "./errors.ts"
import { offerNumbers } from "./numbers.ts"

type Fields = Readonly<Record<string, unknown>>

/** An offer as its peer gives it. */
export interface GivenOffer {
  readonly sdp: string
  /** In the order given; distinct. */
  readonly topics: readonly string[]
  /** Milliseconds; null: the usual. */
  readonly ttl: number | null
  /** Null: nobody need name one. */
  readonly secret: string | null
  readonly info: string | null
  /** The caller's own; null: it follows from the content. */
  readonly id: string | null
}

/** What an operator may set of it. */
export interface OfferBounds {
  readonly offersPerRequest: number
  readonly topicsPerOffer: number
}

const { topicUnits, secretUnits, infoUnits, idUnits, candidatesOfSide } = offerNumbers
const { sdpUnits, candidateUnits } = rondevuNumbers

const isGiven = (value: unknown): boolean => value !== undefined

const isFilled = (value: unknown): value is readonly unknown[] => Array.isArray(value) && value.length > 0

const topicOf = (value: unknown): boolean => isWord(value) && value.length <= topicUnits

const textOf = (value: unknown): string | null => (isText(value) && value !== "" ? value : null)

/** The checks of a text that may be left out, in this order. */
const optionalText = (value: unknown, most: number, noText: WireError, long: WireError): readonly Check[] => [
  [!isGiven(value) || isText(value), noText],
  [!isText(value) || value.length <= most, long]
]

const offerOf = (given: unknown, { topicsPerOffer }: OfferBounds): Read<GivenOffer> => {
  const fields = (typeof given === "object" && given !== null ? given : {}) as Fields
  const { sdp, topics, ttl, secret, info, id } = fields
  const listed: readonly unknown[] = isFilled(topics) ? topics : []
  const refusal = firstFailed([
    [isWord(sdp), offerErrors.noSdpOfOffer],
    [isText(sdp) && sdp.length <= sdpUnits, offerErrors.longSdp],
    ...optionalText(secret, secretUnits, offerErrors.secretNoText, offerErrors.longSecret),
    ...optionalText(info, infoUnits, offerErrors.infoNoText, offerErrors.longInfo),
    [isFilled(topics), offerErrors.noTopics],
    [listed.length <= topicsPerOffer, tooManyTopics(topicsPerOffer)],
    [listed.every(topicOf), offerErrors.badTopic],
    [new Set(listed).size === listed.length, offerErrors.sameTopics],
    [!isGiven(ttl) || ttl === null || typeof ttl === "number", offerErrors.badTtl],
    [!isGiven(id) || (isWord(id) && id.length <= idUnits), offerErrors.badId],
    keeps("sdp", sdp),
    [listed.every(isKept), invalidCharacter("topics")],
    keeps("secret", secret),
    keeps("info", info),
    keeps("id", id)
  ])
  if (refusal !== undefined) return { refusal }
  return {
    value: {
      sdp: sdp as string,
      topics: listed as readonly string[],
      ttl: typeof ttl === "number" ? ttl : null,
      secret: textOf(secret),
      info: isText(info) ? info : null,
      id: isText(id) ? id : null
    }
  }
}

/** The offers of a request: all of them, or the first that is wrong with any. */
export const readOffers = ({ offers }: Fields, bounds: OfferBounds): Read<readonly GivenOffer[]> => {
  if (!isFilled(offers)) return { refusal: offerErrors.noOffers }
  if (offers.length > bounds.offersPerRequest) return { refusal: tooManyInRequest(bounds.offersPerRequest) }
  const read: GivenOffer[] = []
  for (const given of offers) {
    const offer = offerOf(given, bounds)
    if ("refusal" in offer) return offer
    read.push(offer.value)
  }
  return { value: read }
}

export interface GivenAnswer {
  readonly sdp: string
  /** Null: none is named. */
  readonly secret: string | null
}

export const readAnswer = ({ sdp, secret }: Fields): Read<GivenAnswer> => {
  const refusal = firstFailed([
    [isWord(sdp), offerErrors.noSdp],
    [isText(sdp) && sdp.length <= sdpUnits, offerErrors.longSdp],
    [!isGiven(secret) || isText(secret), offerErrors.secretNoText],
    keeps("sdp", sdp),
    keeps("secret", secret)
  ])
  return refusal === undefined ? { value: { sdp: sdp as string, secret: textOf(secret) } } : { refusal }
}

/** Candidates, each as JSON text. */
export const readCandidates = ({ candidates }: Fields): Read<readonly string[]> => {
  if (!isFilled(candidates)) return { refusal: offerErrors.noCandidates }
  const written = candidates.map((candidate) => JSON.stringify(candidate))
  const refusal = firstFailed([
    [written.length <= candidatesOfSide, offerErrors.tooManyCandidates],
    [written.every(({ length }) => length <= candidateUnits), offerErrors.longCandidate]
  ])
  return refusal === undefined ? { value: written } : { refusal }
}
