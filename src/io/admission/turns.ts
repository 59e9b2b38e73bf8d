/**
 * One thing after the other for each holder: what somebody does many times at once is looked at as if it came in a row. When
 * one fails, those that wait behind it fail with it, rather than each by itself.
 */
export type InTurn = <A>(holder: string, work: () => Promise<A>) => Promise<A>

export const createTurns = (): InTurn => {
  /** The last that anybody waits for. */
  const last = new Map<string, Promise<unknown>>()
  return (holder, work) => {
    const turn = (last.get(holder) ?? Promise.resolve()).then(work)
    last.set(holder, turn)
    const ended = () => {
      if (last.get(holder) === turn) last.delete(holder)
    }
    turn.then(ended, ended)
    return turn
  }
}
