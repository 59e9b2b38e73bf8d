/** Where a chart is in the code: its files, whatever gives it hands, the laws it is walked by. */
import { readdirSync, readFileSync } from "node:fs"
import { type Drawn, machines } from "./machines.ts"

const root = new URL("../../", import.meta.url)

/** Paths from the root of the repository, sorted. */
const filesIn = (folder: string, deep = false): readonly string[] =>
  readdirSync(new URL(folder, root), { recursive: deep, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => `${folder}${name}`)
    .sort()

interface Place {
  readonly chart: string
  /** The chart's other files: `roomStorage.ts` of `room.ts`. */
  readonly parts: readonly string[]
  /** Who provides its actions, actors and guards. */
  readonly adapter: string
  readonly subject: string
}

export const placeOf = (name: string): Place => {
  const { protocol } = machines[name] as Drawn
  const isCore = protocol === "core"
  const folder = isCore ? "src/machines/" : `src/machines/${protocol}/`
  const provides = new RegExp(`\\b${name}Machine\\.provide\\(`)
  const [adapter] = filesIn("src/io/", true).filter((file) => provides.test(readFileSync(new URL(file, root), "utf8")))
  if (adapter === undefined) throw new Error(`Nobody in src/io provides the actions of the chart ${name}`)
  return {
    chart: `${folder}${name}.ts`,
    parts: filesIn(folder).filter((file) => new RegExp(`^${folder}${name}[A-Z]`).test(file)),
    adapter,
    subject: `tests/${isCore ? "core" : `protocols/${protocol}`}/machines/subjects/${name}.ts`
  }
}
