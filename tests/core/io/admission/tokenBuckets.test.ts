import { describe, expect, it } from "vitest"
import { createTokenBuckets } from "../../../../src/io/admission/tokenBuckets.ts"

describe("token buckets", () => {
  const make = (burst: number, perSecond: number, keys = 10) => {
    const clock = { ms: 0 }
    return { clock, buckets: createTokenBuckets({ burst, perSecond, keys, now: () => clock.ms }) }
  }

  it("grant a burst, then as many as come back, and say how long to wait", () => {
    const { clock, buckets } = make(3, 2)
    expect([1, 2, 3].map(() => buckets.take("a"))).toEqual([0, 0, 0])
    expect(buckets.take("a")).toBe(500)
    expect(buckets.take("b")).toBe(0)
    clock.ms = 499
    expect(buckets.take("a")).toBeCloseTo(1)
    clock.ms = 500
    expect(buckets.take("a")).toBe(0)
    clock.ms = 1_000_000
    expect([1, 2, 3].map(() => buckets.take("a"))).toEqual([0, 0, 0])
    expect(buckets.take("a")).toBeGreaterThan(0)
  })

  it("take a token back, but no more than there were", () => {
    const { buckets } = make(2, 0.001)
    buckets.give("a")
    buckets.take("a")
    buckets.give("a")
    buckets.give("a")
    expect([buckets.take("a"), buckets.take("a")]).toEqual([0, 0])
    expect(buckets.take("a")).toBeGreaterThan(0)
  })

  it("remember no more keys than they may, and forget who has all tokens again", () => {
    const { clock, buckets } = make(2, 1, 100)
    for (let at = 0; at < 10_000; at++) buckets.take(`key ${at}`)
    expect(buckets.size).toBeLessThanOrEqual(100)
    clock.ms = 60_000
    for (let at = 0; at < 100; at++) {
      clock.ms += 1_000
      buckets.take("one")
    }
    expect(buckets.size).toBe(1)
  })

  it("of zero never refuse and remember nobody", () => {
    const { buckets } = make(0, 0)
    for (let at = 0; at < 1000; at++) expect(buckets.take("a")).toBe(0)
    expect(buckets.size).toBe(0)
  })
})
