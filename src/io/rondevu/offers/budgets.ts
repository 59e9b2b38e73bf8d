/** What peers may do how often, beside what the core counts for all. */
import { customerOf } from "../../admission/address.ts"
import { aMinute, type MakeBudget, type Rate } from "../../admission/budgets.ts"
import { createGuesses, type Guesses } from "../../admission/guesses.ts"

/** The budgets of topic offers, as refusals are counted and logged. */
export type OfferBudget = "registrations" | "offers" | "searches" | "offerPolls" | "wrongSecrets"

export interface OfferBudgetsOptions {
  readonly registrationsPerMinute: number
  readonly offersPerMinute: number
  readonly searchesPerMinute: number
  readonly polls: Rate
  /** Wrong secrets of one address; 0: no limit. */
  readonly wrongSecretsPerMinute: number
  readonly wrongSecretsADay: number
  readonly wrongSecretsAtOnce: number
}

/** Each that takes from a budget gives back 0, or the milliseconds to wait. */
export interface OfferBudgets extends Guesses {
  register(address: string): number
  /** For so many new offers: all of them, or none is taken. */
  publish(address: string, offers: number): number
  search(address: string): number
  poll(peerId: string, address: () => string): number
}

export const createOfferBudgets = (make: MakeBudget, options: OfferBudgetsOptions): OfferBudgets => {
  const own = (name: OfferBudget, rate: Rate) => make(name, rate)
  const registrations = own("registrations", aMinute(options.registrationsPerMinute))
  const offers = own("offers", aMinute(options.offersPerMinute))
  const searches = own("searches", aMinute(options.searchesPerMinute))
  const polls = own("offerPolls", options.polls)
  const guesses = createGuesses(make, "wrongSecrets" satisfies OfferBudget, {
    perMinute: options.wrongSecretsPerMinute,
    perDay: options.wrongSecretsADay,
    atOnce: options.wrongSecretsAtOnce
  })
  return {
    ...guesses,
    register: (address) => registrations.take(customerOf(address), address),
    publish: (address, count) => {
      const customer = customerOf(address)
      for (let taken = 0; taken < count; taken++) {
        const wait = offers.take(customer, address)
        if (wait === 0) continue
        for (; taken > 0; taken--) offers.give(customer)
        return wait
      }
      return 0
    },
    search: (address) => searches.take(customerOf(address), address),
    poll: (peerId, address) => polls.take(peerId, address)
  }
}
