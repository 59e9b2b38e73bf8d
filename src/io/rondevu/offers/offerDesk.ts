/**
 * Whoever publishes, finds, answers and deletes offers on behalf of HTTP: budgets first, then the offers in use or the tables.
 * What is known in memory, here and at other nodes, is forgotten before anybody is told of a change.
 */
import { createHash } from "node:crypto"
import type { OfferReply } from "../../../machines/rondevu/offer/offerMessages.ts"
import type { Candidate } from "../../../machines/rondevu/offer/offerRecord.ts"
import type { GivenAnswer, GivenOffer } from "../../../wire/rondevu/offers/bodies.ts"
import { customerOf } from "../../admission/address.ts"
import { createTurns } from "../../admission/turns.ts"
import type { AnswerIndex } from "./answerIndex.ts"
import type { OfferBudgets } from "./budgets.ts"
import type { Credentials } from "./credentials.ts"
import type { ListedOffer, OfferList, Search, TopicsQuery } from "./offerList.ts"
import type { OfferNews } from "./offerNews.ts"
import type { Offers } from "./offers.ts"
import { bytesOfOffer, type NewOffer, type Publication, type Published, type PublishResult } from "./publishing.ts"
import type { StoreSize } from "./storeSize.ts"
import type { DeskEvent } from "./telling/events.ts"
import type { TopicCounts } from "./topicCounts.ts"

/** A peer that has shown that it is this one. */
export interface Peer {
  readonly peerId: string
  /** The client address that it asks from; asked for when it is needed. */
  readonly address: () => string
}

/** The budget is spent; milliseconds. */
export interface Spent {
  readonly waitMs: number
}

export type Told = Exclude<OfferReply, { type: "candidates.told" }>

/** What rejects, rejects with DatabaseFault. */
export interface OfferDesk {
  register(address: string): { readonly peerId: string; readonly secret: string } | Spent
  /** Whether peer and secret belong together; `waitMs`: the address has named too many wrong ones. */
  admits(peer: Peer, secret: string): boolean | Spent
  /** Milliseconds that a peer that is known must wait, as its address has named too many wrong ones; 0: none. */
  wait(address: () => string): number
  publish(
    peer: Peer,
    given: readonly GivenOffer[]
  ): Promise<readonly Published[] | "id-taken" | "too-many" | "full" | Spent>
  search(
    address: string,
    search: Omit<Search, "at">
  ): Promise<{ offers: readonly ListedOffer[]; total: number } | Spent>
  topics(address: string, query: Omit<TopicsQuery, "at">): Promise<Awaited<ReturnType<OfferList["topics"]>> | Spent>
  /** Of a peer, as everybody may see them. */
  ofPeer(address: string, peerId: string): Promise<readonly ListedOffer[] | Spent>
  mine(peer: Peer): Promise<readonly ListedOffer[]>
  /** As JSON; at once when they are known. */
  answers(peer: Peer): string | Promise<string> | Spent
  answer(peer: Peer, id: string, given: GivenAnswer): Promise<Told | "full" | Spent>
  remove(peer: Peer, id: string): Promise<Told>
  /** Each as JSON text. */
  addCandidates(peer: Peer, id: string, candidates: readonly string[]): Promise<Told | "full">
  /** Tells at once what is known at once. */
  readCandidates(
    peer: Peer,
    id: string,
    since: number,
    told: (found: readonly Candidate[] | Told | Spent) => void
  ): void
}

export interface Lifetimes {
  /** Milliseconds. */
  readonly usualMs: number
  readonly shortestMs: number
  readonly longestMs: number
}

export interface OfferDeskOptions {
  readonly credentials: Credentials
  readonly budgets: OfferBudgets
  readonly lifetimes: Lifetimes
  readonly publish: (publication: Publication) => Promise<PublishResult>
  readonly list: OfferList
  readonly offers: Pick<Offers, "ask" | "read" | "refresh">
  readonly answers: Pick<AnswerIndex, "known" | "read">
  readonly counts: Pick<TopicCounts, "of">
  /** Told of all that is written. */
  readonly news: Pick<OfferNews, "tell">
  readonly size: Pick<StoreSize, "take" | "give">
  readonly record: (event: DeskEvent) => void
  /** Epoch milliseconds. */
  readonly now: () => number
}

/** The id that follows from an offer's content. */
export const contentIdOf = ({ sdp, topics }: Pick<GivenOffer, "sdp" | "topics">): string =>
  createHash("sha256")
    .update(JSON.stringify({ sdp, topics: topics.toSorted() }))
    .digest("hex")

const isWait = (wait: number): boolean => wait > 0

