/**
 * A chart as an SVG, laid out by elkjs. Each state is `<g class="state" data-state="dotted.path">` whose first child is
 * its `<rect>`: the tower page colours that. The picture has its colours for light and dark in itself.
 *
 * It is no wider than a page, so that its words can be read where it stands: where what arrows say would make it wider,
 * each has a number instead, and the words are below.
 */
import elkModule, { type ElkEdgeSection, type ElkExtendedEdge, type ElkLabel, type ElkNode } from "elkjs"
import { allStates, type Chart, type ChartState, type ChartTransition } from "./chart.ts"

/** The same in all fonts with fixed widths, so that the layout fits whichever a reader has. */
const fontSize = 12
const characterWidth = 0.61 * fontSize
const lineHeight = 16
const padding = 10
/** Characters of a line before it is broken. */
const longest = 38
/** Pixels that a picture may be wide: GitHub's page leaves some 850 to it, where its letters are 10 px high then. */
export const widest = 1020

const widthOf = (lines: readonly string[]): number => Math.max(0, ...lines.map(({ length }) => length)) * characterWidth

const wrap = (text: string, width = longest): readonly string[] => {
  const lines: string[] = []
  let line = ""
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line)
      line = `  ${word}`
    } else line = line === "" ? word : `${line} ${word}`
  }
  return [...lines, line]
}

const sentenceOf = ({ event, guard, actions, elsewhere }: ChartTransition): string => {
  const head = [event, ...(guard === "" ? [] : [`[${guard}]`])].filter((word) => word !== "").join(" ")
  const does = actions.length === 0 ? "" : `/ ${actions.join(", ")}`
  const leads = elsewhere === undefined ? "" : `→ ${elsewhere}`
  return [head || "at once", does, leads].filter((word) => word !== "").join(" ")
}
const transitionWords = (transition: ChartTransition, width?: number): readonly string[] =>
  wrap(sentenceOf(transition), width)

/** What stands in a state's box under its name, in lines of so many characters. */
const linesOf = (state: ChartState, width: number): readonly string[] => [
  ...state.invokes.flatMap((name) => wrap(`runs ${name}`, width)),
  ...(state.entry.length === 0 ? [] : wrap(`entry / ${state.entry.join(", ")}`, width)),
  ...(state.exit.length === 0 ? [] : wrap(`exit / ${state.exit.join(", ")}`, width)),
  ...state.transitions
    .filter(({ target }) => target === null)
    .flatMap((transition) => transitionWords(transition, width)),
  ...(state.isFolded === true ? ["(drawn by itself)"] : [])
]

const headerHeight = (lines: readonly string[]): number => (1 + lines.length) * lineHeight + 2 * padding
const ofState = (path: string): string => `state:${path}`
/** Begins the name of an edge that is there for the layout only. */
const unseen = "order:"
const ofStart = (path: string): string => `start:${path}`

const options = {
  "elk.algorithm": "layered",
  "elk.direction": "DOWN",
  "elk.hierarchyHandling": "INCLUDE_CHILDREN",
  "elk.json.edgeCoords": "ROOT",
  "elk.json.shapeCoords": "ROOT",
  "elk.edgeRouting": "ORTHOGONAL",
  "elk.randomSeed": "1",
  "elk.spacing.nodeNode": "28",
  "elk.spacing.edgeLabel": "6",
  "elk.spacing.edgeEdge": "14",
  "elk.spacing.edgeNode": "16",
  "elk.spacing.labelLabel": "8",
  "elk.layered.spacing.nodeNodeBetweenLayers": "30",
  "elk.layered.spacing.edgeNodeBetweenLayers": "16",
  "elk.layered.spacing.edgeEdgeBetweenLayers": "14",
  "elk.layered.edgeLabels.sideSelection": "ALWAYS_DOWN"
}

const nodeOf = (state: ChartState, manner: { boxWidth: number; direction: string }): ElkNode => {
  const { boxWidth, direction } = manner
  const lines = linesOf(state, boxWidth)
  const width = Math.max(70, widthOf([` ${state.name} `, ...lines]) + 2 * padding)
  const height = headerHeight(lines)
  if (state.states.length === 0) return { id: ofState(state.path), width, height }
  return {
    id: ofState(state.path),
    children: [
      ...(state.initial === null ? [] : [{ id: ofStart(state.path), width: 10, height: 10 }]),
      ...state.states.map((child) => nodeOf(child, manner))
    ],
    layoutOptions: {
      ...options,
      "elk.direction": direction,
      "elk.padding": `[top=${height},left=16,bottom=16,right=16]`,
      "elk.nodeSize.constraints": "MINIMUM_SIZE",
      "elk.nodeSize.minimum": `(${Math.ceil(width)},${Math.ceil(height + 20)})`
    }
  }
}

