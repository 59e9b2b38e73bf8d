/**
 * The directory of several servers that are one: routers, shards, registries, supervisors, charts and links as they are, in one
 * process, by random schedules. When it is quiet, what each client was told is what the owner of its flight knows.
 */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { randomNumbers } from "../../../../support/random.ts"
import { createWorld } from "./world.ts"

const seed = Number(process.env["WALK_SEED"] ?? Date.now() % 2 ** 31)
/** More of them by hand. */
const worlds = Number(process.env["WORLDS"] ?? 8)

describe("the directory of three nodes", () => {
  beforeEach(
    () =>
      void vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "setTimeout", "clearTimeout", "performance"] })
  )
  afterEach(() => void vi.useRealTimers())

  it(`agrees with every client when it is quiet (seed ${seed})`, async () => {
    const random = randomNumbers(seed)
    let together = 0
    for (let run = 0; run < worlds; run++) {
      const world = await createWorld(random)
      for (let round = 0; round < 5; round++) {
        for (let step = 0; step < 120; step++) await world.doSomething()
        await world.settle()
        const story = () => world.log.slice(-100).join("\n")
        const beliefs = world.beliefs()
        expect(world.truths(), story()).toEqual(beliefs)
        expect(world.misplaced(), story()).toEqual([])
        expect([...world.seated()].sort(), story()).toEqual(
          beliefs.flatMap(({ id, flight }) => (flight === null ? [] : [id])).sort()
        )
        expect([...world.listed()].sort(), story()).toEqual(beliefs.map(({ id }) => id).sort())
        const heard = await world.callAround()
        const pairs = beliefs.flatMap(({ id, peer }) => (peer === null ? [] : [[peer, id]]))
        expect([...heard].sort(), story()).toEqual(pairs.sort())
        together += pairs.length
      }
      world.end()
      vi.clearAllTimers()
    }
    expect(together).toBeGreaterThan(5)
  })
})
