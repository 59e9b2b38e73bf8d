/** What NoisyTransfer's clients may do how often, beside what the core counts for all. */
import type { NoisyTransferSettings } from "../../protocols/noisytransfer/settings.ts"
import { customerOf } from "../admission/address.ts"
import { aMinute, type MakeBudget } from "../admission/budgets.ts"
import { createGuesses, type Guesses } from "../admission/guesses.ts"

/** NoisyTransfer's own budgets, as refusals are counted and logged. */
export type NoisyTransferBudget = "rendezvousCodes" | "wrongRendezvousCodes"

export interface NoisyTransferBudgetsOptions {
  readonly settings: NoisyTransferSettings["budgets"]
  readonly wrongCodesADay: number
  readonly wrongCodesAtOnce: number
}

export interface NoisyTransferBudgets extends Guesses {
  /** For a new code: 0, or the milliseconds to wait. */
  mint(address: string): number
}

export const createNoisyTransferBudgets = (
  make: MakeBudget,
  { settings, wrongCodesADay, wrongCodesAtOnce }: NoisyTransferBudgetsOptions
): NoisyTransferBudgets => {
  const codes = make("rendezvousCodes" satisfies NoisyTransferBudget, aMinute(settings.codesPerMinute))
  const guesses = createGuesses(make, "wrongRendezvousCodes" satisfies NoisyTransferBudget, {
    perMinute: settings.wrongCodesPerMinute,
    perDay: wrongCodesADay,
    atOnce: wrongCodesAtOnce
  })
  return { ...guesses, mint: (address) => codes.take(customerOf(address), address) }
}
