import { type JobContext, type JobReport, jobMachine } from "../../../../src/machines/job.ts"
import { type Law, type Step, type Subject, same } from "../../../walking/subject.ts"

const runEnds = "xstate.done.actor.0.job.running"
const backOffEnds = "xstate.after.backOff.job.backingOff"
const isRunning = (snapshot: any): boolean => typeof snapshot?.value === "object"
const is =
  (...types: string[]) =>
  ({ event, before }: Step) =>
    before !== undefined && types.includes(event.type)
const report = (outcome: JobReport["outcome"]): JobReport => ({ outcome, removed: 3, startedAt: 50, finishedAt: 60 })

const laws: readonly Law[] = [
  {
    sentence: "Its schedule is followed from the start, once.",
    holds: ({ before, did }) => same(did("schedule"), before === undefined ? [{ job: "sweep" }] : [])
  },
  {
    sentence: "It runs at the start.",
    when: ({ before }) => before === undefined,
    holds: ({ after, did }) => same(after.value, { running: "asUsual" }) && did("run").length === 1
  },
  {
    sentence: "It never runs twice at once: a run begins only where none is under way, and then for this job.",
    holds: ({ before, after, did, event }) => {
      const begins = isRunning(after) && (!isRunning(before) || event.type === runEnds)
      return same(did("run"), begins ? [{ job: "sweep" }] : [])
    }
  },
  {
    sentence: "Ticks are for a job that rests: one that runs or backs off lets them pass.",
    when: is("schedule.ticked"),
    holds: ({ before, after }) =>
      before.value === "resting" ? same(after.value, { running: "asUsual" }) : same(after.value, before.value)
  },
  {
    sentence: "It always knows when the next tick comes.",
    when: is("schedule.started", "schedule.ticked"),
    holds: ({ event, after }) => after.context.scheduledAt === event.nextAt
  },
  {
    sentence: "Nothing else says when the next tick comes.",
    when: (step) => step.before !== undefined && !is("schedule.started", "schedule.ticked")(step),
    holds: ({ before, after }) => before.context.scheduledAt === after.context.scheduledAt
  },
  {
    sentence: "The start of its schedule changes nothing but that.",
    when: is("schedule.started"),
    holds: ({ before, after }) => same(after.value, before.value)
  },
  {
    sentence: "After a run it rests, after a failed one it backs off, after its last one it is over.",
    when: is(runEnds),
    holds: ({ before, event, after }) =>
      !isRunning(before) ||
      after.value ===
        (before.value.running === "forTheLastTime"
          ? "stopped"
          : event.output.outcome === "failed"
            ? "backingOff"
            : "resting")
  },
  {
    sentence: "What a run has come to is remembered, and failures in a row are counted.",
    when: (step) => is(runEnds)(step) && isRunning(step.before),
    holds: ({ before, event, after }) =>
      same(after.context.lastRun, event.output) &&
      after.context.failures === (event.output.outcome === "failed" ? before.context.failures + 1 : 0)
  },
  {
    sentence: "After backing off it runs again.",
    when: (step) => is(backOffEnds)(step) && step.before.value === "backingOff",
    holds: ({ after }) => same(after.value, { running: "asUsual" })
  },
  {
    sentence: "Told to stop it is over at once, unless it runs: then it hurries, once, and finishes.",
    when: is("job.stop"),
    holds: ({ before, after, did }) =>
      isRunning(before)
        ? same(after.value, { running: "forTheLastTime" }) &&
          did("hurry").length === (before.value.running === "asUsual" ? 1 : 0)
        : after.value === "stopped" && did("hurry").length === 0
  },
  {
    sentence: "Only a job that is told to stop ends.",
    when: ({ after }) => after.status === "done",
    holds: ({ event, before }) => event.type === "job.stop" || before.value.running === "forTheLastTime"
  },
  {
    sentence: "It hurries for nobody else.",
    when: (step) => !is("job.stop")(step),
    holds: ({ did }) => did("hurry").length === 0
  },
  {
    sentence: "It waits longer after each failure, up to a limit, and waits for nothing once that is over.",
    holds: ({ before, after, did }) => {
      const begins = after.value === "backingOff" && before?.value !== "backingOff"
      const ends = before?.value === "backingOff" && after.value !== "backingOff"
      const wait = Math.min(80, 10 * 2 ** (after.context.failures - 1))
      return same(did("setTimer"), begins ? [wait] : []) && did("clearTimer").length === (ends ? 1 : 0)
    }
  }
]

export const job: Subject = {
  name: "job",
  machine: jobMachine,
  adapters: { actions: ["hurry"], promises: ["run"], callbacks: ["schedule"] },
  settings: () => [
    {
      name: "a cleanup",
      input: { job: "sweep", backOffMs: 10, longestBackOffMs: 80 },
      events: (snapshot) => [
        { type: "schedule.started", nextAt: 100 },
        { type: "schedule.ticked", nextAt: 200 },
        { type: "schedule.ticked", nextAt: null },
        { type: "job.stop" },
        ...(isRunning(snapshot)
          ? (["complete", "skipped", "failed"] as const).map((outcome) => ({ type: runEnds, output: report(outcome) }))
          : []),
        ...(snapshot.value === "backingOff" ? [{ type: backOffEnds }] : [])
      ]
    }
  ],
  facts: ({ context }: { context: JobContext }) => [
    context.scheduledAt,
    Math.min(context.failures, 5),
    context.lastRun?.outcome
  ],
  laws
}
