/** Every refusal of topic offers, in its exact words. Clients give up at the words `not found`, and at no others. */
import { type WireError, wireError } from "../../core/errors.ts"
import { offerNumbers } from "./numbers.ts"

const bad = <const Word extends string>(error: Word, when: string): WireError<Word> =>
  wireError({ status: 400, error, when, duty: "Fix the client." })
const denied = <const Word extends string>(error: Word, when: string): WireError<Word> =>
  wireError({ status: 401, error, when, duty: "Register, and send what that gave." })

const { candidatesOfSide } = offerNumbers

export const offerErrors = {
  // Who asks
  noCredentials: denied("Missing Authorization header", "The header is absent or empty."),
  notBearer: denied(
    "Invalid Authorization header format. Expected: Bearer {peerId}:{secret}",
    "It is not two words of which the first is `Bearer`."
  ),
  noPair: denied(
    "Invalid credentials format. Expected: {peerId}:{secret}",
    "Its second word does not have exactly one colon."
  ),
  wrongCredentials: denied("Invalid credentials", "Peer and secret do not belong together."),

  // Publishing
  noOffers: bad(
    "Missing or invalid required parameter: offers (must be non-empty array)",
    "`offers` is absent, empty or no array."
  ),
  noSdpOfOffer: bad("Each offer must have an sdp field", "An `sdp` is absent, empty or no string."),
  longSdp: bad("SDP must be 64KB or less", "`sdp` has more than 65,536 UTF-16 units."),
  secretNoText: bad("Secret must be a string", "`secret` is there and no string."),
  longSecret: bad("Secret must be 128 characters or less", "A secret is too long."),
  infoNoText: bad("Info must be a string", "`info` is there and no string."),
  longInfo: bad("Info must be 128 characters or less", "`info` is too long."),
  noTopics: bad("Each offer must have a non-empty topics array", "`topics` is absent, empty or no array."),
  badTopic: bad("Each topic must be a string between 1 and 256 characters", "A topic is no string, empty or too long."),
  sameTopics: bad("Topics of an offer must be distinct", "An offer names a topic twice."),
  badTtl: bad("TTL must be a number", "`ttl` is there and neither a number nor null."),
  badId: bad("Offer id must be a string of 1 to 128 characters", "`id` is there and no such string."),
  idTaken: wireError({
    status: 409,
    error: "Offer id already exists",
    when: "An `id` of the caller's own is another peer's, or of other content.",
    duty: "Choose another, or none."
  }),
  tooManyOffers: wireError({
    status: 429,
    error: "Too many offers",
    when: "The peer would have more than 200 offers, or more than 8 MiB of SDP, at one time.",
    duty: "Delete some, or let them expire."
  }),

  // Finding and deleting
  badFilter: bad("Invalid bloom filter format", "`bloom` is not base64."),
  notDeletable: wireError({
    status: 404,
    error: "Offer not found or not authorized",
    when: "There is no such offer, or it is another peer's."
  }),

  // Answering
  noSdp: bad("Missing or invalid required parameter: sdp", "`sdp` is absent, empty or no string."),
  answeredNone: bad("Offer not found or expired", "There is no such offer, or it has expired."),
  wrongSecret: bad("Invalid or missing secret", "The offer has a secret, and it is not this."),
  alreadyAnswered: bad("Offer already answered", "Somebody was first."),

  // Candidates
  noCandidates: bad(
    "Missing or invalid required parameter: candidates (must be non-empty array)",
    "`candidates` is absent, empty or no array."
  ),
  longCandidate: bad("ICE candidate must be 4KB or less", "A candidate has more than 4096 UTF-16 units of JSON."),
  tooManyCandidates: bad(
    `Too many ICE candidates. Maximum ${candidatesOfSide} per offer`,
    "One side would have more than 512 candidates at one offer."
  ),
  noOffer: wireError({
    status: 404,
    error: "Offer not found or expired",
    when: "There is no such offer, or it has expired."
  }),
  mayNotPost: wireError({
    status: 403,
    error: "Not authorized to post ICE candidates for this offer",
    when: "The peer is neither its owner nor its answerer."
  }),
  mayNotRead: wireError({
    status: 403,
    error: "Not authorized to view ICE candidates for this offer",
    when: "The peer is neither its owner nor its answerer."
  })
} as const

/** Bounds that an operator may set are named in these. */
export const tooManyInRequest = (most: number): WireError =>
  bad(`Too many offers. Maximum ${most} per request`, "One request publishes too many offers.")
export const tooManyTopics = (most: number): WireError =>
  bad(`Too many topics. Maximum ${most} per offer`, "An offer has too many topics.")
