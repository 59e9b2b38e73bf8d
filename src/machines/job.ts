/**
 * A timed job: rests until its schedule ticks, runs, rests again. It runs once when it starts, never twice at once, and
 * after a failure it tries again by itself, each time a little later, whatever the schedule says meanwhile.
 */
import { assign, fromCallback, fromPromise, setup, stateIn } from "xstate"
import type { Kind } from "./kinds.ts"

export interface JobInput {
  /** Which job it is. */
  readonly job: string
  /** Milliseconds before a failed run is tried again; doubled for each further failure in a row. */
  readonly backOffMs: number
  /** Milliseconds that these doublings end at. */
  readonly longestBackOffMs: number
}

/** What a run has come to. */
export interface JobReport {
  readonly outcome: "complete" | "skipped" | "failed"
  /** Things that are gone now. */
  readonly removed: number
  /** Epoch milliseconds. */
  readonly startedAt: number
  /** Epoch milliseconds. */
  readonly finishedAt: number
}

export interface JobContext extends JobInput {
  /** When the schedule ticks next, epoch milliseconds; null when it never does. */
  readonly scheduledAt: number | null
  readonly lastRun: JobReport | null
  /** Failed runs in a row. */
  readonly failures: number
}

/** `nextAt`: the tick after this, epoch milliseconds; null when there is none. */
export type JobEvent =
  | { readonly type: "schedule.started"; readonly nextAt: number | null }
  | { readonly type: "schedule.ticked"; readonly nextAt: number | null }
  | { readonly type: "job.stop" }

/** How a job is, for a status page. Times are epoch milliseconds. */
export interface JobStatus {
  readonly state: "running" | "resting" | "backing_off" | "stopped"
  /** When the last finished run began. */
  readonly lastRunAt: number | null
  readonly lastResult: Pick<JobReport, "outcome" | "removed"> | null
  /** When it will run next, unless it is running or has been stopped. */
  readonly nextRunAt: number | null
}

const backOffOf = ({ failures, backOffMs, longestBackOffMs }: JobContext): number =>
  Math.min(longestBackOffMs, backOffMs * 2 ** Math.max(0, failures - 1))

export const jobMachine = setup({
  types: {
    context: {} as JobContext,
    events: {} as JobEvent,
    input: {} as JobInput
  },
  actors: {
    /** Sends `schedule.started` at once and `schedule.ticked` whenever it is time. */
    schedule: fromCallback<JobEvent, { job: string }>(() => {}),
    /** Does the work once. What went wrong is in its report; it does not reject. */
    run: fromPromise<JobReport, { job: string }>(() => new Promise(() => {}))
  },
  actions: {
    noteNextTick: assign({
      scheduledAt: ({ context, event }) => ("nextAt" in event ? event.nextAt : context.scheduledAt)
    }),
    noteReport: assign({
      lastRun: (_, { report }: { report: JobReport }) => report,
      failures: ({ context }, { report }: { report: JobReport }) =>
        report.outcome === "failed" ? context.failures + 1 : 0
    }),
    /** The server is going: a run that can stop half-way does. */
    hurry: () => {}
  },
  guards: {
    isLastRun: stateIn({ running: "forTheLastTime" }),
    hasFailed: (_, { report }: { report: JobReport }) => report.outcome === "failed"
  },
  delays: {
    backOff: ({ context }) => backOffOf(context)
  }
}).createMachine({
  id: "job",
  description: "Runs at the start and at every tick of its schedule, one run at a time, and backs off after failures.",
  context: ({ input }) => ({ ...input, scheduledAt: null, lastRun: null, failures: 0 }),
  invoke: { src: "schedule", input: ({ context }) => ({ job: context.job }) },
  on: {
    "schedule.started": { actions: "noteNextTick" },
    "schedule.ticked": { actions: "noteNextTick" },
    "job.stop": { target: ".stopped" }
  },
  initial: "running",
  states: {
    running: {
      description: "The work is being done. Ticks pass by.",
      invoke: {
        src: "run",
        input: ({ context }) => ({ job: context.job }),
        onDone: [
          {
            guard: "isLastRun",
            target: "stopped",
            actions: { type: "noteReport", params: ({ event }) => ({ report: event.output }) }
          },
          {
            guard: { type: "hasFailed", params: ({ event }) => ({ report: event.output }) },
            target: "backingOff",
            actions: { type: "noteReport", params: ({ event }) => ({ report: event.output }) }
          },
          { target: "resting", actions: { type: "noteReport", params: ({ event }) => ({ report: event.output }) } }
        ]
      },
      initial: "asUsual",
      states: {
        asUsual: { on: { "job.stop": { target: "forTheLastTime", actions: "hurry" } } },
        forTheLastTime: {
          description: "The server is going and waits for this run.",
          on: { "job.stop": {} }
        }
      }
    },
    resting: {
      description: "Waits for the schedule.",
      on: { "schedule.ticked": { target: "running", actions: "noteNextTick" } }
    },
    backingOff: {
      description: "The last run has failed. Ticks pass by until it is time to try again.",
      after: { backOff: { target: "running" } }
    },
    stopped: { type: "final", description: "The server is going." }
  }
})

/** What a status page says of a job; `value` and `context` as in its snapshot. */
export const jobStatus = ({ value, context }: { readonly value: unknown; readonly context: JobContext }): JobStatus => {
  const { lastRun, scheduledAt } = context
  const lastRunAt = lastRun?.startedAt ?? null
  const lastResult = lastRun === null ? null : { outcome: lastRun.outcome, removed: lastRun.removed }
  if (value === "resting") return { state: "resting", lastRunAt, lastResult, nextRunAt: scheduledAt }
  if (value === "backingOff") {
    const nextRunAt = lastRun === null ? null : lastRun.finishedAt + backOffOf(context)
    return { state: "backing_off", lastRunAt, lastResult, nextRunAt }
  }
  return { state: value === "stopped" ? "stopped" : "running", lastRunAt, lastResult, nextRunAt: null }
}

/** The timed jobs as a kind of actors: `names` of them, each there as long as the server is. */
export const jobKind = (chart: typeof jobMachine, settings: Omit<JobInput, "job">, names: readonly string[]): Kind => ({
  kind: "jobs",
  chart,
  settings: { ...settings },
  restart: "permanent",
  drain: { place: "workers", event: { type: "job.stop" } },
  standing: names.map((job) => ({ id: job, input: { job } }))
})
