import { describe, expect, it } from "vitest"
import { createUnhurried } from "../../src/io/unhurried.ts"

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve))
const beBusy = (milliseconds: number) => {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
}

describe("work that may wait", () => {
  it("is done at once while little is going on", () => {
    const done: number[] = []
    const unhurried = createUnhurried(1_000)
    for (const number of [1, 2, 3]) unhurried(() => done.push(number))
    expect(done).toEqual([1, 2, 3])
  })

  it("waits for later turns once a turn has been busy, and keeps its order", async () => {
    const done: number[] = []
    const unhurried = createUnhurried(2)
    unhurried(() => {
      done.push(0)
      beBusy(5)
    })
    // Each takes longer than a turn has for them.
    for (const number of [1, 2, 3]) {
      unhurried(() => {
        done.push(number)
        beBusy(5)
      })
    }
    expect(done).toEqual([0])
    const seen: number[][] = []
    while (done.length < 4) {
      await nextTurn()
      // Behind what waits already, however quiet this turn is.
      if (seen.length === 0) unhurried(() => done.push(4))
      seen.push([...done])
    }
    await nextTurn()
    expect(seen).toEqual([
      [0, 1],
      [0, 1, 2],
      [0, 1, 2, 3]
    ])
    while (done.length < 5) await nextTurn()
    expect(done).toEqual([0, 1, 2, 3, 4])
    unhurried(() => done.push(5))
    expect(done).toEqual([0, 1, 2, 3, 4, 5])
  })
})
