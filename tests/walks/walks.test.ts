/**
 * The server walks the paths of a model: what one, two and three people can do. A failure prints the shortest walk that
 * fails; `WALK_SEED=… npm run walks` takes the same walks again, `WALK_STEPS=…` takes more.
 */
import { isDeepStrictEqual } from "node:util"
import { createActor } from "xstate"
import { afterAll, beforeAll, expect, it } from "vitest"
import { migrate } from "../../src/io/migrations.ts"
import { createPostgresDatabase, describeOnPostgres, withClient } from "../support/databases.ts"
import { randomNumbers } from "../support/random.ts"
import { edgeWalks, randomWalk, shorten, type Walk } from "./paths.ts"
import { createPlayer, WalkFailed } from "./player.ts"
import { people, type Step } from "./world.ts"
import { worldMachine } from "./worldMachine.ts"

const seed = process.env["WALK_SEED"] === undefined ? Date.now() % 2 ** 31 : Number(process.env["WALK_SEED"])
const wanted = Number(process.env["WALK_STEPS"] ?? 2_000)
/** ms for the search for a shorter walk. */
const shortening = 60_000

describeOnPostgres("the real server", () => {
  let database: Awaited<ReturnType<typeof createPostgresDatabase>>
  let player: Awaited<ReturnType<typeof createPlayer>>
  beforeAll(async () => {
    database = await createPostgresDatabase()
    await withClient(database.url, migrate)
    player = await createPlayer({ DATABASE_URL: database.url, WS_HEALTH_CHECK_INTERVAL_MS: "1500" })
  })
  afterAll(async () => {
    await player.stop()
    await database.remove()
  })

  /** Which places of the model's people have been entered from which. */
  const moves = new Set<string>()
  const follow = (walk: Walk) => {
    const model = createActor(worldMachine).start()
    let before = model.getSnapshot().value as Record<string, string>
    for (const step of walk) {
      model.send({ type: "step", step })
      const after = model.getSnapshot().value as Record<string, string>
      for (const who of people) if (before[who] !== after[who]) moves.add(`${who}: ${before[who]} → ${after[who]}`)
      before = after
    }
  }

  const playAll = async (walks: readonly Walk[]) => {
    for (const walk of walks) {
      follow(walk)
      try {
        await player.play(walk)
      } catch (error) {
        if (!(error instanceof WalkFailed)) throw error
        let failure = error
        const fails = async (shorter: Walk) => {
          try {
            await player.play(shorter)
            return false
          } catch (error) {
            failure = error as WalkFailed
            return true
          }
        }
        await shorten(walk, fails, performance.now() + shortening)
        throw failure
      }
    }
  }

  const aboutRooms = ["create room", "join room", "attach", "ready", "chat", "share", "replace"] as const

  it("takes every edge of the model of one person, and of two with flights, as the model says", async () => {
    await playAll(edgeWalks(["ann"], 40, []))
    await playAll(edgeWalks(["ann", "bob"], 40, [...aboutRooms, "kill", "register"]))
  }, 120_000)

  it(`takes ${wanted} steps with two and three people as the model says (seed ${seed})`, async () => {
    const random = randomNumbers(seed)
    const rare: readonly Step[] = [{ does: "restart" }, ...people.map((who): Step => ({ does: "fall silent", who }))]
    while (player.steps() < wanted) {
      const cast = random() < 0.3 ? (["ann", "bob"] as const) : people
      await playAll([randomWalk(random, cast, 40, rare)])
    }
    expect(player.steps()).toBeGreaterThanOrEqual(wanted)
    // Each person has been everywhere, from everywhere.
    const places = ["away", "lobby", "alone", "paired"]
    const possible = people.flatMap((who) =>
      places.flatMap((from) => places.filter((to) => to !== from && `${from}${to}` !== "awayalone" && `${from}${to}` !== "awaypaired").map((to) => `${who}: ${from} → ${to}`))
    )
    expect(possible.filter((move) => !moves.has(move))).toEqual([])
  }, 60_000 + wanted * 60 + shortening)
})

it("a walk that fails is told in as few steps as fail", async () => {
  const needed: readonly Step[] = [
    { does: "connect", who: "bob" },
    { does: "create flight", who: "bob" }
  ]
  const walk = [...randomWalk(randomNumbers(1), ["ann", "cid"], 200, []), ...needed]
  const fails = async (shorter: Walk) => needed.every((step) => shorter.some((taken) => isDeepStrictEqual(taken, step)))
  expect(await fails(walk)).toBe(true)
  expect(await shorten(walk, fails, performance.now() + 10_000)).toEqual(needed)
})
