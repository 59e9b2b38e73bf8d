/** The refusals of both parts of rondevu as answers. */
import { rondevuErrors } from "../../wire/rondevu/errors.ts"
import { type Answer, errorAnswer, retryLater, textAnswer } from "../answer.ts"
import type { Refusals } from "../httpPart.ts"

const spent = errorAnswer(rondevuErrors.tooMany)

/** The answer to whoever has spent a budget; `waitMs`: milliseconds until there is something in it again. */
export const tooMany = (waitMs: number): Answer => retryLater(spent, waitMs)

export const unavailable = errorAnswer(rondevuErrors.unavailable)
export const fault = errorAnswer(rondevuErrors.fault)
export const invalidJson = errorAnswer(rondevuErrors.invalidJson)
export const brokenPath = errorAnswer(rondevuErrors.brokenPath)
/** Of a path and of a method alike: clients know no 405. */
export const unknownPath = textAnswer(rondevuErrors.unknownPath.status, rondevuErrors.unknownPath.text)

/** What is answered before an endpoint has been asked, or when it has failed. */
export const refusals: Refusals = {
  tooMany: spent,
  tooLarge: errorAnswer(rondevuErrors.tooLarge),
  // Never given: pages of other origins are refused nothing, and can read nothing.
  wrongOrigin: fault,
  fault,
  brokenPath
}
