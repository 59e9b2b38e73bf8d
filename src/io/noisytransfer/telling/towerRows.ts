/** NoisyTransfer on the tower page: its rooms. Neither appIDs nor payloads are shown, nor what sessions are called. */
import { roomKind } from "../../../machines/noisytransfer/addresses.ts"
import { heldIn, type RoomContext } from "../../../machines/noisytransfer/relayRoom/roomContext.ts"
import { sides } from "../../../machines/noisytransfer/relayRoom/seats.ts"
import type { Links } from "../../sockets/link.ts"
import { contextOf, statePaths } from "../../tower/actorSnapshots.ts"
import type { TowerPart } from "../../tower/towerPart.ts"

/** `people`: how many are connected. */
export const createTowerRows = (links: Pick<Links, "signalsOf" | "meetings">, people: () => number): TowerPart => ({
  tally: () => ({ people: people(), pairs: links.meetings.open, meetings: links.meetings }),
  sections: [
    {
      name: roomKind,
      kind: roomKind,
      table: {
        title: "NoisyTransfer rooms",
        caption: "Two sides and a mailbox for each. The room's name is a digest of its appID.",
        columns: [
          { title: "Room", shows: "text" },
          { title: "State", shows: "text" },
          { title: "Sides", shows: "text" },
          { title: "Relayed", shows: "number" },
          { title: "Items", shows: "number" },
          { title: "Bytes", shows: "number" },
          { title: "Since", shows: "age" }
        ]
      },
      cells: (actor) => {
        const context = contextOf<RoomContext>(actor) as RoomContext
        const { items, bytes } = heldIn(context)
        const state = statePaths(actor).find((path) => path.startsWith("open.occupancy.")) ?? "ended"
        return [
          context.id.slice(0, 8),
          state.slice(state.lastIndexOf(".") + 1),
          sides.filter((side) => context.sitters[side] !== null).join(" "),
          links.signalsOf(context.id),
          items,
          bytes,
          context.openedAt
        ]
      }
    }
  ],
  shownIds: { [roomKind]: (id) => id.slice(0, 8) }
})
