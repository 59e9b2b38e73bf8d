/** Figures as a table, and as a page. */
import { cpus } from "node:os"
import type { Figure } from "./rounds.ts"

/** A figure as docs/performance.json keeps it: which part of a run it is of, when it was measured and on which cores. */
export interface KeptFigure extends Figure {
  readonly part: string
  /** Such as `2026-11-26, cores 0 / 1`: the load's and the servers'. */
  readonly measured: string
}

const number = (value: number): string => (Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(2))

const signed = (value: number): string => `${value < 0 ? "−" : "+"}${number(Math.abs(value))}`

const withSpread = (value: string, spread: readonly [string, string] | undefined): string =>
  spread === undefined ? value : `${value} (${spread[0]} to ${spread[1]})`

const between = (spread: readonly [number, number] | undefined, write: (value: number) => string) =>
  spread && ([write(spread[0]), write(spread[1])] as const)

const outcomeOf = ({ compared, outcome, spread, unmeasurable }: Figure): string => {
  if (unmeasurable === true) return "not measurable here"
  const write = compared === "difference" ? signed : number
  return withSpread(write(outcome), between(spread, write))
}

const aimOf = ({ compared, aim }: Figure): string =>
  aim === undefined ? "" : `≤ ${compared === "difference" ? signed(aim) : number(aim)}`

const isMet = ({ outcome, aim, unmeasurable }: Figure): string =>
  aim === undefined || unmeasurable === true ? "" : outcome <= aim ? "yes" : "no"

const header = ["figure", "unit", "silktower", "bare", "ratio or difference (spread)", "aim", "met", "measured"]

const rowOf = (figure: Figure & Partial<KeptFigure>): readonly string[] => [
  figure.name,
  figure.unit,
  withSpread(number(figure.silktower), between(figure.sides?.silktower, number)),
  figure.reference === undefined ? "" : withSpread(number(figure.reference), between(figure.sides?.reference, number)),
  outcomeOf(figure),
  aimOf(figure),
  isMet(figure),
  figure.measured ?? ""
]

/** For a terminal. */
export const figureLine = (figure: Figure): string => {
  const [name, unit, silktower, bare, outcome, aim, met] = rowOf(figure)
  const against = bare === "" ? "" : ` against ${bare}`
  const wanted = aim === "" ? "" : `, aim ${aim}${met === "" ? "" : `: ${met}`}`
  return `${name}: ${silktower}${against} ${unit}, ${outcome}${wanted}`
}

/** In Markdown. */
export const table = (figures: readonly KeptFigure[]): string => {
  const rows = [header, ...figures.map(rowOf)]
  const widths = header.map((_, column) => Math.max(...rows.map((row) => (row[column] as string).length)))
  const lines = rows.map((row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] as number)).join(" | ")} |`)
  return [lines[0], `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`, ...lines.slice(1)].join("\n")
}

/** Ratios as bars, their aims as a line; what has no aim has no place there. */
const chart = (figures: readonly Figure[]): string => {
  const ratios = figures.filter(
    ({ compared, aim, unmeasurable }) => compared === "ratio" && aim !== undefined && unmeasurable !== true
  )
  const row = (values: readonly (number | undefined)[]) =>
    `[${values.map((value) => (value ?? 0).toFixed(2)).join(", ")}]`
  return [
    "```mermaid",
    "xychart-beta horizontal",
    '  title "How many times the reference: bars; what is aimed at: line"',
    `  x-axis [${ratios.map(({ name }) => `"${name}"`).join(", ")}]`,
    `  y-axis "times" 0 --> ${Math.ceil(Math.max(...ratios.map(({ outcome }) => outcome)))}`,
    `  bar ${row(ratios.map(({ outcome }) => outcome))}`,
    `  line ${row(ratios.map(({ aim }) => aim))}`,
    "```"
  ].join("\n")
}

/** What was kept, with the parts that have been measured again in place of what they were; in this order of parts. */
export const withNewest = (
  kept: readonly KeptFigure[],
  newest: readonly KeptFigure[],
  parts: readonly string[]
): readonly KeptFigure[] => {
  const again = new Set(newest.map(({ part }) => part))
  return [...kept.filter(({ part }) => !again.has(part)), ...newest].toSorted(
    (one, other) => parts.indexOf(one.part) - parts.indexOf(other.part)
  )
}

const begin = "<!-- figures: npm run bench -- --write -->"
const end = "<!-- end of the figures -->"

/** The page with these figures in the place that is theirs. Throws a RangeError for a page that has no such place. */
export const withFigures = (page: string, figures: readonly KeptFigure[]): string => {
  const from = page.indexOf(begin)
  const to = page.indexOf(end)
  if (from === -1 || to < from) throw new RangeError(`A page without ${begin} and ${end}`)
  const machine = `Last measured on ${cpus().length} × ${cpus()[0]?.model.trim()}, ${process.platform}, Node ${process.versions.node}, PostgreSQL on the same machine.`
  return `${page.slice(0, from)}${begin}\n\n${machine}\n\n${table(figures)}\n\n${chart(figures)}\n\n${page.slice(to)}`
}
