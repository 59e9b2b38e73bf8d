/** The newest log lines, in memory, for whoever may read them over HTTP. */

export interface LogBuffer {
  /** Keeps a line; once full, the oldest one goes for it. */
  add(line: string): void
  /** What is kept, oldest first. */
  lines(): readonly string[]
}

/** Keeps the newest `size` lines (at least one); adding one costs the same however many there are. */
export const createLogBuffer = (size: number): LogBuffer => {
  const ring: string[] = []
  let next = 0
  return {
    add: (line) => {
      ring[next] = line
      next = next + 1 === size ? 0 : next + 1
    },
    lines: () => (ring.length < size ? ring.slice() : [...ring.slice(next), ...ring.slice(0, next)])
  }
}
