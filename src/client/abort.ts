/** What every call can be ended by. */
import { TowerError } from "./errors.ts"

/** The last parameter of every call. */
export interface Abortable {
  /** Ends the call: it rejects with `Aborted`, whose `cause` is the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

const abortedBy = (signal: AbortSignal): TowerError =>
  new TowerError("Aborted", "The call was aborted.", { cause: signal.reason })

/** Throws when it has been aborted. */
export const checkAborted = (signal: AbortSignal | undefined): void => {
  if (signal?.aborted === true) throw abortedBy(signal)
}

/** A promise that the signal can end. `begin` gets what a promise's executor gets, and may answer with what to do at its end. */
export const abortable = <Value>(
  signal: AbortSignal | undefined,
  begin: (resolve: (value: Value) => void, reject: (error: unknown) => void) => (() => void) | void
): Promise<Value> =>
  new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(abortedBy(signal))
    let end: (() => void) | void
    let isOver = false
    const finish = (settle: () => void) => {
      if (isOver) return
      isOver = true
      signal?.removeEventListener("abort", abort)
      settle()
      end?.()
    }
    const abort = () => finish(() => reject(abortedBy(signal as AbortSignal)))
    signal?.addEventListener("abort", abort)
    const fail = (error: unknown) => finish(() => reject(error))
    try {
      end = begin((value) => finish(() => resolve(value)), fail)
      if (isOver) end?.()
    } catch (error) {
      fail(error)
    }
  })

/** The promise, or `Aborted` before it is settled. */
export const orAborted = <Value>(promise: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> =>
  abortable(signal, (resolve, reject) => void promise.then(resolve, reject))

export const pause = (milliseconds: number, signal?: AbortSignal): Promise<void> =>
  abortable(signal, (resolve) => {
    const timer = setTimeout(() => resolve(), milliseconds)
    return () => clearTimeout(timer)
  })
