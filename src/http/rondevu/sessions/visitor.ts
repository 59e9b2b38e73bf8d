/** Whose request it is: which bucket its page has, and from which address it comes. */
import type { IncomingMessage } from "node:http"
import { bucketOf } from "../../../io/rondevu/sessions/identities.ts"
import type { Visitor } from "../../../io/rondevu/sessions/sessionDesk.ts"

/** The bucket of those without an origin; an origin of this name has it as well. */
const withoutOrigin = "unknown"
/** The bucket of all that ask for one for all pages. */
const forAll = "https://ronde.vu"

export const visitorOf = (request: IncomingMessage, addressOf: (request: IncomingMessage) => string): Visitor => {
  const { origin, "x-rondevu-global": isGlobal } = request.headers
  const bucket = isGlobal === "true" ? forAll : bucketOf(origin || withoutOrigin)
  return { bucket, address: addressOf(request) }
}
