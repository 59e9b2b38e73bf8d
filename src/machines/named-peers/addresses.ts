/** Where the actors of named peers are found. */
import type { Address } from "../address.ts"

export const namedPeerAt = (peerId: string): Address => ({ kind: "namedPeers", id: peerId })
/** `space`: the name of the space, or `commonSpace`. */
export const nameSpaceAt = (space: string): Address => ({ kind: "nameSpaces", id: space })
/** The socket of a peer: its adapter answers for it. */
export const peerSocketAt = (peerId: string): Address => ({ kind: "namedPeerSockets", id: peerId })

/** The space of those who have asked for none: no name of a space has parentheses. */
export const commonSpace = "(common)"
