/**
 * Walks a machine: along every edge of its adjacency map, then at random for depth. Every step is taken by a running
 * actor, and every law that speaks of it must hold. What the machine knows then can be written down and read again; at
 * random it is at every step, and goes on from there.
 */
import { getAdjacencyMap } from "@xstate/graph"
import type { AnyEventObject, AnyStateMachine } from "xstate"
import { registryId } from "../../src/machines/registry.ts"
import { randomNumbers } from "../support/random.ts"
import { type Coverage, watchCoverage } from "./coverage.ts"
import { createStage, type Effect, type Play, written } from "./stage.ts"
import { inWords, keyOf, type Law, type Setting, type Step, type Subject, same } from "./subject.ts"

interface WalkOptions {
  /** Another machine in the subject's place, made anew at each call. */
  readonly machine?: (machine: AnyStateMachine) => AnyStateMachine
  readonly seed: number
  /** Before the edges: what is wrong almost everywhere is found at once so, though on a longer path. */
  readonly randomFirst?: boolean
  readonly randomWalks: number
  readonly randomLength: number
}

interface WalkReport {
  readonly paths: number
  readonly steps: number
  readonly coverage: Coverage
  /** Laws that no step was spoken of by. */
  readonly untried: readonly string[]
}

/** What was walked and what there is, in pairs: as the pages show it. */
export const coverageOf = ({ coverage }: WalkReport) => {
  const pair = ({ walked, all }: Coverage["states"]): [number, number] => [walked, all]
  return { states: pair(coverage.states), transitions: pair(coverage.transitions), guards: pair(coverage.guards) }
}

/** A law was broken; the message has the path to it. */
class LawBroken extends Error {
  override readonly name = "LawBroken"
}

/** Edges of one setting at most: more means that `facts` tells too much apart. */
const edgeLimit = 60_000

export const walk = (subject: Subject, options: WalkOptions): WalkReport => {
  const stage = createStage(subject.ownsSystem)
  const changed = (machine: AnyStateMachine) => options.machine?.(machine) ?? machine
  const walked = changed(stage.prepare(subject.machine, subject.adapters))
  const coverage = watchCoverage(walked)
  const tried = new Set<Law>()
  const { promises, callbacks, children } = subject.adapters
  /** Nobody would have to be written down with it: it goes on from what was written at every step that leads somewhere. */
  const isAlone = promises === undefined && callbacks === undefined && children === undefined
  let [paths, steps] = [0, 0]

  const check = (step: Step, path: readonly AnyEventObject[], setting: Setting) => {
    steps++
    for (const law of subject.laws) {
      if (law.when !== undefined && !law.when(step)) continue
      tried.add(law)
      if (law.holds(step)) continue
      throw new LawBroken(
        [
          `${subject.name}, ${setting.name}: ${law.sentence}`,
          ...path.map((event) => `  ${inWords(event)}`),
          `  is in ${keyOf(step.after.value)}, was in ${keyOf(step.before?.value)}, and has`,
          ...step.effects.map((effect) =>
            "told" in effect
              ? `    told ${effect.told}: ${inWords(effect.event)}`
              : `    done ${effect.did} ${keyOf(effect.with)}`
          )
        ].join("\n")
      )
    }
  }

  const begin = (setting: Setting): Play => {
    const play = stage.play(walked, setting.input)
    check(stepOf(undefined, { type: "start" }, play.snapshot(), play.opening), [], setting)
    return play
  }
  const take = (play: Play, event: AnyEventObject, path: readonly AnyEventObject[], setting: Setting) => {
    const before = play.snapshot()
    const effects = play.say(event)
    const after = play.snapshot()
    check(stepOf(before, event, after, effects), path, setting)
    if (same(written(after.context), after.context)) return
    throw new LawBroken(`${subject.name}, ${setting.name}: its context cannot be written down: ${keyOf(after.context)}`)
  }

  /** To where the edges begin, and on along those that nobody has walked yet, as far as they lead. */
  const walkEdges = (edges: Edges, setting: Setting) => {
    for (const start of edges.states) {
      while (start.unwalked.length > 0) {
        const play = begin(setting)
        // Each of these steps was looked at when its own edge was walked.
        for (const event of start.path) play.say(event)
        const path = [...start.path]
        let place: Place | undefined = start
        while (place !== undefined) {
          const event = place.unwalked.pop()
          if (event === undefined) break
          path.push(event)
          take(play, event, path, setting)
          place = edges.at(play.snapshot())
        }
        play.stop()
        paths++
      }
    }
  }

  const walkAtRandom = (setting: Setting) => {
    const random = randomNumbers(options.seed)
    for (let walk = 0; walk < options.randomWalks; walk++) {
      const play = begin(setting)
      const path: AnyEventObject[] = []
      while (path.length < options.randomLength && play.snapshot().status === "active") {
        const events = setting.events(play.snapshot())
        const event = events[Math.floor(random() * events.length)]
        if (event === undefined) break
        path.push(event)
        take(play, event, path, setting)
        if (isAlone) play.restore()
      }
      play.stop()
      paths++
    }
  }

  const walkAlongEdges = (setting: Setting) =>
    walkEdges(edgesOf(changed(stage.prepare(subject.machine, subject.adapters)), subject, setting), setting)

  const settings = subject.settings()
  for (const way of options.randomFirst ? [walkAtRandom, walkAlongEdges] : [walkAlongEdges, walkAtRandom]) {
    for (const setting of settings) way(setting)
  }
  const untried = subject.laws.filter((law) => !tried.has(law)).map(({ sentence }) => sentence)
  return { paths, steps, coverage: coverage(), untried }
}

