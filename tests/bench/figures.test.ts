import { describe, expect, it } from "vitest"
import { figureLine, type KeptFigure, table, withNewest } from "../../bench/report.ts"
import { compareMedians, overRuns, type Round } from "../../bench/rounds.ts"

const roundsOf = (...values: readonly (readonly [silktower: number, reference: number])[]): readonly Round[] =>
  values.map(([silktower, reference]) => ({ silktower, reference }))

const steady = roundsOf([2, 1], [2.2, 1.1], [30, 1], [2.1, 1], [2, 1], [2.2, 1])
const disturbed = roundsOf([2, 1], [2, 1], [2, 1], [4, 1], [4, 1], [4, 1])

describe("a figure that varies much from round to round", () => {
  it("is the ratio of medians, so that one bad round changes nothing, with the spread of both sides", () => {
    const figure = compareMedians("latency", "ms", 2.5, steady)
    expect(figure.unmeasurable).toBe(false)
    expect(figureLine(figure)).toBe(
      "latency: 2.15 (2.02 to 2.20) against 1.00 (1.00 to 1.00) ms, 2.15, aim ≤ 2.50: yes"
    )
  })

  it("is none when the halves of the run disagree by more than half", () => {
    const figure = compareMedians("latency", "ms", 2.5, disturbed)
    expect(figureLine(figure)).toContain("not measurable here, aim ≤ 2.50")
    expect(table([{ ...figure, part: "latency", measured: "today" }])).toMatch(
      /not measurable here +\| ≤ 2\.50 \| +\| today/
    )
  })

  it("is taken from the runs that could be measured", () => {
    const measured = compareMedians("latency", "ms", 2.5, steady)
    const not = compareMedians("latency", "ms", 2.5, disturbed)
    expect(overRuns([not, measured, not])).toEqual(measured)
    expect(overRuns([not, not, not]).unmeasurable).toBe(true)
  })
})

describe("the page", () => {
  it("keeps the figures of parts that were not measured again, in the order of the parts", () => {
    const figure = (part: string, name: string, measured: string): KeptFigure => ({
      ...compareMedians(name, "ms", 1, steady),
      part,
      measured
    })
    const kept = [
      figure("relay", "relay", "first"),
      figure("crowd", "old crowd", "first"),
      figure("start", "start", "first")
    ]
    const all = withNewest(kept, [figure("crowd", "new crowd", "second")], ["relay", "crowd", "start"])
    expect(all.map(({ name, measured }) => `${name} ${measured}`)).toEqual([
      "relay first",
      "new crowd second",
      "start first"
    ])
  })
})
