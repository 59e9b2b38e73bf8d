/** A chart as mermaid's stateDiagram-v2: https://mermaid.js.org/syntax/stateDiagram.html */
import { allStates, type Chart, type ChartState, type ChartTransition } from "./chart.ts"

/** `note`: lines that stand beside its first state. */
export const mermaidOf = ({ name, root }: Chart, note: readonly string[]): string =>
  root.kind === "parallel"
    ? ["stateDiagram-v2", ...wrapped(name, root), ...noteLines(name, note)].join("\n")
    : ["stateDiagram-v2", ...inside(root, 1), ...noteLines(root.states[0]?.path, note)].join("\n")

/** Regions stand inside a state only: a chart that is nothing but regions is one. */
const wrapped = (name: string, root: ChartState): readonly string[] => [
  indent(1, `state "${name}" as ${name} {`),
  ...inside(root, 2),
  indent(1, "}"),
  ...allStates(root).flatMap((each) => arrows(each, 1))
]

const noteLines = (beside: string | undefined, note: readonly string[]): readonly string[] => {
  if (beside === undefined) return []
  return [indent(1, `note right of ${nameOf(beside)}`), ...note.map((line) => indent(2, line)), indent(1, "end note")]
}

/** Names must be unique in the whole diagram and hold no dots. */
const nameOf = (path: string): string => path.replaceAll(".", "_")

const indent = (depth: number, line: string): string => `${"  ".repeat(depth)}${line}`

const inside = (state: ChartState, depth: number): readonly string[] => {
  if (state.kind === "parallel") {
    const regions = state.states.map((region) => stateLines(region, depth))
    return regions.flatMap((lines, at) => (at === 0 ? lines : [indent(depth, "--"), ...lines]))
  }
  return [
    ...(state.initial === null ? [] : [indent(depth, `[*] --> ${nameOf(state.initial)}`)]),
    ...state.states.flatMap((child) => stateLines(child, depth)),
    ...(state.path === "" ? allStates(state).flatMap((each) => arrows(each, depth)) : [])
  ]
}

const stateLines = (state: ChartState, depth: number): readonly string[] => {
  const head = `state "${state.name}" as ${nameOf(state.path)}`
  if (state.states.length === 0) return [indent(depth, head)]
  return [indent(depth, `${head} {`), ...inside(state, depth + 1), indent(depth, "}")]
}

const arrows = (state: ChartState, depth: number): readonly string[] => {
  const from = state.path === "" ? undefined : nameOf(state.path)
  const leading = state.transitions.filter(({ target }) => target !== null)
  return [
    ...(from === undefined
      ? []
      : leading.map((transition) => {
          const words = labelOf(transition)
          const arrow = `${from} --> ${nameOf(transition.target as string)}`
          return indent(depth, words === "" ? arrow : `${arrow}: ${words}`)
        })),
    ...(state.kind === "final" && from !== undefined ? [indent(depth, `${from} --> [*]`)] : [])
  ]
}

const labelOf = ({ event, guard }: ChartTransition): string =>
  [event, ...(guard === "" ? [] : [`[${guard}]`])].filter((word) => word !== "").join(" ")
