/** What an offer's actor knows. */
import { type Books, newBooks } from "../../record/books.ts"
import type { Decided, OfferEvent } from "./offerMessages.ts"
import type { OfferRecord } from "./offerRecord.ts"

export interface OfferSettings {
  /** Without being spoken to for so long the actor ends; the row remains. */
  readonly restMs: number
  /** After a failed save it tries again in so many milliseconds. */
  readonly retryMs: number
  /** Candidates of one side. */
  readonly candidatesOfSide: number
}

export interface OfferInput {
  readonly settings: OfferSettings
  readonly id: string
  /** Epoch milliseconds: when this actor was called for. */
  readonly at: number
}

export interface OfferContext extends OfferInput, Books<OfferRecord, OfferEvent, Decided> {
  /** Whether the row is known to say something else than what was read of it. */
  readonly isStale: boolean
  /** When somebody last spoke to it, epoch milliseconds. */
  readonly spokenAt: number
}

export const newOfferContext = (input: OfferInput): OfferContext => ({
  ...input,
  ...newBooks,
  isStale: false,
  spokenAt: input.at
})

/** Whether its life has ended, epoch ms. Of one that is being removed as well. */
export const hasLapsed = ({ saved }: Pick<OfferContext, "saved">, at: number): boolean =>
  saved === null || at >= saved.expiresAt

/** When it must look at its clock next: when it may go to rest, or when it ends. */
export const nextLook = ({ saved, spokenAt, settings, at }: OfferContext): number =>
  Math.min(saved?.expiresAt ?? at, spokenAt + settings.restMs)
