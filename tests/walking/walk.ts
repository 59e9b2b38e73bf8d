/**
 * Walks a machine: along a path to every edge of its adjacency map, then at random for depth. Every step is taken by a
 * running actor, and every law that speaks of it must hold. What the machine knows then can be written down and read
 * again; at random it is at every step, and goes on from there.
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

  for (const setting of subject.settings()) {
    for (const path of edgePaths(changed(stage.prepare(subject.machine, subject.adapters)), subject, setting)) {
      const play = begin(setting)
      path.forEach((event, at) => take(play, event, path.slice(0, at + 1), setting))
      play.stop()
      paths++
    }
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

/** For every edge of the adjacency map the shortest path to where it begins, and the edge. */
const edgePaths = (machine: AnyStateMachine, subject: Subject, setting: Setting): readonly AnyEventObject[][] => {
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
  ) as unknown as Record<string, { transitions: Record<string, { event: AnyEventObject; state: unknown }> }>

  // The map lists states in the order of their distance from the start.
  const pathTo = new Map<string, readonly AnyEventObject[]>()
  const paths: AnyEventObject[][] = []
  for (const [state, { transitions }] of Object.entries(adjacency)) {
    const path = pathTo.get(state) ?? []
    pathTo.set(state, path)
    for (const { event, state: next } of Object.values(transitions)) {
      const longer = [...path, event]
      paths.push(longer)
      const key = serializeState(next)
      if (!pathTo.has(key)) pathTo.set(key, longer)
    }
  }
  return paths
}
