/** Everything that could be wrong in one place of a chart. */
import type { AnyStateMachine } from "xstate"
import { type Node, nodesOf, transitionsOf } from "../walking/coverage.ts"

interface Mutation {
  readonly name: string
  /** Changes this very machine. */
  readonly apply: (machine: AnyStateMachine) => void
}

/**
 * One for each transition that is missing or leads elsewhere, each guard that is not asked, and each action that a
 * transition, an entry or an exit does not do.
 */
export const mutationsOf = (machine: AnyStateMachine): readonly Mutation[] =>
  nodesOf(machine).flatMap((node, at) => {
    const same = (changed: AnyStateMachine) => nodesOf(changed)[at] as Node
    const ofTransitions = transitionsOf(node).flatMap(({ name, transition }, index): Mutation[] => {
      const mutate = (how: string, change: (transition: typeof found) => void): Mutation => ({
        name: `${name}: ${how}`,
        apply: (changed) => change(transitionsOf(same(changed))[index]!.transition)
      })
      const found = transition
      const target = transition.target?.[0]
      const other = target && otherThan(target)
      return [
        mutate("missing", (each) => (each.guard = () => false)),
        ...(other === undefined
          ? []
          : [mutate(`leads to ${other.id}`, (each) => (each.target = [nodeOf(each.target![0]!, other.id)]))]),
        ...(transition.guard === undefined ? [] : [mutate("guard not asked", (each) => delete each.guard)]),
        ...transition.actions.map((action, position) =>
          mutate(`does not ${nameOf(action, position)}`, (each) => {
            each.actions = each.actions.filter((_, place) => place !== position)
          })
        )
      ]
    })
    const ofState = (["entry", "exit"] as const).flatMap((kind) =>
      node[kind].map(
        (action, position): Mutation => ({
          name: `${node.id} ${kind}: does not ${nameOf(action, position)}`,
          apply: (changed) => {
            const mutant = same(changed)
            mutant[kind] = mutant[kind].filter((_, place) => place !== position)
          }
        })
      )
    )
    return [...ofTransitions, ...ofState]
  })

/** A state beside this one, or beside its parent. */
const otherThan = (node: Node): Node | undefined => {
  if (node.parent === undefined) return undefined
  const siblings = Object.values(node.parent.states).filter((sibling) => sibling !== node)
  return siblings[0] ?? otherThan(node.parent)
}

/** The node of this id in the machine that another node belongs to. */
const nodeOf = (node: Node, id: string): Node => {
  let root = node
  while (root.parent !== undefined) root = root.parent
  const find = (each: Node): Node | undefined =>
    each.id === id
      ? each
      : Object.values(each.states)
          .map(find)
          .find((found) => found !== undefined)
  return find(root) as Node
}

const nameOf = (action: unknown, position: number): string => {
  const type = typeof action === "string" ? action : (action as { type?: string }).type
  return `${type ?? "act"} (#${position})`
}
