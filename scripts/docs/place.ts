/** Where a chart is in the code: its files, whatever gives it hands, the laws it is walked by. */
import { readdirSync, readFileSync } from "node:fs"
import { sep } from "node:path"
import { type Drawn, machines } from "./machines.ts"

const root = new URL("../../", import.meta.url)

/** Paths from the root of the repository, sorted. */
const filesIn = (folder: string): readonly string[] =>
  readdirSync(new URL(folder, root), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => `${folder}${name.replaceAll(sep, "/")}`)
    .toSorted()

interface Place {
  readonly chart: string
  /** The chart's other files, in its folder. */
  readonly parts: readonly string[]
  /** Who provides its actions, actors and guards. */
  readonly adapter: string
  readonly subject: string
}

export const placeOf = (name: string): Place => {
  const { protocol } = machines[name] as Drawn
  const isCore = protocol === "core"
  const below = isCore ? "src/machines/" : `src/machines/${protocol}/`
  const chart = one(`a chart ${name} in ${below}`, filesIn(below), (file) => file.endsWith(`/${name}.ts`))
  const folder = chart.slice(0, chart.lastIndexOf("/") + 1)
  const provides = new RegExp(`\\b${name}Machine\\.provide\\(`)
  return {
    chart,
    parts: folder.endsWith(`/${name}/`) ? filesIn(folder).filter((file) => file !== chart) : [],
    adapter: one(`somebody who provides the actions of the chart ${name}`, filesIn("src/io/"), (file) =>
      provides.test(readFileSync(new URL(file, root), "utf8"))
    ),
    subject: `tests/${isCore ? "core" : `protocols/${protocol}`}/machines/subjects/${name}.ts`
  }
}

const one = (what: string, files: readonly string[], isIt: (file: string) => boolean): string => {
  const found = files.filter(isIt)
  if (found.length !== 1)
    throw new Error(`There should be ${what}, and one only: ${found.join(", ") || "there is none"}`)
  return found[0] as string
}
