/** Walks through the world: along every edge of its adjacency map for one and for two people, at random for three. */
import { getAdjacencyMap } from "@xstate/graph"
import { inWords, partnerOf, people, startingWorld, stepsOf, take, type Person, type Step, type World } from "./world.ts"
import { worldMachine, type WorldEvent } from "./worldMachine.ts"

/** A walk begins with nobody there. */
export type Walk = readonly Step[]

/** What two situations must have in common to be one: enough for every edge, few enough to walk them all. */
const situation = ({ connected, seats, rooms, tickets }: World): string =>
  JSON.stringify([
    [...connected].sort(),
    seats,
    Object.entries(rooms).map(([room, inside]) => [room, inside.map(({ who }) => who)]),
    tickets
  ])

/** Walks of at most `longest` steps that together take every edge, each begun where an edge has not been taken yet. */
export const edgeWalks = (cast: readonly Person[], longest: number, except: readonly Step["does"][]): readonly Walk[] => {
  const events = stepsOf(cast)
    .filter(({ does }) => !except.includes(does))
    .map((step): WorldEvent => ({ type: "step", step }))
  const adjacency = getAdjacencyMap(worldMachine as never, {
    events: (snapshot: any) => events.filter((event) => take(snapshot.context, event.step) !== null),
    serializeState: (snapshot: any) => situation(snapshot.context),
    serializeEvent: (event: any) => inWords(event.step),
    limit: 100_000
  } as never) as unknown as Record<string, { transitions: Record<string, { event: WorldEvent; state: { context: World } }> }>

  const open = new Map(Object.entries(adjacency).map(([key, { transitions }]) => [key, new Set(Object.keys(transitions))]))
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

const pairs = (world: World): number => people.filter((who) => partnerOf(world, who) !== null).length

/**
 * One walk of so many steps, by chance. What brings two together is preferred, then what moves anybody: by mere chance
 * people hardly ever meet. `rare` steps come once in fifty.
 */
export const randomWalk = (random: () => number, cast: readonly Person[], length: number, rare: readonly Step[]): Walk => {
  const steps = stepsOf(cast)
  const walk: Step[] = []
  let world = startingWorld
  while (walk.length < length) {
    const taste = random()
    const possible = (random() < 0.02 ? rare : steps).flatMap((step) => {
      const outcome = take(world, step)
      return outcome === null ? [] : [{ step, next: outcome.world }]
    })
    const meeting = possible.filter(({ next }) => pairs(next) > pairs(world))
    const moving = possible.filter(({ next }) => situation(next) !== situation(world))
    const among = taste < 0.35 && meeting.length > 0 ? meeting : taste < 0.6 && moving.length > 0 ? moving : possible
    const chosen = among[Math.floor(random() * among.length)]
    if (chosen === undefined) continue
    const { step } = chosen
    walk.push(step)
    world = take(world, step)!.world
  }
  return walk
}

/** The walk without steps that it could not take. */
export const possibleOf = (steps: readonly Step[]): Walk => {
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
