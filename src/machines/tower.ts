/**
 * The tower: the root of the actor system, which supervises the supervisors.
 *
 * ```
 * tower
 * ├─ connections  temporary: a crashed one closes its socket with 1011
 * ├─ flights      temporary: a crashed one tells its members peer-left
 * ├─ rooms        temporary: a crashed one fails its callers and is loaded again on next use
 * ├─ networks     transient: a crashed one is put together again by the connections that belong to it
 * ├─ stories      temporary: a crashed one loses its narrative, nothing else
 * └─ jobs         permanent: a crashed one is started again, and its schedule with it
 * ```
 */
import { raise, sendTo, setup, spawnChild } from "xstate"
import { connectionCrashNotices, connectionMachine } from "./dropsilk/connection.ts"
import type { DropSilkEvent } from "./dropsilk/events.ts"
import { codeOfFlight, type FlightSettings, flightCrashNotices, flightMachine } from "./dropsilk/flight.ts"
import { type NetworkInput, networkMachine } from "./dropsilk/network.ts"
import { type RoomInput, roomCrashReplies, roomMachine } from "./dropsilk/room.ts"
import { storyMachine } from "./dropsilk/story.ts"
import type { CoreEvent } from "./events.ts"
import { jobMachine } from "./job.ts"
import { createSupervisor, type SupervisorRef, type SupervisorReport, supervisorOf } from "./supervisor.ts"

export type TowerEvent =
  | SupervisorReport
  /** A supervisor that had given up may try again. */
  | { readonly type: "supervisor.retry"; readonly kind: string }
  /** The server is open: the timed jobs begin. */
  | { readonly type: "jobs.start" }
  | { readonly type: "shutdown" }
  /** The next of those who are connected may be told that the server is going. */
  | { readonly type: "farewell.next" }

export interface TowerInput {
  /** Clients are told of a shutdown so many at a time, or so many that there are no more than `most` batches. */
  readonly farewells: { readonly size: number; readonly most: number }
  /** How long a supervisor that has given up stays suspended, milliseconds. */
  readonly suspensionMs: number
  /** The timed jobs that there are. */
  readonly jobs: readonly string[]
}

type Kind = "connections" | "flights" | "rooms" | "networks" | "stories" | "jobs"

/** The machines whose actors live in the tower, with their actions provided. */
export interface TowerParts {
  readonly connection: typeof connectionMachine
  readonly flight: typeof flightMachine
  readonly room: typeof roomMachine
  readonly network: typeof networkMachine
  readonly story: typeof storyMachine
  readonly job: typeof jobMachine
  /** Merged under the input of every actor of a kind. */
  readonly settings: {
    readonly connection: { readonly askTimeoutMs: number }
    readonly flight: FlightSettings
    readonly room: Omit<RoomInput, "code" | "at" | "creation">
    readonly network: Omit<NetworkInput, "group">
    readonly story: { readonly staleMs: number; readonly entries: number }
    readonly job: { readonly backOffMs: number; readonly longestBackOffMs: number }
  }
  /** Epoch milliseconds. */
  readonly now: () => number
  /** Does what networks are told when there is time for it: to be let in comes before seeing who is there. */
  readonly whenCalm?: (work: () => void) => void
}

/** Which supervisors there are, and what a crash in each means to the others. */
export const towerSupervisors = ({
  connection,
  flight,
  room,
  network,
  story,
  job,
  settings,
  now,
  whenCalm
}: TowerParts) => ({
  connections: createSupervisor({
    kind: "connections",
    child: connection,
    restart: "temporary",
    settings: settings.connection,
    now,
    consequences: ({ context, at }) => connectionCrashNotices(context, at)
  }),
  flights: createSupervisor({
    kind: "flights",
    child: flight,
    restart: "temporary",
    settings: settings.flight,
    now,
    consequences: ({ context }) => flightCrashNotices(context)
  }),
  rooms: createSupervisor({
    kind: "rooms",
    child: room,
    restart: "temporary",
    settings: settings.room,
    now,
    consequences: ({ context }) => roomCrashReplies(context)
  }),
  networks: createSupervisor({
    kind: "networks",
    child: network,
    restart: "transient",
    settings: settings.network,
    now,
    whenCalm,
    consequences: ({ id }) => [
      { to: "connections", event: { type: "children.tell", event: { type: "network.lost", group: id } } }
    ]
  }),
  stories: createSupervisor({
    kind: "stories",
    child: story,
    restart: "temporary",
    settings: settings.story,
    now
  }),
  jobs: createSupervisor({
    kind: "jobs",
    child: job,
    restart: "permanent",
    settings: settings.job,
    now
  })
})

