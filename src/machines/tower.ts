/**
 * The tower: the root of the actor system, which supervises the supervisors.
 *
 * It knows no kind of actors by name: each protocol opens its own, and says of them what a crash means, when they are
 * drained and what becomes of them after a suspension (see kinds.ts).
 *
 * ```
 * tower
 * ├─ registry     hands events on to addresses
 * ├─ connections  a supervisor for each kind that was opened
 * ├─ flights
 * └─ …
 * ```
 */
import { assertEvent, assign, enqueueActions, raise, sendTo, setup } from "xstate"
import type { Address } from "./address.ts"
import type { CoreEvent, DomainEvent } from "./events.ts"
import type { Batches, Drain, Kind } from "./kinds.ts"
import { createRegistry, registryId, registryOf } from "./registry.ts"
import { createSupervisor, type SupervisorRef, type SupervisorReport } from "./supervisor.ts"

export type TowerEvent =
  | SupervisorReport
  /** An adapter has thrown at what it was told. */
  | { readonly type: "endpoint.failed"; readonly kind: string; readonly id: string; readonly error: unknown }
  /** A supervisor that had given up may try again. */
  | { readonly type: "supervisor.retry"; readonly kind: string }
  /** Supervisors for more kinds of actors are started, in this order. */
  | { readonly type: "kinds.open"; readonly kinds: readonly Kind[] }
  /** The server is open: those who live as long as it does begin. */
  | { readonly type: "server.opened" }
  | { readonly type: "shutdown" }
  /** Clients that have not been told yet that the server is going are not to be waited for any longer. */
  | { readonly type: "shutdown.hurry" }
  /** The next clients of a kind may be told that the server is going. */
  | { readonly type: "farewell.next"; readonly kind: string }

/** How clients are told that the server is going. */
export interface Farewells extends Batches {
  /** Between two batches lie so many milliseconds at least, */
  readonly everyMs: number
  /** and as many as spread all batches of a kind evenly over these. */
  readonly withinMs: number
}

export interface TowerInput {
  /** How long a supervisor that has given up stays suspended, milliseconds. */
  readonly suspensionMs: number
  readonly farewells: Farewells
}

/** What the tower keeps of a kind. */
interface Opened {
  readonly kind: string
  readonly drain: Drain | null
  readonly standing: NonNullable<Kind["standing"]>
  readonly resumed: NonNullable<Kind["resumed"]>
}

export interface TowerContext extends TowerInput {
  readonly kinds: readonly Opened[]
  /** Kinds of clients all of whom have been told that the server is going. */
  readonly told: readonly string[]
  /** Kinds of which nobody is left. */
  readonly drained: readonly string[]
}

type Place = Drain["place"]

/** How the tower signs what it says. */
const ownAddress: Address = { kind: "tower", id: "tower" }

const kindsAt = ({ kinds }: TowerContext, place: Place): readonly Opened[] =>
  kinds.filter(({ drain }) => drain?.place === place)

const areAllAt = (context: TowerContext, place: Place, names: readonly string[]): boolean =>
  kindsAt(context, place).every(({ kind }) => names.includes(kind))

/** How long one batch of so many is waited behind. */
const pauseOf = ({ farewells }: TowerContext, batches: number): number =>
  Math.max(farewells.everyMs, farewells.withinMs / batches)

const errorOf = ({
  kind,
  id,
  error,
  restarted
}: {
  readonly kind: string
  readonly id: string
  readonly error: unknown
  readonly restarted: boolean
}): CoreEvent => ({ name: "system:error", kind, id, error, restarted })

