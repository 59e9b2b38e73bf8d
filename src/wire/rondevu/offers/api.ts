/** Topic offers over HTTP: what may be asked, how, and what is answered. */
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import { described } from "../../core/describing.ts"
import { errorSchema, type WireError } from "../../core/errors.ts"
import { invalidCharacter, invalidParameter, rondevuErrors } from "../errors.ts"
import { offerErrors } from "./errors.ts"

const refusals = (...errors: readonly WireError[]) => errors.map(errorSchema)
const always = refusals(rondevuErrors.tooMany, rondevuErrors.unavailable)
const auth = refusals(
  offerErrors.noCredentials,
  offerErrors.notBearer,
  offerErrors.noPair,
  offerErrors.wrongCredentials
)
const body = refusals(rondevuErrors.invalidJson, rondevuErrors.tooLarge)

const Moment = Schema.Int.annotate({ description: "Milliseconds since 1970." })
const PeerId = Schema.String.annotate({ description: "32 hex digits." })
const OfferId = Schema.String.annotate({
  description: "The SHA-256 of its content in hex, or as its peer has chosen it; percent-encoded in paths."
})
const Topic = Schema.String.annotate({ description: "1 to 256 UTF-16 units; percent-encoded in paths." })
const bearer = {
  authorization: Schema.optionalKey(Schema.String).annotate({ description: "`Bearer <peerId>:<secret>`; required." })
}

const listed = {
  id: OfferId,
  sdp: Schema.String,
  topics: Schema.Array(Topic),
  expiresAt: Moment,
  lastSeen: Moment,
  hasSecret: Schema.Boolean,
  info: Schema.optionalKey(Schema.String)
}

/** Who a peer is, and how the server is. */
export class OfferServerGroup extends HttpApiGroup.make("rondevuServer")
  .add(
    HttpApiEndpoint.get("about", "/", {
      success: Schema.Struct({ version: Schema.String, name: Schema.String, description: Schema.String })
    }).annotateMerge(described("About", "What answers here.")),
    HttpApiEndpoint.get("health", "/health", {
      success: Schema.Struct({ status: Schema.Literal("ok"), timestamp: Moment, version: Schema.String })
    }).annotateMerge(described("Health", "As long as the process answers at all.")),
    HttpApiEndpoint.post("register", "/register", {
      success: Schema.Struct({ peerId: PeerId, secret: Schema.String }).annotate({ identifier: "RegisteredPeer" }),
      error: always
    }).annotateMerge(
      described("Become a peer", "Nothing is stored: a peer is its id and its secret. The body is not looked at.")
    )
  )
  .annotateMerge(OpenApi.annotations({ title: "Rondevu", description: "Peers, and how the server is." })) {}

/** Publishing, finding and answering. */
export class OffersGroup extends HttpApiGroup.make("rondevuOffers")
  .add(
    HttpApiEndpoint.post("publish", "/offers", {
      headers: bearer,
      success: Schema.Struct({
        offers: Schema.Array(
          Schema.Struct({ id: OfferId, peerId: PeerId, topics: Schema.Array(Topic), expiresAt: Moment })
        )
      }).annotate({ identifier: "PublishedOffers" }),
      error: [
        ...auth,
        ...body,
        ...refusals(
          offerErrors.noOffers,
          offerErrors.noSdpOfOffer,
          offerErrors.longSdp,
          offerErrors.secretNoText,
          offerErrors.longSecret,
          offerErrors.infoNoText,
          offerErrors.longInfo,
          offerErrors.noTopics,
          offerErrors.badTopic,
          offerErrors.sameTopics,
          offerErrors.badTtl,
          offerErrors.badId,
          invalidCharacter("sdp"),
          offerErrors.idTaken,
          offerErrors.tooManyOffers
        ),
        ...always
      ]
    }).annotateMerge(
      described(
        "Publish offers",
        '`{"offers": [{sdp, topics, ttl?, secret?, info?, id?}, …]}`: all of them or none. The same offer again is no error, and lives for longer if its `ttl` reaches further.'
      )
    ),
    HttpApiEndpoint.get("byTopic", "/offers/by-topic/:topic", {
      params: { topic: Topic },
      success: Schema.Struct({
        topic: Topic,
        offers: Schema.Array(Schema.Struct({ peerId: PeerId, ...listed })),
        total: Schema.Int,
        returned: Schema.Int
      }).annotate({ identifier: "OffersOfTopic" }),
      error: [...refusals(invalidParameter("limit"), offerErrors.badFilter), ...always]
    }).annotateMerge(
      described(
        "Offers of a topic",
        "The newest first, answered ones too. `limit`: 50 unless given, at most 200. `bloom`: a filter of peers that are left out; `total` counts them."
      )
    ),
    HttpApiEndpoint.get("mine", "/offers/mine", {
      headers: bearer,
      success: Schema.Struct({
        peerId: PeerId,
        offers: Schema.Array(
          Schema.Struct({
            id: OfferId,
            sdp: Schema.String,
            topics: Schema.Array(Topic),
            createdAt: Moment,
            expiresAt: Moment,
            lastSeen: Moment,
            secret: Schema.optionalKey(Schema.String),
            info: Schema.optionalKey(Schema.String),
            answererPeerId: Schema.optionalKey(PeerId),
            answeredAt: Schema.optionalKey(Moment)
          })
        )
      }).annotate({ identifier: "OwnOffers" }),
      error: [...auth, ...always]
    }).annotateMerge(described("Own offers", "The newest first, with their secrets and who has answered.")),
    HttpApiEndpoint.get("answers", "/offers/answers", {
      headers: bearer,
      success: Schema.Struct({
        answers: Schema.Array(
          Schema.Struct({
            offerId: OfferId,
            answererId: PeerId,
            sdp: Schema.String,
            answeredAt: Moment,
            topics: Schema.Array(Topic)
          })
        )
      }).annotate({ identifier: "Answers" }),
      error: [...auth, ...always]
    }).annotateMerge(
      described(
        "Answers to own offers",
        "The newest first; they stay until the offer expires. Asked every two seconds."
      )
    ),
    HttpApiEndpoint.delete("remove", "/offers/:id", {
      headers: bearer,
      params: { id: OfferId },
      success: Schema.Struct({ deleted: Schema.Literal(true) }),
      error: [...auth, ...refusals(offerErrors.notDeletable), ...always]
    }).annotateMerge(described("Delete an offer", "Its candidates go with it.")),
    HttpApiEndpoint.post("answer", "/offers/:id/answer", {
      headers: bearer,
      params: { id: OfferId },
      success: Schema.Struct({ offerId: OfferId, answererId: PeerId, answeredAt: Moment }).annotate({
        identifier: "AnsweredOffer"
      }),
      error: [
        ...auth,
        ...body,
        ...refusals(
          offerErrors.noSdp,
          offerErrors.longSdp,
          offerErrors.secretNoText,
          invalidCharacter("sdp"),
          offerErrors.answeredNone,
          offerErrors.wrongSecret,
          offerErrors.alreadyAnswered
        ),
        ...always
      ]
    }).annotateMerge(described("Answer an offer", "`{sdp, secret?}`. Of several at the same moment one is heard."))
  )
  .annotateMerge(
    OpenApi.annotations({ title: "Topic offers", description: "Publish WebRTC offers, find them by topic, answer." })
  ) {}

