/**
 * A supervisor: it starts, finds, counts and buries the actors of one kind.
 *
 * It is actor logic of its own rather than a machine, because a machine copies its whole `children` object at every
 * spawn and stop. Here a child costs the same whether it is the first or the ten thousandth.
 *
 * The words are those of Erlang/OTP's supervisor documentation. The strategy is always `one_for_one`: a crash concerns
 * nobody but the child that crashed and whoever `consequences` names. `restart` says what becomes of the child:
 *
 * - `temporary`: it is never restarted (connections, flights, rooms, stories);
 * - `transient`: it is restarted when it crashed, not when it ended by itself (networks);
 * - `permanent`: it is restarted in either case (jobs).
 *
 * More than `intensity.restarts` crashes of restartable children within `intensity.withinMilliseconds` mean that
 * restarting does not help: the supervisor stops its children, suspends itself and tells its parent
 * `supervisor.failed`. It lives again when the parent sends `supervisor.resume`.
 */
import {
  type ActorLogic,
  type ActorRef,
  type ActorSystem,
  type AnyActorLogic,
  type AnyActorRef,
  type AnyEventObject,
  createActor
} from "xstate"

/** An event on its way to an actor, named by reference or by its id in the system. */
export interface Delivery {
  readonly to: AnyActorRef | string
  readonly event: AnyEventObject
}

/** What is known of a crashed child: its last good context is what its neighbours are told from. */
export interface Crash {
  readonly id: string
  readonly error: unknown
  /** Epoch milliseconds. */
  readonly at: number
  /** Each kind knows the type of its own. */
  readonly context: any
}

export interface SupervisorOptions {
  /** What is supervised, in the plural: "flights". */
  readonly kind: string
  readonly child: AnyActorLogic
  readonly restart: "temporary" | "transient" | "permanent"
  /** Merged under the input of every child. */
  readonly settings?: Readonly<Record<string, unknown>>
  /** How many restarts in how long are still taken for bad luck. Without it: 10 in 5 s. */
  readonly intensity?: { readonly restarts: number; readonly withinMilliseconds: number }
  /** Epoch milliseconds. */
  readonly now: () => number
  /** Does what a `child.tell` asks for, in order, at once or a little later. Absent: at once. */
  readonly whenCalm?: ((work: () => void) => void) | undefined
  /** Who else must hear of a crash, and what. */
  readonly consequences?: (crash: Crash) => readonly Delivery[]
}

export type SupervisorEvent =
  /** Starts a child and gives it its first event; `replyTo` hears `child.exists` when the id is taken. */
  | {
      readonly type: "child.start"
      readonly id: string
      readonly input: object
      readonly event?: AnyEventObject
      readonly replyTo?: AnyActorRef
      /** Comes back with the supervisor's reply. */
      readonly requestId?: number
    }
  /** Hands an event to a child. Without such a child it is started when `input` is there, else `replyTo` hears `child.missing`. */
  | {
      readonly type: "child.tell"
      readonly id: string
      readonly event: AnyEventObject
      readonly input?: object
      readonly replyTo?: AnyActorRef
      readonly requestId?: number
      /** It has waited for a quieter moment. */
      readonly isDue?: boolean
    }
  /** Hands an event to every child. */
  | { readonly type: "children.tell"; readonly event: AnyEventObject }
  /**
   * Starts nobody any more, hands every child the event, and tells the parent `supervisor.drained` when all have ended.
   * With `batches` the event goes to as many at a time as make so many batches at most, and to no fewer than `size`; the
   * parent hears `supervisor.told` after each, and asks for the next with `children.drainMore`.
   */
  | {
      readonly type: "children.drain"
      readonly event: AnyEventObject
      readonly batches?: { readonly size: number; readonly most: number }
    }
  | { readonly type: "children.drainMore" }
  /** Ends a suspension. */
  | { readonly type: "supervisor.resume" }

/** What a supervisor answers to `replyTo` when it could not deliver. */
export interface SupervisorReply {
  readonly type: "child.exists" | "child.missing" | "child.unavailable" | "child.crashed"
  readonly id: string
  readonly requestId: number | undefined
}

/** What a supervisor tells its parent. */
export type SupervisorReport =
  | {
      readonly type: "supervisor.childCrashed"
      readonly kind: string
      readonly id: string
      readonly error: unknown
      readonly restarted: boolean
    }
  | { readonly type: "supervisor.failed"; readonly kind: string; readonly error: unknown }
  /** A batch has been told that it is to end; so many have not yet. */
  | { readonly type: "supervisor.told"; readonly kind: string; readonly untold: number }
  | { readonly type: "supervisor.drained"; readonly kind: string }

