/** What it costs to guess at something that few know, such as a code: a few wrong ones soon, and not many in a day. */
import { customerOf } from "./address.ts"
import { aMinute, type MakeBudget } from "./budgets.ts"

export interface GuessesOptions {
  /** Wrong ones of one address; 0: no limit at all. */
  readonly perMinute: number
  /** Wrong ones of an address that never rests, beyond so many at once. */
  readonly perDay: number
  readonly atOnce: number
}

export interface Guesses {
  /** For a guess: 0, or the milliseconds to wait. It is paid for before anybody looks, and so costs whoever guesses in parallel. */
  guess(address: string): number
  /** What a guess would have to wait, without making one. The address is asked for when anybody has guessed wrong. */
  wait(address: () => string): number
  /** It was right, and cost nothing. */
  guessedRight(address: string): void
}

/** `name` is what refusals are counted and logged under. */
export const createGuesses = (
  make: MakeBudget,
  name: string,
  { perMinute, perDay, atOnce }: GuessesOptions
): Guesses => {
  const hasty = make(name, aMinute(perMinute))
  const patient = make(name, { atOnce: perMinute === 0 ? 0 : atOnce, perSecond: perDay / 86_400 })

  return {
    guess: (address) => {
      const key = customerOf(address)
      const wait = hasty.take(key, address)
      if (wait > 0) return wait
      const longer = patient.take(key, address)
      if (longer > 0) hasty.give(key)
      return longer
    },
    wait: (address) => {
      const key = () => customerOf(address())
      return hasty.wait(key) || patient.wait(key)
    },
    guessedRight: (address) => {
      const key = customerOf(address)
      hasty.give(key)
      patient.give(key)
    }
  }
}
