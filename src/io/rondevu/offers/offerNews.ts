/**
 * What this node writes is forgotten by all nodes before anybody is told of it: each of them remembers the answers of the peers
 * that poll there, and counts of topics. A node that cannot be reached, or says nothing in time, finds out by itself in that
 * time: see answerIndex.ts and topicCounts.ts.
 */
import type { AnyEventObject } from "xstate"
import type { Address } from "../../../machines/address.ts"
import type { Endpoint, RegistryRef } from "../../../machines/registry.ts"
import { offerNewsAt, offerNewsKind } from "../../../machines/rondevu/addresses.ts"
import type { NodeOfCluster } from "../../../protocol.ts"
import { createAsking } from "../../actors/asking.ts"
import type { AnswerIndex } from "./answerIndex.ts"
import type { TopicCounts } from "./topicCounts.ts"

/** What is to be read anew. */
export interface Written {
  /** The peer whose offers have other answers now; null: nobody's have. */
  readonly peerId: string | null
  /** Topics that have more offers or fewer now; `all`: it is not known which. */
  readonly topics: readonly string[] | "all"
}

export interface OfferNewsOptions {
  readonly node: Pick<NodeOfCluster, "mark" | "others">
  readonly registry: Pick<RegistryRef, "send">
  readonly answers: Pick<AnswerIndex, "forget">
  readonly counts: Pick<TopicCounts, "forget" | "forgetAll">
  /** How long another node may take to forget: after that it knows by itself. */
  readonly timeoutMs: number
  /** Epoch milliseconds. */
  readonly now: () => number
}

export interface OfferNews {
  /** Resolves when it is known wherever that can be. */
  tell(written: Written): Promise<void>
  readonly endpoints: Readonly<Record<string, Endpoint>>
  close(): void
}

/** What nodes tell each other, and that it has been heard. */
type News = Written & { readonly type: "offers.written" }
interface Heard {
  readonly type: "offers.heard"
  readonly requestId: number
}
type Told = News & Pick<Heard, "requestId"> & { readonly replyTo: Address }

export const createOfferNews = (options: OfferNewsOptions): OfferNews => {
  const { node, registry, answers, counts, timeoutMs, now } = options
  const desk = offerNewsAt(node.mark)
  const heard = (requestId: number): Heard => ({ type: "offers.heard", requestId })
  const { ask, endpoint, close } = createAsking<Heard>({ registry, desk, timeoutMs, unanswered: heard, now })

  const forget = ({ peerId, topics }: Written) => {
    if (peerId !== null) answers.forget(peerId)
    if (topics === "all") counts.forgetAll()
    else counts.forget(topics)
  }

  const receive: Endpoint = (id, event: AnyEventObject) => {
    if (event.type !== "offers.written") return endpoint(id, event)
    const told = event as Told
    forget(told)
    registry.send({ type: "tell", to: told.replyTo, from: desk, event: heard(told.requestId) })
  }

  return {
    tell: async (written) => {
      forget(written)
      const news: News = { type: "offers.written", ...written }
      await Promise.all(node.others().map((mark) => ask(offerNewsAt(mark), null, news)))
    },
    endpoints: { [offerNewsKind]: receive },
    close
  }
}
