/** What can be read from an actor's snapshot. */
import type { AnyActorRef, StateValue } from "xstate"

/** The context; undefined when there is no such actor. `Context`: whoever asks knows which chart the actor runs. */
export const contextOf = <Context>(actor: AnyActorRef | undefined): Context | undefined =>
  (actor?.getSnapshot() as { readonly context?: Context } | undefined)?.context

const pathsOf = (value: StateValue | undefined, path = ""): readonly string[] =>
  typeof value === "string"
    ? [path + value]
    : Object.entries(value ?? {}).flatMap(([region, inner]) => pathsOf(inner, `${path}${region}.`))

/** The innermost states as dotted paths; of a parallel chart one of each region. */
export const statePaths = (actor: AnyActorRef): readonly string[] =>
  pathsOf((actor.getSnapshot() as { readonly value?: StateValue }).value)

/** The same without the states they are in: the last word of each path. */
export const stateNames = (actor: AnyActorRef): readonly string[] =>
  statePaths(actor).map((path) => path.slice(path.lastIndexOf(".") + 1))
