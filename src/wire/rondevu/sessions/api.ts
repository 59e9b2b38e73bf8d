/** The older sessions over HTTP: what may be asked, how, and what is answered. */
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import { described } from "../../core/describing.ts"
import { errorSchema } from "../../core/errors.ts"
import { invalidCharacter, invalidParameter, rondevuErrors } from "../errors.ts"
import { sessionErrors, takenCode } from "./errors.ts"

const topic = {
  topic: Schema.String.annotate({ description: "Free text of up to 1,024 characters, percent-encoded." })
}
const Moment = Schema.Int.annotate({ description: "Epoch milliseconds." })
const Candidate = Schema.Unknown.annotate({ description: "As it came: any JSON value." })

/** What every request may hear. */
const usual = [
  errorSchema(rondevuErrors.brokenPath),
  errorSchema(rondevuErrors.tooMany),
  errorSchema(rondevuErrors.unavailable),
  errorSchema(rondevuErrors.fault)
] as const
/** What every request with a body may hear. */
const usualOfBodies = [...usual, errorSchema(rondevuErrors.tooLarge), errorSchema(rondevuErrors.invalidJson)] as const

const Session = Schema.Struct({
  code: Schema.String,
  peerId: Schema.String.annotate({ description: "Who offers, in its own words." }),
  info: Schema.String.annotate({ description: "The same as `peerId`." }),
  offer: Schema.String,
  offerCandidates: Schema.Array(Candidate),
  createdAt: Moment,
  expiresAt: Moment
})

/** Pages of one origin find each other by a topic, and two of them meet in a session. */
export class SessionsGroup extends HttpApiGroup.make("rondevuSessions")
  .add(
    HttpApiEndpoint.get("version", "/", { success: Schema.Struct({ version: Schema.String }) }).annotateMerge(
      described("Version", "Of the server.")
    ),
    HttpApiEndpoint.get("health", "/health", {
      success: Schema.Struct({ status: Schema.Literal("ok"), timestamp: Moment })
    }).annotateMerge(described("Alive", "As long as the process answers at all.")),
    HttpApiEndpoint.get("topics", "/topics", {
      query: { page: Schema.optional(Schema.String), limit: Schema.optional(Schema.String) },
      success: Schema.Struct({
        topics: Schema.Array(Schema.Struct({ topic: Schema.String, count: Schema.Int })),
        pagination: Schema.Struct({ page: Schema.Int, limit: Schema.Int, total: Schema.Int, hasMore: Schema.Boolean })
      }),
      error: [...usual, errorSchema(invalidParameter("page")), errorSchema(invalidParameter("limit"))]
    }).annotateMerge(
      described("Topics", "Those with a session that nobody has answered, and how many of them, by name.")
    ),
    HttpApiEndpoint.get("list", "/:topic/sessions", {
      params: topic,
      success: Schema.Struct({ sessions: Schema.Array(Session) }),
      error: [...usual, errorSchema(sessionErrors.longTopic), errorSchema(invalidCharacter("topic"))]
    }).annotateMerge(described("Sessions of a topic", "Those that nobody has answered, the newest first.")),
    HttpApiEndpoint.post("offer", "/:topic/offer", {
      params: topic,
      success: Schema.Struct({ code: Schema.String }),
      error: [
        ...usualOfBodies,
        errorSchema(sessionErrors.longTopic),
        errorSchema(sessionErrors.noLabel),
        errorSchema(sessionErrors.longLabel),
        errorSchema(sessionErrors.noOffer),
        errorSchema(sessionErrors.longOffer),
        errorSchema(sessionErrors.invalidCode),
        errorSchema(takenCode("…"))
      ]
    }).annotateMerge(described("Offer", "Begins a session: `{peerId | info, offer, code?}`.")),
    HttpApiEndpoint.post("answer", "/answer", {
      success: Schema.Struct({ success: Schema.Literal(true) }),
      error: [
        ...usualOfBodies,
        errorSchema(sessionErrors.noCode),
        errorSchema(sessionErrors.noSide),
        errorSchema(sessionErrors.nothing),
        errorSchema(sessionErrors.both),
        errorSchema(sessionErrors.invalidAnswer),
        errorSchema(sessionErrors.longAnswer),
        errorSchema(sessionErrors.longCandidate),
        errorSchema(sessionErrors.manyCandidates),
        errorSchema(sessionErrors.missing),
        errorSchema(sessionErrors.answered)
      ]
    }).annotateMerge(
      described("Answer", "Answers a session, or leaves a candidate in it: `{code, side, answer | candidate}`.")
    ),
    HttpApiEndpoint.post("poll", "/poll", {
      success: Schema.Union([
        Schema.Struct({ answer: Schema.NullOr(Schema.String), answerCandidates: Schema.Array(Candidate) }),
        Schema.Struct({ offer: Schema.String, offerCandidates: Schema.Array(Candidate) })
      ]),
      error: [
        ...usualOfBodies,
        errorSchema(sessionErrors.noCode),
        errorSchema(sessionErrors.noSide),
        errorSchema(sessionErrors.missing)
      ]
    }).annotateMerge(
      described(
        "Poll",
        "What the other side has left: `{code, side}`. Reading consumes nothing; lists are always whole."
      )
    )
  )
  .annotateMerge(OpenApi.annotations({ title: "Sessions", description: "Pages of one origin meet two by two." })) {}

/** Everything of the older sessions' that answers. */
export class SessionsApi extends HttpApi.make("rondevu-sessions")
  .add(SessionsGroup)
  .annotate(OpenApi.Description, "sessions of two peers over HTTP, in a bucket for each origin of pages") {}
