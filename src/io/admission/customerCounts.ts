/** How much of something each customer has at the moment, by any of its addresses. */
import { customerOf } from "./address.ts"

export interface CustomerCounts {
  of(address: string): number
  add(address: string): void
  subtract(address: string): void
}

/** Whoever has none is forgotten. */
export const createCustomerCounts = (): CustomerCounts => {
  const counts = new Map<string, number>()

  return {
    of: (address) => counts.get(customerOf(address)) ?? 0,
    add: (address) => {
      const customer = customerOf(address)
      counts.set(customer, (counts.get(customer) ?? 0) + 1)
    },
    subtract: (address) => {
      const customer = customerOf(address)
      const left = (counts.get(customer) ?? 1) - 1
      if (left === 0) counts.delete(customer)
      else counts.set(customer, left)
    }
  }
}
