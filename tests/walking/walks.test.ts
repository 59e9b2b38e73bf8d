/**
 * Every statechart is walked: a path for each edge of its adjacency map and random walks for depth (`WALK_SEED=…`
 * repeats them). A step that breaks a law, or a part of a chart that no path has walked, fails and is named.
 */
import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { subjects } from "./subjects.ts"
import { coverageOf, walk } from "./walk.ts"

const seed = Number(process.env["WALK_SEED"] ?? Date.now() % 2 ** 31)
const published = JSON.parse(readFileSync(new URL("../../docs/statecharts/coverage.json", import.meta.url), "utf8"))

describe.each(subjects)("the $name chart", (subject) => {
  it(`keeps its laws along every path, and no part of it is left out (seed ${seed})`, () => {
    const report = walk(subject, { seed, randomWalks: 75, randomLength: 60 })
    const { coverage, untried, steps } = report
    const missing = [coverage.states, coverage.transitions, coverage.guards].flatMap(({ missing }) => missing)
    expect({ missing, untried }).toEqual({ missing: [], untried: [] })
    expect(steps).toBeGreaterThan(coverage.transitions.all)
    // What the pages say; npm run docs writes it.
    expect(published[subject.name]).toEqual(coverageOf(report))
  }, 120_000)
})
