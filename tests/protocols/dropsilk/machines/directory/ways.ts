/** The ways between nodes as a model: each direction is in order, may be slow, and loses what is under way when it breaks. */

/** What arrives at a node from another one. */
export type Arrival =
  /** `mark`: as whom it has greeted, which may have died since; `making`: of the way, which may have broken since. */
  | { readonly is: "met"; readonly mark: string; readonly making: number }
  | { readonly is: "parted" }
  | { readonly is: "message"; readonly message: unknown }
  | { readonly is: "frame"; readonly target: string; readonly source: string; readonly bytes: Buffer }

interface Direction {
  readonly from: string
  readonly to: string
  /** Oldest first. */
  underWay: Arrival[]
  /** As `to` has been told. */
  isMet: boolean
}

export const createWays = (random: () => number) => {
  const directions = new Map<string, Direction>()
  /** Ways that are there, with how often they have been made. */
  const whole = new Map<string, number>()
  /** The making of which a node has been told, by itself and the other one. */
  const known = new Map<string, number>()
  let makings = 0

  const pairOf = (one: string, other: string) => [one, other].sort().join(" ")
  const direction = (from: string, to: string): Direction => {
    const key = `${from} ${to}`
    const made = directions.get(key) ?? { from, to, underWay: [], isMet: false }
    directions.set(key, made)
    return made
  }
  const both = (one: string, other: string) => [direction(one, other), direction(other, one)]

  return {
    isWhole: (one: string, other: string): boolean => whole.has(pairOf(one, other)),
    make: (one: string, other: string, markOf: (node: string) => string): void => {
      if (whole.has(pairOf(one, other))) return
      whole.set(pairOf(one, other), ++makings)
      for (const { from, underWay } of both(one, other))
        underWay.push({ is: "met", mark: markOf(from), making: makings })
    },
    break: (one: string, other: string): void => {
      if (!whole.delete(pairOf(one, other))) return
      for (const each of both(one, other)) {
        each.underWay = each.underWay.slice(0, Math.floor(random() * (each.underWay.length + 1)))
        const isTold = each.underWay.reduce(
          (met, { is }) => (is === "met" ? true : is === "parted" ? false : met),
          each.isMet
        )
        if (isTold) each.underWay.push({ is: "parted" })
      }
    },
    /** Whether `from` may say something, as far as it has been told. */
    isOpen: (from: string, to: string): boolean => direction(to, from).isMet,
    /** What is said on a way that has broken meanwhile goes nowhere. */
    say: (from: string, to: string, arrival: Arrival): void => {
      if (whole.get(pairOf(from, to)) === known.get(`${from} ${to}`) && known.has(`${from} ${to}`)) {
        direction(from, to).underWay.push(arrival)
      }
    },
    /** Directions on which something is under way. */
    busy: (): readonly Direction[] => [...directions.values()].filter(({ underWay }) => underWay.length > 0),
    /** What arrives next. */
    next: (each: Direction): Arrival | undefined => {
      const arrival = each.underWay.shift()
      if (arrival?.is === "met") {
        each.isMet = true
        known.set(`${each.to} ${each.from}`, arrival.making)
      }
      if (arrival?.is === "parted") each.isMet = false
      return arrival
    },
    /** Whoever was there is not any more: it is told nothing, and says nothing. */
    forget: (node: string): void => {
      for (const [key, each] of directions) if (each.to === node) directions.delete(key)
    }
  }
}

export type Ways = ReturnType<typeof createWays>
