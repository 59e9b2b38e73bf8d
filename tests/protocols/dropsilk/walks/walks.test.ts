/**
 * The server walks the paths of a model: what one, two and three people can do. A failure prints the shortest walk that
 * fails; `WALK_SEED=… npm run walks` takes the same walks again, `WALK_STEPS=…` takes more.
 */
import { isDeepStrictEqual } from "node:util"
import { expect, it } from "vitest"
import { createActor } from "xstate"
import { describeOnPostgres, useDatabase } from "../../../support/databases.ts"
import { randomNumbers } from "../../../support/random.ts"
import { isOfSeveral } from "../../../support/server.ts"
import { useThroughout } from "../../../support/useThroughout.ts"
import { edgeWalks, randomWalk, shorten, type Taken, type Walk, withinBudget } from "./paths.ts"
import { createPlayer, TooSlow, WalkFailed } from "./player.ts"
import { rareWalks } from "./rareWalks.ts"
import { rules } from "./rules.ts"
import { people, places, type Step, stepsOf } from "./world.ts"
import { worldMachine } from "./worldMachine.ts"

const seed = process.env["WALK_SEED"] === undefined ? Date.now() % 2 ** 31 : Number(process.env["WALK_SEED"])
const wanted = Number(process.env["WALK_STEPS"] ?? (isOfSeveral ? 500 : 2_000))
/** Chance leaves out what few steps would be. */
const atMost = Math.max(2 * wanted, 3_000)
/** Servers that are one take seconds to begin anew, all of them: they do so in rare walks only. */
const restart: readonly Step[] = isOfSeveral ? [] : [{ does: "restart" }]
/** Each person comes everywhere from everywhere, but from outside only into the lobby. */
const possibleMoves = people.flatMap((who) =>
  places.flatMap((from) =>
    places.filter((to) => to !== from && (from !== "away" || to === "lobby")).map((to) => `${who}: ${from} → ${to}`)
  )
)
/** Milliseconds for the search for a shorter walk. */
const shortening = 60_000
/** Milliseconds in which something must come while a shorter walk is searched: many that fail wait in vain. */
const haste = 500

describeOnPostgres("the real server", () => {
  const databaseUrl = useDatabase()
  const player = useThroughout(
    () => createPlayer(databaseUrl),
    (player) => player.stop()
  )

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

  /** Rules of the contract that have not been followed, and moves that nobody has made. */
  const leftOut = (): readonly string[] => [
    ...rules.filter((rule) => !player.followed.has(rule)),
    ...possibleMoves.filter((move) => !moves.has(move))
  ]

  const failureOf = async (walk: Walk, patience?: number, attempts = 5): Promise<WalkFailed | null> => {
    try {
      await player.play(walk, patience)
      return null
    } catch (error) {
      if (error instanceof WalkFailed) return error
      if (error instanceof TooSlow && attempts > 1) return failureOf(walk, patience, attempts - 1)
      throw error
    }
  }

  const playAll = async (walks: readonly Walk[]) => {
    for (const walk of walks.map(withinBudget)) {
      follow(walk)
      const failure = await failureOf(walk)
      if (failure === null) continue
      const fails = async (shorter: Walk) => (await failureOf(shorter, haste)) !== null
      const shortest = await shorten(failure.taken, fails, performance.now() + shortening)
      // What fails in haste only is not told.
      const told = (await failureOf(shortest)) ?? failure
      told.message += `\nThe same walks again: WALK_SEED=${seed} WALK_STEPS=${wanted} npm run walks${isOfSeveral ? " -- --project several" : ""}`
      throw told
    }
  }

  const two = stepsOf(["ann", "bob"])
  const among = (...names: readonly Step["does"][]) => two.filter(({ does }) => names.includes(does))
  const withFlights = among("connect", "leave", "reload", "create flight", "join flight", "invite", "signal")
  // Ann's room is like Bob's, and screen sharing is like chat; signals are with flights. Who goes is back at once, as
  // where everybody may be away there are three times as many situations: those are left to chance.
  const withRooms = among("connect", "reload", "replace", "blip", "create room", "join room", "poll", "attach")
    .filter((step) => !(step.does === "create room" && step.who === "bob"))
    .filter((step) => !(step.does === "attach" && step.channel === "screen-share"))

  it.each([
    ["of one person", [...stepsOf(["ann"]), ...restart]],
    ["of two with flights", withFlights],
    ["of two with a room", [...withRooms, ...restart]]
  ])("takes every edge of the model %s as the model says", async (_, steps) => playAll(edgeWalks(steps, 40)), 300_000)

  it.each(Object.entries(rareWalks))("says as the model when %s", (_, walk) => playAll([walk]))

  it(
    `takes ${wanted} steps with two and three people as the model says (seed ${seed})`,
    async () => {
      const random = randomNumbers(seed)
      const rare: readonly Step[] = [...restart, ...people.map((who): Step => ({ does: "fall silent", who }))]
      const taken: Taken = new Map()
      let steps = 0
      // A few more where chance has left something out.
      while (steps < wanted || (leftOut().length > 0 && steps < atMost)) {
        const cast = random() < 0.3 ? (["ann", "bob"] as const) : people
        const walk = randomWalk(random, cast, 40, rare, taken)
        await playAll([walk])
        steps += walk.length
      }
      expect(leftOut()).toEqual([])
    },
    60_000 + atMost * 60 + shortening
  )
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
