/**
 * The request that both sides of a session make every second while they wait. The one answer to it, and the fast path to that
 * for whoever says how long its body is; any other way to send one is the routes' to read.
 */
import type { IncomingMessage } from "node:http"
import type { SessionDesk } from "../../../io/rondevu/sessions/sessionDesk.ts"
import { rondevuNumbers } from "../../../wire/rondevu/numbers.ts"
import { SessionsGroup } from "../../../wire/rondevu/sessions/api.ts"
import { readPoll } from "../../../wire/rondevu/sessions/bodies.ts"
import { type Answer, errorAnswer } from "../../answer.ts"
import type { FastPath } from "../../fastPath.ts"
import { invalidJson, tooMany } from "../answers.ts"
import { fieldsIn } from "../requests.ts"
import { visitorOf } from "./visitor.ts"
import { pollAnswer, refusalOf } from "./words.ts"

/** Asks the session, and tells how its answer is made, at once when the session has it at once. Making it may throw. */
export type Poll = (request: IncomingMessage, text: string, told: (make: () => Answer) => void) => void

export const createPoll =
  (desk: Pick<SessionDesk, "poll">, addressOf: (request: IncomingMessage) => string): Poll =>
  (request, text, told) => {
    const fields = fieldsIn(text)
    if (fields === null) return told(() => invalidJson)
    const read = readPoll(fields)
    if ("refusal" in read) return told(() => errorAnswer(read.refusal))
    const { code, side } = read.value
    desk.poll(visitorOf(request, addressOf), code, (found) =>
      told(() => {
        if (typeof found === "string") return refusalOf[found]
        return "waitMs" in found ? tooMany(found.waitMs) : pollAnswer(found, side)
      })
    )
  }

export const pollFastPath = (ask: Poll): FastPath => ({
  method: "POST",
  pattern: SessionsGroup.endpoints.poll.path,
  handler: (exchange) =>
    exchange.readBody(rondevuNumbers.bodyBytes, (text) => ask(exchange.request, text, (make) => exchange.answer(make)))
})
