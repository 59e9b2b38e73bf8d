/**
 * A media worker: one process of the media engine, which lives as long as the server does. Each conference is on one; one
 * that dies takes its conferences along and is started again, a little later each time. There are few of them, so that
 * their delays are XState's own.
 */
import { assign, fromPromise, setup } from "xstate"
import type { Aftermath, Crash } from "../../kinds.ts"
import { speakAs } from "../../registry.ts"
import { conferenceAt, mediaWorkerAt } from "../addresses.ts"
import type { SfuEvent } from "../events.ts"
import {
  backOffOf,
  deathsBy,
  type Guest,
  type MediaWorkerEvent,
  type StartReport,
  type WorkerContext,
  type WorkerInput,
  type WorkerNotice,
  type WorkerSettings
} from "./mediaWorkerContext.ts"

const { tell } = speakAs(({ worker }: WorkerContext) => mediaWorkerAt(worker))

const base = setup({
  types: {
    context: {} as WorkerContext,
    events: {} as MediaWorkerEvent,
    input: {} as WorkerInput & WorkerSettings
  },
  actors: {
    /** Starts its process. */
    startWorker: fromPromise<StartReport, { worker: string }>(() => new Promise(() => {}))
  },
  guards: {
    hasStarted: (_, report: StartReport) => report.type === "started",
    /** It has died so often of late that another start would be no better. */
    isHopeless: ({ context }, { at }: { at: number }) => deathsBy(context, at).length > context.intensity.deaths
  },
  actions: {
    /** Ends its process. */
    closeWorker: (_, _parameters: { worker: string }) => {},
    record: (_, _event: SfuEvent) => {},
    tellConference: tell((_, { roomId, notice }: { roomId: string; notice: WorkerNotice }) => ({
      to: conferenceAt(roomId),
      event: notice
    })),
    notePid: assign({
      pid: ({ context }, report: StartReport) => (report.type === "started" ? report.pid : context.pid)
    }),
    noteDeath: assign({ deaths: ({ context }, { at }: { at: number }) => deathsBy(context, at) }),
    forgetDeaths: assign({ deaths: [] }),
    welcome: assign({
      guests: ({ context }, { roomId, call }: Guest) => [...context.guests, { roomId, call }]
    }),
    forget: assign({
      guests: ({ context }, { call }: { call: string }) => context.guests.filter((guest) => guest.call !== call)
    })
  },
  delays: {
    backOff: ({ context }) => backOffOf(context),
    retry: ({ context }) => context.retryMs
  }
})

const workerSetup = base.extend({
  actions: {
    /** All who wait for it hear that it runs. */
    tellReady: base.enqueueActions(({ context, enqueue }) => {
      for (const { roomId, call } of context.guests) {
        enqueue({ type: "tellConference", params: { roomId, notice: { type: "worker.ready", call } } })
      }
    }),
    /** All who are on it hear that it has died. */
    loseGuests: base.enqueueActions(({ context, enqueue }) => {
      for (const { roomId, call } of context.guests) {
        enqueue({ type: "tellConference", params: { roomId, notice: { type: "worker.died", call } } })
      }
      enqueue.assign({ guests: [] })
    }),
    /** All who wait for it hear that it is no use. */
    refuseGuests: base.enqueueActions(({ context, enqueue }) => {
      for (const { roomId, call } of context.guests) {
        enqueue({ type: "tellConference", params: { roomId, notice: { type: "worker.unavailable", call } } })
      }
      enqueue.assign({ guests: [] })
    })
  }
})

const report = ({ event }: { readonly event: { readonly output: StartReport } }) => event.output
const reportedAt = ({ event }: { readonly event: { readonly output: StartReport } }) => ({ at: event.output.at })
const guest = ({ event: { roomId, call } }: { readonly event: Guest }): Guest => ({ roomId, call })
const death = ({ event }: { readonly event: { readonly at: number } }) => ({ at: event.at })

const welcome = { type: "welcome", params: guest } as const
const failure = [
  { type: "noteDeath", params: reportedAt },
  {
    type: "record",
    params: ({
      context,
      event
    }: {
      readonly context: WorkerContext
      readonly event: { readonly output: StartReport }
    }) => ({
      name: "sfu:worker_died" as const,
      worker: context.worker,
      conferences: 0,
      error: event.output.type === "failed" ? event.output.error : undefined
    })
  }
] as const
const loss = [
  { type: "noteDeath", params: death },
  {
    type: "record",
    params: ({ context }: { readonly context: WorkerContext }) => ({
      name: "sfu:worker_died" as const,
      worker: context.worker,
      conferences: context.guests.length
    })
  },
  "loseGuests"
] as const

export const mediaWorkerMachine = workerSetup.createMachine({
  id: "mediaWorker",
  description:
    "One worker of the media engine. When it dies its conferences are lost and it is started again; when it dies again and again it is left alone for a while.",
  context: ({ input }) => ({ ...input, guests: [], deaths: [], pid: null }),
  initial: "starting",
  on: {
    "conference.closed": { actions: { type: "forget", params: ({ event }) => ({ call: event.call }) } },
    "server.draining": { target: ".stopped" }
  },
  states: {
    starting: {
      description: "It is being started; conferences wait for it.",
      invoke: {
        src: "startWorker",
        input: ({ context }) => ({ worker: context.worker }),
        onDone: [
          {
            guard: { type: "hasStarted", params: report },
            target: "running",
            actions: { type: "notePid", params: report }
          },
          { guard: { type: "isHopeless", params: reportedAt }, target: "exhausted", actions: failure },
          { target: "restarting", actions: failure }
        ]
      },
      on: { "conference.opened": { actions: welcome } }
    },
    running: {
      entry: [
        {
          type: "record",
          params: ({ context }) => ({
            name: "sfu:worker_started",
            worker: context.worker,
            pid: context.pid ?? 0
          })
        },
        "tellReady"
      ],
      on: {
        "conference.opened": {
          actions: [
            welcome,
            {
              type: "tellConference",
              params: ({ event: { roomId, call } }) => ({ roomId, notice: { type: "worker.ready" as const, call } })
            }
          ]
        },
        "worker.died": [
          { guard: { type: "isHopeless", params: death }, target: "exhausted", actions: loss },
          { target: "restarting", actions: loss }
        ]
      }
    },
    restarting: {
      description: "It has died, and is started again in a moment; conferences wait for it.",
      on: { "conference.opened": { actions: welcome } },
      after: { backOff: { target: "starting" } }
    },
    exhausted: {
      description: "It dies again and again. Nobody is let onto it until it has been left alone for a while.",
      entry: [
        "refuseGuests",
        {
          type: "record",
          params: ({ context: { worker, retryMs } }) => ({ name: "sfu:worker_exhausted", worker, retryMs })
        }
      ],
      on: {
        "conference.opened": {
          actions: {
            type: "tellConference",
            params: ({ event: { roomId, call } }) => ({ roomId, notice: { type: "worker.unavailable" as const, call } })
          }
        }
      },
      after: { retry: { target: "starting", actions: "forgetDeaths" } }
    },
    stopped: {
      type: "final",
      description: "The server goes.",
      entry: { type: "closeWorker", params: ({ context }) => ({ worker: context.worker }) }
    }
  }
})

/** Nobody knows any more which conferences are on it: they are lost, and it is started anew. */
export const mediaWorkerCrash = ({ context }: Crash<WorkerContext>): Aftermath => ({
  tell: (context?.guests ?? []).map(({ roomId, call }) => ({
    to: conferenceAt(roomId),
    event: { type: "worker.died", call } satisfies WorkerNotice
  })),
  record: []
})