export const createOfferDesk = (options: OfferDeskOptions): OfferDesk => {
  const { credentials, budgets, lifetimes, publish, list, offers, answers, counts, news, size, record, now } = options
  /** Of each peer one request after the other, so that its bounds hold; of each address one answer, as it may be a guess. */
  const inTurn = createTurns()

  /** Milliseconds; 0 is the usual, as none is. */
  const lifeOf = (ttl: number | null): number => {
    const { usualMs, shortestMs, longestMs } = lifetimes
    return Math.trunc(Math.min(longestMs, Math.max(shortestMs, ttl === null || ttl === 0 ? usualMs : ttl)))
  }

  const newOffer = (given: GivenOffer, at: number): NewOffer => ({
    id: given.id ?? contentIdOf(given),
    isChosen: given.id !== null,
    sdp: given.sdp,
    topics: given.topics,
    secret: given.secret,
    info: given.info,
    expiresAt: at + lifeOf(given.ttl)
  })

  /** Each id once, with the longest life asked for; null: one id for different contents. */
  const distinct = (asked: readonly NewOffer[]): readonly NewOffer[] | null => {
    const byId = new Map<string, NewOffer>()
    for (const offer of asked) {
      const other = byId.get(offer.id)
      if (other !== undefined && contentIdOf(other) !== contentIdOf(offer)) return null
      byId.set(offer.id, {
        ...(other ?? offer),
        isChosen: offer.isChosen || other?.isChosen === true,
        expiresAt: Math.max(offer.expiresAt, other?.expiresAt ?? offer.expiresAt)
      })
    }
    return [...byId.values()]
  }

  /** Writes what takes so many bytes, if they are free; what was not written takes none. */
  const within = async <A>(
    bytes: number,
    address: string,
    write: () => Promise<A>,
    isWritten: (reply: A) => boolean
  ): Promise<A | "full"> => {
    if (!(await size.take(bytes))) {
      record({ name: "offers:full", ip: address })
      return "full"
    }
    let isKept = false
    try {
      const reply = await write()
      isKept = isWritten(reply)
      return reply
    } finally {
      if (!isKept) size.give(bytes)
    }
  }
  const isDone = ({ type }: Told): boolean => type === "offer.done"

  const publishDistinct = async ({ peerId, address: from }: Peer, asked: readonly NewOffer[], at: number) => {
    const address = from()
    const published = await within(
      asked.reduce((sum, offer) => sum + bytesOfOffer(offer), 0),
      address,
      () => inTurn(`peer ${peerId}`, () => publish({ peerId, offers: asked, at })),
      (result) => typeof result !== "string"
    )
    if (typeof published === "string") return published
    await Promise.all([
      news.tell({
        peerId: published.some(({ isNew }) => !isNew) ? peerId : null,
        topics: published.flatMap(({ topics }) => topics)
      }),
      // Somebody may be looking for it in this very moment, or have one in use whose time is over.
      ...published.map(({ id, revision }) => offers.refresh(id, revision))
    ])
    record({ name: "offers:published", ip: address, offers: published.length })
    return published
  }

  return {
    register: (address) => {
      const waitMs = budgets.register(address)
      if (isWait(waitMs)) return { waitMs }
      record({ name: "offers:registered", ip: address })
      return credentials.issue()
    },

    wait: budgets.wait,

    admits: ({ peerId, address: asked }, secret) => {
      const address = asked()
      const waitMs = budgets.guess(address)
      if (isWait(waitMs)) return { waitMs }
      const isRight = credentials.accepts(peerId, secret)
      if (isRight) budgets.guessedRight(address)
      else record({ name: "offers:wrong_secret", ip: address, of: "credentials" })
      return isRight
    },

    publish: async (peer, given) => {
      const waitMs = budgets.publish(peer.address(), given.length)
      if (isWait(waitMs)) return { waitMs }
      const at = now()
      const asked = given.map((each) => newOffer(each, at))
      const each = distinct(asked)
      if (each === null) return "id-taken"
      const published = await publishDistinct(peer, each, at)
      if (typeof published === "string") return published
      return asked.map(({ id }) => published.find(({ askedId }) => askedId === id) as Published)
    },

    search: async (address, search) => {
      const waitMs = budgets.search(address)
      if (isWait(waitMs)) return { waitMs }
      const at = now()
      const [found, total] = await Promise.all([list.search({ ...search, at }), counts.of(search.topic, at)])
      return { offers: found, total }
    },

    topics: async (address, query) => {
      const waitMs = budgets.search(address)
      // One after the other: each looks at all topics.
      return isWait(waitMs) ? { waitMs } : inTurn("topics", () => list.topics({ ...query, at: now() }))
    },

    ofPeer: async (address, peerId) => {
      const waitMs = budgets.search(address)
      return isWait(waitMs) ? { waitMs } : list.ofPeer(peerId, now())
    },

    mine: ({ peerId }) => list.ofPeer(peerId, now()),

    answers: ({ peerId, address }) => {
      const waitMs = budgets.poll(peerId, address)
      if (isWait(waitMs)) return { waitMs }
      return answers.known(peerId, now()) ?? answers.read(peerId)
    },

    answer: ({ peerId, address: from }, id, { sdp, secret }) => {
      const address = from()
      return inTurn(`address ${customerOf(address)}`, async () => {
        const waitMs = budgets.guess(address)
        if (isWait(waitMs)) return { waitMs }
        const ask = () => offers.ask(id, { type: "offer.answer", peerId, sdp, secret }) as Promise<Told>
        const reply = await within(Buffer.byteLength(sdp), address, ask, isDone)
        if (reply === "full") {
          budgets.guessedRight(address)
          return reply
        }
        if (reply.type === "offer.refused" && reply.refusal === "secret") {
          record({ name: "offers:wrong_secret", ip: address, of: "offer" })
          return reply
        }
        budgets.guessedRight(address)
        if (reply.type !== "offer.done") return reply
        await news.tell({ peerId: reply.owner, topics: [] })
        record({ name: "offers:answered", ip: address })
        return reply
      })
    },

    remove: async ({ peerId, address }, id) => {
      const reply = (await offers.ask(id, { type: "offer.delete", peerId })) as Told
      if (reply.type !== "offer.done") return reply
      await news.tell({ peerId, topics: "all" })
      record({ name: "offers:deleted", ip: address() })
      return reply
    },

    addCandidates: async ({ peerId, address }, id, candidates) => {
      const bytes = candidates.reduce((sum, candidate) => sum + Buffer.byteLength(candidate), 0)
      const ask = () => offers.ask(id, { type: "candidates.add", peerId, candidates }) as Promise<Told>
      return within(bytes, address(), ask, isDone)
    },

    readCandidates: ({ peerId, address }, id, since, told) => {
      const waitMs = budgets.poll(peerId, address)
      if (isWait(waitMs)) return told({ waitMs })
      offers.read(id, { peerId, since }, told)
    }
  }
}
