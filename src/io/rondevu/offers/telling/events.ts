/** What is told of topic offers: in the log, in counters and on the tower page. Never peers, topics, secrets or what is in them. */
import { limits } from "../../../../limits.ts"
import type { OfferEventTold } from "../../../../machines/rondevu/offer/events.ts"
import { describeError } from "../../../telemetry/describeError.ts"
import type { EventTable } from "../../../telemetry/events/eventTable.ts"
import { type LineBudget, type LineBudgets, request, unlimited } from "../../../telemetry/lineBudgets.ts"
import type { Log } from "../../../telemetry/telemetry.ts"

/** What a single request is enough for, of people who are many. */
const peerRequest: LineBudget = { address: limits.linesAMinute.ofRequests, all: limits.linesAMinute.ofAll }

/** Lines that are no events'. */
export const lines = {
  "offers:error": request,
  "offers:cleaned": unlimited,
  "offers:cleanup_error": unlimited
} as const satisfies LineBudgets

/** Writes them. */
export type OffersLog = Log<keyof typeof lines>

/** What happens at the desk, which no actor looks after. */
export type DeskEvent =
  | { readonly name: "offers:registered"; readonly ip: string }
  | { readonly name: "offers:published"; readonly ip: string; readonly offers: number }
  | { readonly name: "offers:answered"; readonly ip: string }
  | { readonly name: "offers:deleted"; readonly ip: string }
  /** `credentials`: of a peer; `offer`: what an answer must name. */
  | { readonly name: "offers:wrong_secret"; readonly ip: string; readonly of: "credentials" | "offer" }
  /** Everything that all may hold is held. */
  | { readonly name: "offers:full"; readonly ip: string }

export const events: EventTable<OfferEventTold | DeskEvent> = {
  "offer:error": {
    line: {
      level: "error",
      budget: request,
      fields: ({ operation, error }) => ({ operation, ...describeError(error) })
    },
    counter: {
      name: "rondevu_offer_faults_total",
      help: "Faults of the database at an offer in use.",
      labels: { operation: ({ operation }) => operation }
    },
    feed: { says: "could not be read or written: an offer", parts: ({ operation }) => ({ detail: operation }) }
  },
  "offers:registered": {
    line: { level: "debug", budget: peerRequest, address: ({ ip }) => ip, fields: ({ ip }) => ({ ip }) },
    counter: { name: "rondevu_peers_registered_total", help: "Peers that have been given credentials." },
    feed: { says: "a peer has registered", parts: () => ({}) }
  },
  "offers:published": {
    line: {
      level: "info",
      budget: peerRequest,
      address: ({ ip }) => ip,
      fields: ({ ip, offers }) => ({ ip, offers })
    },
    counter: { name: "rondevu_publications_total", help: "Requests that have published offers." },
    feed: { says: "offers were published", parts: ({ offers }) => ({ detail: `${offers}` }) }
  },
  "offers:answered": {
    line: { level: "info", budget: peerRequest, address: ({ ip }) => ip, fields: ({ ip }) => ({ ip }) },
    counter: { name: "rondevu_offers_answered_total", help: "Offers that have been answered." },
    feed: { says: "an offer was answered", parts: () => ({}) }
  },
  "offers:deleted": {
    line: { level: "info", budget: peerRequest, address: ({ ip }) => ip, fields: ({ ip }) => ({ ip }) },
    counter: { name: "rondevu_offers_deleted_total", help: "Offers that their owners have deleted." },
    feed: { says: "an offer was deleted", parts: () => ({}) }
  },
  "offers:wrong_secret": {
    line: {
      level: "warn",
      budget: peerRequest,
      address: ({ ip }) => ip,
      fields: ({ ip, of }) => ({ ip, of })
    },
    counter: {
      name: "rondevu_wrong_secrets_total",
      help: "Secrets that were wrong, of peers and of offers.",
      labels: { of: ({ of }) => of }
    },
    feed: { says: "a secret was wrong", parts: ({ of }) => ({ detail: of }) }
  },
  "offers:full": {
    line: { level: "error", budget: request, address: ({ ip }) => ip, fields: ({ ip }) => ({ ip }) },
    counter: { name: "rondevu_store_full_total", help: "Requests that were refused as the store of offers is full." },
    feed: { says: "the store of offers is full", parts: () => ({}) }
  }
}