const base = setup({
  types: {
    context: {} as TowerContext,
    events: {} as TowerEvent,
    input: {} as TowerInput
  },
  actors: {
    registry: createRegistry(),
    supervisor: createSupervisor({ now: () => 0 })
  },
  guards: {
    areClients: ({ context }, { kind }: { kind: string }) =>
      kindsAt(context, "clients").some((clients) => clients.kind === kind),
    isDrained: ({ context }, { kind }: { kind: string }) => context.drained.includes(kind),
    everybodyIsTold: (_, { untold }: { untold: number }) => untold === 0,
    /** Those of a kind that has drained were told, or had gone before. */
    everyClientIsTold: ({ context }) => areAllAt(context, "clients", [...context.told, ...context.drained]),
    clientsAreGone: ({ context }) => areAllAt(context, "clients", context.drained),
    homesAreGone: ({ context }) => areAllAt(context, "homes", context.drained),
    keepersAreGone: ({ context }) => areAllAt(context, "keepers", context.drained),
    workersAreGone: ({ context }) => areAllAt(context, "workers", context.drained)
  },
  actions: {
    record: (_, _event: DomainEvent) => {},
    /** Whoever was told comes back as soon as it can: the next are told after a while. */
    scheduleFarewell: raise(
      (_, { kind }: { kind: string; afterMs: number }) => ({ type: "farewell.next" as const, kind }),
      { delay: (_, { afterMs }) => afterMs }
    ),
    /** The supervisor tries again after a while. */
    scheduleRetry: raise((_, { kind }: { kind: string }) => ({ type: "supervisor.retry" as const, kind }), {
      delay: ({ context }) => context.suspensionMs
    }),
    resume: sendTo(({ system }, { kind }: { kind: string }) => system.get(kind) as SupervisorRef, {
      type: "supervisor.resume" as const
    }),
    drainMore: sendTo(({ system }, { kind }: { kind: string }) => system.get(kind) as SupervisorRef, {
      type: "children.drainMore" as const
    }),
    drainRest: enqueueActions(({ context, enqueue, system }) => {
      for (const { kind } of kindsAt(context, "clients")) {
        if (context.told.includes(kind) || context.drained.includes(kind)) continue
        enqueue.sendTo(system.get(kind) as SupervisorRef, { type: "children.drainRest" })
      }
    }),
    noteTold: assign({ told: ({ context }, { kind }: { kind: string }) => [...context.told, kind] }),
    noteDrained: assign({ drained: ({ context }, { kind }: { kind: string }) => [...context.drained, kind] }),
    startRegistry: enqueueActions(({ enqueue }) => {
      enqueue.spawnChild("registry", { id: registryId, systemId: registryId })
    }),
    openKinds: enqueueActions(({ context, enqueue }, { kinds }: { kinds: readonly Kind[] }) => {
      for (const each of kinds) {
        enqueue.spawnChild("supervisor", { id: each.kind, systemId: each.kind, input: each })
      }
      const opened = kinds.map(({ kind, drain = null, standing = [], resumed = [] }) => ({
        kind,
        drain,
        standing,
        resumed
      }))
      enqueue.assign({ kinds: [...context.kinds, ...opened] })
    }),
    /** Starts those of one kind, or of all, who live as long as the server does. One that lives already stays as it is. */
    startStanding: enqueueActions(({ context, enqueue, system }, { of }: { of: string | null }) => {
      for (const { kind, standing } of context.kinds) {
        if (of !== null && of !== kind) continue
        for (const { id, input } of standing) {
          enqueue.sendTo(system.get(kind) as SupervisorRef, { type: "child.start", id, input })
        }
      }
    }),
    tellResumed: enqueueActions(({ context, enqueue, system }, { kind }: { kind: string }) => {
      for (const delivery of context.kinds.find((each) => each.kind === kind)?.resumed ?? []) {
        enqueue.sendTo(
          registryOf({ system }),
          "to" in delivery
            ? { type: "tell", from: ownAddress, ...delivery }
            : { type: "tellAll", from: ownAddress, kind: delivery.toAll, event: delivery.event }
        )
      }
    }),
    drain: enqueueActions(({ context, enqueue, system }, { place }: { place: Place }) => {
      const { size, most } = context.farewells
      const batches = place === "clients" ? { batches: { size, most } } : {}
      for (const { kind, drain } of kindsAt(context, place)) {
        if (drain === null) continue
        const { event } = drain
        enqueue.sendTo(
          system.get(kind) as SupervisorRef,
          place === "listeners" ? { type: "children.tell", event } : { type: "children.drain", event, ...batches }
        )
      }
    })
  }
})

