/** Where NoisyTransfer's actors are found. */
import type { Address } from "../address.ts"

export const connectionKind = "noisytransfer-connections"
export const roomKind = "noisytransfer-rooms"
export const socketKind = "noisytransfer-sockets"

export const relayConnectionAt = (id: string): Address => ({ kind: connectionKind, id })
/** `id`: a digest of the appID, which lets whoever knows it in. */
export const relayRoomAt = (id: string): Address => ({ kind: roomKind, id })
/** The socket of a connection: its adapter answers for it. */
export const socketAt = (connectionId: string): Address => ({ kind: socketKind, id: connectionId })
