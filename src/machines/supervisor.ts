/**
 * A supervisor: it starts, finds, counts and buries the actors of one kind.
 *
 * It is actor logic of its own rather than a machine, because a machine copies its whole `children` object at every
 * spawn and stop. Here a child costs the same whether it is the first or the ten thousandth.
 *
 * The words are those of Erlang/OTP's supervisor documentation. The strategy is always `one_for_one`: a crash concerns
 * nobody but the child that crashed and whoever its kind's `crash` names. `restart` says what becomes of the child:
 *
 * - `temporary`: it is never restarted (connections, flights, rooms, stories);
 * - `transient`: it is restarted when it crashed, not when it ended by itself (networks);
 * - `permanent`: it is restarted in either case (jobs).
 *
 * More than `intensity.restarts` crashes of restartable children within `intensity.withinMilliseconds` mean that
 * restarting does not help: the supervisor stops its children, suspends itself and tells the tower `supervisor.failed`.
 * It lives again when it is sent `supervisor.resume`.
 */
import {
  type ActorLogic,
  type ActorRef,
  type AnyActorLogic,
  type AnyActorRef,
  type AnyEventObject,
  createActor
} from "xstate"
import type { Address } from "./address.ts"
import type { DomainEvent } from "./events.ts"
import type { Aftermath, Batches, Crash, Delivery, Kind } from "./kinds.ts"
import { hasCrashed, registryOf } from "./registry.ts"

export type SupervisorEvent =
  /** Starts a child and gives it its first event; `replyTo` hears `child.exists` when the id is taken. */
  | {
      readonly type: "child.start"
      readonly id: string
      readonly input: object
      readonly event?: AnyEventObject | undefined
      readonly replyTo?: Address | undefined
      /** Comes back with the supervisor's reply. */
      readonly requestId?: number | undefined
    }
  /** Hands an event to a child. Without such a child it is started when `input` is there, else `replyTo` hears `child.missing`. */
  | {
      readonly type: "child.tell"
      readonly id: string
      readonly event: AnyEventObject
      readonly input?: object | undefined
      readonly replyTo?: Address | undefined
      readonly requestId?: number | undefined
      /** It has waited for a quieter moment. */
      readonly isDue?: boolean
    }
  /** Ends children without a word to anybody: they live on elsewhere. */
  | { readonly type: "children.forget"; readonly ids: readonly string[] }
  /** Hands an event to every child. */
  | { readonly type: "children.tell"; readonly event: AnyEventObject }
  /**
   * Starts nobody any more, hands every child the event, and tells the tower `supervisor.drained` when all have ended.
   * With `batches` the event goes to so many at a time; the tower hears `supervisor.told` after each, and asks for the
   * next with `children.drainMore`, or for all that are left with `children.drainRest`.
   */
  | { readonly type: "children.drain"; readonly event: AnyEventObject; readonly batches?: Batches }
  | { readonly type: "children.drainMore" }
  | { readonly type: "children.drainRest" }
  /** Ends a suspension. */
  | { readonly type: "supervisor.resume" }

/** What a supervisor answers to `replyTo` when it could not deliver. */
export interface SupervisorReply {
  readonly type: "child.exists" | "child.missing" | "child.unavailable" | "child.crashed"
  readonly id: string
  readonly requestId: number | undefined
}

/** What a supervisor tells the tower. */
export type SupervisorReport =
  | {
      readonly type: "supervisor.childCrashed"
      readonly kind: string
      readonly id: string
      readonly error: unknown
      readonly restarted: boolean
      /** What has happened with it, by the kind's own `crash`. */
      readonly record: readonly DomainEvent[]
    }
  | { readonly type: "supervisor.failed"; readonly kind: string; readonly error: unknown }
  /** A batch, of so many batches, has been told that it is to end; so many have not yet. */
  | { readonly type: "supervisor.told"; readonly kind: string; readonly untold: number; readonly batches: number }
  | { readonly type: "supervisor.drained"; readonly kind: string }

