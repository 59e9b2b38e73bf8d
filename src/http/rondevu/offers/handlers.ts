/** Topic offers over HTTP: what a request becomes, and how the answer is put into words. */
import type { IncomingMessage } from "node:http"
import * as Effect from "effect/Effect"
import type * as HttpServerRequest from "effect/http/HttpServerRequest"
import type * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import type { OfferDesk, Peer } from "../../../io/rondevu/offers/offerDesk.ts"
import { type Query, wholeNumberIn } from "../../../wire/rondevu/checks.ts"
import { rondevuNumbers } from "../../../wire/rondevu/numbers.ts"
import {
  OfferCandidatesGroup,
  OfferServerGroup,
  OffersApi,
  OffersGroup,
  about as words
} from "../../../wire/rondevu/offers/api.ts"
import { readBloom } from "../../../wire/rondevu/offers/bloom.ts"
import { type OfferBounds, readAnswer, readCandidates, readOffers } from "../../../wire/rondevu/offers/bodies.ts"
import { offerErrors } from "../../../wire/rondevu/offers/errors.ts"
import { offerNumbers } from "../../../wire/rondevu/offers/numbers.ts"
import { type Answer, errorAnswer, responseOf } from "../../answer.ts"
import { successOf } from "../../success.ts"
import { tooMany, unavailable } from "../answers.ts"
import { messageOf, queryOf, readsFields, segmentsOf } from "../requests.ts"
import type { Authorized } from "./authorization.ts"
import type { Polls } from "./polls.ts"
import { answering, deleting, isSpent, notDone, ownOffer, posting, publicOffer } from "./words.ts"

export interface OfferHandlersOptions {
  readonly desk: OfferDesk
  readonly bounds: OfferBounds
  readonly polls: Polls
  readonly authorize: (request: IncomingMessage) => Authorized
  /** The client address that a request counts for. */
  readonly addressOf: (request: IncomingMessage) => string
  /** What is answered when the database does not; throws what is a fault of the server. */
  readonly failed: (error: unknown) => Answer
  readonly mount: string
  readonly version: string
  readonly now: () => number
}

type Request = HttpServerRequest.HttpServerRequest
type Response = Effect.Effect<HttpServerResponse.HttpServerResponse>

const { pageSize } = offerNumbers
const badFilter = errorAnswer(offerErrors.badFilter)
const idTaken = errorAnswer(offerErrors.idTaken)
const tooManyOffers = errorAnswer(offerErrors.tooManyOffers)
/** What they say is for whoever has asked, once. */
const notStored = { "cache-control": "no-store" }

const limitIn = (query: Query) => {
  const read = wholeNumberIn(query, "limit", pageSize.usual)
  return "refusal" in read ? read : { value: Math.min(pageSize.most, read.value) }
}

const topicsOf = (offers: readonly { readonly topics: readonly string[] }[]): readonly string[] => [
  ...new Set(offers.flatMap(({ topics }) => topics))
]

/** Everything that the handlers have in common. */
const ways = ({ authorize, failed, mount }: OfferHandlersOptions) => {
  const answered = (answer: () => Promise<Answer> | Answer): Response =>
    Effect.promise(async () => {
      try {
        return responseOf(await answer())
      } catch (error) {
        return responseOf(failed(error))
      }
    })
  /** What a peer asks for; anybody else is refused before the body is read. */
  const byPeer = (request: Request, answer: (peer: Peer) => Response): Response => {
    const authorized = authorize(messageOf(request))
    return "refusal" in authorized ? Effect.succeed(responseOf(authorized.refusal)) : answer(authorized.peer)
  }
  const caught = async (answer: () => Promise<Answer>): Promise<Answer> => {
    try {
      return await answer()
    } catch (error) {
      return failed(error)
    }
  }
  const segment = (request: Request, at: number): string => segmentsOf(messageOf(request), mount)[at] ?? ""
  return { answered, byPeer, caught, segment }
}

