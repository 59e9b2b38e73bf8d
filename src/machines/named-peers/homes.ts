/**
 * Where named peers live when several servers are one: a peer with its socket, a space where the shard of its name is. What
 * peers say to each other goes by their space, which knows where each of them is.
 */
import type { Homes } from "../cluster/homes.ts"
import { belongingsOf } from "./namedPeer/namedPeerContext.ts"

export const namedPeersHomes: Homes = {
  homes: {
    namedPeers: "socket",
    namedPeerSockets: "socket",
    nameSpaces: { nameOf: (id) => `space ${id}`, hasMembers: true }
  },
  belongings: { namedPeers: belongingsOf },
  claims: ["peer.resume"],
  hearOfNodes: ["namedPeerSockets"]
}
