/** Events with types, as a listener and as an iterator. */

type Listener = (value: never) => void

/** `Values` says what each event carries. */
export class Events<Values extends object> {
  readonly #listeners = new Map<keyof Values, Set<Listener>>()

  /** Calls the listener at every such event; the answer ends that. */
  on<Name extends keyof Values>(name: Name, listener: (value: Values[Name]) => void): () => void {
    // A copy, so that the same function may listen twice and each be ended by itself.
    const own = (value: Values[Name]) => listener(value)
    const listeners = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, listeners.add(own))
    return () => listeners.delete(own)
  }

  /**
   * The events that come while the loop runs, none of them lost: `for await (const list of tower.each("neighbours"))`.
   * Leaving the loop ends it, and so does the signal.
   */
  async *each<Name extends keyof Values>(
    name: Name,
    { signal }: { readonly signal?: AbortSignal } = {}
  ): AsyncGenerator<Values[Name], void, void> {
    const waiting: Values[Name][] = []
    let wake = () => {}
    const stopListening = this.on(name, (value) => {
      waiting.push(value)
      wake()
    })
    const stop = () => wake()
    signal?.addEventListener("abort", stop)
    try {
      while (signal?.aborted !== true) {
        if (waiting.length > 0) yield waiting.shift() as Values[Name]
        else await new Promise<void>((resolve) => (wake = resolve))
      }
    } finally {
      stopListening()
      signal?.removeEventListener("abort", stop)
    }
  }

  protected emit<Name extends keyof Values>(name: Name, value: Values[Name]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        listener(value as never)
      } catch (error) {
        // As a page's own events do: the fault is reported, and nobody else is kept from hearing.
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }
}