const stepOf = (before: any, event: AnyEventObject, after: any, effects: readonly Effect[]): Step => ({
  before,
  event,
  after,
  effects,
  told: (to, type) =>
    effects
      .flatMap((effect) => {
        if (!("told" in effect)) return []
        const message = messageIn(effect)
        if (message === undefined) return effect.told === to ? [effect.event] : []
        return message.to.id === to ? [message.event] : []
      })
      .filter((event) => type === undefined || event.type === type),
  sent: (kind) => effects.flatMap((effect) => messageIn(effect) ?? []).filter(({ to }) => to.kind === kind),
  did: (action) => effects.flatMap((effect) => ("did" in effect && effect.did === action ? [effect.with] : []))
})

/** What an effect says to somebody's address. */
const messageIn = (effect: Effect): any =>
  "told" in effect && effect.told === registryId && "to" in effect.event ? effect.event : undefined

/** A state of the adjacency map, as the shortest path to it leaves it, and the edges from there that nobody has walked yet. */
interface Place {
  readonly path: readonly AnyEventObject[]
  readonly snapshot: any
  readonly unwalked: AnyEventObject[]
}

interface Edges {
  /** In the order of their distance from the start. */
  readonly states: Iterable<Place>
  /** Undefined where another path has led to something that only the facts do not tell apart. */
  at(snapshot: any): Place | undefined
}

const edgesOf = (machine: AnyStateMachine, subject: Subject, setting: Setting): Edges => {
  const serializeState = (snapshot: any) => keyOf([snapshot.value, snapshot.status, subject.facts(snapshot)])
  const adjacency = getAdjacencyMap(
    machine as never,
    {
      input: setting.input,
      events: (snapshot: any) => (snapshot.status === "active" ? setting.events(snapshot) : []),
      serializeState,
      serializeEvent: keyOf,
      limit: edgeLimit
    } as never
  ) as unknown as Record<string, AdjacentState>

  // The map lists states in the order of their distance from the start.
  const pathTo = new Map<string, readonly AnyEventObject[]>()
  const states = new Map<string, Place>()
  for (const [state, { transitions, state: snapshot }] of Object.entries(adjacency)) {
    const path = pathTo.get(state) ?? []
    const edges = Object.values(transitions)
    states.set(state, { path, snapshot, unwalked: edges.map(({ event }) => event).reverse() })
    for (const { event, state: next } of edges) {
      const key = serializeState(next)
      if (!pathTo.has(key)) pathTo.set(key, [...path, event])
    }
  }
  return {
    states: states.values(),
    at: (snapshot) => {
      const place = states.get(serializeState(snapshot))
      return place !== undefined && same(place.snapshot.context, snapshot.context) ? place : undefined
    }
  }
}

interface AdjacentState {
  readonly state: unknown
  readonly transitions: Readonly<Record<string, { readonly event: AnyEventObject; readonly state: unknown }>>
}
