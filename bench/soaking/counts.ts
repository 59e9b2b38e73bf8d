/** What is counted while something fails, and what of it may not be. */

/** Must be 0. */
export const faults = {
  changesLost: "answered changes lost",
  codesTwice: "codes given twice",
  untold: "partners not told",
  signalsLost: "signals lost",
  signalsDisordered: "signals out of order",
  disturbed: "others disturbed",
  apart: "not met again",
  unanswered: "never answered",
  refused: "refused"
} as const

export type Fault = keyof typeof faults

export interface Counts {
  readonly faults: Record<Fault, number>
  /** What was refused where that may be. */
  refusedInTime: number
  signals: number
  newcomers: number
  rooms: number
  /** Whose node ended under them. */
  cutShort: number
  slowestMs: number
  toldAfterMs: number
  /** What happened, for whoever looks for the reason. */
  readonly notes: string[]
}

export const noCounts = (): Counts => ({
  faults: Object.fromEntries(Object.keys(faults).map((fault) => [fault, 0])) as Record<Fault, number>,
  refusedInTime: 0,
  signals: 0,
  newcomers: 0,
  rooms: 0,
  cutShort: 0,
  slowestMs: 0,
  toldAfterMs: 0,
  notes: []
})

export const blame = (counts: Counts, fault: Fault, note: string, times = 1): void => {
  if (times === 0) return
  counts.faults[fault] += times
  if (counts.notes.length < 20) counts.notes.push(`${faults[fault]}: ${note}`)
}

export const isFaultless = ({ faults }: Counts): boolean => Object.values(faults).every((times) => times === 0)
