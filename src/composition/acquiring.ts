/** Parts that are acquired one after the other, and released in reverse: all of them when the next cannot be had. */

/**
 * Makes a part, and knows from then on how it is released. What `make` throws or rejects with ends the acquiring, and
 * releases what was acquired before.
 */
export type Acquiring = <Part>(
  name: string,
  make: () => Part | Promise<Part>,
  release?: (part: Part) => unknown
) => Promise<Part>

export interface AcquiringOptions {
  /** Hears of each part that has been acquired; what it throws ends the acquiring. */
  readonly onAcquired?: ((name: string) => void) | undefined
}

/** `acquire` gets hold of everything; what it gives back goes on, with what releases all of it. */
export const acquireAll = async <Whole>(
  { onAcquired }: AcquiringOptions,
  acquire: (part: Acquiring) => Promise<Whole>
): Promise<{ readonly whole: Whole; readonly release: () => Promise<void> }> => {
  await using parts = new AsyncDisposableStack()
  const whole = await acquire(async (name, make, release) => {
    const part = await make()
    if (release !== undefined) parts.defer(async () => void (await release(part)))
    onAcquired?.(name)
    return part
  })
  const acquired = parts.move()
  return { whole, release: () => acquired.disposeAsync() }
}
