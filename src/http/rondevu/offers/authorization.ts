/** Who asks: the credentials of a request, checked before anything else of it is read. */
import type { IncomingMessage } from "node:http"
import { offerLimits } from "../../../io/rondevu/offers/limits.ts"
import type { OfferDesk, Peer } from "../../../io/rondevu/offers/offerDesk.ts"
import { offerErrors } from "../../../wire/rondevu/offers/errors.ts"
import { type Answer, errorAnswer } from "../../answer.ts"
import { tooMany } from "../answers.ts"

export type Authorized = { readonly peer: Peer } | { readonly refusal: Answer }

const missing = { refusal: errorAnswer(offerErrors.noCredentials) }
const notBearer = { refusal: errorAnswer(offerErrors.notBearer) }
const noPair = { refusal: errorAnswer(offerErrors.noPair) }
const wrong = { refusal: errorAnswer(offerErrors.wrongCredentials) }

/**
 * `addressOf`: the client address that a request counts for. Whole headers that were right are remembered, as each client sends
 * its own every second or two, and to open a secret takes as long as half of a poll. One that is looked up in a table by its
 * hash tells nothing of a secret by how long that takes.
 */
export const createAuthorization = (
  desk: Pick<OfferDesk, "admits" | "wait">,
  addressOf: (request: IncomingMessage) => string
) => {
  const known = new Map<string, string>()

  const remember = (authorization: string, peerId: string) => {
    // Everything at once: whoever makes ever new ones costs others one look each.
    if (known.size >= offerLimits.knownCredentials) known.clear()
    known.set(authorization, peerId)
  }

  const look = (authorization: string, address: () => string): Authorized => {
    const [scheme, pair, ...more] = authorization.split(" ")
    if (scheme !== "Bearer" || pair === undefined || pair === "" || more.length > 0) return notBearer
    const [peerId, secret, ...others] = pair.split(":")
    if (peerId === undefined || secret === undefined || others.length > 0) return noPair
    const peer = { peerId, address }
    const admitted = desk.admits(peer, secret)
    if (typeof admitted !== "boolean") return { refusal: tooMany(admitted.waitMs) }
    if (!admitted) return wrong
    remember(authorization, peerId)
    return { peer }
  }

  return (request: IncomingMessage): Authorized => {
    const { authorization } = request.headers
    if (authorization === undefined || authorization === "") return missing
    const address = () => addressOf(request)
    const peerId = known.get(authorization)
    if (peerId === undefined) return look(authorization, address)
    const waitMs = desk.wait(address)
    return waitMs > 0 ? { refusal: tooMany(waitMs) } : { peer: { peerId, address } }
  }
}
