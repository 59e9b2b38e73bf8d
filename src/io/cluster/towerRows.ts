/** What the tower page shows of the cluster: which nodes there are, which names are where, and where one of them is. */
import type { TowerPart } from "../tower/towerPart.ts"

/** A node as this one sees it. */
export interface SeenNode {
  /** `host:port`. */
  readonly node: string
  /** Undefined: it has never been met. */
  readonly mark: string | undefined
  readonly way: "this node" | "open" | "none"
  /** The shards that it owns. */
  readonly shards: readonly number[]
}

/** Where an actor would be that has a name or an id. */
export interface Whereabouts {
  /** Whom it would be: kinds of actors. */
  readonly kinds: readonly string[]
  /** Null: it lives where its socket is. */
  readonly shard: number | null
  /** Null: nobody is known to own the shard at the moment. */
  readonly node: string | null
  readonly isHere: boolean
}

/** Numbers in order, those that follow each other as a range: `0–3, 7`. */
const ranges = (numbers: readonly number[]): string => {
  const runs: [first: number, last: number][] = []
  for (const number of numbers.toSorted((one, other) => one - other)) {
    const run = runs.at(-1)
    if (run !== undefined && run[1] === number - 1) run[1] = number
    else runs.push([number, number])
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}–${last}`)).join(", ")
}

export const clusterTowerPart = (seen: () => readonly SeenNode[]): TowerPart => ({
  shownIds: {},
  sections: [
    {
      name: "nodes",
      table: {
        title: "Nodes",
        caption:
          "The servers that are one with this one. Ids of a node's clients begin with its mark; who is found by a name lives where the shard of that name is.",
        columns: [
          { title: "Node", shows: "text" },
          { title: "Mark", shows: "text" },
          { title: "Way", shows: "text" },
          { title: "Shards", shows: "number" },
          { title: "Which", shows: "text" }
        ]
      },
      listed: () => {
        const nodes = seen()
        return {
          total: nodes.length,
          rows: nodes.map(({ node, mark, way, shards }) => [
            node,
            mark ?? "not met",
            way,
            shards.length,
            ranges(shards)
          ])
        }
      }
    }
  ]
})
