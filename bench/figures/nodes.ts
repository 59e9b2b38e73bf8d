/** What it costs a server to be one of several, and what crossing from one to another costs: against a server that is alone. */
import { compare, type Figure, type Round, stayAwake, takeTurns } from "../rounds.ts"
import { cpuOfEach, type Server } from "../servers.ts"
import type { Setting } from "../setting.ts"
import { flights } from "./connections.ts"
import { openFlights, saturate } from "./relay.ts"

/** How many nodes, and at which of them the two of a flight are. */
interface Spread {
  readonly nodes: number
  readonly name: string
  readonly placesOf: (index: number) => readonly [number, number]
}

const spreads: readonly Spread[] = [
  { nodes: 1, name: "1 node", placesOf: () => [0, 0] },
  { nodes: 2, name: "2 nodes, both at one", placesOf: (index) => [index % 2, index % 2] },
  { nodes: 2, name: "2 nodes, across", placesOf: (index) => [index % 2, (index + 1) % 2] },
  { nodes: 3, name: "3 nodes, both at one", placesOf: (index) => [index % 3, index % 3] },
  { nodes: 3, name: "3 nodes, across", placesOf: (index) => [index % 3, (index + 1) % 3] }
]

type PortsOf = (index: number) => readonly [number, number]

/** Microseconds of CPU for each of so many: of all servers together, and of the one that did most. */
interface Cost {
  readonly together: number
  readonly busiest: number
}

const costOf = async (servers: readonly Server[], count: number, work: () => Promise<unknown>): Promise<Cost> => {
  const before = await cpuOfEach(servers)
  const sleepAgain = stayAwake()
  try {
    await work()
  } finally {
    sleepAgain()
  }
  const used = (await cpuOfEach(servers)).map((after, at) => (after - (before[at] as number)) / count)
  return { together: used.reduce((sum, each) => sum + each, 0), busiest: Math.max(...used) }
}

/**
 * Each spread against a server alone, by turns. What the busiest node uses tells how many such loads as many nodes carry
 * when each has a core of its own, on a machine that has not as many: the fuller node sets the limit.
 */
const overAlone = async (
  setting: Setting,
  what: { readonly name: string; readonly one: string },
  prepare: (servers: readonly Server[], portsOf: PortsOf) => Promise<() => Promise<Cost>>
): Promise<readonly Figure[]> => {
  const alone = await setting.start("silktower")
  const figures: Figure[] = []
  try {
    const reference = await prepare([alone], () => [alone.port, alone.port])
    for (const { nodes: count, name, placesOf } of spreads) {
      const nodes = await setting.startNodes(count)
      try {
        const ports = nodes.map(({ port }) => port)
        const measure = await prepare(nodes, (index) => {
          const [host, guest] = placesOf(index)
          return [ports[host] as number, ports[guest] as number]
        })
        const [ours, theirs]: [Cost[], Cost[]] = [[], []]
        const take = async (costs: Cost[], cost: () => Promise<Cost>) => {
          const taken = await cost()
          costs.push(taken)
          return taken.together
        }
        const together = await takeTurns(
          setting.size.rounds,
          () => take(ours, measure),
          () => take(theirs, reference)
        )
        const busiest = together.map((_, round): Round => {
          const at = ours.length - together.length + round
          return { silktower: (ours[at] as Cost).busiest, reference: (theirs[at] as Cost).busiest }
        })
        const figure = (title: string, rounds: readonly Round[]) =>
          compare(`${what.name}, ${name}${title}`, `µs CPU ${what.one}`, "ratio", undefined, rounds)
        figures.push(figure(", over a server alone", together))
        if (count > 1) figures.push(figure(": what the busiest node has of it", busiest))
      } finally {
        for (const node of nodes) await node.stop()
      }
    }
  } finally {
    await alone.stop()
  }
  return figures
}

export const nodeRelay = (setting: Setting): Promise<readonly Figure[]> =>
  overAlone(setting, { name: "relay", one: "a frame" }, async (servers, portsOf) => {
    const directions = await openFlights(portsOf)
    const each = Math.ceil(setting.size.relayFrames / directions.length)
    return () => costOf(servers, each * directions.length, () => saturate(directions, each))
  })

export const nodeFlights = (setting: Setting): Promise<readonly Figure[]> =>
  overAlone(setting, { name: "a flight", one: "a flight" }, async (servers, portsOf) => {
    const count = setting.size.flights
    return () => costOf(servers, count, () => flights(count, portsOf))
  })

const idleSeconds = 20

/** What a node of three uses while nobody does anything, less what a server alone does. */
export const idleNode = async (setting: Setting): Promise<readonly Figure[]> => {
  const alone = await setting.start("silktower")
  const nodes = await setting.startNodes(3)
  try {
    // What a start leaves to do is done.
    await new Promise((resolve) => setTimeout(resolve, 5_000))
    const all = [alone, ...nodes]
    const before = await Promise.all(all.map((server) => server.usage({ collect: true })))
    await new Promise((resolve) => setTimeout(resolve, idleSeconds * 1000))
    const after = await Promise.all(all.map((server) => server.usage()))
    const percent = all.map((_, at) => {
      const used = (after[at]?.cpuMicroseconds ?? Number.NaN) - (before[at]?.cpuMicroseconds ?? Number.NaN)
      return used / idleSeconds / 10_000
    })
    const megabytes = before.map(({ residentBytes }) => residentBytes / 2 ** 20)
    const difference = (name: string, unit: string, [own, ...others]: readonly number[]): Figure =>
      compare(
        name,
        unit,
        "difference",
        undefined,
        others.map((silktower) => ({ silktower, reference: own as number }))
      )
    return [
      difference("an idle node of three, over a server alone", "% of a core", percent),
      difference("the same: resident memory", "MB", megabytes)
    ]
  } finally {
    for (const server of [alone, ...nodes]) await server.stop()
  }
}
