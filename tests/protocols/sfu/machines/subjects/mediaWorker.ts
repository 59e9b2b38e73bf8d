import { mediaWorkerCrash, mediaWorkerMachine } from "../../../../../src/machines/sfu/mediaWorker/mediaWorker.ts"
import {
  type Guest,
  placeAmong,
  type WorkerContext,
  type WorkerSnapshot
} from "../../../../../src/machines/sfu/mediaWorker/mediaWorkerContext.ts"
import { type Law, type Setting, type Step, type Subject, same } from "../../../../walking/subject.ts"

const worker = "0"
const retryMs = 900
const [firstMs, longestMs] = [10, 30]
const [deaths, withinMs] = [2, 100]
const input = { worker, retryMs, backOff: { firstMs, longestMs }, intensity: { deaths, withinMs } }

const startEnds = "xstate.done.actor.0.mediaWorker.starting"
const backOffEnds = "xstate.after.backOff.mediaWorker.restarting"
const retryEnds = "xstate.after.retry.mediaWorker.exhausted"

const guestsOf = (snapshot: any): readonly Guest[] => snapshot?.context.guests ?? []
const was = (step: Step, ...states: string[]): boolean =>
  step.before !== undefined && states.includes(step.before.value)
const is =
  (...types: string[]) =>
  ({ event, before }: Step) =>
    before?.status === "active" && types.includes(event.type)

/** When it dies in this step, or cannot be started. */
const deathAt = (step: Step): number | undefined => {
  if (was(step, "running") && is("worker.died")(step)) return step.event.at
  if (was(step, "starting") && is(startEnds)(step) && step.event.output.type === "failed") return step.event.output.at
  return undefined
}
const recentDeaths = (step: Step, at: number): readonly number[] => [
  ...step.before.context.deaths.filter((death: number) => at - death < withinMs),
  at
]
const isHopeless = (step: Step): boolean => {
  const at = deathAt(step)
  return at !== undefined && recentDeaths(step, at).length > deaths
}
const comes = is("conference.opened")
const notice = (type: string, { roomId, call }: Guest) => ({
  type: "tell",
  from: { kind: "mediaWorkers", id: worker },
  to: { kind: "conferences", id: roomId },
  event: { type, call }
})