const unprovided = towerSupervisors({
  connection: connectionMachine,
  flight: flightMachine,
  room: roomMachine,
  network: networkMachine,
  story: storyMachine,
  job: jobMachine,
  settings: {
    connection: { askTimeoutMs: 0 },
    flight: { graceMs: 0 },
    room: {
      listeningSince: 0,
      returnMs: 0,
      returners: 0,
      reloadMs: 0,
      silenceMs: 0,
      timeToLiveMs: 0,
      restMs: 0,
      touchShare: 0,
      retryMs: 0
    },
    network: { listBytesPerSecond: 0, listRoundMs: 0, listTurnBytes: 0, crowd: 0 },
    story: { staleMs: 0, entries: 0 },
    job: { backOffMs: 0, longestBackOffMs: 0 }
  },
  now: () => 0
})

const base = setup({
  types: {
    context: {} as TowerInput,
    events: {} as TowerEvent,
    input: {} as TowerInput
  },
  actors: unprovided,
  guards: {
    isConnection: ({ event }) => (event as { kind: string }).kind === "connections",
    everyConnectionIsTold: ({ event }) => {
      const { kind, untold } = event as Extract<SupervisorReport, { type: "supervisor.told" }>
      return kind === "connections" && untold === 0
    },
    isFlight: ({ event }) => (event as { kind: string }).kind === "flights",
    areRooms: ({ event }) => (event as { kind: string }).kind === "rooms",
    areNetworks: ({ event }) => (event as { kind: string }).kind === "networks",
    areJobs: ({ event }) => (event as { kind: string }).kind === "jobs"
  },
  actions: {
    record: (_, _event: CoreEvent | DropSilkEvent) => {},
    /** The actor behind a socket has crashed: the socket closes with 1011. */
    closeCrashedSocket: (_, _connection: { id: string }) => {},
    /** The supervisor tries again after a while. */
    scheduleRetry: raise(
      ({ event }) => ({ type: "supervisor.retry" as const, kind: (event as { kind: string }).kind }),
      { delay: ({ context }) => context.suspensionMs }
    ),
    resume: sendTo(({ event, system }) => system.get((event as { kind: Kind }).kind) as SupervisorRef, {
      type: "supervisor.resume" as const
    }),
    rebuildNetworks: sendTo(supervisorOf("connections"), {
      type: "children.tell" as const,
      event: { type: "network.lost", group: null }
    }),
    drainConnections: sendTo(supervisorOf("connections"), ({ context }) => ({
      type: "children.drain" as const,
      event: { type: "server.draining" },
      batches: context.farewells
    })),
    drainMoreConnections: sendTo(supervisorOf("connections"), { type: "children.drainMore" as const }),
    /** Asks for `farewell.next` after a while, which is another each time: whoever was told comes back as soon as it can. */
    requestFarewell: () => {},
    endStories: sendTo(supervisorOf("stories"), {
      type: "children.tell" as const,
      event: { type: "server.draining" }
    }),
    drainRooms: sendTo(supervisorOf("rooms"), { type: "children.drain" as const, event: { type: "room.rest" } }),
    drainJobs: sendTo(({ system }) => system.get("jobs") as SupervisorRef, {
      type: "children.drain" as const,
      event: { type: "job.stop" }
    })
  }
})

