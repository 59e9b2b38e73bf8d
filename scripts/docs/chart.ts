/** A machine as a plain picture of itself: states, what they do, and what leads where. */
import type { AnyStateMachine } from "xstate"

export interface ChartTransition {
  /** In words: an event's type, `runs done`, `after backOff`; empty when it needs no event. */
  readonly event: string
  readonly guard: string
  readonly actions: readonly string[]
  /** Dotted path of where it leads; null when it stays. */
  readonly target: string | null
  readonly reenters: boolean
  /** Where it leads when that is not in this picture. */
  readonly elsewhere?: string
}

export interface ChartState {
  /** Dotted path below the machine; empty for the machine itself. */
  readonly path: string
  readonly name: string
  readonly kind: "atomic" | "compound" | "parallel" | "final"
  readonly description: string
  readonly initial: string | null
  readonly entry: readonly string[]
  readonly exit: readonly string[]
  /** What it starts while it is entered. */
  readonly invokes: readonly string[]
  readonly transitions: readonly ChartTransition[]
  readonly states: readonly ChartState[]
  /** What is inside it is drawn in a picture of its own. */
  readonly isFolded?: true
}

export interface Chart {
  readonly name: string
  readonly root: ChartState
}

/** What of XState's nodes is read here. */
interface Node {
  readonly id: string
  readonly key: string
  readonly path: readonly string[]
  readonly type: string
  readonly description?: string
  readonly config: { readonly initial?: unknown }
  readonly initial?: { readonly target: readonly Node[] }
  readonly entry: readonly unknown[]
  readonly exit: readonly unknown[]
  readonly invoke: readonly { readonly id: string; readonly src: unknown }[]
  readonly transitions: ReadonlyMap<string, readonly Transition[]>
  readonly always?: readonly Transition[]
  readonly states: Readonly<Record<string, Node>>
}

interface Transition {
  readonly eventType: string
  readonly guard?: unknown
  readonly actions: readonly unknown[]
  readonly target?: readonly Node[]
  readonly reenter: boolean
}

export const chartOf = (machine: AnyStateMachine): Chart => {
  const root = machine.root as unknown as Node
  return { name: root.id, root: stateOf(root) }
}

/** Every state, outermost first. */
export const allStates = (state: ChartState): readonly ChartState[] => [state, ...state.states.flatMap(allStates)]

const pathOf = ({ path }: Node): string => path.join(".")

const stateOf = (node: Node): ChartState => ({
  path: pathOf(node),
  name: node.key,
  kind: node.type as ChartState["kind"],
  description: node.description ?? "",
  initial: node.type === "compound" && node.initial?.target[0] !== undefined ? pathOf(node.initial.target[0]) : null,
  entry: node.entry.filter(isOwn).map(actionWords),
  exit: node.exit.filter(isOwn).map(actionWords),
  invokes: node.invoke.map(({ src }) => String(src)),
  transitions: [...[...node.transitions.values()].flat(), ...(node.always ?? [])].map((transition) => ({
    event: eventWords(transition.eventType, node),
    guard: guardWords(transition.guard),
    actions: transition.actions.map(actionWords),
    target: transition.target?.[0] === undefined ? null : pathOf(transition.target[0]),
    reenters: transition.reenter
  })),
  states: Object.values(node.states).map(stateOf)
})

/** Not the timers that XState sets for `after`. */
const isOwn = (action: unknown): boolean => {
  const { type } = action as { type?: string }
  return type !== "xstate.raise" && type !== "xstate.cancel"
}

const eventWords = (type: string, node: Node): string => {
  const [, kind, rest = ""] = /^xstate\.(done\.actor|error\.actor|done\.state|after)\.(.*)$/.exec(type) ?? []
  const source = String(node.invoke.find(({ id }) => id === rest)?.src ?? rest)
  switch (kind) {
    case "done.actor":
      return `${source} done`
    case "error.actor":
      return `${source} failed`
    case "done.state":
      return "all done"
    case "after":
      return `after ${rest.split(".")[0]}`
    default:
      return type === "*" ? "anything" : type
  }
}

const guardWords = (guard: unknown): string => {
  if (guard === undefined) return ""
  if (typeof guard === "string") return guard
  const { type, guards } = guard as { type?: string; guards?: readonly unknown[] }
  if (guards === undefined) return type ?? "a condition"
  const words = guards.map(guardWords)
  if ((guard as { check?: { name: string } }).check?.name === "checkNot" || words.length === 1) return `not ${words[0]}`
  return words.join(" and ")
}

const actionWords = (action: unknown): string => {
  if (typeof action === "string") return action
  const { type, params, src } = action as { type?: string; params?: unknown; src?: unknown }
  if (type === "xstate.spawnChild") return `start ${String(src)}`
  const name = type ?? "act"
  if (typeof params !== "object" || params === null) return name
  return `${name}(${Object.values(params).map(String).join(", ")})`
}
