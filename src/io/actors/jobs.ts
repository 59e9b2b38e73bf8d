/** The timed jobs at both ends: their schedules and their work go in, what a status page says of them comes out. */
import { fromPromise } from "xstate"
import type { CleanupSchedule } from "../../config/variables.ts"
import { type JobReport, type JobStatus, jobMachine, jobStatus } from "../../machines/job.ts"
import type { SupervisorRef } from "../../machines/supervisor.ts"
import type { Cleanup } from "../dropsilk/cleanups.ts"
import { describeError } from "../telemetry/describeError.ts"
import type { Metrics } from "../telemetry/metrics.ts"
import type { Telemetry } from "../telemetry/telemetry.ts"
import { createScheduleActor } from "./schedule.ts"

/** The jobs that there are, as `/api/status` names them. */
export const jobNames = ["previewCleanup", "roomCleanup"] as const
export type JobName = (typeof jobNames)[number]

export interface Job {
  readonly schedule: CleanupSchedule
  readonly work: Cleanup
}

export interface JobsOptions {
  readonly jobs: Readonly<Record<JobName, Job>>
  readonly log: Telemetry["log"]
  readonly metrics: Pick<Metrics, "gauge">
  /** Epoch milliseconds. */
  readonly now: () => number
}

const absent: JobStatus = { state: "stopped", lastRunAt: null, lastResult: null, nextRunAt: null }

/** The machine of a job, and what is told of all of them. */
export const createJobs = ({ jobs, log, metrics, now }: JobsOptions) => {
  const hurry = new AbortController()
  const running = new Map<string, Promise<JobReport>>()
  let supervisor: SupervisorRef | undefined

  const work = async (name: JobName): Promise<JobReport> => {
    const startedAt = now()
    const report = await jobs[name].work(hurry.signal).catch((error: unknown) => {
      log("error", "system:error", { kind: "jobs", id: name, ...describeError(error) })
      return { outcome: "failed" as const, removed: 0 }
    })
    return { ...report, startedAt, finishedAt: now() }
  }

  /** An actor that has crashed leaves its run behind; the next one waits for that instead of running beside it. */
  const run = (name: JobName): Promise<JobReport> => {
    const going = running.get(name) ?? work(name).finally(() => running.delete(name))
    running.set(name, going)
    return going
  }

  const statusOf = (name: JobName): JobStatus => {
    const snapshot = supervisor?.getSnapshot().children.get(name)?.getSnapshot()
    return snapshot === undefined ? absent : jobStatus(snapshot as Parameters<typeof jobStatus>[0])
  }
  const status = (): Readonly<Record<JobName, JobStatus>> => ({
    previewCleanup: statusOf("previewCleanup"),
    roomCleanup: statusOf("roomCleanup")
  })

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

  return {
    machine: jobMachine.provide({
      actors: {
        schedule: createScheduleActor((name) => jobs[name as JobName].schedule, now),
        run: fromPromise(({ input }) => run(input.job as JobName))
      },
      actions: { hurry: () => hurry.abort() }
    }),
    /** How each job is. */
    status,
    /** Which supervisor the jobs live under. */
    attach: (ref: SupervisorRef) => {
      supervisor = ref
    }
  }
}
