/** What NoisyTransfer brings to the HTTP surface. */
import type * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as Layer from "effect/Layer"
import type { CoreBudget } from "../../io/admission/budgets.ts"
import type { NoisyTransferBudget } from "../../io/noisytransfer/budgets.ts"
import { frameBudgets } from "../../io/noisytransfer/sockets/frames.ts"
import { NoisyTransferApi, NoisyTransferRootApi } from "../../wire/noisytransfer/api.ts"
import { asyncApiDocument } from "../../wire/noisytransfer/asyncApi.ts"
import { textRefusals } from "../../wire/noisytransfer/errors.ts"
import type { CorsRoute } from "../cors.ts"
import { type HttpPart, httpPart, type PathsOf } from "../httpPart.ts"
import { refusal, refusals } from "./answers.ts"
import { type RelayHealthOptions, relayHandlers, relayHealthHandlers } from "./relay.ts"
import { type RendezvousOptions, rendezvousHandlers } from "./rendezvous.ts"

type Groups<Api extends { readonly groups: Readonly<Record<string, HttpApiGroup.Constraint>> }> =
  Api["groups"][keyof Api["groups"]]
type PathBudget = Exclude<CoreBudget, "connections" | "upgrades" | "frames"> | NoisyTransferBudget

/** By path, as it is declared. The handlers take `rendezvousCodes` and `wrongRendezvousCodes`. */
const budgets = {
  "/rendezvous/code": ["requests", "rendezvousCodes"],
  "/rendezvous/redeem": ["requests", "wrongRendezvousCodes"],
  "/ws": ["requests"]
} as const satisfies Readonly<Record<PathsOf<Groups<typeof NoisyTransferRootApi>>, readonly PathBudget[]>>
const allBudgets = {
  ...budgets,
  "/healthz": ["checks"],
  "/readyz": ["checks"],
  "/metrics": ["checks"]
} as const satisfies Readonly<Record<PathsOf<Groups<typeof NoisyTransferApi>>, readonly PathBudget[]>>

/** Which pages may read what: whoever may use it, both calls. */
const corsRoutes = (origins: (origin: string) => boolean): readonly CorsRoute[] =>
  ["/rendezvous/code", "/rendezvous/redeem"].map((path) => ({
    path,
    andBelow: false,
    origins,
    methods: "POST, OPTIONS",
    headers: "Content-Type",
    maxAge: 600,
    preflightsOnly: true
  }))

export interface NoisyTransferPartOptions extends RendezvousOptions, RelayHealthOptions {
  /** Where it is served. */
  readonly mount: string
  readonly version: string
  /** Whether pages of this origin may use it. */
  readonly allowsOrigin: (origin: string) => boolean
  /** Told that the server closes. */
  readonly close: () => void
}

export const noisyTransferPart = (options: NoisyTransferPartOptions): HttpPart => {
  const { mount, version, allowsOrigin, close } = options
  const unknownPath = refusal(textRefusals.unknownPath)
  const wrongMethod = refusal(textRefusals.wrongMethod)
  const handlers = Layer.mergeAll(rendezvousHandlers(options), relayHandlers)
  const brought = {
    cors: corsRoutes(allowsOrigin),
    documents: { "/asyncapi.json": () => asyncApiDocument(version, frameBudgets, mount) },
    notFound: (_method: string, _path: string, allow: string | undefined) =>
      allow === undefined ? unknownPath : wrongMethod,
    refusals,
    close
  }
  // At the root these paths are the server's own.
  if (mount === "/") return httpPart({ api: NoisyTransferRootApi, handlers, budgets, ...brought })
  const all = Layer.merge(handlers, relayHealthHandlers(options))
  return httpPart({ api: NoisyTransferApi, handlers: all, budgets: allBudgets, ...brought })
}
