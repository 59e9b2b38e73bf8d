/**
 * How a node takes leave when it owns nothing any more: the others are told so, say nothing more to it by names, and answer
 * behind all that was on its way to it.
 */
export interface FarewellsOptions {
  /** All nodes to which there is a way. */
  readonly nodes: () => Iterable<string>
  readonly tell: (node: string) => void
  /** How long they are waited for each time, milliseconds. */
  readonly withinMs: number
}

export const createFarewells = ({ nodes, tell, withinMs }: FarewellsOptions) => {
  let awaited = new Set<string>()
  let done = (): void => {}

  const askAll = (): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const late = setTimeout(resolve, withinMs)
    awaited = new Set(nodes())
    done = () => {
      if (awaited.size > 0) return
      clearTimeout(late)
      resolve()
    }
    for (const node of awaited) tell(node)
    done()
    return promise
  }

  return {
    /** Resolves when nothing is on its way here that would be lost with this node. */
    take: async (): Promise<void> => {
      await askAll()
      // What has gone back before this is there with the answer.
      await askAll()
    },
    /** It has answered, or has parted. */
    said: (node: string): void => {
      awaited.delete(node)
      done()
    }
  }
}