/** What both sides still need then, and what there is. */
export class OfferCandidatesGroup extends HttpApiGroup.make("rondevuCandidates")
  .add(
    HttpApiEndpoint.post("post", "/offers/:id/ice-candidates", {
      headers: bearer,
      params: { id: OfferId },
      success: Schema.Struct({ offerId: OfferId, candidatesAdded: Schema.Int }),
      error: [
        ...auth,
        ...body,
        ...refusals(
          offerErrors.noCandidates,
          offerErrors.tooManyCandidates,
          offerErrors.longCandidate,
          offerErrors.noOffer,
          offerErrors.mayNotPost
        ),
        ...always
      ]
    }).annotateMerge(described("Post candidates", '`{"candidates": […]}`: any JSON, returned as it came.')),
    HttpApiEndpoint.get("read", "/offers/:id/ice-candidates", {
      headers: bearer,
      params: { id: OfferId },
      success: Schema.Struct({
        offerId: OfferId,
        candidates: Schema.Array(
          Schema.Struct({
            candidate: Schema.Unknown,
            peerId: PeerId,
            role: Schema.Literals(["offerer", "answerer"]),
            createdAt: Moment
          })
        )
      }).annotate({ identifier: "Candidates" }),
      error: [...auth, ...refusals(invalidParameter("since"), offerErrors.noOffer, offerErrors.mayNotRead), ...always]
    }).annotateMerge(
      described("Read candidates", "The other side's, oldest first; `since`: those with a greater `createdAt`.")
    ),
    HttpApiEndpoint.get("topics", "/topics", {
      success: Schema.Struct({
        topics: Schema.Array(Schema.Struct({ topic: Topic, activePeers: Schema.Int })),
        total: Schema.Int,
        limit: Schema.Int,
        offset: Schema.Int,
        startsWith: Schema.optionalKey(Schema.String)
      }).annotate({ identifier: "Topics" }),
      error: [...refusals(invalidParameter("limit"), invalidParameter("offset")), ...always]
    }).annotateMerge(
      described(
        "Topics",
        "Those with most peers first. `limit`: 50 unless given, at most 200; `offset`; `startsWith`, in which ASCII letters match in either case."
      )
    ),
    HttpApiEndpoint.get("ofPeer", "/peers/:peerId/offers", {
      params: { peerId: PeerId },
      success: Schema.Struct({
        peerId: PeerId,
        offers: Schema.Array(Schema.Struct(listed)),
        topics: Schema.Array(Topic)
      }).annotate({ identifier: "OffersOfPeer" }),
      error: always
    }).annotateMerge(described("Offers of a peer", "The newest first, and all their topics."))
  )
  .annotateMerge(
    OpenApi.annotations({ title: "Candidates and topics", description: "What both sides need after an answer." })
  ) {}

/** What it is, in a few words. */
export const about = "topic offers of peers, found, answered and completed by polling over HTTP"

/** Everything of topic offers that answers. */
export class OffersApi extends HttpApi.make("rondevu")
  .add(OfferServerGroup, OffersGroup, OfferCandidatesGroup)
  .annotate(OpenApi.Description, about) {}
