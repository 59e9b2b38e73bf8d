/** What happens with an offer, in the words that operators search their logs for. */
import type { Operation } from "../../record/storage.ts"

/** Never whose offer it is, nor what its topics are. */
export type OfferEventTold = {
  readonly name: "offer:error"
  readonly operation: Operation
  readonly error: unknown
}