/** One arrow for all transitions from here to there, so that a chart is not all arrows. `says`: what stands beside it. */
const edgesOf = (
  root: ChartState,
  says: (transitions: readonly ChartTransition[]) => readonly string[]
): ElkExtendedEdge[] =>
  allStates(root).flatMap((state) => {
    const byTarget = new Map<string, ChartTransition[]>()
    for (const transition of state.transitions) {
      if (transition.target === null) continue
      byTarget.set(transition.target, [...(byTarget.get(transition.target) ?? []), transition])
    }
    const start: ElkExtendedEdge[] =
      state.initial === null
        ? []
        : [{ id: `begin:${state.path}`, sources: [ofStart(state.path)], targets: [ofState(state.initial)] }]
    // Regions stand one below the other; beside each other they would make a picture that nobody has the width for.
    const order: ElkExtendedEdge[] =
      state.kind === "parallel"
        ? state.states.slice(1).map((region, at) => ({
            id: `${unseen}${region.path}`,
            sources: [ofState(state.states[at]!.path)],
            targets: [ofState(region.path)]
          }))
        : []
    return [
      ...start,
      ...order,
      ...[...byTarget].map(([target, transitions]) => {
        const lines = says(transitions)
        return {
          id: `${state.path}→${target}`,
          sources: [ofState(state.path)],
          targets: [ofState(target)],
          labels: [{ text: lines.join("\n"), width: widthOf(lines) + 8, height: lines.length * lineHeight + 4 }]
        }
      })
    ]
  })

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
const round = (value: number | undefined): number => Math.round((value ?? 0) * 10) / 10

const texts = (lines: readonly string[], x: number, y: number, kind: string): string =>
  lines
    .map(
      (line, at) =>
        `<text class="${kind}" x="${round(x + (line.length - line.trimStart().length) * characterWidth)}" y="${round(y + at * lineHeight)}">${escaped(line.trimStart())}</text>`
    )
    .join("\n")

const style = `
  svg { --ink: #1f2328; --quiet: #59636e; --line: #818b98; --paper: #ffffff; --box: #ffffff; --group: #f6f8fa }
  @media (prefers-color-scheme: dark) {
    svg { --ink: #f0f6fc; --quiet: #9198a1; --line: #656c76; --paper: #0d1117; --box: #151b23; --group: #0d1117 }
  }
  text { font: ${fontSize}px ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: var(--quiet) }
  .name { font-weight: 700; fill: var(--ink) }
  .state > rect { fill: var(--box); stroke: var(--line) }
  .group > rect { fill: var(--group) }
  .region > rect { stroke-dasharray: 5 4 }
  .final > rect { stroke-width: 3 }
  .crash > rect { fill: var(--group); stroke: var(--line); stroke-dasharray: 2 3 }
  .paper { fill: var(--paper) }
  .behind { fill: var(--paper); opacity: 0.85 }
  .arrow { fill: none; stroke: var(--line) }
  .tip, .start { fill: var(--line) }
`

/** Sentences below a chart of this size. */
const noteBelow = (note: readonly string[], across: number, top: number) => {
  if (note.length === 0) return { text: "", width: 0, height: 0 }
  const fits = Math.max(longest, Math.floor((Math.min(across, widest) - 4 * padding) / characterWidth))
  const lines = note.flatMap((text) => wrap(text, fits))
  const width = Math.ceil(widthOf(lines) + 4 * padding)
  const height = lines.length * lineHeight + 3 * padding
  const box = `<rect x="${padding}" y="${top}" width="${width - 2 * padding}" height="${height - padding}" rx="6"/>`
  const words = texts(lines, 2 * padding, top + padding + fontSize, "note")
  return { text: `<g class="crash">\n${box}\n${words}\n</g>`, width, height }
}

/** What stands below a picture whose arrows have numbers, in as many columns as there is room for. */
const legendBelow = (legend: readonly string[], across: number, top: number) => {
  if (legend.length === 0) return { text: "", width: 0, height: 0 }
  const columnWidth = 52
  const column = columnWidth * characterWidth
  const columns = Math.max(1, Math.floor((Math.max(across, 520) - 2 * padding) / column))
  const blocks = legend.map((text) => wrap(text, columnWidth - 3))
  const total = blocks.reduce((sum, { length }) => sum + length, 0)
  const placed: string[] = []
  let [at, used, deepest] = [0, 0, 0]
  for (const block of blocks) {
    if (used > 0 && used + block.length > Math.ceil(total / columns) + 2 && at < columns - 1) [at, used] = [at + 1, 0]
    placed.push(texts(block, padding + at * column, top + padding + fontSize + used * lineHeight, "label"))
    used += block.length
    deepest = Math.max(deepest, used)
  }
  const width = Math.ceil(2 * padding + (at + 1) * column)
  return { text: placed.join("\n"), width, height: deepest * lineHeight + 2 * padding }
}

/** How a picture is laid out. */
interface Manner {
  /** Arrows have numbers instead of words. */
  readonly isNumbered: boolean
  /** Characters of a line in a state's box. */
  readonly boxWidth: number
  readonly direction?: "DOWN" | "RIGHT"
}

/** The first that makes a picture that is not too wide is taken, else the last. */
const manners: readonly Manner[] = [
  { isNumbered: false, boxWidth: longest },
  { isNumbered: true, boxWidth: longest },
  // States that stand below one another have no wide neighbours.
  { isNumbered: true, boxWidth: 24, direction: "RIGHT" },
  // Many states in a row are wide for that.
  { isNumbered: true, boxWidth: 24 }
]

