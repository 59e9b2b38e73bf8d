/**
 * Rondevu's kinds of actors:
 *
 * - offers    temporary: a crashed one fails its callers and is read again on next use
 * - sessions  temporary: likewise
 */
import type { Kind } from "../kinds.ts"
import { offerKind, sessionKind } from "./addresses.ts"
import type { offerMachine } from "./offer/offer.ts"
import type { OfferSettings } from "./offer/offerContext.ts"
import { offerCrash } from "./offer/offerSetup.ts"
import type { sessionMachine } from "./session/session.ts"
import type { SessionSettings } from "./session/sessionContext.ts"
import { sessionCrash } from "./session/sessionSetup.ts"

/** `chart`: with its actions and actors provided; `settings`: what every offer is told. */
export const offerKinds = (chart: typeof offerMachine, settings: OfferSettings): readonly Kind[] => [
  {
    kind: offerKind,
    chart,
    settings: { settings },
    restart: "temporary",
    crash: offerCrash,
    drain: { place: "keepers", event: { type: "offer.rest" } }
  }
]

/** Of part 2, likewise. */
export const sessionKinds = (chart: typeof sessionMachine, settings: SessionSettings): readonly Kind[] => [
  {
    kind: sessionKind,
    chart,
    settings: { settings },
    restart: "temporary",
    crash: sessionCrash,
    drain: { place: "keepers", event: { type: "session.rest" } }
  }
]