export interface SupervisorSnapshot {
  readonly status: "active"
  readonly output: undefined
  readonly error: undefined
  readonly kind: string
  readonly restart: SupervisorOptions["restart"]
  readonly children: ReadonlyMap<string, AnyActorRef>
  readonly mode: "open" | "draining" | "suspended"
}

export type SupervisorRef = ActorRef<SupervisorSnapshot & { context: never }, SupervisorEvent>

/** The supervisor of a kind, found by its name in the system: for the target of a `sendTo`. */
export const supervisorOf =
  (kind: "connections" | "flights" | "rooms" | "networks" | "stories") =>
  ({ system }: { system: ActorSystem<any> }): SupervisorRef =>
    system.get(kind) as SupervisorRef

interface State extends SupervisorSnapshot {
  children: Map<string, AnyActorRef>
  mode: "open" | "draining" | "suspended"
  inputs: Map<string, object>
  crashes: number[]
  /** Who is still to be told that it is to end, and how many at a time. */
  untold: { readonly event: AnyEventObject; readonly size: number; readonly children: AnyActorRef[] } | undefined
}

type Addressed = Pick<Extract<SupervisorEvent, { type: "child.start" }>, "id" | "event" | "replyTo" | "requestId">

type Scope = Parameters<AnyActorLogic["transition"]>[2]

