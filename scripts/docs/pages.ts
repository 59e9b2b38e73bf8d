/** The pages under docs/statecharts, as texts by file name. */

import { allStates, type Chart, chartOf } from "./chart.ts"
import { type Branch, branches, noteOf } from "./crash.ts"
import { type Drawn, machines } from "./machines.ts"
import { mermaidOf } from "./mermaid.ts"
import { type Piece, piecesOf } from "./pieces.ts"
import { placeOf } from "./place.ts"
import { createSourceReader, type EventType, type Sending } from "./source.ts"
import { svgOf } from "./svg.ts"

/** How much of each chart the tests have walked: pairs of walked and all. */
type CoverageByMachine = Readonly<
  Record<string, Readonly<Record<"states" | "transitions" | "guards", readonly [number, number]>>>
>

type Reader = ReturnType<typeof createSourceReader>

const madeBy = "<!-- Made by `npm run docs` from the code. -->"
const capitalized = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1)
/** As they call themselves. */
const titles: Readonly<Record<Drawn["protocol"], string>> = {
  core: "Core",
  dropsilk: "DropSilk",
  noisytransfer: "NoisyTransfer",
  "named-peers": "Named peers",
  rondevu: "Rondevu",
  sfu: "SFU"
}
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

/** A link from a page in a protocol's folder to a file of the repository. */
const linkTo = (path: string): string => `[${path}](../../../${path})`

/** One hop to everything that is about a chart. */
const placeTable = (name: string, { reachedBy, triedBy }: Drawn, sent: readonly Message[]): string => {
  const { chart, parts, adapter, subject } = placeOf(name)
  const tellers = sent.filter(({ to }) => to === kindOf(name)).map(({ from }) => from)
  const rows: readonly (readonly [string, readonly string[]])[] = [
    ["chart", [chart, ...parts].map(linkTo)],
    ["adapter", [linkTo(adapter)]],
    ["reached by", reachedBy.map((each) => (/^[a-z-]+$|^[A-Z]+ \//.test(each) ? `\`${each}\`` : each))],
    ["told things by", tellers.map((from) => `[${from}](${pageFrom(name, from)})`)],
    ["walked by the laws of", [linkTo(subject)]],
    ["tried from outside by", triedBy.map(linkTo)]
  ]
  return table(
    ["", ""],
    rows.filter(([, cells]) => cells.length > 0).map(([head, cells]) => [head, cells.join(", ")])
  )
}

const page = (
  { name, root }: Chart,
  reader: Reader,
  coverage: CoverageByMachine[string] | undefined,
  sent: readonly Message[],
  pieces: readonly Piece[]
): string => {
  const note = noteOf(name, reader)
  return `${[
    `# ${capitalized(name)}`,
    madeBy,
    root.description,
    placeTable(name, machines[name] as Drawn, sent),
    ...note,
    ...pieces.flatMap(({ file, title }, at) => [
      ...(at === 0 ? [] : [`### Its region ${title}`]),
      `[![Statechart of ${at === 0 ? name : `${name}, ${title}`}](${file}.svg)](${file}.svg)`
    ]),
    `A dashed box is a region: all regions of a state are alive at once${pieces.length === 1 ? "" : ", and each has its own picture"}. A thick one is an end. A line inside a box is a transition that stays, or leads out of the picture; \`[guard]\` says when, \`/ actions\` what is done. Arrows with numbers have their words below.`,
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
    `\`\`\`mermaid\n${mermaidOf({ name, root }, note)}\n\`\`\``,
    ...(coverage === undefined
      ? []
      : [
          "## Walked by the tests",
          coverageTable(coverage),
          "Each by at least one generated path, with the laws of its subject holding at every step."
        ])
  ].join("\n\n")}\n`
}

const protocolOf = (name: string): Drawn["protocol"] => (machines[name] as Drawn).protocol
/** A chart's page, from docs/statecharts. */
const pageOf = (name: string): string => `${protocolOf(name)}/${name}.md`
/** A chart's page, from that of another. */
const pageFrom = (from: string, to: string): string =>
  protocolOf(from) === protocolOf(to) ? `${to}.md` : `../${pageOf(to)}`
const kindOf = (name: string): string | undefined => branches().find(({ machine }) => machine === name)?.kind

/** Whom an expression names: a supervisor by its kind, a kind of actor, or whoever asked. */
const receiverOf = (expression: string, tree: readonly Branch[]): string => {
  const branch = tree.find(({ kind }) => kind === expression)
  if (branch !== undefined) return branch.kind
  if (/replyTo/.test(expression)) return "whoever asked"
  const named = tree.find(({ machine }) => new RegExp(`^(own)?${machine}(At)?\\(`, "i").test(expression))
  return named?.kind ?? "any supervisor"
}

/** What charts of one name say to those of a kind. */
interface Message {
  readonly from: string
  readonly to: string
  readonly events: readonly string[]
}

const messages = (sendings: readonly Sending[], tree: readonly Branch[]): readonly Message[] => {
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

const index = (
  charts: readonly Chart[],
  coverage: CoverageByMachine | undefined,
  sent: readonly Message[],
  tree: readonly Branch[]
): string => {
  const nodeOf = (kind: string) => tree.find((branch) => branch.kind === kind)?.machine
  const arrows = sent.flatMap(({ from, to, events }) => {
    const target = nodeOf(to)
    return target === undefined ? [] : [`  ${from} -->|${events.join("<br/>")}| ${target}`]
  })
  const protocols = [...new Set(charts.map(({ name }) => protocolOf(name)))]
  return `${[
    "# Statecharts",
    madeBy,
    "Every behaviour of the server is in one of these charts. Each page has its picture, where it is in the code and what reaches it, what a crash in it means, its states, its events and how much of it the tests have walked.",
    ...protocols.flatMap((protocol) => [
      `## ${titles[protocol]}`,
      table(
        ["chart", "meaning"],
        charts
          .filter(({ name }) => protocolOf(name) === protocol)
          .map(({ name, root }) => [`[${name}](${pageOf(name)})`, root.description])
      )
    ]),
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
    ...(coverage === undefined ? [] : ["## Walked by the tests", walkedTable(charts, coverage)])
  ].join("\n\n")}\n`
}

const walkedTable = (charts: readonly Chart[], coverage: CoverageByMachine): string => {
  const none = [0, 0] as const
  const rows = charts.map(({ name }) => {
    const { states, transitions, guards } = coverage[name] ?? { states: none, transitions: none, guards: none }
    return [name, ...[states, transitions, guards].map(([walked, all]) => `${walked} of ${all}`)]
  })
  return `${table(["chart", "states", "transitions", "sides of guards"], rows)}

The walks are tested themselves: [mutants.md](../mutants.md).`
}

/** Everything under docs/statecharts but coverage.json: a page and its pictures for each chart, in its protocol's folder. */
export const makePages = async (coverage: CoverageByMachine | undefined): Promise<ReadonlyMap<string, string>> => {
  const reader = createSourceReader()
  const charts = Object.values(machines).map(({ machine }) => chartOf(machine))
  const tree = branches()
  const sent = messages(reader.sendings(), tree)
  const pages = new Map([["README.md", index(charts, coverage, sent, tree)]])
  for (const chart of charts) {
    const { name } = chart
    const pieces = await piecesOf(chart)
    pages.set(pageOf(name), page(chart, reader, coverage?.[name], sent, pieces))
    for (const [at, piece] of pieces.entries()) {
      const note = at === 0 ? noteOf(name, reader) : []
      pages.set(`${protocolOf(name)}/${piece.file}.svg`, await svgOf(piece.chart, note))
    }
  }
  return pages
}
