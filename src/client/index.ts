/**
 * The client: flights, rooms, discovery and invitations of a silktower server, or of any that speaks DropSilk's protocol, and
 * open connections between two peers. docs/client.md begins with an example. It needs no package.
 */
export type { Abortable } from "./abort.ts"
export type { State, StateChange } from "./connection.ts"
export { isTowerError, TowerError, type TowerErrorName } from "./errors.ts"
export type { Flight } from "./flight.ts"
export type { Peering, Role } from "./peer.ts"
export type { Room } from "./room.ts"
export type { Channel, RoomSeat } from "./roomSeat.ts"
export type { ParticipantSummary, RoomSummary } from "./roomSummary.ts"
export type { Other, Seat, SeatEvents } from "./seat.ts"
export {
  createTower,
  type Invitation,
  type Neighbour,
  type Tower,
  type TowerEvents,
  type TowerOptions
} from "./tower.ts"
export type {
  DataChannel,
  IceServer,
  PeerConnection,
  PeerConnectionConstructor,
  Web,
  WebSocketConstructor
} from "./web.ts"