/** Makes the logic of a supervisor; its snapshot lists the living children. */
export const createSupervisor = (options: SupervisorOptions): ActorLogic<SupervisorSnapshot, SupervisorEvent, void> => {
  const intensity = options.intensity ?? { restarts: 10, withinMilliseconds: 5_000 }

  const tellParent = (scope: Scope, report: SupervisorReport) => {
    scope.self._parent?.send(report)
  }

  const start = (state: State, scope: Scope, id: string, input: object): AnyActorRef => {
    const child = createActor(options.child, {
      parent: scope.self,
      id,
      input: { ...options.settings, ...input }
    } as never) as AnyActorRef
    state.children.set(id, child)
    if (options.restart !== "temporary") state.inputs.set(id, input)
    return child
  }

  const answer = (type: SupervisorReply["type"], { id, replyTo, requestId }: Addressed) => {
    replyTo?.send({ type, id, requestId } satisfies SupervisorReply)
  }

  const deliver = (child: AnyActorRef, addressed: Addressed) => {
    if (addressed.event !== undefined) child.send(addressed.event)
    // Whoever asked must not wait for a child that this very question has killed.
    if (child.getSnapshot().status === "error") answer("child.crashed", addressed)
  }

  const reportDrained = (state: State, scope: Scope) => {
    if (state.mode === "draining" && state.children.size === 0) {
      tellParent(scope, { type: "supervisor.drained", kind: state.kind })
    }
  }

  /** Tells one batch. Whoever has ended meanwhile hears nothing of it. */
  const drainMore = (state: State, scope: Scope) => {
    const { untold } = state
    if (untold === undefined) return
    const batch = untold.children.splice(0, untold.size)
    if (untold.children.length === 0) state.untold = undefined
    scope.defer(() => {
      for (const child of batch) child.send(untold.event)
      tellParent(scope, { type: "supervisor.told", kind: state.kind, untold: untold.children.length })
      reportDrained(state, scope)
    })
  }

  const stopAll = (state: State, scope: Scope) => {
    for (const child of state.children.values()) scope.stopChild(child)
    state.children.clear()
    state.inputs.clear()
  }

  const ended = (state: State, scope: Scope, id: string) => {
    const input = state.inputs.get(id)
    state.children.delete(id)
    state.inputs.delete(id)
    if (options.restart === "permanent" && input !== undefined && state.mode === "open") {
      const child = start(state, scope, id, input)
      scope.defer(() => child.start())
    }
    scope.defer(() => reportDrained(state, scope))
  }

  /** A crashed machine leaves what it has invoked running: a schedule would tick on beside that of its successor. */
  const stopOrphans = (child: AnyActorRef | undefined) => {
    const { children = {} } = (child?.getSnapshot() ?? {}) as { children?: Readonly<Record<string, AnyActorRef>> }
    for (const orphan of Object.values(children)) orphan.send({ type: "xstate.stop" })
  }

  const crashed = (state: State, scope: Scope, id: string, error: unknown) => {
    const child = state.children.get(id)
    const input = state.inputs.get(id)
    state.children.delete(id)
    state.inputs.delete(id)
    stopOrphans(child)
    const crash: Crash = {
      id,
      error,
      at: options.now(),
      context: (child?.getSnapshot() as { context?: unknown } | undefined)?.context
    }

    let restarted = false
    if (options.restart !== "temporary" && state.mode === "open") {
      state.crashes = [...state.crashes.filter((at) => crash.at - at < intensity.withinMilliseconds), crash.at]
      if (state.crashes.length > intensity.restarts) {
        state.crashes = []
        state.mode = "suspended"
        stopAll(state, scope)
        scope.defer(() => {
          tellParent(scope, { type: "supervisor.childCrashed", kind: state.kind, id, error, restarted: false })
          tellParent(scope, { type: "supervisor.failed", kind: state.kind, error })
        })
        return
      }
      if (input !== undefined) {
        const next = start(state, scope, id, input)
        restarted = true
        scope.defer(() => next.start())
      }
    }
    scope.defer(() => {
      tellParent(scope, { type: "supervisor.childCrashed", kind: state.kind, id, error, restarted })
      for (const { to, event } of options.consequences?.(crash) ?? []) {
        const target = typeof to === "string" ? scope.system.get(to) : to
        target?.send(event)
      }
      reportDrained(state, scope)
    })
  }

  /** Takes a child that is over out of the books, with all that its end means. A living one stays. */
  const bury = (state: State, scope: Scope, id: string) => {
    const snapshot = state.children.get(id)?.getSnapshot() as { status: string; error?: unknown } | undefined
    if (snapshot?.status === "error") crashed(state, scope, id, snapshot.error)
    else if (snapshot !== undefined && snapshot.status !== "active") ended(state, scope, id)
  }

  /** The living child. One that is over may still be in the books, while its last word waits in our mailbox. */
  const living = (state: State, scope: Scope, id: string): AnyActorRef | undefined => {
    bury(state, scope, id)
    return state.children.get(id)
  }

  return {
    config: options,
    getInitialSnapshot: () =>
      ({
        status: "active",
        output: undefined,
        error: undefined,
        kind: options.kind,
        restart: options.restart,
        children: new Map(),
        mode: "open",
        inputs: new Map(),
        crashes: [],
        untold: undefined
      }) as State,

    transition: (snapshot, event: SupervisorEvent | AnyEventObject, scope) => {
      const state = snapshot as State
      switch (event.type) {
        case "child.start": {
          const addressed = event as Extract<SupervisorEvent, { type: "child.start" }>
          if (living(state, scope, addressed.id) !== undefined) {
            scope.defer(() => answer("child.exists", addressed))
          } else if (state.mode !== "open") {
            scope.defer(() => answer("child.unavailable", addressed))
          } else {
            const child = start(state, scope, addressed.id, addressed.input)
            scope.defer(() => {
              child.start()
              deliver(child, addressed)
            })
          }
          break
        }
        case "child.tell": {
          const addressed = event as Extract<SupervisorEvent, { type: "child.tell" }>
          const { whenCalm } = options
          if (whenCalm !== undefined && addressed.isDue !== true) {
            scope.defer(() => whenCalm(() => scope.self.send({ ...addressed, isDue: true })))
            break
          }
          const child = living(state, scope, addressed.id)
          if (child !== undefined) {
            scope.defer(() => deliver(child, addressed))
          } else if (addressed.input === undefined) {
            scope.defer(() => answer("child.missing", addressed))
          } else if (state.mode !== "open") {
            scope.defer(() => answer("child.unavailable", addressed))
          } else {
            const started = start(state, scope, addressed.id, addressed.input)
            scope.defer(() => {
              started.start()
              deliver(started, addressed)
            })
          }
          break
        }
        case "children.tell": {
          const children = [...state.children.values()]
          scope.defer(() => children.forEach((child) => child.send((event as { event: AnyEventObject }).event)))
          break
        }
        case "children.drain": {
          state.mode = "draining"
          const { event: told, batches } = event as Extract<SupervisorEvent, { type: "children.drain" }>
          const children = [...state.children.values()]
          const size =
            batches === undefined ? children.length : Math.max(batches.size, Math.ceil(children.length / batches.most))
          state.untold = { event: told, size, children }
          drainMore(state, scope)
          break
        }
        case "children.drainMore":
          drainMore(state, scope)
          break
        case "supervisor.resume":
          if (state.mode === "suspended") state.mode = "open"
          break
        default: {
          const ending = event as AnyEventObject
          const id = ending["actorId"] as string | undefined
          if (id === undefined) break
          if (ending.type.startsWith("xstate.done.actor.") || ending.type.startsWith("xstate.error.actor.")) {
            bury(state, scope, id)
          }
        }
      }
      return state
    },
    getPersistedSnapshot: (snapshot) => snapshot
  } as ActorLogic<SupervisorSnapshot, SupervisorEvent, void>
}
