/** What topic offers bring to the HTTP surface. */
import type { IncomingMessage } from "node:http"
import type * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as Layer from "effect/Layer"
import type { CoreBudget } from "../../../io/admission/budgets.ts"
import type { OfferBudget } from "../../../io/rondevu/offers/budgets.ts"
import type { OfferDesk } from "../../../io/rondevu/offers/offerDesk.ts"
import { rondevuNumbers } from "../../../wire/rondevu/numbers.ts"
import { OffersApi } from "../../../wire/rondevu/offers/api.ts"
import type { OfferBounds } from "../../../wire/rondevu/offers/bodies.ts"
import { offerNumbers } from "../../../wire/rondevu/offers/numbers.ts"
import { type HttpPart, httpPart, type PathsOf } from "../../httpPart.ts"
import { refusals, unknownPath } from "../answers.ts"
import { rondevuCors } from "../cors.ts"
import { answersFaults } from "../requests.ts"
import { createAuthorization } from "./authorization.ts"
import { type OfferHandlersOptions, offerCandidatesHandlers, offerServerHandlers, offersHandlers } from "./handlers.ts"
import { createPolls, pollFastPaths } from "./polls.ts"

type Groups = (typeof OffersApi)["groups"][keyof (typeof OffersApi)["groups"]]
type PathBudget = Exclude<CoreBudget, "connections" | "upgrades" | "frames"> | OfferBudget

/** By path, as it is declared. All but `requests` the desk takes. */
const budgets = {
  "/": ["requests"],
  "/health": ["checks"],
  "/register": ["requests", "registrations"],
  "/offers": ["requests", "wrongSecrets", "offers"],
  "/offers/by-topic/:topic": ["requests", "searches"],
  "/offers/mine": ["requests", "wrongSecrets"],
  "/offers/answers": ["requests", "wrongSecrets", "offerPolls"],
  "/offers/:id": ["requests", "wrongSecrets"],
  "/offers/:id/answer": ["requests", "wrongSecrets"],
  "/offers/:id/ice-candidates": ["requests", "wrongSecrets", "offerPolls"],
  "/topics": ["requests", "searches"],
  "/peers/:peerId/offers": ["requests", "searches"]
} as const satisfies Readonly<Record<PathsOf<Extract<Groups, HttpApiGroup.Constraint>>, readonly PathBudget[]>>

export interface OfferPartOptions {
  /** Where it is served. */
  readonly mount: string
  readonly version: string
  readonly desk: OfferDesk
  readonly bounds: OfferBounds
  readonly addressOf: (request: IncomingMessage) => string
  /** Whether pages of this origin may read answers. */
  readonly allowsOrigin: (origin: string) => boolean
  /** Told of faults of the database that time cures. */
  readonly onFault: (error: unknown) => void
  readonly now: () => number
}

const bodyBytes = (path: string): number =>
  path === "/offers"
    ? offerNumbers.offersBodyBytes
    : path.endsWith("/ice-candidates")
      ? offerNumbers.candidatesBodyBytes
      : rondevuNumbers.bodyBytes

export const offerPart = (options: OfferPartOptions): HttpPart => {
  const { desk, addressOf, allowsOrigin, onFault } = options
  const authorize = createAuthorization(desk, addressOf)
  const failed = answersFaults(onFault)
  const polls = createPolls({ desk, authorize, failed })
  const handling: OfferHandlersOptions = { ...options, authorize, failed, polls }
  return httpPart({
    api: OffersApi,
    handlers: Layer.mergeAll(
      offerServerHandlers(handling),
      offersHandlers(handling),
      offerCandidatesHandlers(handling)
    ),
    budgets,
    cors: rondevuCors(allowsOrigin, {
      methods: "GET,POST,PUT,DELETE,OPTIONS",
      headers: "Content-Type,Origin,Authorization"
    }),
    fastPaths: pollFastPaths(polls),
    notFound: () => unknownPath,
    refusals,
    bodyBytes,
    slashAfterMount: true
  })
}
