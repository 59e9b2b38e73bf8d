/** Turns, medians and spread. */

/** Both sides of one round, in the same unit. */
export interface Round {
  readonly silktower: number
  readonly reference: number
}

export interface Figure {
  readonly name: string
  /** Of both values. */
  readonly unit: string
  readonly silktower: number
  /** Absent where there is nothing to compare with. */
  readonly reference?: number
  /** What the aim speaks of: how many times as much, how much more, or how much. */
  readonly compared: "ratio" | "difference" | "value"
  readonly outcome: number
  /** Between which the middle half of the rounds lies. */
  readonly spread?: readonly [number, number]
  /** Of each side's own values: between which the middle half of the rounds lies. */
  readonly sides?: { readonly silktower: readonly [number, number]; readonly reference: readonly [number, number] }
  /** The two halves of the run disagree too much for a figure. */
  readonly unmeasurable?: boolean
  /** The most that is wanted; absent where none is set. */
  readonly aim?: number
}

export const median = (values: readonly number[]): number => quantile(values, 0.5)

/** By linear interpolation between neighbours; NaN of nothing. */
export const quantile = (values: readonly number[], share: number): number => {
  const sorted = Float64Array.from(values).sort()
  const place = share * (sorted.length - 1)
  const below = sorted[Math.floor(place)] ?? Number.NaN
  const above = sorted[Math.ceil(place)] ?? Number.NaN
  return below + (above - below) * (place - Math.floor(place))
}

/** Turns of each side that do not count: so long the engine still compiles what a server runs for days. */
const warmUpTurns = 4

/**
 * Keeps this process from falling asleep until the returned function is called. To send to a process that sleeps costs the sender
 * the waking, and the better the server, the less its clients would sleep.
 */
export const stayAwake = (): (() => void) => {
  let next = setImmediate(function look() {
    next = setImmediate(look)
  })
  return () => clearImmediate(next)
}

/** Lets the two take turns; who goes first changes from round to round. */
export const takeTurns = async (
  rounds: number,
  silktower: () => Promise<number>,
  reference: () => Promise<number>
): Promise<readonly Round[]> => {
  for (let turn = 0; turn < warmUpTurns; turn++) {
    await silktower()
    await reference()
  }
  const results: Round[] = []
  for (let round = 0; round < rounds; round++) {
    if (round % 2 === 0) {
      const ours = await silktower()
      results.push({ silktower: ours, reference: await reference() })
    } else {
      const theirs = await reference()
      results.push({ silktower: await silktower(), reference: theirs })
    }
  }
  return results
}

/** A figure from its rounds; the outcome is the median of the rounds' own outcomes. */
export const compare = (
  name: string,
  unit: string,
  compared: "ratio" | "difference",
  aim: number | undefined,
  rounds: readonly Round[]
): Figure => {
  const outcomes = rounds.map(({ silktower, reference }) =>
    compared === "ratio" ? silktower / reference : silktower - reference
  )
  return {
    name,
    unit,
    silktower: median(rounds.map(({ silktower }) => silktower)),
    reference: median(rounds.map(({ reference }) => reference)),
    compared,
    outcome: median(outcomes),
    spread: [quantile(outcomes, 0.25), quantile(outcomes, 0.75)],
    ...(aim === undefined ? {} : { aim })
  }
}

const middleHalf = (values: readonly number[]): readonly [number, number] => [
  quantile(values, 0.25),
  quantile(values, 0.75)
]

/**
 * A figure of what varies more from round to round than the two sides differ: the outcome is the ratio of the sides' own
 * medians. Where the first half of the rounds gives a ratio that is more than half as large again as that of the second, or
 * the other way round, whatever else the machine did has been measured, and there is no figure.
 */
export const compareMedians = (name: string, unit: string, aim: number, rounds: readonly Round[]): Figure => {
  const ratioOf = (some: readonly Round[]) =>
    median(some.map(({ silktower }) => silktower)) / median(some.map(({ reference }) => reference))
  const middle = Math.floor(rounds.length / 2)
  const halves = [ratioOf(rounds.slice(0, middle)), ratioOf(rounds.slice(middle))]
  const ours = rounds.map(({ silktower }) => silktower)
  const theirs = rounds.map(({ reference }) => reference)
  return {
    name,
    unit,
    silktower: median(ours),
    reference: median(theirs),
    sides: { silktower: middleHalf(ours), reference: middleHalf(theirs) },
    compared: "ratio",
    outcome: ratioOf(rounds),
    aim,
    unmeasurable: Math.max(...halves) > 1.5 * Math.min(...halves)
  }
}

const range = (values: readonly number[]): readonly [number, number] => [Math.min(...values), Math.max(...values)]

/** A figure from the same figure of several runs: medians, and between which of them the outcomes lie. */
export const overRuns = (runs: readonly Figure[]): Figure => {
  const [first] = runs as readonly [Figure, ...Figure[]]
  const measurable = runs.filter(({ unmeasurable }) => unmeasurable !== true)
  if (runs.length === 1 || measurable.length === 0) return first
  if (measurable.length < runs.length) return overRuns(measurable)
  const outcomes = runs.map(({ outcome }) => outcome)
  const ours = runs.map(({ silktower }) => silktower)
  const theirs = runs.map(({ reference }) => reference as number)
  return {
    ...first,
    ...(first.sides === undefined ? {} : { sides: { silktower: range(ours), reference: range(theirs) } }),
    silktower: median(ours),
    ...(first.reference === undefined ? {} : { reference: median(theirs) }),
    outcome: median(outcomes),
    spread: range(outcomes)
  }
}