const layOut = async (root: ChartState, { isNumbered, boxWidth, direction = "DOWN" }: Manner) => {
  const Elk = elkModule as unknown as typeof elkModule.default
  const legend: string[] = []
  const numbersOf = (transitions: readonly ChartTransition[]) => {
    const numbers = transitions.map((transition) => legend.push(`${legend.length + 1}  ${sentenceOf(transition)}`))
    return [numbers.length > 2 ? `${numbers[0]}–${numbers.at(-1)}` : numbers.join(", ")]
  }
  const wordsOf = (transitions: readonly ChartTransition[]) =>
    transitions.flatMap((transition) => transitionWords(transition))
  const laid: ElkNode = await new Elk().layout({
    id: "picture",
    layoutOptions: { ...options, "elk.direction": direction },
    children: [nodeOf(root, { boxWidth, direction })],
    edges: edgesOf(root, isNumbered ? numbersOf : wordsOf)
  })
  return { laid, legend, boxWidth, isNumbered, fits: (laid.width ?? 0) <= widest }
}

const firstThatFits = async (root: ChartState) => {
  let tried = await layOut(root, manners[0] as Manner)
  for (const manner of manners.slice(1)) {
    if (tried.fits) break
    tried = await layOut(root, manner)
  }
  return tried
}

/** Whether a picture of all of it has room for its words. */
export const hasRoomFor = async ({ root }: Chart): Promise<boolean> => (await layOut(root, manners[0] as Manner)).fits

/** The same for the same chart, to the byte. `note`: sentences that stand below it. */
export const svgOf = async ({ name, root }: Chart, note: readonly string[]): Promise<string> => {
  const { laid, legend, boxWidth } = await firstThatFits(root)
  const states = new Map(allStates(root).map((state) => [ofState(state.path), state]))
  const parents = new Map(allStates(root).flatMap((state) => state.states.map((child) => [child.path, state] as const)))

  const boxes: string[] = []
  const draw = (node: ElkNode) => {
    const [x, y, width, height] = [round(node.x), round(node.y), round(node.width), round(node.height)]
    const state = states.get(node.id)
    if (state === undefined) boxes.push(`<circle class="start" cx="${x + 5}" cy="${y + 5}" r="5"/>`)
    else {
      const kinds = [
        "state",
        ...(state.states.length > 0 ? ["group"] : []),
        ...(parents.get(state.path)?.kind === "parallel" ? ["region"] : []),
        ...(state.kind === "final" ? ["final"] : [])
      ]
      boxes.push(
        [
          `<g class="${kinds.join(" ")}" data-state="${state.path}">`,
          `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="6"/>`,
          ...(state.description === "" ? [] : [`<title>${escaped(state.description)}</title>`]),
          texts([state.name], x + padding, y + padding + fontSize, "name"),
          texts(linesOf(state, boxWidth), x + padding, y + padding + fontSize + lineHeight, "note"),
          "</g>"
        ]
          .filter((line) => line !== "")
          .join("\n")
      )
    }
    node.children?.forEach(draw)
  }
  laid.children?.forEach(draw)

  const seen = (laid.edges ?? []).filter(({ id }) => !id.startsWith(unseen))
  const arrows = seen.map(({ sections = [] }) => sections.map(arrowOf).join("\n"))
  const labels = seen.flatMap(({ labels = [] }) => labels.map(labelOf))
  const [across, top] = [Math.ceil(laid.width ?? 0), Math.ceil(laid.height ?? 0)]
  const meanings = legendBelow(legend, across, top)
  const below = noteBelow(note, Math.max(across, meanings.width), top + meanings.height)
  const [width, height] = [Math.max(across, meanings.width, below.width), top + meanings.height + below.height]
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Statechart of ${name}">
<style>${style}</style>
<rect class="paper" width="${width}" height="${height}"/>
${[...boxes, ...arrows, ...labels, meanings.text, below.text].filter((part) => part !== "").join("\n")}
</svg>
`
}

const arrowOf = ({ startPoint, bendPoints = [], endPoint }: ElkEdgeSection): string => {
  const points = [startPoint, ...bendPoints, endPoint].map(({ x, y }) => `${round(x)} ${round(y)}`)
  const before = bendPoints.at(-1) ?? startPoint
  const angle = Math.round((Math.atan2(endPoint.y - before.y, endPoint.x - before.x) * 180) / Math.PI)
  return [
    `<path class="arrow" d="M${points.join("L")}"/>`,
    `<path class="tip" d="M0 0L-8 -4L-8 4Z" transform="translate(${round(endPoint.x)} ${round(endPoint.y)}) rotate(${angle})"/>`
  ].join("\n")
}

const labelOf = ({ text = "", x, y, width, height }: ElkLabel): string =>
  [
    `<rect class="behind" x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}"/>`,
    texts(text.split("\n"), (x ?? 0) + 4, (y ?? 0) + fontSize + 1, "label")
  ].join("\n")
