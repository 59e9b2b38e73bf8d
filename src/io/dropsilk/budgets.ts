/** What DropSilk's clients may do how often, beside what the core counts for all. */
import type { DropSilkSettings } from "../../protocols/dropsilk/settings.ts"
import { customerOf } from "../admission/address.ts"
import { aMinute, type MakeBudget, type Rate } from "../admission/budgets.ts"
import { createGuesses } from "../admission/guesses.ts"

/** DropSilk's own budgets, as refusals are counted and logged. */
export type DropSilkBudget = "rooms" | "guesses" | "polls" | "invitations"

export interface DropSilkBudgetsOptions {
  readonly settings: DropSilkSettings["budgets"]
  /** Guesses of an address that never rests, in a day, and at once before that counts. */
  readonly guessesADay: number
  readonly guessesAtOnce: number
  /** Polls of one participant at once, in seconds of what it may ask in the long run. */
  readonly pollBurstSeconds: number
  /** Invitations from one connection to another, and from one address to one connection. */
  readonly invitations: { readonly ofPair: Rate; readonly ofAddress: Rate }
}

/** Each that takes from a budget gives back 0, or the milliseconds to wait. */
export interface DropSilkBudgets {
  /** For an invitation, by the ids of the connections. */
  invite(inviter: string, invitee: string, address: string): number
  /** For a new room. */
  createRoom(address: string): number
  /** For giving a code or joining by one: a guess, unless it turns out to be right. */
  guess(address: string): number
  guessedRight(address: string): void
  /** For a poll; `participant` names room and participant. */
  poll(participant: string, address: () => string): number
}

export const createDropSilkBudgets = (make: MakeBudget, options: DropSilkBudgetsOptions): DropSilkBudgets => {
  const { settings, guessesADay, guessesAtOnce, pollBurstSeconds, invitations } = options
  const own = (name: DropSilkBudget, rate: Rate) => make(name, rate)

  const pairs = own("invitations", invitations.ofPair)
  const invitees = own("invitations", invitations.ofAddress)
  const rooms = own("rooms", aMinute(settings.roomsPerMinute))
  const guesses = createGuesses(make, "guesses" satisfies DropSilkBudget, {
    perMinute: settings.guessesPerMinute,
    perDay: guessesADay,
    atOnce: guessesAtOnce
  })
  const polls = own("polls", {
    atOnce: settings.pollsPerSecond * pollBurstSeconds,
    perSecond: settings.pollsPerSecond
  })

  return {
    invite: (inviter, invitee, address) => {
      const wait = pairs.take(`${inviter} ${invitee}`, address)
      return wait > 0 ? wait : invitees.take(`${customerOf(address)} ${invitee}`, address)
    },
    createRoom: (address) => rooms.take(customerOf(address), address),
    ...guesses,
    poll: (participant, address) => polls.take(participant, address)
  }
}
