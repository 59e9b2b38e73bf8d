/** The timed jobs at both ends: their schedules and their work go in, what a status page says of them comes out. */
import { fromPromise } from "xstate"
import type { CleanupSchedule } from "../../config/variables.ts"
import { limits } from "../../limits.ts"
import { type JobReport, type JobStatus, jobKind, jobMachine, jobStatus } from "../../machines/job.ts"
import type { Kind } from "../../machines/kinds.ts"
import type { SupervisorRef } from "../../machines/supervisor.ts"
import { describeError } from "../telemetry/describeError.ts"
import type { Metrics } from "../telemetry/metrics.ts"
import type { Telemetry } from "../telemetry/telemetry.ts"
import { createScheduleActor } from "./schedule.ts"

/** What a run has come to, without its times. */
export type WorkReport = Pick<JobReport, "outcome" | "removed">

export interface Job {
  readonly schedule: CleanupSchedule
  /** Does the work once; stops half-way, where it can, when `hurry` is aborted. */
  readonly work: (hurry: AbortSignal) => Promise<WorkReport>
}

export interface JobsOptions {
  /** By name; all protocols share the names. More may come until `kind` is asked for. */
  readonly jobs: Readonly<Record<string, Job>>
  /** Whether this server does the work at the moment: of several that are one, one does. */
  readonly isOurs: () => boolean
  /** The supervisor of jobs, once there is one. */
  readonly supervisor: () => SupervisorRef | undefined
  readonly log: Telemetry["log"]
  readonly metrics: Pick<Metrics, "gauge">
  /** Epoch milliseconds. */
  readonly now: () => number
}

export interface Jobs {
  /** Of all jobs that there are by now. */
  readonly kind: () => Kind
  /** How each job is. */
  readonly status: () => Readonly<Record<string, JobStatus>>
}

/** Another server does it. */
const elsewhere: WorkReport = { outcome: "skipped", removed: 0 }

const absent: JobStatus = { state: "stopped", lastRunAt: null, lastResult: null, nextRunAt: null }

/** The kind of actors that the jobs are, and what is told of them. */
export const createJobs = ({ jobs, isOurs, supervisor, log, metrics, now }: JobsOptions): Jobs => {
  const hurry = new AbortController()
  const running = new Map<string, Promise<JobReport>>()
  const jobOf = (name: string) => jobs[name] as Job

  const work = async (name: string): Promise<JobReport> => {
    const startedAt = now()
    const report = await (isOurs() ? jobOf(name).work(hurry.signal) : Promise.resolve(elsewhere)).catch(
      (error: unknown): WorkReport => {
        log("error", "system:error", { kind: "jobs", id: name, ...describeError(error) })
        return { outcome: "failed", removed: 0 }
      }
    )
    return { ...report, startedAt, finishedAt: now() }
  }

  /** An actor that has crashed leaves its run behind; the next one waits for that instead of running beside it. */
  const run = (name: string): Promise<JobReport> => {
    const going = running.get(name) ?? work(name).finally(() => running.delete(name))
    running.set(name, going)
    return going
  }

  const statusOf = (name: string): JobStatus => {
    const snapshot = supervisor()?.getSnapshot().children.get(name)?.getSnapshot()
    return snapshot === undefined ? absent : jobStatus(snapshot as Parameters<typeof jobStatus>[0])
  }
  const status = () => Object.fromEntries(Object.keys(jobs).map((name) => [name, statusOf(name)]))

  metrics.gauge({
    name: "job_last_run_timestamp_seconds",
    help: "When the last finished run of a timed job began, by what came of it.",
    labels: ["job", "outcome"],
    read: (gauge) => {
      for (const [job, { lastRunAt, lastResult }] of Object.entries(status())) {
        if (lastRunAt !== null && lastResult !== null) gauge.set({ job, outcome: lastResult.outcome }, lastRunAt / 1000)
      }
    }
  })

  const machine = jobMachine.provide({
    actors: {
      schedule: createScheduleActor((name) => jobOf(name).schedule, now),
      run: fromPromise(({ input }) => run(input.job))
    },
    actions: { hurry: () => hurry.abort() }
  })
  const backOff = { backOffMs: limits.jobBackOffMs, longestBackOffMs: limits.jobLongestBackOffMs }
  return { kind: () => jobKind(machine, backOff, Object.keys(jobs)), status }
}
