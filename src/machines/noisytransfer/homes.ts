/**
 * Where NoisyTransfer's actors live when several servers are one: connections with their sockets, a room where the shard of
 * its name is. Its mailboxes live there alone: when the room moves they go along with whoever sits in it; when its node dies
 * they are lost, and whoever knows that something was in them is closed as by a crash.
 */
import type { Homes } from "../cluster/homes.ts"
import { connectionKind, roomKind, socketKind } from "./addresses.ts"
import { belongingsOf } from "./relayConnection/connectionContext.ts"

export const noisyTransferHomes: Homes = {
  homes: {
    [connectionKind]: "socket",
    [socketKind]: "socket",
    [roomKind]: { nameOf: (id) => `relay ${id}`, entrusts: true, hasMembers: true }
  },
  belongings: { [connectionKind]: belongingsOf },
  claims: ["seat.resume"]
}