/**
 * The books of a supervisor: its living children, and what the restartable ones were started with. They are changed in
 * place, beside the snapshot, which shows them: a copy of a Map of 10,000 children takes 800 µs, an entry in it half of one.
 */
class Roster {
  readonly #children = new Map<string, AnyActorRef>()
  readonly #inputs = new Map<string, object>()

  get children(): ReadonlyMap<string, AnyActorRef> {
    return this.#children
  }

  /** `input`: for a restart; undefined for a child that is not restarted. */
  add(child: AnyActorRef, input: object | undefined): void {
    this.#children.set(child.id, child)
    if (input !== undefined) this.#inputs.set(child.id, input)
  }

  /** Says what it was started with. */
  remove(id: string): object | undefined {
    const input = this.#inputs.get(id)
    this.#children.delete(id)
    this.#inputs.delete(id)
    return input
  }

  clear(): void {
    this.#children.clear()
    this.#inputs.clear()
  }
}

/** Who is still to be told that it is to end, and how many at a time. */
interface Untold {
  readonly event: AnyEventObject
  readonly size: number
  /** How many there are in all. */
  readonly batches: number
  readonly children: readonly AnyActorRef[]
}

export interface SupervisorSnapshot {
  readonly status: "active"
  readonly output: undefined
  readonly error: undefined
  readonly kind: string
  readonly restart: Kind["restart"]
  /** The living children: always those of this moment. */
  readonly children: ReadonlyMap<string, AnyActorRef>
  /** What its children are told may have to wait, so that it must come through the supervisor. */
  readonly isPatient: boolean
  readonly mode: "open" | "draining" | "suspended"
}

interface State extends SupervisorSnapshot {
  readonly declared: Kind
  readonly roster: Roster
  /** When restartable children have crashed lately, epoch milliseconds. */
  readonly crashes: readonly number[]
  readonly untold: Untold | null
}

export type SupervisorRef = ActorRef<SupervisorSnapshot & { context: never }, SupervisorEvent>
export type SupervisorLogic = ActorLogic<SupervisorSnapshot, SupervisorEvent, Kind>

/** What XState itself tells: that a child is over, and other things. */
interface Ending {
  readonly type: `xstate.${string}`
  readonly actorId?: string
}

type EventOf<Type extends SupervisorEvent["type"]> = Extract<SupervisorEvent, { type: Type }>
type Addressed = Pick<EventOf<"child.start">, "id" | "event" | "replyTo" | "requestId">
type Scope = Parameters<AnyActorLogic["transition"]>[2]

const badLuck = { restarts: 10, withinMilliseconds: 5_000 }

const report = (scope: Scope, event: SupervisorReport) => scope.system.get("tower")?.send(event)

const start = ({ declared, roster }: State, scope: Scope, id: string, input: object): AnyActorRef => {
  const { chart, settings, restart } = declared
  const options = { parent: scope.self, id, input: { ...settings, ...input } }
  const child = createActor(chart, options as never) as AnyActorRef
  roster.add(child, restart === "temporary" ? undefined : input)
  return child
}

const answer = ({ kind }: State, scope: Scope, type: SupervisorReply["type"], addressed: Addressed) => {
  const { id, replyTo, requestId } = addressed
  if (replyTo === undefined) return
  const event: SupervisorReply = { type, id, requestId }
  registryOf(scope)?.send({ type: "tell", to: replyTo, from: { kind, id }, event })
}

const deliver = (state: State, scope: Scope, child: AnyActorRef, addressed: Addressed) => {
  if (addressed.event !== undefined) child.send(addressed.event)
  if (hasCrashed(child)) answer(state, scope, "child.crashed", addressed)
}