const laws: readonly Law[] = [
  {
    sentence: "Should it crash, all conferences on it are lost.",
    holds: ({ after }) =>
      same(mediaWorkerCrash({ id: worker, error: "a fault", at: 80, context: after.context }), {
        tell: guestsOf(after).map(({ roomId, call }) => ({
          to: { kind: "conferences", id: roomId },
          event: { type: "worker.died", call }
        })),
        record: []
      }) &&
      same(mediaWorkerCrash({ id: worker, error: "a fault", at: 80, context: undefined }), { tell: [], record: [] })
  },
  {
    sentence: "Where it is follows from its process: started, running, dead for a moment, or given up for a while.",
    holds: (step) => {
      const { before, after, event } = step
      if (before === undefined) return after.value === "starting"
      if (before.status === "active" && is("server.draining")(step)) return after.value === "stopped"
      if (deathAt(step) !== undefined) return after.value === (isHopeless(step) ? "exhausted" : "restarting")
      if (was(step, "starting") && event.type === startEnds) return after.value === "running"
      if (was(step, "restarting") && event.type === backOffEnds) return after.value === "starting"
      if (was(step, "exhausted") && event.type === retryEnds) return after.value === "starting"
      return after.value === before.value
    }
  },
  {
    sentence: "Its process is started exactly when it comes to that, and ended exactly when the server goes.",
    holds: (step) => {
      const starts = step.after.value === "starting" && !was(step, "starting")
      const ends = step.after.value === "stopped" && !was(step, "stopped")
      return (
        same(step.did("startWorker"), starts ? [{ worker }] : []) &&
        same(step.did("closeWorker"), ends ? [{ worker }] : [])
      )
    }
  },
  {
    sentence: "It waits a little longer after each death of late, up to a limit, and long once it is given up.",
    holds: (step) => {
      const { before, after } = step
      const begins = (state: string) => after.value === state && before?.value !== state
      const ends = (state: string) => before?.value === state && after.value !== state
      const wait = Math.min(longestMs, firstMs * 2 ** (after.context.deaths.length - 1))
      return (
        same(step.did("setTimer"), [
          ...(begins("restarting") ? [wait] : []),
          ...(begins("exhausted") ? [retryMs] : [])
        ]) && step.did("clearTimer").length === Number(ends("restarting") || ends("exhausted"))
      )
    }
  },
  {
    sentence: "Deaths of late are remembered until it has been left alone.",
    when: ({ before }) => before !== undefined,
    holds: (step) => {
      const at = deathAt(step)
      const expected =
        at !== undefined
          ? recentDeaths(step, at)
          : was(step, "exhausted") && is(retryEnds)(step)
            ? []
            : step.before.context.deaths
      return same(step.after.context.deaths, expected)
    }
  },
  {
    sentence: "A conference is on it from its opening to its end, or to the worker's.",
    when: ({ before }) => before !== undefined,
    holds: (step) => {
      const { before, after, event } = step
      const { roomId, call } = event
      const lost = isHopeless(step) || (deathAt(step) !== undefined && was(step, "running"))
      const expected = lost
        ? []
        : comes(step) && !was(step, "exhausted")
          ? [...guestsOf(before), { roomId, call }]
          : is("conference.closed")(step)
            ? guestsOf(before).filter((guest) => guest.call !== call)
            : guestsOf(before)
      return same(guestsOf(after), expected)
    }
  },
  {
    sentence:
      "Conferences hear once that it runs, once that it has died, or that it is no use to wait; all of them do.",
    holds: (step) => {
      const { before, event } = step
      const starts = was(step, "starting") && event.type === startEnds && event.output.type === "started"
      const expected = [
        ...(starts ? guestsOf(before).map((guest) => notice("worker.ready", guest)) : []),
        ...(comes(step) && was(step, "running") ? [notice("worker.ready", event)] : []),
        ...(comes(step) && was(step, "exhausted") ? [notice("worker.unavailable", event)] : []),
        ...(deathAt(step) !== undefined && was(step, "running")
          ? guestsOf(before).map((guest) => notice("worker.died", guest))
          : []),
        ...(isHopeless(step) && was(step, "starting")
          ? guestsOf(before).map((guest) => notice("worker.unavailable", guest))
          : [])
      ]
      return same(step.sent("conferences"), expected)
    }
  },
  {
    sentence: "Its starts, its deaths and its exhaustion are recorded, each once, with what they cost.",
    holds: (step) => {
      const { before, after, event } = step
      const begins = (state: string) => after.value === state && before?.value !== state
      const fault = event.output?.type === "failed" ? { error: event.output.error } : {}
      const expected = [
        ...(begins("running") ? [{ name: "sfu:worker_started", worker, pid: event.output.pid }] : []),
        ...(deathAt(step) === undefined
          ? []
          : [
              {
                name: "sfu:worker_died",
                worker,
                conferences: was(step, "running") ? guestsOf(before).length : 0,
                ...fault
              }
            ]),
        ...(begins("exhausted") ? [{ name: "sfu:worker_exhausted", worker, retryMs }] : [])
      ]
      return same(step.did("record"), expected)
    }
  },
  {
    sentence: "The number of its process is that of the last one that ran.",
    when: (step) => step.before !== undefined,
    holds: ({ before, after, event }) => {
      const isStart = event.type === startEnds && event.output.type === "started" && before.value === "starting"
      return after.context.pid === (isStart ? event.output.pid : before.context.pid)
    }
  },
  {
    sentence: "A new conference goes to whichever runs and has the fewest, else to one that will run, and to no other.",
    when: ({ before }) => before === undefined,
    holds: () => {
      const at = (worker: string, value: string, guests: number): WorkerSnapshot => ({
        value,
        context: { worker, guests: Array.from({ length: guests }, (_, call) => ({ roomId: "r", call: String(call) })) }
      })
      return same(
        [
          placeAmong([]),
          placeAmong([at("0", "exhausted", 0), at("1", "stopped", 0)]),
          placeAmong([at("0", "running", 2), at("1", "running", 1), at("2", "starting", 0), at("3", "running", 1)]),
          placeAmong([at("0", "restarting", 2), at("1", "exhausted", 0), at("2", "starting", 1)]),
          placeAmong([at("0", "restarting", 0), at("1", "running", 5)])
        ],
        [null, null, "1", "2", "1"]
      )
    }
  }
]

const guests: readonly Guest[] = [
  { roomId: "a", call: "a1" },
  { roomId: "b", call: "b1" }
]

const events = ({ value, context }: any) => [
  ...guests
    .filter(({ call }) => !guestsOf({ context }).some((guest) => guest.call === call))
    .map((guest) => ({ type: "conference.opened", ...guest })),
  { type: "conference.closed", call: "a1" },
  { type: "conference.closed", call: "unknown" },
  ...[50, 60, 149, 500].map((at) => ({ type: "worker.died", at })),
  ...(value === "starting"
    ? [
        { type: startEnds, output: { type: "started", pid: 7, at: 60 } },
        ...[60, 149, 500].map((at) => ({ type: startEnds, output: { type: "failed", error: "no such file", at } }))
      ]
    : []),
  ...(value === "restarting" ? [{ type: backOffEnds }] : []),
  ...(value === "exhausted" ? [{ type: retryEnds }] : []),
  { type: "server.draining" }
]

const settings = (): readonly Setting[] => [{ name: "the first worker", input, events }]

export const mediaWorker: Subject = {
  name: "mediaWorker",
  machine: mediaWorkerMachine,
  adapters: { actions: ["closeWorker", "record"], promises: ["startWorker"] },
  settings,
  facts: ({ context }: { context: WorkerContext }) => [
    context.guests.map(({ call }) => call),
    context.deaths,
    context.pid
  ],
  laws
}
