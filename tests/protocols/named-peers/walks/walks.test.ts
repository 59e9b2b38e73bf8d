/**
 * The server walks a model of its contract: what three clients can do, in two spaces, step by step and at random.
 * `WALK_SEED=…` takes the same walk again, `WALK_STEPS=…` takes more steps. A failure tells the last of them.
 */
import { once } from "node:events"
import { expect, it } from "vitest"
import { describeOnPostgres, useDatabase } from "../../../support/databases.ts"
import { randomNumbers } from "../../../support/random.ts"
import { useThroughout } from "../../../support/useThroughout.ts"
import { createPlayer } from "./player.ts"
import { mayRestart, people, rules, type Step, World } from "./world.ts"

const seed = process.env["WALK_SEED"] === undefined ? Date.now() % 2 ** 31 : Number(process.env["WALK_SEED"])
const wanted = Number(process.env["WALK_STEPS"] ?? 1_000)
/** Milliseconds for a step: that to a silent holder takes two seconds. */
const patience = 20_000
/** Steps that a failure tells. */
const told = 40

/** What hardly comes about by chance. */
const rarity: readonly Step[] = [
  ...people.map((who): Step => ({ does: "connect", who, space: "" })),
  { does: "log in", who: "ann", name: "paris", key: "one key" },
  { does: "fall silent", who: "ann" },
  { does: "compete", first: "bob", second: "cid", holder: "ann", name: "paris" },
  { does: "connect", who: "ann", space: "" },
  { does: "connect", who: "cid", space: "" },
  { does: "log in", who: "ann", name: "__proto__", key: undefined },
  { does: "log in", who: "cid", name: "lyon", key: undefined },
  { does: "cut", who: "ann" },
  { does: "connect", who: "ann", space: "" },
  { does: "log in", who: "ann", name: "__proto__", key: "one key" },
  { does: "connect", who: "cid", space: "" },
  { does: "log in", who: "cid", name: "__proto__", key: "another key" },
  { does: "connect", who: "cid", space: "" },
  { does: "log in", who: "cid", name: "__proto__", key: "one key" },
  { does: "fall silent", who: "bob" },
  { does: "connect", who: "ann", space: "" },
  { does: "log in", who: "ann", name: "paris", key: undefined },
  ...(mayRestart ? [{ does: "restart" } as const] : [])
]

const within = async (milliseconds: number, work: Promise<void>): Promise<void> => {
  const late = AbortSignal.timeout(milliseconds)
  await Promise.race([work, once(late, "abort").then(() => Promise.reject(new Error("Nothing came in time")))])
}

describeOnPostgres("the real server", () => {
  const databaseUrl = useDatabase()
  const player = useThroughout(
    () => createPlayer(databaseUrl),
    (player) => player.stop()
  )

  it(`does what the contract says at every step, and every rule of it is followed (seed ${seed})`, async () => {
    const random = randomNumbers(seed)
    const world = new World()
    const taken: Step[] = []
    while (taken.length < wanted) {
      const steps = world.steps(random)
      const step = rarity[taken.length] ?? (steps[Math.floor(random() * steps.length)] as Step)
      taken.push(step)
      try {
        await within(patience, player.play(world, step))
      } catch (cause) {
        const path = taken.slice(-told).map((each) => JSON.stringify(each))
        throw new Error([`WALK_SEED=${seed}, step ${taken.length}:`, ...path].join("\n"), { cause })
      }
    }
    const leftOut = rules.filter((rule) => !world.followed.has(rule))
    expect(leftOut).toEqual(mayRestart ? [] : ["the end of the server closes everybody"])
  }, 600_000)
})