const reportDrained = ({ kind, roster }: State, scope: Scope) => {
  const { mode } = scope.self.getSnapshot() as State
  if (mode === "draining" && roster.children.size === 0) report(scope, { type: "supervisor.drained", kind })
}

/** Tells so many, a batch unless others are wanted. Whoever has ended meanwhile hears nothing of it. */
const drainMore = (state: State, scope: Scope, size = state.untold?.size): State => {
  const { untold, kind } = state
  if (untold === null) return state
  const batch = untold.children.slice(0, size)
  const children = untold.children.slice(batch.length)
  scope.defer(() => {
    for (const child of batch) child.send(untold.event)
    report(scope, { type: "supervisor.told", kind, untold: children.length, batches: untold.batches })
    reportDrained(state, scope)
  })
  return { ...state, untold: children.length === 0 ? null : { ...untold, children } }
}

const ended = (state: State, scope: Scope, id: string): State => {
  const input = state.roster.remove(id)
  if (state.restart === "permanent" && input !== undefined && state.mode === "open") {
    const child = start(state, scope, id, input)
    scope.defer(() => child.start())
  }
  scope.defer(() => reportDrained(state, scope))
  return state
}

/** A crashed machine leaves what it has invoked running: a schedule would tick on beside that of its successor. */
const stopOrphans = (child: AnyActorRef) => {
  const { children = {} } = child.getSnapshot() as { children?: Readonly<Record<string, AnyActorRef>> }
  for (const orphan of Object.values(children)) orphan.send({ type: "xstate.stop" })
}

const nobodyElse: Aftermath = { tell: [], record: [] }

const tellOthers = (scope: Scope, from: Address, deliveries: readonly Delivery[]) => {
  const registry = registryOf(scope)
  for (const delivery of deliveries) {
    registry.send(
      "to" in delivery
        ? { type: "tell", from, ...delivery }
        : { type: "tellAll", from, kind: delivery.toAll, event: delivery.event }
    )
  }
}

/** The books without a child that has crashed, or with its successor; and what follows from it. */
const crashed = (state: State, scope: Scope, child: AnyActorRef, crash: Crash<unknown>): State => {
  const { kind, declared, roster } = state
  const { id, error, at } = crash
  const input = roster.remove(id)
  stopOrphans(child)
  const { tell, record } = declared.crash?.(crash) ?? nobodyElse
  const isRestartable = state.restart !== "temporary" && state.mode === "open"
  const intensity = declared.intensity ?? badLuck
  const lately = state.crashes.filter((earlier) => at - earlier < intensity.withinMilliseconds)
  const crashes = isRestartable ? [...lately, at] : state.crashes

  if (isRestartable && crashes.length > intensity.restarts) {
    for (const other of roster.children.values()) scope.stopChild(other)
    roster.clear()
    scope.defer(() => {
      report(scope, { type: "supervisor.childCrashed", kind, id, error, restarted: false, record })
      report(scope, { type: "supervisor.failed", kind, error })
    })
    return { ...state, crashes: [], mode: "suspended" }
  }
  const successor = isRestartable && input !== undefined ? start(state, scope, id, input) : undefined
  scope.defer(() => {
    successor?.start()
    const restarted = successor !== undefined
    report(scope, { type: "supervisor.childCrashed", kind, id, error, restarted, record })
    tellOthers(scope, { kind, id }, tell)
    reportDrained(state, scope)
  })
  return crashes === state.crashes ? state : { ...state, crashes }
}

/**
 * Makes the logic of supervisors: which kind one supervises is its input, and its snapshot lists the living children.
 * `now`: epoch milliseconds.
 */
