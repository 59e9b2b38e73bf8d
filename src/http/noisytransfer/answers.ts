/** NoisyTransfer's refusals as answers in plain text. */
import { type TextRefusal, textRefusals } from "../../wire/noisytransfer/errors.ts"
import { type Answer, retryLater, textAnswer } from "../answer.ts"
import type { Refusals } from "../httpPart.ts"

export const refusal = ({ status, text, retryAfter }: TextRefusal): Answer =>
  textAnswer(status, text, retryAfter === undefined ? undefined : { "retry-after": String(retryAfter) })

const spent = refusal(textRefusals.rateLimit)

/** The answer to whoever has spent a budget; `waitMs`: milliseconds until there is something in it again. */
export const tooMany = (waitMs: number): Answer => retryLater(spent, waitMs)

/** What is answered before an endpoint has been asked, or when it has failed. */
export const refusals: Refusals = {
  tooMany: spent,
  tooLarge: refusal(textRefusals.tooLarge),
  wrongOrigin: refusal(textRefusals.wrongOrigin),
  fault: refusal(textRefusals.fault)
}
