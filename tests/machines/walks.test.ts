/**
 * Every statechart is walked: a path for each edge of its adjacency map and random walks for depth (`WALK_SEED=…`
 * repeats them). A step that breaks a law, or a part of a chart that no path has walked, fails and is named.
 */
import { describe, expect, it } from "vitest"
import { subjects } from "./subjects/index.ts"
import { walk } from "./walking/walk.ts"

const seed = Number(process.env["WALK_SEED"] ?? Date.now() % 2 ** 31)

describe.each(subjects)("the $name chart", (subject) => {
  it(`keeps its laws along every path, and no part of it is left out (seed ${seed})`, () => {
    const { coverage, untried, ...size } = walk(subject, { seed, randomWalks: 50, randomLength: 60 })
    const missing = [coverage.states, coverage.transitions, coverage.guards].flatMap(({ missing }) => missing)
    expect({ missing, untried }).toEqual({ missing: [], untried: [] })
    expect(size.steps).toBeGreaterThan(1_000)
  }, 60_000)
})