export const createSupervisor = ({ now }: { readonly now: () => number }): SupervisorLogic => {
  /** Takes a child that is over out of the books, with all that its end means. A living one stays. */
  const bury = (state: State, scope: Scope, id: string): State => {
    const child = state.roster.children.get(id)
    if (child === undefined) return state
    const { status, error, context } = child.getSnapshot() as { status: string; error: unknown; context?: unknown }
    if (status === "error") return crashed(state, scope, child, { id, error, at: now(), context })
    return status === "active" ? state : ended(state, scope, id)
  }

  const startChild = (before: State, scope: Scope, event: EventOf<"child.start">): State => {
    // One that is over may still be in the books, while its last word waits in our mailbox.
    const state = bury(before, scope, event.id)
    if (state.roster.children.has(event.id)) {
      scope.defer(() => answer(state, scope, "child.exists", event))
    } else if (state.mode !== "open") {
      scope.defer(() => answer(state, scope, "child.unavailable", event))
    } else {
      const child = start(state, scope, event.id, event.input)
      scope.defer(() => {
        child.start()
        deliver(state, scope, child, event)
      })
    }
    return state
  }

  const tellChild = (before: State, scope: Scope, event: EventOf<"child.tell">): State => {
    const { whenCalm } = before.declared
    if (whenCalm !== undefined && event.isDue !== true) {
      scope.defer(() => whenCalm(() => scope.self.send({ ...event, isDue: true })))
      return before
    }
    const state = bury(before, scope, event.id)
    const child = state.roster.children.get(event.id)
    if (child !== undefined) {
      scope.defer(() => deliver(state, scope, child, event))
    } else if (event.input === undefined) {
      scope.defer(() => answer(state, scope, "child.missing", event))
    } else if (state.mode !== "open") {
      scope.defer(() => answer(state, scope, "child.unavailable", event))
    } else {
      const started = start(state, scope, event.id, event.input)
      scope.defer(() => {
        started.start()
        deliver(state, scope, started, event)
      })
    }
    return state
  }

  const forget = (state: State, scope: Scope, { ids }: EventOf<"children.forget">): State => {
    for (const id of ids) {
      const child = state.roster.children.get(id)
      if (child === undefined) continue
      state.roster.remove(id)
      scope.stopChild(child)
    }
    scope.defer(() => reportDrained(state, scope))
    return state
  }

  const drain = (state: State, scope: Scope, { event, batches }: EventOf<"children.drain">): State => {
    const children = [...state.roster.children.values()]
    const size =
      batches === undefined ? children.length : Math.max(batches.size, Math.ceil(children.length / batches.most))
    const untold: Untold = { event, size, batches: Math.ceil(children.length / Math.max(1, size)), children }
    return drainMore({ ...state, mode: "draining", untold }, scope)
  }

  return {
    getInitialSnapshot: (_, declared): State => {
      const roster = new Roster()
      return {
        status: "active",
        output: undefined,
        error: undefined,
        kind: declared.kind,
        restart: declared.restart,
        children: roster.children,
        isPatient: declared.whenCalm !== undefined,
        mode: "open",
        declared,
        roster,
        crashes: [],
        untold: null
      }
    },

    transition: (snapshot, event: SupervisorEvent | Ending, scope) => {
      const state = snapshot as State
      switch (event.type) {
        case "child.start":
          return startChild(state, scope, event)
        case "child.tell":
          return tellChild(state, scope, event)
        case "children.forget":
          return forget(state, scope, event)
        case "children.tell": {
          const children = [...state.roster.children.values()]
          scope.defer(() => children.forEach((child) => child.send(event.event)))
          return state
        }
        case "children.drain":
          return drain(state, scope, event)
        case "children.drainMore":
          return drainMore(state, scope)
        case "children.drainRest":
          return drainMore(state, scope, state.untold?.children.length)
        case "supervisor.resume":
          return state.mode === "suspended" ? { ...state, mode: "open" } : state
        default: {
          const isEnding = event.type.startsWith("xstate.done.actor.") || event.type.startsWith("xstate.error.actor.")
          return isEnding && event.actorId !== undefined ? bury(state, scope, event.actorId) : state
        }
      }
    },
    getPersistedSnapshot: (snapshot) => snapshot
  }
}
