/**
 * NoisyTransfer on the tower page: its rooms and who is in them. Neither appIDs nor payloads are shown, nor addresses, nor what
 * sessions are called.
 */
import { connectionKind, roomKind } from "../../../machines/noisytransfer/addresses.ts"
import type { ConnectionContext } from "../../../machines/noisytransfer/relayConnection/connectionContext.ts"
import { heldIn, type RoomContext } from "../../../machines/noisytransfer/relayRoom/roomContext.ts"
import { sides } from "../../../machines/noisytransfer/relayRoom/seats.ts"
import type { Links } from "../../sockets/link.ts"
import { contextOf, statePaths } from "../../tower/actorSnapshots.ts"
import type { TowerPart } from "../../tower/towerPart.ts"

/** As much of a room's name as is shown. */
const shortRoom = (roomId: string): string => roomId.slice(0, 8)

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
          shortRoom(context.id),
          state.slice(state.lastIndexOf(".") + 1),
          sides.filter((side) => context.sitters[side] !== null).join(" "),
          links.signalsOf(context.id),
          items,
          bytes,
          context.openedAt
        ]
      },
      ending: {
        event: { type: "operator.ends" },
        meaning:
          "Both sides are closed with code 1008, and what waits in its mailboxes is lost. The known client comes back by itself, to an empty room."
      }
    },
    {
      name: connectionKind,
      kind: connectionKind,
      table: {
        title: "NoisyTransfer clients",
        caption: "Who is connected, and on which side of which room.",
        columns: [
          { title: "Client", shows: "text" },
          { title: "Room", shows: "text" },
          { title: "Side", shows: "text" },
          { title: "State", shows: "text" },
          { title: "For", shows: "age" }
        ]
      },
      cells: (actor) => {
        const { id, roomId, side, openedAt } = contextOf<ConnectionContext>(actor) as ConnectionContext
        // What it is doing at the moment changes too fast to be read.
        const [state = ""] = (statePaths(actor)[0] ?? "").split(".")
        return [id, shortRoom(roomId), side, state, openedAt]
      },
      ending: {
        event: { type: "operator.ends" },
        meaning: "Its socket is closed with code 1008, and its side is free. The known client comes back by itself."
      }
    }
  ],
  shownIds: { [roomKind]: shortRoom }
})
