/** What may happen to servers that are one, who notices, and what may be refused meanwhile. */
import type { Nodes } from "./nodes.ts"
import { pause } from "./pairs.ts"

export interface Scene {
  readonly nodes: Nodes
  /** How long what has failed stays so, ms. */
  readonly lastsMs: number
  /**
   * Resolves when everybody whose partner is on the other side of the failure has been told that it has left. `from`: the
   * nodes of one side, `to`: of the other one; they are told on both where both go on.
   */
  told(from: readonly number[], to: readonly number[]): Promise<void>
  /** Resolves when all pairs have met again. */
  together(): Promise<void>
}

export interface Failure {
  readonly name: string
  readonly what: string
  /** Nodes whose people may notice: pairs with both ends elsewhere must not. Absent: nobody may. */
  readonly touched?: readonly number[]
  /** Only pairs across these two notice, not those on one of them. */
  readonly isBetween?: true
  /** A fourth node that must be there, and people on it. */
  readonly needs?: number
  readonly mayRefuse?: { readonly flights: boolean; readonly rooms: boolean }
  run(scene: Scene): Promise<void>
}

const others = (nodes: Nodes, index: number): readonly number[] => nodes.usable().filter((other) => other !== index)
const anything = { flights: true, rooms: true }

/** The others may reach it again when all is mended, and are not sent to it before. */
const apart = async ({ nodes, lastsMs, told }: Scene, index: number, isWithoutDatabase: boolean): Promise<void> => {
  const rest = others(nodes, index)
  nodes.avoid(index)
  nodes.cutOff(index)
  if (isWithoutDatabase) nodes.cutDatabaseOf(index)
  await told([index], rest)
  await pause(lastsMs)
  nodes.mend()
  await nodes.ready()
  nodes.useAgain(index)
}

const deploy = async ({ nodes, told, together }: Scene, indices: readonly number[]): Promise<void> => {
  for (const index of indices) {
    await together()
    const rest = others(nodes, index)
    nodes.avoid(index)
    const leaving = nodes.end(index, "SIGTERM")
    await told(rest, [index])
    await leaving
    await nodes.start(index)
  }
}

/** Of nodes 0, 1 and 2; 3 is one more that can be started. */
export const failures: readonly Failure[] = [
  {
    name: "there",
    what: "what one node says to another does not arrive",
    touched: [0, 1],
    isBetween: true,
    mayRefuse: anything,
    run: async ({ nodes, lastsMs, told }) => {
      nodes.cutWay(0, 1)
      await told([0], [1])
      await pause(lastsMs)
      nodes.mend()
    }
  },
  {
    name: "back",
    what: "the same, in the other direction",
    touched: [0, 1],
    isBetween: true,
    mayRefuse: anything,
    run: async ({ nodes, lastsMs, told }) => {
      nodes.cutWay(1, 0)
      await told([0], [1])
      await pause(lastsMs)
      nodes.mend()
    }
  },
  {
    name: "off",
    what: "one node is cut off from the others, not from PostgreSQL",
    touched: [2],
    isBetween: true,
    mayRefuse: anything,
    run: (scene) => apart(scene, 2, false)
  },
  {
    name: "island",
    what: "one node is cut off from everything",
    touched: [2],
    isBetween: true,
    mayRefuse: anything,
    run: (scene) => apart(scene, 2, true)
  },
  {
    name: "database",
    what: "PostgreSQL is away",
    mayRefuse: { flights: false, rooms: true },
    run: async ({ nodes, lastsMs }) => {
      nodes.stopDatabase()
      await pause(lastsMs)
      nodes.mend()
    }
  },
  {
    name: "freeze",
    what: "one node stands still",
    touched: [1],
    mayRefuse: anything,
    run: async ({ nodes, lastsMs, told }) => {
      const rest = others(nodes, 1)
      nodes.avoid(1)
      nodes.signal(1, "SIGSTOP")
      await told(rest, [1])
      await pause(lastsMs)
      nodes.signal(1, "SIGCONT")
      await nodes.ready()
      nodes.useAgain(1)
    }
  },
  {
    name: "kill",
    what: "one node is killed, and started again",
    touched: [0],
    mayRefuse: anything,
    run: async ({ nodes, lastsMs, told }) => {
      const rest = others(nodes, 0)
      await nodes.end(0, "SIGKILL")
      await told(rest, [0])
      await pause(lastsMs)
      await nodes.start(0)
    }
  },
  {
    name: "join",
    what: "a fourth node joins",
    run: async ({ nodes, lastsMs }) => {
      await nodes.start(3)
      await pause(lastsMs)
    }
  },
  {
    name: "drain",
    what: "a node is drained",
    needs: 3,
    touched: [3],
    run: async ({ nodes, lastsMs, told }) => {
      const rest = others(nodes, 3)
      nodes.avoid(3)
      const leaving = nodes.end(3, "SIGTERM")
      await told(rest, [3])
      await leaving
      await pause(lastsMs)
    }
  },
  {
    name: "deploy",
    what: "all three are renewed, one after the other",
    touched: [0, 1, 2],
    run: (scene) => deploy(scene, [0, 1, 2])
  }
]
