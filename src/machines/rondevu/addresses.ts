/** Where the actors of both parts of rondevu are found. */
import type { Address } from "../address.ts"

export const offerKind = "rondevu-offers"
export const offerDeskKind = "rondevu-offer-desk"
export const offerNewsKind = "rondevu-offer-news"

/** `id`: an offer's, which its owner may have chosen. */
export const offerAt = (id: string): Address => ({ kind: offerKind, id })
/** Who asks offers on behalf of HTTP, at the node with this mark. */
export const offerDeskAt = (mark: string): Address => ({ kind: offerDeskKind, id: `${mark}http` })
/** Where the node with this mark hears what others have written. */
export const offerNewsAt = (mark: string): Address => ({ kind: offerNewsKind, id: `${mark}http` })

export const sessionKind = "rondevu-sessions"
export const sessionDeskKind = "rondevu-session-desk"

/** `id`: a digest of a session's bucket and code, as both together let a stranger in. */
export const sessionAt = (id: string): Address => ({ kind: sessionKind, id })
/** Who asks sessions on behalf of HTTP, at the node with this mark. */
export const sessionDeskAt = (mark: string): Address => ({ kind: sessionDeskKind, id: `${mark}http` })
