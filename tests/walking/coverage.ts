/** Counts what of a chart has been walked: states, transitions, and both sides of every guard. */
import { type AnyStateMachine, and, or } from "xstate"

interface Counted {
  readonly walked: number
  readonly all: number
  readonly missing: readonly string[]
}

export interface Coverage {
  readonly states: Counted
  readonly transitions: Counted
  /** Two sides of each guard. */
  readonly guards: Counted
}

/** A machine's nodes with what they say, as far as it is needed here. XState's own types are read-only. */
export interface Node {
  readonly id: string
  entry: unknown[]
  exit: unknown[]
  readonly states: Readonly<Record<string, Node>>
  readonly transitions: ReadonlyMap<string, Transition[]>
  readonly always?: Transition[]
  readonly parent?: Node
}

interface Transition {
  readonly eventType: string
  guard?: unknown
  actions: unknown[]
  target?: Node[]
}

export const nodesOf = (machine: AnyStateMachine): readonly Node[] => {
  const below = (node: Node): readonly Node[] => [node, ...Object.values(node.states).flatMap(below)]
  return below(machine.root as unknown as Node)
}

export const transitionsOf = (node: Node): readonly { readonly name: string; readonly transition: Transition }[] =>
  [...[...node.transitions.values()].flat(), ...(node.always ?? [])].map((transition, index) => {
    const target = transition.target?.map(({ id }) => id).join(", ") ?? "stays"
    return { name: `${node.id} ${transition.eventType || "always"} #${index} → ${target}`, transition }
  })

/** Watches this very machine; what is walked later counts. */
export const watchCoverage = (machine: AnyStateMachine): (() => Coverage) => {
  const all = { states: new Set<string>(), transitions: new Set<string>(), guards: new Set<string>() }
  const walked = { states: new Set<string>(), transitions: new Set<string>(), guards: new Set<string>() }
  const side = (name: string, value: boolean) => {
    all.guards.add(name)
    return () => {
      walked.guards.add(name)
      return value
    }
  }

  for (const node of nodesOf(machine)) {
    all.states.add(node.id)
    node.entry = [() => void walked.states.add(node.id), ...node.entry]
    for (const { name, transition } of transitionsOf(node)) {
      all.transitions.add(name)
      transition.actions = [...transition.actions, () => void walked.transitions.add(name)]
      if (transition.guard === undefined) continue
      transition.guard = or([
        and([transition.guard as never, side(`${name}: true`, true)]) as never,
        side(`${name}: false`, false)
      ])
    }
  }

  const counted = (kind: keyof typeof all): Counted => ({
    walked: walked[kind].size,
    all: all[kind].size,
    missing: [...all[kind]].filter((name) => !walked[kind].has(name))
  })
  return () => ({ states: counted("states"), transitions: counted("transitions"), guards: counted("guards") })
}