/** The handlers of `OfferServerGroup`. */
export const offerServerHandlers = (options: OfferHandlersOptions) => {
  const { desk, addressOf, version, now } = options
  const { answered } = ways(options)
  const says = {
    about: successOf(OfferServerGroup.endpoints.about),
    health: successOf(OfferServerGroup.endpoints.health),
    register: successOf(OfferServerGroup.endpoints.register)
  }
  const about = responseOf(says.about({ version, name: "Rondevu", description: words }))

  return HttpApiBuilder.group(OffersApi, "rondevuServer", (handlers) =>
    handlers
      .handleRaw("about", () => Effect.succeed(about))
      .handleRaw("health", () => answered(() => says.health({ status: "ok", timestamp: now(), version })))
      .handleRaw("register", ({ request }) =>
        answered(() => {
          const peer = desk.register(addressOf(messageOf(request)))
          return "waitMs" in peer ? tooMany(peer.waitMs) : says.register(peer, notStored)
        })
      )
  )
}

/** The handlers of `OffersGroup`. */
export const offersHandlers = (options: OfferHandlersOptions) => {
  const { desk, bounds, polls, addressOf } = options
  const { answered, byPeer, caught, segment } = ways(options)
  const says = {
    publish: successOf(OffersGroup.endpoints.publish),
    byTopic: successOf(OffersGroup.endpoints.byTopic),
    mine: successOf(OffersGroup.endpoints.mine),
    remove: successOf(OffersGroup.endpoints.remove),
    answer: successOf(OffersGroup.endpoints.answer)
  }

  const publish = async (peer: Peer, fields: Readonly<Record<string, unknown>>): Promise<Answer> => {
    const read = readOffers(fields, bounds)
    if ("refusal" in read) return errorAnswer(read.refusal)
    const published = await desk.publish(peer, read.value)
    if (published === "id-taken") return idTaken
    if (published === "too-many") return tooManyOffers
    if (published === "full") return unavailable
    if (isSpent(published)) return tooMany(published.waitMs)
    return says.publish({
      offers: published.map(({ id, topics, expiresAt }) => ({ id, peerId: peer.peerId, topics, expiresAt }))
    })
  }

  const byTopic = async (request: IncomingMessage, topic: string): Promise<Answer> => {
    const query = queryOf(request)
    const limit = limitIn(query)
    if ("refusal" in limit) return errorAnswer(limit.refusal)
    // A plus sign that was not encoded has become a blank, which base64 has none of.
    const bloom = query.get("bloom")?.replaceAll(" ", "+") ?? ""
    const leavesOut = bloom === "" ? null : readBloom(bloom)
    if (bloom !== "" && leavesOut === null) return badFilter
    const found = await desk.search(addressOf(request), { topic, limit: limit.value, leavesOut })
    if (isSpent(found)) return tooMany(found.waitMs)
    const offers = found.offers.map((offer) => ({ peerId: offer.peerId, ...publicOffer(offer) }))
    return says.byTopic({ topic, offers, total: found.total, returned: offers.length })
  }

  const answer = async (peer: Peer, id: string, fields: Readonly<Record<string, unknown>>): Promise<Answer> => {
    const read = readAnswer(fields)
    if ("refusal" in read) return errorAnswer(read.refusal)
    const reply = await desk.answer(peer, id, read.value)
    if (reply === "full") return unavailable
    const refusal = notDone(reply, answering)
    if (refusal !== undefined || !("at" in reply)) return refusal as Answer
    return says.answer({ offerId: id, answererId: peer.peerId, answeredAt: reply.at })
  }

  return HttpApiBuilder.group(OffersApi, "rondevuOffers", (handlers) =>
    handlers
      .handleRaw("publish", ({ request }) =>
        byPeer(request, (peer) =>
          readsFields(request, offerNumbers.offersBodyBytes, (fields) => caught(() => publish(peer, fields)))
        )
      )
      .handleRaw("byTopic", ({ request }) => answered(() => byTopic(messageOf(request), segment(request, 2))))
      .handleRaw("mine", ({ request }) =>
        byPeer(request, (peer) =>
          answered(async () => {
            const offers = (await desk.mine(peer)).map(ownOffer)
            return says.mine({ peerId: peer.peerId, offers }, notStored)
          })
        )
      )
      .handleRaw("answers", ({ request }) => answered(() => told((each) => polls.answers(messageOf(request), each))))
      .handleRaw("remove", ({ request }) =>
        byPeer(request, (peer) =>
          answered(async () => {
            const reply = await desk.remove(peer, segment(request, 1))
            return notDone(reply, deleting) ?? says.remove({ deleted: true })
          })
        )
      )
      .handleRaw("answer", ({ request }) =>
        byPeer(request, (peer) =>
          readsFields(request, rondevuNumbers.bodyBytes, (fields) =>
            caught(() => answer(peer, segment(request, 1), fields))
          )
        )
      )
  )
}

