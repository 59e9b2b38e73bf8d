import { describe, expect, it } from "vitest"
import { createRush } from "../../../src/io/sockets/rush.ts"

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve))
const beBusy = (milliseconds: number) => {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
}
/** However slow the machine, two arrivals are close. */
const options = { gapMs: 60_000, sliceMs: 60_000, patienceMs: 60_000 }

describe("what can wait", () => {
  it("is done at once as long as nobody comes, or one alone", () => {
    const done: number[] = []
    const { arrival, whenCalm } = createRush(options)
    whenCalm(() => done.push(1))
    arrival()
    whenCalm(() => done.push(2))
    expect(done).toEqual([1, 2])
  })

  it("waits while many come, and is done in order when nobody comes any more", async () => {
    const done: number[] = []
    const { arrival, whenCalm } = createRush(options)
    for (let turn = 0; turn < 5; turn++) {
      arrival()
      arrival()
      whenCalm(() => done.push(turn))
      await nextTurn()
      expect(done).toEqual([])
    }
    while (done.length < 5) await nextTurn()
    expect(done).toEqual([0, 1, 2, 3, 4])
    expect(arrival()).toBeUndefined()
  })

  it("is done bit by bit, behind what waits already", async () => {
    const done: number[] = []
    const { arrival, whenCalm } = createRush({ ...options, sliceMs: 1 })
    arrival()
    arrival()
    const work = (number: number) => () => {
      done.push(number)
      // Longer than one turn has for all.
      beBusy(3)
    }
    for (const number of [1, 2, 3]) whenCalm(work(number))
    while (done.length < 1) await nextTurn()
    expect(done).toEqual([1])
    whenCalm(work(4))
    while (done.length < 4) await nextTurn()
    expect(done).toEqual([1, 2, 3, 4])
  })

  it("does not wait for ever for a rush to end", async () => {
    const { arrival, whenCalm } = createRush({ ...options, patienceMs: 20 })
    let isDone = false
    arrival()
    arrival()
    whenCalm(() => {
      isDone = true
    })
    while (!isDone) {
      arrival()
      await nextTurn()
    }
    expect(isDone).toBe(true)
  })
})
