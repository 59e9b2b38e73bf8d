/** What whoever is at the keyboard, or a changed file, wants next. */
type Order = "reload" | "reset" | "quit"

interface Orders {
  give(order: Order): void
  /** Waits for an order. Of several that came meanwhile the weightiest counts, and covers the others. */
  next(): Promise<Order>
  /** Whether an order waits to be fetched. */
  readonly waiting: boolean
}

const weights: Record<Order, number> = { reload: 1, reset: 2, quit: 3 }

export const createOrders = (): Orders => {
  let pending: Order | undefined
  let wake: (() => void) | undefined
  return {
    give: (order) => {
      if (pending === undefined || weights[order] > weights[pending]) pending = order
      wake?.()
    },
    next: async () => {
      while (pending === undefined) await new Promise<void>((resolve) => (wake = resolve))
      const order = pending
      pending = undefined
      return order
    },
    get waiting() {
      return pending !== undefined
    }
  }
}
