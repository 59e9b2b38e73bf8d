/**
 * Named peers on the tower page: their spaces. What they leave out: addresses, digests of keys, and the second half of
 * every space's name.
 */
import type { SpaceContext } from "../../../machines/named-peers/nameSpace/nameSpaceContext.ts"
import { contextOf } from "../../tower/actorSnapshots.ts"
import type { TowerPart } from "../../tower/towerPart.ts"
import { halfOfSpace } from "./events.ts"

/** Names that a row shows, the newest: more would not fit. */
const shownNames = 5

/** `people`: how many have a name, or are about to. */
export const createTowerRows = (people: () => number): TowerPart => ({
  tally: () => ({ people: people() }),
  sections: [
    {
      name: "nameSpaces",
      kind: "nameSpaces",
      table: {
        title: "Spaces of named peers",
        caption: "Who has which name.",
        columns: [
          { title: "Space", shows: "text" },
          { title: "Peers", shows: "number" },
          { title: "Waiting", shows: "number" },
          { title: "Newest", shows: "text" }
        ]
      },
      cells: (actor) => {
        const { id, holders } = contextOf<SpaceContext>(actor) as SpaceContext
        return [
          halfOfSpace(id),
          holders.length,
          holders.reduce((sum, { claimants }) => sum + claimants.length, 0),
          holders
            .slice(-shownNames)
            .map(({ name }) => name)
            .toReversed()
            .join(", ")
        ]
      }
    }
  ],
  shownIds: { nameSpaces: halfOfSpace }
})
