/** What other nodes were asked by numbers and have not answered yet: where one of them is gone, nobody waits for its answers. */
import type { Address } from "../../machines/address.ts"
import type { Said } from "./messages.ts"

export interface Asked {
  /** A node has it now. What has no number is no question. */
  note(said: Said, node: string): void
  /** It is somebody else's to answer. */
  forget(said: Said): void
  /** This may be an answer. */
  answered(said: Said): void
  /** What a node has not answered; it is forgotten with that. */
  of(node: string): readonly Said[]
}

/** `answerMs`: after this nobody waits any more. */
export const createAsked = (answerMs: number): Asked => {
  interface Question {
    readonly said: Said
    readonly node: string
    /** On the clock of performance.now(). */
    readonly until: number
  }
  /** The oldest first. */
  const questions = new Map<string, Question>()
  const keyOf = ({ kind, id }: Address, requestId: number) => `${kind} ${id} ${requestId}`

  const forget = ({ replyTo, requestId }: Pick<Said, "replyTo" | "requestId">) => {
    if (replyTo !== undefined && requestId !== undefined) questions.delete(keyOf(replyTo, requestId))
  }

  const forgetOld = (now: number) => {
    for (const [key, { until }] of questions) {
      if (until > now) return
      questions.delete(key)
    }
  }

  return {
    note: (said, node) => {
      const { replyTo, requestId } = said
      if (replyTo === undefined || requestId === undefined) return
      const now = performance.now()
      forgetOld(now)
      const key = keyOf(replyTo, requestId)
      // Behind all that are older.
      questions.delete(key)
      questions.set(key, { said, node, until: now + answerMs })
    },
    forget,
    answered: ({ to, event }) => {
      const requestId: unknown = event?.["requestId"]
      if (typeof requestId === "number") forget({ replyTo: to, requestId })
    },
    of: (node) => {
      const lost = [...questions.values()].filter((question) => question.node === node)
      for (const { said } of lost) forget(said)
      return lost.map(({ said }) => said)
    }
  }
}