/** One that lives already stays as it is. */
const startJobs = base.enqueueActions(({ context, enqueue, system }) => {
  for (const job of context.jobs) {
    enqueue.sendTo(system.get("jobs") as SupervisorRef, { type: "child.start", id: job, input: { job } })
  }
})

export const towerMachine = base.extend({ actions: { startJobs } }).createMachine({
  id: "tower",
  description:
    "The root: starts the supervisors, lets one that has given up try again after a while, and on shutdown sees every story told, every client told, every room saved and every job finished.",
  context: ({ input }) => input,
  initial: "open",
  entry: [
    spawnChild("connections", { id: "connections", systemId: "connections" }),
    spawnChild("flights", { id: "flights", systemId: "flights" }),
    spawnChild("rooms", { id: "rooms", systemId: "rooms" }),
    spawnChild("networks", { id: "networks", systemId: "networks" }),
    spawnChild("stories", { id: "stories", systemId: "stories" }),
    spawnChild("jobs", { id: "jobs", systemId: "jobs" })
  ],
  on: {
    "supervisor.childCrashed": [
      {
        guard: "isConnection",
        actions: [
          {
            type: "record",
            params: ({ event }) => ({
              name: "system:error",
              kind: event.kind,
              id: event.id,
              error: event.error,
              restarted: event.restarted
            })
          },
          {
            type: "record",
            params: ({ event }) => ({ name: "client:disconnected", clientId: event.id, flightCode: null })
          },
          { type: "closeCrashedSocket", params: ({ event }) => ({ id: event.id }) }
        ]
      },
      {
        guard: "isFlight",
        actions: [
          {
            type: "record",
            params: ({ event }) => ({
              name: "system:error",
              kind: event.kind,
              id: event.id,
              error: event.error,
              restarted: event.restarted
            })
          },
          {
            type: "record",
            params: ({ event }) => ({
              name: "flight:ended",
              flightId: event.id,
              flightCode: codeOfFlight(event.id),
              reason: "crashed"
            })
          }
        ]
      },
      {
        actions: {
          type: "record",
          params: ({ event }) => ({
            name: "system:error",
            kind: event.kind,
            id: event.id,
            error: event.error,
            restarted: event.restarted
          })
        }
      }
    ],
    "supervisor.failed": { actions: "scheduleRetry" },
    "supervisor.retry": [
      { guard: "areNetworks", actions: ["resume", "rebuildNetworks"] },
      { guard: "areJobs", actions: ["resume", "startJobs"] },
      { actions: "resume" }
    ]
  },
  states: {
    open: {
      description: "Clients come and go.",
      on: { "jobs.start": { actions: "startJobs" }, shutdown: { target: "draining" } }
    },
    draining: {
      description:
        "Clients are told and let go, batch by batch, so that they do not all come back in one moment; then rooms write what they owe. Jobs finish what they have begun.",
      type: "parallel",
      entry: ["endStories", "drainConnections", "drainJobs"],
      states: {
        connections: {
          initial: "leaving",
          states: {
            leaving: {
              on: {
                "supervisor.told": [
                  { guard: "everyConnectionIsTold" },
                  { guard: "isConnection", actions: "requestFarewell" }
                ],
                "farewell.next": { actions: "drainMoreConnections" },
                "supervisor.drained": { guard: "isConnection", target: "left" }
              }
            },
            left: { type: "final" }
          }
        },
        rooms: {
          initial: "serving",
          states: {
            serving: {
              description: "Whoever has not been told yet may still take a seat, and leave it.",
              on: {
                "supervisor.told": { guard: "everyConnectionIsTold", target: "saving" },
                "supervisor.drained": { guard: "isConnection", target: "saving" }
              }
            },
            saving: {
              entry: "drainRooms",
              on: { "supervisor.drained": { guard: "areRooms", target: "saved" } }
            },
            saved: { type: "final" }
          }
        },
        jobs: {
          initial: "finishing",
          states: {
            finishing: { on: { "supervisor.drained": { guard: "areJobs", target: "finished" } } },
            finished: { type: "final" }
          }
        }
      },
      onDone: { target: "closed" }
    },
    closed: { type: "final" }
  }
})
