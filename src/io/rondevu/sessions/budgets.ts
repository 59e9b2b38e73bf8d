/** What one address may do how often, beside what the core counts for all. */
import { customerOf } from "../../admission/address.ts"
import { aMinute, type MakeBudget } from "../../admission/budgets.ts"

/** The budgets of sessions, as refusals are counted and logged. */
export type SessionBudget = "sessions" | "sessionPolls"

export interface SessionBudgetsOptions {
  readonly newPerMinute: number
  readonly pollsPerMinute: number
}

/** Each takes one, and gives back 0 or the milliseconds to wait. */
export interface SessionBudgets {
  begin(address: string): number
  poll(address: string): number
}

export const createSessionBudgets = (
  make: MakeBudget,
  { newPerMinute, pollsPerMinute }: SessionBudgetsOptions
): SessionBudgets => {
  const own = (name: SessionBudget, perMinute: number) => {
    const budget = make(name, aMinute(perMinute))
    return (address: string) => budget.take(customerOf(address), address)
  }
  return { begin: own("sessions", newPerMinute), poll: own("sessionPolls", pollsPerMinute) }
}
