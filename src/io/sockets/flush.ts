/**
 * Frames that come in one read and go to one place leave in one write: a write is a system call, and costs more than
 * all else that is done for a frame.
 */
import type { Duplex } from "node:stream"

/** Holds back what is written to a stream until this moment is over. */
export type Flush = (stream: Duplex) => void

export const createFlush = (): Flush => {
  let streams = new Set<Duplex>()
  const flushAll = () => {
    const written = streams
    streams = new Set()
    for (const stream of written) stream.uncork()
  }
  return (stream) => {
    if (streams.has(stream)) return
    if (streams.size === 0) process.nextTick(flushAll)
    streams.add(stream)
    stream.cork()
  }
}
