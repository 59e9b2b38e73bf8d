/** The refusals of the older sessions, in their exact words. What both parts of rondevu say stands in ../errors.ts. */
import { type WireError, wireError } from "../../core/errors.ts"

const fix = "Fix the client."
const badRequest = <const Word extends string>(error: Word, when: string): WireError<Word> =>
  wireError({ status: 400, error, when, duty: fix })

export const sessionErrors = {
  longTopic: badRequest("Topic string must be 1024 characters or less", "The topic is longer than that."),
  noLabel: badRequest(
    "Missing or invalid required parameter: peerId",
    "Neither `peerId` nor `info` is there, or it is empty or no string."
  ),
  longLabel: badRequest("PeerId string must be 1024 characters or less", "The label is longer than that."),
  noOffer: badRequest("Missing or invalid required parameter: offer", "`offer` is absent, empty or no string."),
  longOffer: badRequest("Offer must be 64KB or less", "`offer` is longer than 65,536 characters."),
  invalidCode: badRequest("Invalid parameter: code", "`code` is there, and no string of 1 to 128 characters."),
  noCode: badRequest("Missing or invalid required parameter: code", "`code` is absent, empty or no string."),
  noSide: badRequest(
    'Invalid or missing parameter: side (must be "offerer" or "answerer")',
    "`side` is neither of the two."
  ),
  nothing: badRequest(
    "Missing required parameter: answer or candidate",
    "Neither is there; what is empty, 0, false or null counts as none."
  ),
  both: badRequest("Cannot provide both answer and candidate", "Both are there."),
  invalidAnswer: badRequest("Invalid parameter: answer", "`answer` is no string."),
  longAnswer: badRequest("Answer must be 64KB or less", "`answer` is longer than 65,536 characters."),
  longCandidate: badRequest(
    "ICE candidate must be 4KB or less",
    "`candidate`, written as JSON, is longer than 4,096 characters."
  ),
  manyCandidates: badRequest("Too many candidates", "This side has left 256 already."),
  missing: wireError({
    status: 404,
    error: "Session not found, expired, or origin mismatch",
    when: "This bucket has no such session, or its time is over.",
    duty: "Give up."
  }),
  answered: wireError({
    status: 409,
    error: "Session already answered",
    when: "Somebody has answered it in other words.",
    duty: "Take another session."
  })
} as const

/** Of a code that the caller has chosen; it comes back in the words. */
export const takenCode = (code: string): WireError =>
  wireError({
    status: 409,
    error: `Session code '${code}' already exists`,
    when: "The bucket has a session of this code.",
    duty: "Choose another."
  })
