/** The pages under docs/statecharts, as texts by file name. */

import { dropsilkKinds } from "../../src/machines/dropsilk/kinds.ts"
import { jobKind, jobMachine } from "../../src/machines/job.ts"
import type { Kind } from "../../src/machines/kinds.ts"
import { allStates, type Chart, chartOf } from "./chart.ts"
import { folderOf, machines } from "./machines.ts"
import { mermaidOf } from "./mermaid.ts"
import { createSourceReader, type EventType, type Sending } from "./source.ts"
import { svgOf } from "./svg.ts"

/** How much of each chart the tests have walked: pairs of walked and all. */
export type CoverageByMachine = Readonly<
  Record<string, Readonly<Record<"states" | "transitions" | "guards", readonly [number, number]>>>
>

type Reader = ReturnType<typeof createSourceReader>

const madeBy = "<!-- Made by `npm run docs` from the code. -->"
const capitalized = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1)
const inCell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ")

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.map(inCell).join(" | ")} |`).join("\n")

const eventTable = (events: readonly EventType[]): string =>
  table(
    ["event", "carries", ""],
    events.map(({ type, fields, comment }) => [
      `\`${type}\``,
      fields.map(({ name, type }) => `\`${name}: ${type}\``).join(", "),
      comment
    ])
  )

const coverageTable = (coverage: CoverageByMachine[string]): string =>
  table(
    ["", "walked", "all"],
    [
      ["states", ...coverage.states.map(String)],
      ["transitions", ...coverage.transitions.map(String)],
      ["sides of guards", ...coverage.guards.map(String)]
    ]
  )

const page = ({ name, root }: Chart, reader: Reader, coverage: CoverageByMachine[string] | undefined): string =>
  `${[
    `# ${capitalized(name)}`,
    madeBy,
    `${root.description} The code: [src/machines/${folderOf(name)}${name}.ts](../../src/machines/${folderOf(name)}${name}.ts).`,
    `[![Statechart of ${name}](${name}.svg)](${name}.svg)`,
    "A dashed box is a region: all regions of a state are alive at once. A thick one is an end. A line inside a box is a transition that stays; `[guard]` says when, `/ actions` what is done. Open the picture by itself to read it at its own size.",
    "## States",
    table(
      ["state", "meaning"],
      allStates(root)
        .filter(({ path, description }) => path !== "" && description !== "")
        .map(({ path, description }) => [`\`${path}\``, description])
    ),
    "## Events",
    eventTable(reader.eventsOf(`${capitalized(name)}Event`)),
    "## As mermaid",
    `\`\`\`mermaid\n${mermaidOf({ name, root })}\n\`\`\``,
    ...(coverage === undefined
      ? []
      : [
          "## Walked by the tests",
          coverageTable(coverage),
          `Each by at least one generated path, with the laws of \`${subjectOf(name)}\` holding at every step.`
        ])
  ].join("\n\n")}\n`

const subjectOf = (name: string): string =>
  folderOf(name) === ""
    ? `tests/core/machines/subjects/${name}.ts`
    : `tests/protocols/dropsilk/machines/subjects/${name}.ts`

interface Branch {
  readonly kind: string
  readonly machine: string
  readonly restart: Kind["restart"]
}

/** The supervisors with what they supervise, as the kinds declare it. */
const branches = (): readonly Branch[] => {
  const declared = [
    ...dropsilkKinds({ ...(machines as any), settings: {} }),
    jobKind(jobMachine, { backOffMs: 0, longestBackOffMs: 0 }, [])
  ]
  return declared.map(({ kind, chart, restart }) => ({ kind, machine: (chart as { id?: string }).id ?? kind, restart }))
}

/** Whom an expression names: a supervisor by its kind, a kind of actor, or whoever asked. */
const receiverOf = (expression: string, tree: readonly Branch[]): string => {
  const branch = tree.find(({ kind }) => kind === expression)
  if (branch !== undefined) return branch.kind
  if (/replyTo/.test(expression)) return "whoever asked"
  const named = tree.find(({ machine }) => new RegExp(`^(own)?${machine}(At)?\\(`, "i").test(expression))
  return named?.kind ?? "any supervisor"
}

const messages = (sendings: readonly Sending[], tree: readonly Branch[]) => {
  const byPair = new Map<string, Set<string>>()
  for (const { from, to, event } of sendings) {
    const pair = `${from} → ${receiverOf(to, tree)}`
    byPair.set(pair, (byPair.get(pair) ?? new Set()).add(event))
  }
  return [...byPair].map(([pair, events]) => {
    const [from = "", to = ""] = pair.split(" → ")
    return { from, to, events: [...events] }
  })
}

const index = (reader: Reader, charts: readonly Chart[], coverage: CoverageByMachine | undefined): string => {
  const tree = branches()
  const sent = messages(reader.sendings(), tree)
  const nodeOf = (kind: string) => tree.find((branch) => branch.kind === kind)?.machine
  const arrows = sent.flatMap(({ from, to, events }) => {
    const target = nodeOf(to)
    return target === undefined ? [] : [`  ${from} -->|${events.map((event) => event).join("<br/>")}| ${target}`]
  })
  return `${[
    "# Statecharts",
    madeBy,
    "Every behaviour of the server is in one of these charts. Each page has its picture, its states, its events and how much of it the tests have walked.",
    table(
      ["chart", "meaning"],
      charts.map(({ name, root }) => [`[${name}](${name}.md)`, root.description])
    ),
    "## The tree",
    "Who starts whom, and what becomes of one that crashes: a `temporary` one is not restarted, a `transient` one when it has crashed, a `permanent` one always.",
    [
      "```",
      "tower",
      ...tree.map(({ kind, machine, restart }, at) => {
        const last = at === tree.length - 1
        return `${last ? "└" : "├"}─ ${kind} (supervisor)\n${last ? " " : "│"}  └─ ${machine}, one for each (${restart})`
      }),
      "```"
    ].join("\n"),
    "## Who tells whom what",
    `\`\`\`mermaid\nflowchart LR\n${arrows.join("\n")}\n\`\`\``,
    table(
      ["from", "to", "events"],
      sent.map(({ from, to, events }) => [from, to, events.map((event) => `\`${event}\``).join(", ")])
    ),
    "A message to a supervisor's kind goes to one of its children, by id, through the supervisor. Adapters send the rest: frames become events of a connection, HTTP requests become events of a room, deadlines come from one timer wheel.",
    ...(coverage === undefined
      ? []
      : [
          "## Walked by the tests",
          table(
            ["chart", "states", "transitions", "sides of guards"],
            charts.map(({ name }) => {
              const { states, transitions, guards } = coverage[name] ?? {
                states: [0, 0],
                transitions: [0, 0],
                guards: [0, 0]
              }
              return [name, ...[states, transitions, guards].map(([walked, all]) => `${walked} of ${all}`)]
            })
          ),
          "The walks are tested themselves: [mutants.md](../mutants.md)."
        ])
  ].join("\n\n")}\n`
}

/** Everything under docs/statecharts but coverage.json. */
export const makePages = async (coverage: CoverageByMachine | undefined): Promise<ReadonlyMap<string, string>> => {
  const reader = createSourceReader()
  const charts = Object.values(machines).map(chartOf)
  const pages = new Map([["README.md", index(reader, charts, coverage)]])
  for (const chart of charts) {
    pages.set(`${chart.name}.md`, page(chart, reader, coverage?.[chart.name]))
    pages.set(`${chart.name}.svg`, await svgOf(chart))
  }
  return pages
}
