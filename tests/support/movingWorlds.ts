/**
 * Worlds in which nodes come and go, by chance: whoever is found by a name goes on elsewhere while words are under way, and
 * those who belong to it say so there. When everything that was said has arrived, all must be of one mind.
 */
import { expect, it } from "vitest"
import { randomNumbers } from "./random.ts"

const seed = Number(process.env["WALK_SEED"] ?? Date.now() % 2 ** 31)
/** More of them by hand. */
const worlds = Number(process.env["WORLDS"] ?? 200)

/** What the ids of each node's clients begin with. */
export const marks = ["n1", "n2", "n3"] as const

export interface MovingWorld {
  /** What has happened, for whoever wonders. */
  readonly log: readonly string[]
  doSomething(): void
  /** Everything that was said arrives, and nobody waits for anything any more. */
  settle(): void
  /** What everybody believes, and what is so. */
  beliefs(): unknown
  truths(): unknown
  /** What should not be there: people who have gone, or somebody who is not put together yet. */
  remains(): readonly unknown[]
  /** How often each thing is there that must have come about again and again. */
  sights(): Readonly<Record<string, number>>
}

export const believeWhatIsSo = (createWorld: (random: () => number) => MovingWorld): void =>
  it(`believe of each other what is so when all is quiet (seed ${seed})`, () => {
    const random = randomNumbers(seed)
    const seen = new Map<string, number>()
    for (let run = 0; run < worlds; run++) {
      const world = createWorld(random)
      for (let round = 0; round < 4; round++) {
        for (let step = 0; step < 40; step++) world.doSomething()
        world.settle()
        const story = () => world.log.slice(-140).join("\n")
        expect(world.truths(), story()).toEqual(world.beliefs())
        expect(world.remains(), story()).toEqual([])
        for (const [sight, count] of Object.entries(world.sights())) seen.set(sight, (seen.get(sight) ?? 0) + count)
      }
    }
    for (const [sight, count] of seen) expect(count, sight).toBeGreaterThan(worlds / 2)
  })
