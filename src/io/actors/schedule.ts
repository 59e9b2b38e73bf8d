/** Schedules as actors: ticks at an interval, or when a cron expression says so. */
import { schedule as scheduleCron } from "node-cron"
import { fromCallback } from "xstate"
import type { CleanupSchedule } from "../../config/variables.ts"
import type { JobEvent } from "../../machines/job.ts"

interface Ticks {
  /** When the next one comes, epoch milliseconds; null when none ever does. */
  nextAt(): number | null
  stop(): void
}

/**
 * The schedule of each job as a callback actor: `schedule.started` at once, `schedule.ticked` at every tick, until it is
 * stopped. Cron expressions are read in the time zone of the process.
 */
export const createScheduleActor = (scheduleOf: (job: string) => CleanupSchedule, now: () => number) =>
  fromCallback<JobEvent, { job: string }>(({ input, sendBack }) => {
    const { everyMinutes, cron } = scheduleOf(input.job)
    const tick = () => sendBack({ type: "schedule.ticked", nextAt: ticks.nextAt() })
    const ticks = cron === undefined ? interval(everyMinutes * 60_000, now, tick) : cronTicks(cron, tick)
    sendBack({ type: "schedule.started", nextAt: ticks.nextAt() })
    return ticks.stop
  })

const interval = (milliseconds: number, now: () => number, tick: () => void): Ticks => {
  let nextAt = now() + milliseconds
  const timer = setInterval(() => {
    nextAt = now() + milliseconds
    tick()
  }, milliseconds)
  timer.unref()
  return { nextAt: () => nextAt, stop: () => clearInterval(timer) }
}

// A tick that comes late, after the machine has slept, is no news to an operator: the next one does the work.
const silent = { info: () => {}, warn: () => {}, error: () => {}, debug: () => {} }

const cronTicks = (expression: string, tick: () => void): Ticks => {
  const task = scheduleCron(expression, tick, { unref: true, suppressMissedWarning: true, logger: silent })
  return { nextAt: () => task.getNextRun()?.getTime() ?? null, stop: () => void task.destroy() }
}
