/** What the README says of the project at a glance, as pictures that are made from what they tell of. */
import { readFileSync } from "node:fs"

const read = (path: string) => JSON.parse(readFileSync(new URL(`../../${path}`, import.meta.url), "utf8"))

/** Walked and all, by machine. */
type Coverage = Readonly<Record<string, { readonly transitions: readonly [number, number] }>>

const characterWidth = 6.6
const padding = 8

/** `says`: of `about`; in quiet colours, which are the reader's own. */
const badge = (about: string, says: string): string => {
  const [left, right] = [about, says].map((text) => Math.ceil(text.length * characterWidth + 2 * padding)) as [
    number,
    number
  ]
  const width = left + right
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="20" viewBox="0 0 ${width} 20" role="img" aria-label="${about}: ${says}">
<style>
  svg { --ink: #1f2328; --paper: #ffffff; --line: #818b98; --told: #8a5a00 }
  @media (prefers-color-scheme: dark) { svg { --ink: #f0f6fc; --paper: #151b23; --line: #656c76; --told: #e8c07d } }
  text { font: 11px system-ui, "DejaVu Sans", sans-serif; fill: var(--ink) }
  .told { fill: var(--told); font-weight: 600 }
  rect { fill: var(--paper); stroke: var(--line) }
</style>
<rect x="0.5" y="0.5" width="${width - 1}" height="19" rx="4"/>
<text x="${padding}" y="14" textLength="${left - 2 * padding}" lengthAdjust="spacingAndGlyphs">${about}</text>
<text class="told" x="${left}" y="14" textLength="${right - 2 * padding}" lengthAdjust="spacingAndGlyphs">${says}</text>
</svg>
`
}

/** By file name, from docs/badges. */
export const makeBadges = (): ReadonlyMap<string, string> => {
  const { license, engines } = read("package.json") as { license: string; engines: { node: string } }
  const coverage = Object.values(read("docs/statecharts/coverage.json") as Coverage)
  const [walked, all] = [0, 1].map((at) =>
    coverage.reduce((sum, { transitions }) => sum + (transitions[at] as number), 0)
  )
  return new Map([
    ["licence.svg", badge("licence", license)],
    ["node.svg", badge("Node", engines.node.replace(">=", "≥ "))],
    ["statecharts.svg", badge("statecharts", `${coverage.length}, ${walked} of ${all} transitions walked`)]
  ])
}
