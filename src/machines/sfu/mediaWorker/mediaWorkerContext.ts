/** What a media worker's actor knows, what it is told, and what follows from both without a state. */
import type { StateValue } from "xstate"

export interface WorkerInput {
  /** "0" is the first. */
  readonly worker: string
}

export interface WorkerSettings {
  /** So many deaths in so long are still taken for bad luck. */
  readonly intensity: { readonly deaths: number; readonly withinMs: number }
  /** How long it stays dead, milliseconds: doubled with each death of late, up to a limit. */
  readonly backOff: { readonly firstMs: number; readonly longestMs: number }
  /** How long one that dies again and again is left alone, milliseconds. */
  readonly retryMs: number
}

/** A conference that is on a worker, or waits for it. */
export interface Guest {
  readonly roomId: string
  /** Tells conferences of one room apart. */
  readonly call: string
}

export interface WorkerContext extends WorkerInput, WorkerSettings {
  readonly guests: readonly Guest[]
  /** When it has died of late, epoch milliseconds. */
  readonly deaths: readonly number[]
  /** Of its process; null until it has run. */
  readonly pid: number | null
}

/** What a start has come to; it never rejects. `at`: epoch milliseconds. */
export type StartReport =
  | { readonly type: "started"; readonly pid: number; readonly at: number }
  | { readonly type: "failed"; readonly error: unknown; readonly at: number }

export type MediaWorkerEvent =
  /** Its process has ended, and nobody here has wanted that. */
  | { readonly type: "worker.died"; readonly at: number }
  | ({ readonly type: "conference.opened" } & Guest)
  | { readonly type: "conference.closed"; readonly call: string }
  | { readonly type: "server.draining" }

/** What a worker tells conferences. */
export type WorkerNotice =
  /** It runs: routers can be made. */
  | { readonly type: "worker.ready"; readonly call: string }
  | { readonly type: "worker.died"; readonly call: string }
  /** It does not run and will not for a while. */
  | { readonly type: "worker.unavailable"; readonly call: string }

/** Deaths that still count, this one among them. */
export const deathsBy = ({ deaths, intensity }: WorkerContext, at: number): readonly number[] => [
  ...deaths.filter((death) => at - death < intensity.withinMs),
  at
]

export const backOffOf = ({ deaths, backOff }: WorkerContext): number =>
  Math.min(backOff.longestMs, backOff.firstMs * 2 ** Math.max(0, deaths.length - 1))

/** As much of a worker's snapshot as says whether a conference can be on it. */
export interface WorkerSnapshot {
  readonly value: StateValue
  readonly context: Pick<WorkerContext, "worker" | "guests">
}

/**
 * The worker that a new conference goes to: of those that run the one with the fewest conferences, else of those that
 * will run soon. Null: there is none, and it is no use to wait.
 */
export const placeAmong = (workers: readonly WorkerSnapshot[]): string | null => {
  const soon = workers.filter(({ value }) => value === "starting" || value === "restarting")
  const running = workers.filter(({ value }) => value === "running")
  const [best] = (running.length > 0 ? running : soon).toSorted(
    (one, other) => one.context.guests.length - other.context.guests.length
  )
  return best?.context.worker ?? null
}
