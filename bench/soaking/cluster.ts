/** Several servers as one, of which one after the other fails while people meet and signal: who noticed what, counted. */
import { createDatabase } from "../database.ts"
import { blame, type Counts, type Fault, faults, isFaultless, noCounts } from "./counts.ts"
import { type Failure, failures } from "./failures.ts"
import { Newcomers } from "./newcomers.ts"
import { openNodes } from "./nodes.ts"
import { becomes, type End, Pair, pause } from "./pairs.ts"

export interface ClusterSoak {
  readonly seconds: number
  readonly leaseMs: number
  readonly pairs: number
  /** By name; none: all. */
  readonly only: readonly string[]
}

const lookMs = 250
/** ms between two words of one. */
const wordMs = 200
/** People who come at one time. */
const newcomersAtOnce = 4
/** ms until somebody whose partner has gone must have been told, and until two must have met again. */
const toldMs = 30_000
const againMs = 45_000

/** Resolves with whether all was as it must be. */
export const soakCluster = async ({ seconds, leaseMs, pairs: size, only }: ClusterSoak): Promise<boolean> => {
  const chosen = failures.filter(({ name }) => only.length === 0 || only.includes(name))
  const lastsMs = (1000 * seconds) / chosen.length / 2
  const database = await createDatabase("PostgreSQL", 0)
  const nodes = await openNodes({
    size: 4,
    databaseUrl: database.environment["DATABASE_URL"] as string,
    leaseMs,
    lookMs
  })
  let counts = noCounts()
  const now = () => counts
  const pairs: Pair[] = []
  let isTalking = true
  const talk = setInterval(() => {
    if (isTalking) for (const pair of pairs) pair.say()
  }, wordMs)
  const newcomers = new Newcomers(nodes, now)
  const meet = (index: number, on: readonly [number, number]) =>
    Pair.meet(index % 2 === 0 ? "flight" : "room", on, nodes, now)

  /** What each end of a pair had been told when it began. */
  const stateOf = (pair: Pair) => pair.ends.map(({ node, left, lost }) => ({ node, left, lost }))
  const told = async (
    before: ReadonlyMap<Pair, ReturnType<typeof stateOf>>,
    from: readonly number[],
    to: readonly number[]
  ) => {
    const since = performance.now()
    /** Those who are left by somebody, and are there still. */
    const bereaved: (readonly [Pair, End, number])[] = []
    for (const [pair, ends] of before) {
      const [one, other] = ends.map(({ node }) => node) as [number, number]
      if (!((from.includes(one) && to.includes(other)) || (from.includes(other) && to.includes(one)))) continue
      for (const [side, { node, left }] of ends.entries()) {
        if (nodes.usable().includes(node) || from.includes(node)) bereaved.push([pair, pair.ends[side] as End, left])
      }
    }
    await becomes(() => bereaved.every(([, end, left]) => end.left > left), toldMs)
    counts.toldAfterMs = Math.max(counts.toldAfterMs, performance.now() - since)
    for (const [pair, end, left] of bereaved)
      if (end.left === left) blame(counts, "untold", `${pair.name}, on node ${end.node}`)
  }

  const play = async (failure: Failure): Promise<Counts> => {
    counts = noCounts()
    newcomers.mayRefuse = failure.mayRefuse ?? { flights: false, rooms: false }
    let before = new Map(pairs.map((pair) => [pair, stateOf(pair)]))
    const begin = before
    newcomers.begin(newcomersAtOnce)
    await pause(lastsMs / 4)
    await failure.run({
      nodes,
      lastsMs,
      told: (from, to) => told(before, from, to),
      together: async () => {
        await Promise.all(pairs.map((pair) => pair.isTogether(againMs)))
        before = new Map(pairs.map((pair) => [pair, stateOf(pair)]))
      }
    })
    await nodes.ready()
    await pause(lastsMs / 4)
    await newcomers.stop()
    const together = await Promise.all(pairs.map((pair) => pair.isTogether(againMs)))
    for (const [index, is] of together.entries()) if (!is) blame(counts, "apart", (pairs[index] as Pair).name)
    isTalking = false
    await Promise.all(pairs.filter((_, index) => together[index]).map((pair) => pair.checkAllHeard()))
    isTalking = true
    for (const [pair, ends] of begin) {
      const { touched = [], isBetween } = failure
      const on = ends.map(({ node }) => node)
      const mayNotice = isBetween
        ? on.some((node) => touched.includes(node)) && on[0] !== on[1]
        : on.some((node) => touched.includes(node))
      const isNoticed = pair.ends.some(({ left, lost }, side) => left !== ends[side]?.left || lost !== ends[side]?.lost)
      if (isNoticed && !mayNotice) blame(counts, "disturbed", `${pair.name}, which was on ${on}`)
    }
    await newcomers.checkRooms()
    return counts
  }

  const played: (readonly [string, Counts])[] = []
  const note = (what: string, each: Counts) => {
    played.push([what, each])
    console.log(rowOf(what, each))
  }
  console.log(tableHead)
  try {
    await nodes.startAll([0, 1, 2])
    const ways = Array.from({ length: 9 }, (_, index) => [index % 3, Math.floor(index / 3)] as const)
    for (let index = 0; index < size; index++)
      pairs.push(await meet(index, ways[index % 9] as readonly [number, number]))
    for (const failure of chosen) {
      const { needs } = failure
      if (needs !== undefined) {
        if (!nodes.usable().includes(needs)) await nodes.start(needs)
        for (let at = 0; at < 9; at++) pairs.push(await meet(at, [needs, at % 4]))
      }
      note(failure.what, await play(failure))
    }
    counts = noCounts()
    await newcomers.checkRooms({ all: true })
    note("all rooms, at the end", counts)
  } finally {
    for (const [what, { notes }] of played) for (const each of notes) console.log(`${what}: ${each}`)
    clearInterval(talk)
    for (const pair of pairs) pair.leave()
    await nodes.close()
    await database.remove()
  }
  return played.every(([, each]) => isFaultless(each))
}

const lineOf = (cells: readonly (string | number)[]): string => `| ${cells.join(" | ")} |`

const named = Object.keys(faults) as Fault[]
const columns = [
  ...["what failed", "newcomers", "slowest, s", "rooms", "signals", "told within, s", "refused meanwhile", "cut short"],
  ...named.map((fault) => faults[fault])
]
const tableHead = [columns, columns.map(() => "---")].map(lineOf).join("\n")

const rowOf = (what: string, each: Counts): string =>
  lineOf([
    ...[what, each.newcomers, (each.slowestMs / 1000).toFixed(1), each.rooms, each.signals],
    ...[(each.toldAfterMs / 1000).toFixed(1), each.refusedInTime, each.cutShort],
    ...named.map((fault) => each.faults[fault])
  ])
