/** What the contract says of offers, on plain values: nothing of it is taken from the code. */

interface Left {
  readonly role: "offerer" | "answerer"
  readonly candidate: unknown
}

interface Offer {
  readonly id: string
  readonly owner: string
  readonly sdp: string
  readonly topics: readonly string[]
  readonly secret: string | undefined
  answer: { readonly by: string; readonly sdp: string; readonly number: number } | undefined
  readonly candidates: Left[]
}

/** What somebody hears: the status and, of a refusal, its words. */
export type Heard = readonly [status: number, error: string | undefined]

const done: Heard = [200, undefined]

/** All offers, in the order in which they were published. Their time is not up while a walk lasts. */
export class World {
  readonly #offers: Offer[] = []

  /** Names of rules that were followed. */
  readonly rules = new Set<string>()

  ids(): readonly string[] {
    return this.#offers.map(({ id }) => id)
  }

  #find(id: string): Offer | undefined {
    return this.#offers.find((offer) => offer.id === id)
  }

  #refused(rule: string, status: number, error: string): Heard {
    this.rules.add(rule)
    return [status, error]
  }

  publish(owner: string, { id, sdp, topics, secret }: Omit<Offer, "owner" | "answer" | "candidates">): Heard {
    const there = this.#find(id)
    if (there === undefined) {
      this.#offers.push({ id, owner, sdp, topics, secret, answer: undefined, candidates: [] })
      this.rules.add("an offer is published")
      return done
    }
    if (there.owner !== owner || there.sdp !== sdp || `${there.topics}` !== `${topics}`) {
      return this.#refused("an id is somebody's or something's for good", 409, "Offer id already exists")
    }
    this.rules.add("the same again is no error")
    return done
  }

  answer(by: string, id: string, sdp: string, secret: string | undefined, number: number): Heard {
    const offer = this.#find(id)
    if (offer === undefined)
      return this.#refused("what is not there is not answered", 400, "Offer not found or expired")
    if (offer.secret !== undefined && offer.secret !== secret) {
      return this.#refused("a secret must be named", 400, "Invalid or missing secret")
    }
    if (offer.answer !== undefined) {
      return this.#refused("an offer is answered once", 400, "Offer already answered")
    }
    offer.answer = { by, sdp, number }
    this.rules.add(by === offer.owner ? "an owner may answer" : "an offer is answered")
    return done
  }

  #roleOf(peer: string, offer: Offer): Left["role"] | undefined {
    return peer === offer.owner ? "offerer" : peer === offer.answer?.by ? "answerer" : undefined
  }

  add(peer: string, id: string, candidates: readonly unknown[]): Heard {
    const offer = this.#find(id)
    if (offer === undefined) return this.#refused("no candidates without an offer", 404, "Offer not found or expired")
    const role = this.#roleOf(peer, offer)
    if (role === undefined) {
      return this.#refused("strangers post nothing", 403, "Not authorized to post ICE candidates for this offer")
    }
    this.rules.add(role === "offerer" && offer.answer === undefined ? "an owner need not wait" : `an ${role} posts`)
    offer.candidates.push(...candidates.map((candidate) => ({ role, candidate })))
    return done
  }

  /** All that the other side has left; or why not. */
  candidates(peer: string, id: string): readonly unknown[] | Heard {
    const offer = this.#find(id)
    if (offer === undefined) return [404, "Offer not found or expired"]
    const role = this.#roleOf(peer, offer)
    if (role === undefined) {
      return this.#refused("strangers read nothing", 403, "Not authorized to view ICE candidates for this offer")
    }
    return offer.candidates.filter((left) => left.role !== role).map(({ candidate }) => candidate)
  }

  remove(peer: string, id: string): Heard {
    const offer = this.#find(id)
    if (offer === undefined || offer.owner !== peer) {
      return this.#refused("only its owner deletes an offer", 404, "Offer not found or not authorized")
    }
    this.#offers.splice(this.#offers.indexOf(offer), 1)
    this.rules.add("an offer is deleted")
    return done
  }

  /** The newest first. */
  byTopic(topic: string): readonly object[] {
    return this.#offers
      .filter(({ topics }) => topics.includes(topic))
      .toReversed()
      .map(({ id, owner, sdp, topics, secret }) => ({
        id,
        peerId: owner,
        sdp,
        topics,
        hasSecret: secret !== undefined
      }))
  }

  topics(): readonly object[] {
    const names = [...new Set(this.#offers.flatMap(({ topics }) => topics))]
    const peersOf = (topic: string) =>
      new Set(this.#offers.filter(({ topics }) => topics.includes(topic)).map(({ owner }) => owner)).size
    return names
      .map((topic) => ({ topic, activePeers: peersOf(topic) }))
      .toSorted((a, b) => b.activePeers - a.activePeers || (a.topic < b.topic ? -1 : 1))
  }

  mine(peer: string): readonly object[] {
    return this.#offers
      .filter(({ owner }) => owner === peer)
      .toReversed()
      .map(({ id, sdp, topics, secret, answer }) => ({
        id,
        sdp,
        topics,
        ...(secret === undefined ? {} : { secret }),
        ...(answer === undefined ? {} : { answererPeerId: answer.by })
      }))
  }

  /** The newest answer first. */
  answers(peer: string): readonly object[] {
    return this.#offers
      .flatMap((offer) =>
        offer.owner === peer && offer.answer !== undefined ? [{ ...offer, answer: offer.answer }] : []
      )
      .toSorted((a, b) => b.answer.number - a.answer.number)
      .map(({ id, topics, answer }) => ({ offerId: id, answererId: answer.by, sdp: answer.sdp, topics }))
  }
}

/** What a walk is to have met. */
export const rules = [
  "an offer is published",
  "an id is somebody's or something's for good",
  "the same again is no error",
  "what is not there is not answered",
  "a secret must be named",
  "an offer is answered once",
  "an owner may answer",
  "an offer is answered",
  "no candidates without an offer",
  "strangers post nothing",
  "strangers read nothing",
  "an owner need not wait",
  "an offerer posts",
  "an answerer posts",
  "only its owner deletes an offer",
  "an offer is deleted"
] as const
