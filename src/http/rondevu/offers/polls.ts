/**
 * The requests that a client makes every second or two while it waits: for answers, then for candidates. The one answer to
 * each, and the fast paths to them for what is written just as clients write it.
 */
import type { IncomingMessage } from "node:http"
import type { OfferDesk } from "../../../io/rondevu/offers/offerDesk.ts"
import { OfferCandidatesGroup, OffersGroup } from "../../../wire/rondevu/offers/api.ts"
import type { Answer } from "../../answer.ts"
import type { FastPath } from "../../fastPath.ts"
import { tooMany } from "../answers.ts"
import type { Authorized } from "./authorization.ts"
import { candidatesAnswer, isSpent, notDone, reading } from "./words.ts"

/** Tells how the answer is made, at once when it is known at once. Making it may throw. */
type TellsAnswer = (make: () => Answer) => void

export interface Polls {
  answers(request: IncomingMessage, told: TellsAnswer): void
  candidates(request: IncomingMessage, id: string, since: number, told: TellsAnswer): void
}

export interface PollsOptions {
  readonly desk: Pick<OfferDesk, "answers" | "readCandidates">
  readonly authorize: (request: IncomingMessage) => Authorized
  /** What is answered when the database does not; throws what is a fault of the server. */
  readonly failed: (error: unknown) => Answer
}

const json = (body: string): Answer => ({ status: 200, contentType: "application/json", body })

export const createPolls = ({ desk, authorize, failed }: PollsOptions): Polls => ({
  answers: (request, told) => {
    const authorized = authorize(request)
    if ("refusal" in authorized) return told(() => authorized.refusal)
    const answers = desk.answers(authorized.peer)
    if (typeof answers === "string") return told(() => json(answers))
    if ("waitMs" in answers) return told(() => tooMany(answers.waitMs))
    answers.then(
      (body) => told(() => json(body)),
      (error: unknown) => told(() => failed(error))
    )
  },
  candidates: (request, id, since, told) => {
    const authorized = authorize(request)
    if ("refusal" in authorized) return told(() => authorized.refusal)
    desk.readCandidates(authorized.peer, id, since, (found) =>
      told(() => {
        if (!("type" in found) && !isSpent(found)) return candidatesAnswer(id, found)
        return notDone(found, reading) as Answer
      })
    )
  }
})

/** Nothing in these is encoded. */
const plain = /^[0-9A-Za-z-]+$/
const plainSince = /^since=(\d{1,15})$/

export const pollFastPaths = (polls: Polls): readonly FastPath[] => [
  {
    method: "GET",
    pattern: OffersGroup.endpoints.answers.path,
    handler: (exchange) => {
      if (exchange.hasBody) return false
      polls.answers(exchange.request, (make) => exchange.answer(make))
      return true
    }
  },
  {
    method: "GET",
    pattern: OfferCandidatesGroup.endpoints.read.path,
    handler: (exchange, [, id = "", query]) => {
      const since = query === undefined ? "0" : plainSince.exec(query)?.[1]
      // What is wrong with it, the routes say.
      if (since === undefined || !plain.test(id) || exchange.hasBody) return false
      polls.candidates(exchange.request, id, Number(since), (make) => exchange.answer(make))
      return true
    }
  }
]
