/** A machine played alone: everybody else is an extra who notes what it is told, and every adapter notes its call. */
import {
  type AnyActorLogic,
  type AnyEventObject,
  type AnyStateMachine,
  createActor,
  createMachine,
  fromCallback,
  fromPromise,
  fromTransition
} from "xstate"
import { registryId } from "../../src/machines/registry.ts"

/**
 * Something the machine did to others, in the order it happened: `told` an actor (one of its children by its name, or
 * the registry, which it tells what is for somebody's address), or `did` an adapter's action.
 */
export type Effect =
  | { readonly told: string; readonly event: AnyEventObject }
  | { readonly did: string; readonly with: any }

interface Stage {
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
  /** Writes it down, and goes on with what is read of that: another actor, of which nobody but the walk knows. */
  restore(): void
  stop(): void
}

/** Fields that are not there are as good as undefined ones. */
const withoutUndefined = (event: AnyEventObject): AnyEventObject =>
  Object.fromEntries(Object.entries(event).filter(([, value]) => value !== undefined)) as AnyEventObject

/** What is read of a value that was written down. */
export const written = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

/** `ownsSystem`: the machine is the root of its system and starts its own children. */
export const createStage = (ownsSystem = false): Stage => {
  let effects: Effect[] = []
  const extra = fromTransition((state: null, event: AnyEventObject, { self }) => {
    if (event.type !== "xstate.stop") effects.push({ told: self.id, event: withoutUndefined(event) })
    return state
  }, null)

  /** Time never passes by itself; who waits for it says so. */
  const clock = {
    setTimeout: (_: () => void, delay: number) => effects.push({ did: "setTimer", with: delay }),
    clearTimeout: () => void effects.push({ did: "clearTimer", with: undefined })
  }
  const root = createActor(
    createMachine({
      invoke: ownsSystem ? [] : [{ src: extra, id: registryId, systemId: registryId }]
    }),
    { clock }
  ).start()

  const implement = (names: readonly string[] = [], make: (name: string) => unknown) =>
    Object.fromEntries(names.map((name) => [name, make(name)]))

  return {
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
          ...implement(children, () => extra)
        }
      } as never),
    play: (machine, input) => {
      effects = []
      const system = ownsSystem ? { clock } : { parent: root }
      let fault: unknown
      const start = (begin: object) => {
        const started = createActor(machine as AnyActorLogic, { ...system, ...begin } as never)
        // A fault is told with the step that met it.
        started.subscribe({ error: (error) => (fault = error) })
        return started.start()
      }
      let actor = start({ input })
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
        restore: () => {
          const snapshot = written(actor.getPersistedSnapshot())
          actor.send({ type: "xstate.stop" } as never)
          actor = start({ snapshot })
        },
        stop: () => actor.send({ type: "xstate.stop" } as never)
      }
    }
  }
}
