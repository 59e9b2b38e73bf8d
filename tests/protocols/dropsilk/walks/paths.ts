/** Walks through the world: along every edge of its adjacency map for one and for two people, by chance for three. */
import { getAdjacencyMap } from "@xstate/graph"
import { dropSilkLimits } from "../../../../src/io/dropsilk/limits.ts"
import {
  inWords,
  isShownRight,
  nameOnVisit,
  type Outcome,
  type Person,
  partnerOf,
  people,
  placeOf,
  type Step,
  startingWorld,
  stepsOf,
  take,
  type World
} from "./world.ts"
import { type WorldEvent, worldMachine } from "./worldMachine.ts"

/** A walk begins with nobody there. */
export type Walk = readonly Step[]

/** What two situations must have in common to be one: enough for every edge, few enough to walk them all. */
const situation = (world: World): string =>
  JSON.stringify([
    [...world.connected].sort(),
    world.seats,
    Object.entries(world.rooms).map(([room, inside]) => [room, inside.map(({ who, name }) => [who, name])]),
    Object.entries(world.left).map(([room, left]) => [
      room,
      left.flatMap(({ who, name }) => (who === null ? [] : [`${who}, ${name}`])).sort()
    ]),
    world.tickets,
    // What they are called, where that counts.
    people.map((who) => [world.names[who] === nameOnVisit(who), isShownRight(world, who)])
  ])

/** After these somebody has another connection, or none. */
const reconnects: ReadonlySet<Step["does"]> = new Set([
  "connect",
  "leave",
  "kill",
  "reload",
  "replace",
  "blip",
  "break off",
  "restart"
])

/** Without invitations that come too often: no more than one connection may send to another at once. They change nothing. */
export const withinBudget = (walk: Walk): Walk => {
  const sent = new Map<string, number>()
  return walk.filter((step) => {
    if (step.does === "invite") {
      const pair = `${step.who} ${step.of}`
      const count = (sent.get(pair) ?? 0) + 1
      sent.set(pair, count)
      return count <= dropSilkLimits.invitations.ofPair.atOnce
    }
    if (reconnects.has(step.does)) {
      for (const pair of sent.keys()) if (!("who" in step) || pair.split(" ").includes(step.who)) sent.delete(pair)
    }
    return true
  })
}

interface Edge {
  readonly event: WorldEvent
  readonly state: { readonly context: World }
}

/** Walks of some `longest` steps that together take every edge that these steps make. */
export const edgeWalks = (steps: readonly Step[], longest: number): readonly Walk[] => {
  const events = steps.map((step): WorldEvent => ({ type: "step", step }))
  const adjacency = getAdjacencyMap(
    worldMachine as never,
    {
      events: (snapshot: any) => events.filter((event) => take(snapshot.context, event.step) !== null),
      serializeState: (snapshot: any) => situation(snapshot.context),
      serializeEvent: (event: any) => inWords(event.step),
      limit: 100_000
    } as never
  ) as unknown as Readonly<Record<string, { readonly transitions: Readonly<Record<string, Edge>> }>>

  const open = new Map(
    Object.entries(adjacency).map(([key, { transitions }]) => [key, new Set(Object.keys(transitions))])
  )
  const walks: Step[][] = []
  let walk: Step[] = []
  let at = situation(startingWorld)

  /** The shortest way from here to an edge that has not been taken, that edge included. */
  const wayOn = (): readonly string[] | null => {
    const queue: { readonly key: string; readonly way: readonly string[] }[] = [{ key: at, way: [] }]
    const seen = new Set([at])
    for (const { key, way } of queue) {
      const [edge] = open.get(key) ?? []
      if (edge !== undefined) return [...way, edge]
      for (const [name, { state }] of Object.entries(adjacency[key]!.transitions)) {
        const next = situation(state.context)
        if (seen.has(next)) continue
        seen.add(next)
        queue.push({ key: next, way: [...way, name] })
      }
    }
    return null
  }
  const begin = () => {
    if (walk.length > 0) walks.push(walk)
    walk = []
    at = situation(startingWorld)
  }
  for (;;) {
    if (walk.length >= longest) begin()
    const way = wayOn()
    if (way === null && walk.length === 0) return walks
    if (way === null) {
      begin()
      continue
    }
    for (const name of way) {
      const { event, state } = adjacency[at]!.transitions[name]!
      open.get(at)?.delete(name)
      walk.push(event.step)
      at = situation(state.context)
    }
  }
}

