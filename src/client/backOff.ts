/** When to connect again: exponential back-off with full jitter, so that a server that comes back is not stormed. */

const firstMs = 500
const mostMs = 30_000
/** So long an open socket makes what went before forgotten. */
const healthyMs = 30_000

/** Those after which the same client would be closed again (docs/protocols/dropsilk.md): faults in what it has sent. */
const forGood = [1002, 1003, 1007, 1008, 1009]

/** Whether connecting again helps after a socket was closed with this code. */
export const mayComeBack = (code: number): boolean => !forGood.includes(code)

export class BackOff {
  #attempts = 0

  /**
   * Milliseconds to wait, after a socket that was open for so long; 0 for one that never opened. `askedMs`: what the server
   * has asked for, so that not all of whom it sends away come back in one moment.
   */
  next(openMs: number, askedMs?: number): number {
    if (openMs >= healthyMs) this.#attempts = 0
    const ownMs = Math.random() * Math.min(mostMs, firstMs * 2 ** this.#attempts++)
    return askedMs === undefined ? ownMs : Math.min(mostMs, askedMs)
  }
}
