/**
 * Keeps what this process holds in memory from going stale when another process on the same database changes it: while
 * anything is in use, one statement every so often reads the revisions of all of it, and whoever holds another one is told.
 *
 * What this process writes itself it need not be told. What another one writes is seen here at most one interval, and the
 * time of the statement, later.
 */

export interface RevisionsOptions<Revision> {
  /** What is held now, and in which revision; what is not to be compared at this moment is left out. */
  readonly inUse: () => ReadonlyMap<string, Revision>
  /** The revisions that the database has; what is no more there is not in it. Rejects when the database fails. */
  readonly read: (ids: readonly string[]) => Promise<ReadonlyMap<string, Revision>>
  /** What is held is not what the database has; null: that has nothing of this id any more. */
  readonly differs: (id: string, revision: Revision | null) => void
  /** Told once for as long as it lasts. */
  readonly onFault: (error: unknown) => void
  readonly everyMs: number
}

export interface Revisions {
  /** Something is in use: the watch is on until nothing is. */
  wake(): void
  /** Looks at once, whatever the time. Never rejects. */
  look(): Promise<void>
  close(): void
}

export const createRevisions = <Revision>(options: RevisionsOptions<Revision>): Revisions => {
  const { inUse, read, differs, onFault, everyMs } = options
  let timer: NodeJS.Timeout | undefined
  let isClosed = false
  let isTroubled = false

  const compare = async (): Promise<boolean> => {
    const held = inUse()
    if (held.size === 0) return false
    try {
      const found = await read([...held.keys()])
      if (isClosed) return false
      isTroubled = false
      // Only what is still held in the same revision: everything else has been read or written since.
      const now = inUse()
      for (const [id, revision] of held) {
        const current = found.get(id) ?? null
        if (current !== revision && now.get(id) === revision) differs(id, current)
      }
    } catch (error) {
      if (!isTroubled && !isClosed) onFault(error)
      isTroubled = true
    }
    return true
  }

  const arm = () => {
    if (timer !== undefined || isClosed) return
    timer = setTimeout(async () => {
      const isBusy = await compare()
      timer = undefined
      if (isBusy) arm()
    }, everyMs)
    timer.unref()
  }

  return {
    wake: arm,
    look: async () => void (await compare()),
    close: () => {
      isClosed = true
      clearTimeout(timer)
    }
  }
}
