/** Where DropSilk's actors are found. */
import type { Address } from "../address.ts"

export const connectionAt = (id: string): Address => ({ kind: "connections", id })
/** `flightId`: the code itself, or `CODE/channel` for a room's flight. */
export const flightAt = (flightId: string): Address => ({ kind: "flights", id: flightId })
export const roomAt = (code: string): Address => ({ kind: "rooms", id: code })
/** `group`: see networkOf. */
export const networkAt = (group: string): Address => ({ kind: "networks", id: group })
/** Where rooms answer those who ask them on behalf of HTTP; `mark`: of the node that asks. */
export const deskAt = (mark: string): Address => ({ kind: "desk", id: `${mark}http` })
/** Where the node with this mark says who is around. */
export const aroundAt = (mark: string): Address => ({ kind: "around", id: `${mark}http` })
/** The socket of a connection: its adapter answers for it. */
export const socketAt = (connectionId: string): Address => ({ kind: "sockets", id: connectionId })
