/**
 * Where log lines go: a file descriptor that is written to once in some milliseconds, with all that was said meanwhile,
 * as a write costs more than making its line. Nothing that happens to it reaches anybody else. What cannot be written is lost and counted,
 * and a reader that has stopped reading keeps nobody waiting.
 */
import { write } from "node:fs"

export interface LogOutput {
  write(text: string): unknown
  /** Streams have it. */
  on?(event: "error", listener: (error: Error) => void): unknown
  /** Absent: nobody counts what is lost. */
  onLoss?(listener: LossListener): void
}

export interface LossListener {
  /** So many lines more are lost. */
  lost(lines: number): void
  /** Lines can be written again. `lines` were lost since they last could, because of `error`: a code such as `ENOSPC`. */
  recovered(lines: number, error: string): void
}

export interface DescriptorOutput extends LogOutput {
  onLoss(listener: LossListener): void
  /**
   * Resolves when all is written or lost, after so many milliseconds at the latest. Says whether a write still hangs:
   * Node does not end before it does.
   */
  settled(withinMs: number): Promise<{ readonly hangs: boolean }>
}

export interface DescriptorOutputOptions {
  /** Characters that wait to be written; what would be more is lost. */
  readonly waitingUnits: number
  /** Milliseconds between two writes; a line that comes after a longer silence is written at once. */
  readonly gatherMs: number
  /** Milliseconds until a reader that is not ready is tried again. */
  readonly retryMs: number
}

/** The error of lines that are lost because of too many waiting before them. */
const notRead = "EAGAIN"

const newline = 10

const linesIn = (bytes: Buffer): number => {
  let lines = 0
  for (let at = bytes.indexOf(newline); at !== -1; at = bytes.indexOf(newline, at + 1)) lines++
  return lines
}

export const createLogOutput = (
  descriptor: number,
  { waitingUnits, gatherMs, retryMs }: DescriptorOutputOptions
): DescriptorOutput => {
  let listener: LossListener | undefined
  let waiting: string[] = []
  let units = 0
  let isBusy = false
  /** Runs between two writes. */
  let pause: NodeJS.Timeout | undefined
  /** When the write began that has not ended, on the clock of performance.now(). */
  let writingSince: number | undefined
  /** A line was written in part: what comes next begins with the end of a line. */
  let isTorn = false
  let lost = 0
  let error = ""
  const idle: (() => void)[] = []

  const lose = (lines: number, because: string) => {
    lost += lines
    error = because
    listener?.lost(lines)
  }

  const rest = () => {
    if (idle.length > 0) next()
    else pause = setTimeout(next, gatherMs)
  }

  const hurry = () => {
    if (pause === undefined) return
    clearTimeout(pause)
    next()
  }

  const next = () => {
    pause = undefined
    if (waiting.length === 0) {
      isBusy = false
      for (const tell of idle.splice(0)) tell()
      return
    }
    const bytes = Buffer.from((isTorn ? "\n" : "") + waiting.join(""))
    waiting = []
    units = 0
    put(bytes, 0)
  }

  const put = (bytes: Buffer, from: number) => {
    writingSince = performance.now()
    write(descriptor, bytes, from, bytes.length - from, null, (fault, written) => {
      writingSince = undefined
      if (fault === null) return passed(bytes, from + written)
      if (fault.code === "EAGAIN") return void setTimeout(put, retryMs, bytes, from)
      if (from > 0) isTorn = bytes[from - 1] !== newline
      const lines = linesIn(bytes.subarray(from))
      // The end of a line that was torn before is no line.
      lose(from === 0 && bytes[0] === newline ? lines - 1 : lines, fault.code ?? fault.name)
      rest()
    })
  }

  const passed = (bytes: Buffer, to: number) => {
    if (to < bytes.length) return put(bytes, to)
    isTorn = false
    if (lost > 0) {
      const lines = lost
      lost = 0
      listener?.recovered(lines, error)
    }
    rest()
  }

  return {
    write: (text) => {
      if (units + text.length > waitingUnits) return lose(1, notRead)
      waiting.push(text)
      units += text.length
      if (isBusy) {
        if (units > waitingUnits / 2) hurry()
        return
      }
      isBusy = true
      setImmediate(next)
    },
    onLoss: (heard) => {
      listener = heard
    },
    settled: async (withinMs) => {
      if (isBusy) {
        await new Promise<void>((resolve) => {
          const late = setTimeout(resolve, withinMs)
          idle.push(() => {
            clearTimeout(late)
            resolve()
          })
          hurry()
        })
      }
      // One that has just begun, for a reader that may not be ready, ends soon.
      return { hangs: writingSince !== undefined && performance.now() - writingSince > withinMs / 2 }
    }
  }
}