/** The shortest way from a world to one where these two are together, by such steps; null: there is none. */
const meetingOf = (start: World, [one, other]: readonly [Person, Person], steps: readonly Step[]): Walk | null => {
  const queue: { readonly world: World; readonly way: Walk }[] = [{ world: start, way: [] }]
  const seen = new Set([situation(start)])
  for (const { world, way } of queue) {
    if (partnerOf(world, one) === other) return way
    for (const step of steps) {
      const next = take(world, step)?.world
      if (next === undefined || seen.has(situation(next))) continue
      seen.add(situation(next))
      queue.push({ world: next, way: [...way, step] })
    }
  }
  return null
}

/** How often each rule has been followed, and each rule by each person from each place to each other. */
export type Taken = Map<string, number>

/** What a step counts as: the rules it follows, and what tells it from others that follow the same. */
const countedAs = (world: World, step: Step, { world: next, rules }: Outcome) => ({
  rules,
  kind:
    "who" in step
      ? [step.who, step.does, placeOf(world, step.who), placeOf(next, step.who), ...rules].join()
      : step.does
})

/**
 * One walk of about so many steps, by chance. Preferred is what has been taken least often, as counted in `taken`
 * (which this adds to). Now and then two go and meet, as by mere chance they hardly ever do. `rare` steps come once in
 * a hundred.
 */
export const randomWalk = (
  random: () => number,
  cast: readonly Person[],
  length: number,
  rare: readonly Step[],
  taken: Taken = new Map()
): Walk => {
  const steps = stepsOf(cast)
  const oneOf = <A>(list: readonly A[]): A => list[Math.floor(random() * list.length)] as A
  const timesOf = (name: string): number => taken.get(name) ?? 0
  const walk: Step[] = []
  let world = startingWorld
  const go = (step: Step) => {
    const outcome = take(world, step) as Outcome
    const { rules, kind } = countedAs(world, step, outcome)
    for (const name of [...rules, kind]) taken.set(name, timesOf(name) + 1)
    walk.push(step)
    world = outcome.world
  }
  const meet = () => {
    const one = oneOf(cast)
    const other = oneOf(cast.filter((who) => who !== one))
    const channel = oneOf(["transfer", "chat", "screen-share"] as const)
    const ways = oneOf<readonly Step["does"][]>([
      ["connect", "reload", "create flight", "join flight"],
      ["connect", "create room", "join room", "attach"]
    ])
    const theirs = stepsOf([one, other]).filter(
      (step) => ways.includes(step.does) && (!("channel" in step) || step.channel === channel)
    )
    meetingOf(world, [one, other], theirs)?.forEach(go)
  }
  const goBy = (timesFrom: (names: ReturnType<typeof countedAs>) => number, among: readonly Step[]) => {
    const possible = among.flatMap((step) => {
      const outcome = take(world, step)
      return outcome === null ? [] : [{ step, times: timesFrom(countedAs(world, step, outcome)) }]
    })
    const fewest = Math.min(...possible.map(({ times }) => times))
    const chosen = oneOf(possible.filter(({ times }) => times === fewest))
    if (chosen !== undefined) go(chosen.step)
  }
  while (walk.length < length) {
    const taste = random()
    if (taste < 0.01) goBy(({ kind }) => timesOf(kind), rare)
    else if (taste < 0.1) meet()
    else if (taste < 0.5) goBy(({ rules }) => Math.min(...rules.map(timesOf)), steps)
    else if (taste < 0.8) goBy(({ kind }) => timesOf(kind), steps)
    else goBy(() => 0, steps)
  }
  return walk
}

/** The walk without steps that it could not take. */
const possibleOf = (steps: readonly Step[]): Walk => {
  let world = startingWorld
  return steps.filter((step) => {
    const outcome = take(world, step)
    if (outcome !== null) world = outcome.world
    return outcome !== null
  })
}

/** A shorter walk that still fails: leaves out what is not needed, in ever smaller pieces, until the time is up. */
export const shorten = async (walk: Walk, fails: (walk: Walk) => Promise<boolean>, until: number): Promise<Walk> => {
  let shortest = walk
  for (let piece = Math.ceil(walk.length / 2); piece >= 1; piece = piece === 1 ? 0 : Math.ceil(piece / 2)) {
    for (let from = 0; from < shortest.length && performance.now() < until; ) {
      const shorter = possibleOf([...shortest.slice(0, from), ...shortest.slice(from + piece)])
      if (shorter.length < shortest.length && (await fails(shorter))) shortest = shorter
      else from += piece
    }
  }
  return shortest
}
