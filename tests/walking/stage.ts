/** A machine played alone: everybody else is an extra who notes what it is told, and every adapter notes its call. */
import {
  type AnyActorLogic,
  type AnyActorRef,
  type AnyEventObject,
  type AnyStateMachine,
  createActor,
  createMachine,
  fromCallback,
  fromPromise,
  fromTransition
} from "xstate"

/** Something the machine did to others, in the order it happened: `told` an actor, or `did` an adapter's action. */
export type Effect =
  | { readonly told: string; readonly event: AnyEventObject }
  | { readonly did: string; readonly with: any }

export interface Stage {
  /** An extra of this name; the same one each time. */
  extra(name: string): AnyActorRef
  /** A copy of the machine whose adapters note what they are asked. */
  prepare(machine: AnyStateMachine, adapters: Adapters): AnyStateMachine
  play(machine: AnyStateMachine, input: unknown): Play
}

export interface Adapters {
  /** Actions that the machine leaves to others. */
  readonly actions?: readonly string[]
  /** Invoked or spawned actors that the machine leaves to others: never done by themselves. */
  readonly promises?: readonly string[]
  readonly callbacks?: readonly string[]
  /** Spawned actors under their own names in the system. */
  readonly children?: readonly string[]
}

export interface Play {
  snapshot(): any
  /** Gives the machine an event; what it did then. */
  say(event: AnyEventObject): readonly Effect[]
  /** What it did when it started. */
  readonly opening: readonly Effect[]
  stop(): void
}

const kinds = ["connections", "flights", "rooms", "networks", "stories", "jobs"]

/** `ownsSystem`: the machine is the root of its system and starts its own supervisors. */
export const createStage = (ownsSystem = false): Stage => {
  let effects: Effect[] = []
  const extraLogic = (name: string) =>
    fromTransition((state: null, event: AnyEventObject) => {
      effects.push({ told: name, event })
      return state
    }, null)

  /** Time never passes by itself; who waits for it says so. */
  const clock = {
    setTimeout: (_: () => void, delay: number) => effects.push({ did: "setTimer", with: delay }),
    clearTimeout: () => void effects.push({ did: "clearTimer", with: undefined })
  }
  const root = createActor(
    createMachine({
      invoke: ownsSystem ? [] : kinds.map((kind) => ({ src: extraLogic(kind), id: kind, systemId: kind }))
    }),
    { clock }
  ).start()
  const extras = new Map<string, AnyActorRef>()

  const implement = (names: readonly string[] = [], make: (name: string) => unknown) =>
    Object.fromEntries(names.map((name) => [name, make(name)]))

  return {
    extra: (name) => {
      const known = extras.get(name)
      if (known !== undefined) return known
      const made = createActor(extraLogic(name), { parent: root } as never).start() as AnyActorRef
      extras.set(name, made)
      return made
    },
    prepare: (machine, { actions, promises, callbacks, children }) =>
      machine.provide({
        actions: implement(actions, (name) => (_: unknown, parameters: unknown) => {
          effects.push({ did: name, with: parameters })
        }),
        actors: {
          ...implement(promises, (name) =>
            fromPromise(({ input }) => {
              effects.push({ did: name, with: input })
              return new Promise(() => {})
            })
          ),
          ...implement(callbacks, (name) =>
            fromCallback(({ input }) => {
              effects.push({ did: name, with: input })
            })
          ),
          ...implement(children, extraLogic)
        }
      } as never),
    play: (machine, input) => {
      effects = []
      const options = ownsSystem ? { clock, input } : { parent: root, input }
      const actor = createActor(machine as AnyActorLogic, options as never)
      // A fault is told with the step that met it.
      let fault: unknown
      actor.subscribe({ error: (error) => (fault = error) })
      actor.start()
      const opening = effects
      return {
        opening,
        snapshot: () => actor.getSnapshot(),
        say: (event) => {
          effects = []
          actor.send(event as never)
          if (fault !== undefined) throw fault
          return effects
        },
        stop: () => actor.send({ type: "xstate.stop" } as never)
      }
    }
  }
}