const recordCrash = base.enqueueActions(({ event, enqueue }) => {
  assertEvent(event, "supervisor.childCrashed")
  enqueue({ type: "record", params: errorOf(event) })
  for (const consequence of event.record) enqueue({ type: "record", params: consequence })
})

export const towerMachine = base.extend({ actions: { recordCrash } }).createMachine({
  id: "tower",
  description:
    "The root: starts the registry and the supervisors, lets one that has given up try again after a while, and on shutdown sees every client told, everything kept that they leave behind, and all work finished.",
  context: ({ input }) => ({ ...input, kinds: [], told: [], drained: [] }),
  initial: "open",
  entry: "startRegistry",
  on: {
    "supervisor.childCrashed": { actions: "recordCrash" },
    "endpoint.failed": {
      actions: { type: "record", params: ({ event }) => errorOf({ ...event, restarted: false }) }
    },
    "supervisor.failed": { actions: { type: "scheduleRetry", params: ({ event }) => ({ kind: event.kind }) } },
    "supervisor.retry": {
      actions: [
        { type: "resume", params: ({ event }) => ({ kind: event.kind }) },
        { type: "startStanding", params: ({ event }) => ({ of: event.kind }) },
        { type: "tellResumed", params: ({ event }) => ({ kind: event.kind }) }
      ]
    }
  },
  states: {
    open: {
      description: "Clients come and go.",
      on: {
        "kinds.open": { actions: { type: "openKinds", params: ({ event }) => ({ kinds: event.kinds }) } },
        "server.opened": { actions: { type: "startStanding", params: { of: null } } },
        shutdown: { target: "draining" }
      }
    },
    draining: {
      description:
        "Clients are told and let go, batch by batch, so that they do not all come back in one moment; then what they leave behind is kept. Workers finish what they have begun.",
      type: "parallel",
      entry: [
        { type: "drain", params: { place: "listeners" } },
        { type: "drain", params: { place: "clients" } },
        { type: "drain", params: { place: "workers" } }
      ],
      on: {
        "supervisor.told": [
          { guard: { type: "isDrained", params: ({ event }) => ({ kind: event.kind }) } },
          {
            guard: { type: "everybodyIsTold", params: ({ event }) => ({ untold: event.untold }) },
            actions: { type: "noteTold", params: ({ event }) => ({ kind: event.kind }) }
          },
          {
            guard: { type: "areClients", params: ({ event }) => ({ kind: event.kind }) },
            actions: {
              type: "scheduleFarewell",
              params: ({ context, event }) => ({ kind: event.kind, afterMs: pauseOf(context, event.batches) })
            }
          }
        ],
        "shutdown.hurry": { actions: "drainRest" },
        "farewell.next": [
          { guard: { type: "isDrained", params: ({ event }) => ({ kind: event.kind }) } },
          { actions: { type: "drainMore", params: ({ event }) => ({ kind: event.kind }) } }
        ],
        "supervisor.drained": [
          { guard: { type: "isDrained", params: ({ event }) => ({ kind: event.kind }) } },
          { actions: { type: "noteDrained", params: ({ event }) => ({ kind: event.kind }) } }
        ]
      },
      states: {
        clients: {
          initial: "leaving",
          states: {
            leaving: { always: { guard: "clientsAreGone", target: "left" } },
            left: { type: "final" }
          }
        },
        keepers: {
          initial: "serving",
          states: {
            serving: {
              description:
                "Whoever has not been told yet may still take a seat, and leave it, and requests are answered.",
              always: { guard: "everyClientIsTold", target: "moving" }
            },
            moving: {
              description: "What lives here by its name goes on with another server, where there are several.",
              entry: { type: "drain", params: { place: "homes" } },
              always: { guard: "homesAreGone", target: "saving" }
            },
            saving: {
              entry: { type: "drain", params: { place: "keepers" } },
              always: { guard: "keepersAreGone", target: "saved" }
            },
            saved: { type: "final" }
          }
        },
        workers: {
          initial: "finishing",
          states: {
            finishing: { always: { guard: "workersAreGone", target: "finished" } },
            finished: { type: "final" }
          }
        }
      },
      onDone: { target: "closed" }
    },
    closed: { type: "final" }
  }
})
