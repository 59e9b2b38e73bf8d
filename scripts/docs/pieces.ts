/**
 * A chart in pieces that a page has room for: one that is too wide as a whole is drawn once with its regions folded up,
 * and each region by itself.
 */
import { allStates, type Chart, type ChartState, type ChartTransition } from "./chart.ts"
import { hasRoomFor } from "./svg.ts"

export interface Piece {
  /** What its file is called, without `.svg`: `room`, `room.storage`. */
  readonly file: string
  /** What is drawn in it, for people: `room`, `storage`. */
  readonly title: string
  readonly chart: Chart
}

const isWithin = (path: string, region: ChartState): boolean =>
  path === region.path || path.startsWith(`${region.path}.`)

/** What leads out of a region, from wherever in it, once each. */
const leavesOf = (region: ChartState): readonly ChartTransition[] => {
  const leaving = allStates(region).flatMap(({ transitions }) =>
    transitions.filter(({ target }) => target !== null && !isWithin(target, region))
  )
  return [...new Map(leaving.map((transition) => [JSON.stringify(transition), transition])).values()]
}

/** A region as a box: its own transitions, and those that lead out of it. */
const folded = (region: ChartState): ChartState => ({
  ...region,
  initial: null,
  states: [],
  isFolded: true,
  transitions: [...region.transitions.filter(({ target }) => target === null), ...leavesOf(region)]
})

/** A region by itself: what leads out of it says where to. */
const alone = (region: ChartState): ChartState => {
  const visit = (state: ChartState): ChartState => ({
    ...state,
    transitions: state.transitions.map((transition) =>
      transition.target === null || isWithin(transition.target, region)
        ? transition
        : { ...transition, target: null, elsewhere: transition.target }
    ),
    states: state.states.map(visit)
  })
  return visit(region)
}

/** The pieces of a chart, the whole of it first. One that a page has room for, or without regions, is one piece. */
export const piecesOf = async ({ name, root }: Chart): Promise<readonly Piece[]> => {
  if (await hasRoomFor({ name, root })) return [{ file: name, title: name, chart: { name, root } }]
  const regions = allStates(root).flatMap((state) => (state.kind === "parallel" ? state.states : []))
  /** Arrows that end inside a region end at its box. */
  const shownAt = (target: string | null): string | null =>
    target === null ? null : (regions.find((region) => isWithin(target, region))?.path ?? target)
  const fold = (state: ChartState): ChartState => {
    const shown = regions.includes(state) ? folded(state) : { ...state, states: state.states.map(fold) }
    const initial = shownAt(shown.initial)
    return {
      ...shown,
      initial,
      transitions: shown.transitions.map((transition) => ({ ...transition, target: shownAt(transition.target) }))
    }
  }
  return [
    { file: name, title: name, chart: { name, root: fold(root) } },
    ...regions.map((region) => ({
      file: `${name}.${region.name}`,
      title: region.name,
      chart: { name: `${name}, ${region.name}`, root: alone(region) }
    }))
  ]
}
