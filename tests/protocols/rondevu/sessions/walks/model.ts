/** What the contract says of sessions, on plain values: nothing of it is taken from the code. */
import { missing, refused, type Side } from "../pages.ts"

interface Session {
  readonly code: string
  readonly topic: string
  readonly label: string
  readonly offer: string
  answer: string | null
  readonly offerer: unknown[]
  readonly answerer: unknown[]
}

/** What somebody hears: the status and the body. */
export type Heard = readonly [status: number, body: unknown]

const done: Heard = [200, { success: true }]

/** The sessions of all buckets, in the order in which they were begun. Their time is not up while a walk lasts. */
export class World {
  readonly #buckets = new Map<string, Session[]>()

  /** Names of rules that were followed. */
  readonly rules = new Set<string>()

  #of(bucket: string): Session[] {
    const sessions = this.#buckets.get(bucket) ?? []
    this.#buckets.set(bucket, sessions)
    return sessions
  }

  #find(bucket: string, code: string): Session | undefined {
    return this.#of(bucket).find((session) => session.code === code)
  }

  codes(): readonly string[] {
    return [...new Set([...this.#buckets.values()].flat().map(({ code }) => code))]
  }

  begin(bucket: string, code: string, topic: string, label: string, offer: string): Heard {
    if (this.#find(bucket, code) !== undefined) {
      this.rules.add("a code is taken once in a bucket")
      return refused(409, `Session code '${code}' already exists`)
    }
    if (this.codes().includes(code)) this.rules.add("a code is free in another bucket")
    this.#of(bucket).push({ code, topic, label, offer, answer: null, offerer: [], answerer: [] })
    this.rules.add("a session is begun")
    return [200, { code }]
  }

  answer(bucket: string, code: string, answer: string): Heard {
    const session = this.#find(bucket, code)
    if (session === undefined) return this.#missing()
    if (session.answer !== null && session.answer !== answer) {
      this.rules.add("another answer is refused")
      return refused(409, "Session already answered")
    }
    this.rules.add(session.answer === null ? "the first answer wins" : "the same answer again is fine")
    session.answer = answer
    return done
  }

  add(bucket: string, code: string, side: Side, candidate: unknown): Heard {
    const session = this.#find(bucket, code)
    if (session === undefined) return this.#missing()
    this.rules.add(
      session.answer === null ? "a candidate comes before the answer" : "a candidate comes after the answer"
    )
    session[side].push(candidate)
    return done
  }

  poll(bucket: string, code: string, side: Side): Heard {
    const session = this.#find(bucket, code)
    if (session === undefined) return this.#missing()
    const { offer, answer, offerer, answerer } = session
    return [
      200,
      side === "offerer" ? { answer, answerCandidates: [...answerer] } : { offer, offerCandidates: [...offerer] }
    ]
  }

  list(bucket: string, topic: string): readonly object[] {
    const open = this.#of(bucket).filter((session) => session.topic === topic && session.answer === null)
    return open
      .toReversed()
      .map(({ code, label, offer, offerer }) => ({ code, peerId: label, info: label, offer, offerCandidates: offerer }))
  }

  topics(bucket: string): readonly object[] {
    const open = this.#of(bucket).filter(({ answer }) => answer === null)
    return [...new Set(open.map(({ topic }) => topic))]
      .toSorted()
      .map((topic) => ({ topic, count: open.filter((session) => session.topic === topic).length }))
  }

  #missing(): Heard {
    this.rules.add("what is not there, or another bucket's, is not found")
    return missing
  }
}

/** What a walk is to have met. */
export const rules = [
  "a session is begun",
  "a code is taken once in a bucket",
  "a code is free in another bucket",
  "the first answer wins",
  "the same answer again is fine",
  "another answer is refused",
  "a candidate comes before the answer",
  "a candidate comes after the answer",
  "what is not there, or another bucket's, is not found"
] as const
