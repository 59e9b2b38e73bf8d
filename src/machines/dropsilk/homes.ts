/**
 * Where DropSilk's actors live when several servers are one: connections with their sockets, a room and its flights where
 * the code's shard is, a network where that of its group is. Each flight keeps a story on the node where it lives.
 */
import type { Belonging, Homes } from "../cluster/homes.ts"
import { flightAt } from "./addresses.ts"
import { type ConnectionContext, ownNetwork } from "./connection/connectionContext.ts"
import { codeOfFlight } from "./flight/flightContext.ts"

/** `code` and `group` may be equal, and need not live together. */
const nameOfCode = (id: string): string => `code ${codeOfFlight(id)}`

const belongingsOf = (context: ConnectionContext): readonly Belonging[] => {
  const network = ownNetwork(context)
  const { seat } = context
  return [
    { to: network, moved: { type: "network.moved", group: network.id } },
    ...(seat === null
      ? []
      : [{ to: flightAt(seat.flightId), moved: { type: "flight.moved", flightId: seat.flightId } }])
  ]
}

export const dropSilkHomes: Homes = {
  homes: {
    connections: "socket",
    sockets: "socket",
    desk: "socket",
    around: "socket",
    flights: { nameOf: nameOfCode, hasMembers: true },
    rooms: { nameOf: nameOfCode, rest: { type: "room.rest" } },
    networks: { nameOf: (id) => `group ${id}`, hasMembers: true }
  },
  belongings: { connections: belongingsOf },
  claims: ["seat.resume", "network.resume"]
}