/** The answer that is told, now or later. */
const told = (ask: (tell: (make: () => Answer) => void) => void): Promise<Answer> =>
  new Promise((resolve, reject) =>
    ask((make) => {
      try {
        resolve(make())
      } catch (error) {
        reject(error)
      }
    })
  )

/** The handlers of `OfferCandidatesGroup`. */
export const offerCandidatesHandlers = (options: OfferHandlersOptions) => {
  const { desk, polls, addressOf, authorize } = options
  const { answered, byPeer, caught, segment } = ways(options)
  const says = {
    post: successOf(OfferCandidatesGroup.endpoints.post),
    topics: successOf(OfferCandidatesGroup.endpoints.topics),
    ofPeer: successOf(OfferCandidatesGroup.endpoints.ofPeer)
  }

  const post = async (peer: Peer, id: string, fields: Readonly<Record<string, unknown>>): Promise<Answer> => {
    const read = readCandidates(fields)
    if ("refusal" in read) return errorAnswer(read.refusal)
    const reply = await desk.addCandidates(peer, id, read.value)
    if (reply === "full") return unavailable
    return notDone(reply, posting) ?? says.post({ offerId: id, candidatesAdded: read.value.length })
  }

  const read = async (request: IncomingMessage, id: string): Promise<Answer> => {
    const since = wholeNumberIn(queryOf(request), "since", 0)
    if (!("refusal" in since)) return told((each) => polls.candidates(request, id, since.value, each))
    const authorized = authorize(request)
    return "refusal" in authorized ? authorized.refusal : errorAnswer(since.refusal)
  }

  const topics = async (request: IncomingMessage): Promise<Answer> => {
    const query = queryOf(request)
    const limit = limitIn(query)
    if ("refusal" in limit) return errorAnswer(limit.refusal)
    const offset = wholeNumberIn(query, "offset", 0)
    if ("refusal" in offset) return errorAnswer(offset.refusal)
    const startsWith = query.get("startsWith") ?? ""
    const asked = { limit: limit.value, offset: offset.value }
    const found = await desk.topics(addressOf(request), { ...asked, startsWith })
    if (isSpent(found)) return tooMany(found.waitMs)
    return says.topics({ ...found, ...asked, ...(startsWith === "" ? {} : { startsWith }) })
  }

  const ofPeer = async (request: IncomingMessage, peerId: string): Promise<Answer> => {
    const found = await desk.ofPeer(addressOf(request), peerId)
    if (isSpent(found)) return tooMany(found.waitMs)
    return says.ofPeer({ peerId, offers: found.map(publicOffer), topics: topicsOf(found) })
  }

  return HttpApiBuilder.group(OffersApi, "rondevuCandidates", (handlers) =>
    handlers
      .handleRaw("post", ({ request }) =>
        byPeer(request, (peer) =>
          readsFields(request, offerNumbers.candidatesBodyBytes, (fields) =>
            caught(() => post(peer, segment(request, 1), fields))
          )
        )
      )
      .handleRaw("read", ({ request }) => answered(() => read(messageOf(request), segment(request, 1))))
      .handleRaw("topics", ({ request }) => answered(() => topics(messageOf(request))))
      .handleRaw("ofPeer", ({ request }) => answered(() => ofPeer(messageOf(request), segment(request, 1))))
  )
}
