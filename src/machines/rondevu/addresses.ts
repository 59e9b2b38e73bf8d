/** Where the actors of both parts of rondevu are found. */
import type { Address } from "../address.ts"

export const offerKind = "rondevu-offers"
export const offerDeskKind = "rondevu-offer-desk"

/** `id`: an offer's, which its owner may have chosen. */
export const offerAt = (id: string): Address => ({ kind: offerKind, id })
/** Who asks offers on behalf of HTTP. */
export const offerDesk: Address = { kind: offerDeskKind, id: "http" }

export const sessionKind = "rondevu-sessions"
export const sessionDeskKind = "rondevu-session-desk"

/** `id`: a digest of a session's bucket and code, as both together let a stranger in. */
export const sessionAt = (id: string): Address => ({ kind: sessionKind, id })
/** Who asks sessions on behalf of HTTP. */
export const sessionDesk: Address = { kind: sessionDeskKind, id: "http" }
