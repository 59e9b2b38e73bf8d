// npm run docs: walks the charts and draws them, into docs/statecharts. With --check it writes nothing and names what is stale.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { commandLineOf, switchFlag } from "../src/config/commandLine.ts"
import { subjects } from "../tests/walking/subjects.ts"
import { coverageOf, walk } from "../tests/walking/walk.ts"
import { makeBadges } from "./docs/badges.ts"
import { makePages } from "./docs/pages.ts"

const { check: onlyChecks } = await commandLineOf({
  command: "npm run docs --",
  purpose: "Walks the statecharts and draws them, into docs/statecharts, and the README's badges, into docs/badges.",
  flags: { check: switchFlag("Writes nothing, names what is stale, and ends with 1 if anything is") }
})
const folder = new URL("../docs/statecharts/", import.meta.url)
const coverageFile = new URL("coverage.json", folder)

const read = (name: string): string | undefined => {
  try {
    return readFileSync(new URL(name, folder), "utf8")
  } catch {
    return undefined
  }
}

mkdirSync(folder, { recursive: true })
if (!onlyChecks) {
  const coverage = subjects.map((subject) => {
    const report = walk(subject, { seed: 1, randomWalks: 10, randomLength: 60 })
    console.log(`${subject.name}: ${report.paths} paths, ${report.steps} steps`)
    return [subject.name, coverageOf(report)]
  })
  writeFileSync(coverageFile, `${JSON.stringify(Object.fromEntries(coverage), null, 2)}\n`)
}
const known = read("coverage.json")
const badges = [...makeBadges()].map(([name, text]) => [`../badges/${name}`, text] as const)
const pages = new Map([...(await makePages(known === undefined ? undefined : JSON.parse(known))), ...badges])
const stale = [...pages].filter(([name, text]) => read(name) !== text).map(([name]) => name)
/** What no chart has any more. */
const nobodys = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
  (name) => /\.(md|svg)$/.test(name) && !pages.has(name)
)
if (onlyChecks) {
  stale.push(...nobodys)
  if (stale.length > 0) console.error(`Stale: ${stale.join(", ")}. Make them anew with: npm run docs`)
  process.exit(stale.length > 0 ? 1 : 0)
}
for (const name of stale) {
  const file = new URL(name, folder)
  mkdirSync(new URL(".", file), { recursive: true })
  writeFileSync(file, pages.get(name) as string)
}
for (const name of nobodys) rmSync(new URL(name, folder))
console.log(stale.length === 0 ? "All pages are as they should be." : `Written: ${stale.join(", ")}`)
