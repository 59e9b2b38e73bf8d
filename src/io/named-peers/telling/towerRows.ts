/**
 * Named peers on the tower page: their spaces, and who is connected. What they leave out: addresses, digests of keys, and the second half of
 * every space's name.
 */
import type { PeerContext } from "../../../machines/named-peers/namedPeer/namedPeerContext.ts"
import type { SpaceContext } from "../../../machines/named-peers/nameSpace/nameSpaceContext.ts"
import { contextOf, stateNames } from "../../tower/actorSnapshots.ts"
import type { TowerPart } from "../../tower/towerPart.ts"
import { halfOfSpace } from "./events.ts"

/** Names that a row shows, the newest: more would not fit. */
const shownNames = 5

/** `people`: how many have a name, or are about to; `nameOf`: what a connection is logged in as. */
export const createTowerRows = (people: () => number, nameOf: (peerId: string) => string | undefined): TowerPart => ({
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
      },
      ending: {
        event: { type: "operator.ends" },
        meaning:
          "Everybody in it is closed with code 1008, after which a client had better not come back by itself. With the last one the space ends."
      }
    },
    {
      name: "namedPeers",
      kind: "namedPeers",
      table: {
        title: "Named peers",
        caption: "Who is connected; who has not logged in has no name.",
        columns: [
          { title: "Peer", shows: "text" },
          { title: "Space", shows: "text" },
          { title: "State", shows: "text" }
        ]
      },
      cells: (actor) => {
        const { id, space } = contextOf<PeerContext>(actor) as PeerContext
        return [nameOf(id) ?? "(no name)", halfOfSpace(space), stateNames(actor).join(" ")]
      },
      ending: {
        event: { type: "operator.ends" },
        meaning:
          "Its socket is closed with code 1008, after which a client had better not come back by itself. The others hear that it has gone, and its name is free."
      }
    }
  ],
  shownIds: { nameSpaces: halfOfSpace }
})
