/**
 * NoisyTransfer's kinds of actors, in the order in which their supervisors start:
 *
 * - connections  temporary: a crashed one closes its socket with 1011 and leaves its seat
 * - rooms        temporary: a crashed one has its connections closed with 1011, and they come back to an empty room
 */
import type { Kind } from "../kinds.ts"
import { connectionKind, roomKind } from "./addresses.ts"
import type { ConnectionSettings } from "./relayConnection/connectionContext.ts"
import { relayConnectionCrash, type relayConnectionMachine } from "./relayConnection/relayConnection.ts"
import { relayRoomCrash, type relayRoomMachine } from "./relayRoom/relayRoom.ts"
import type { RoomSettings } from "./relayRoom/roomContext.ts"

/** The charts, with their actions provided, and what their actors need to know. */
export interface NoisyTransferCharts {
  readonly relayConnection: typeof relayConnectionMachine
  readonly relayRoom: typeof relayRoomMachine
  /** Merged under the input of every actor of a kind. */
  readonly settings: { readonly connection: ConnectionSettings; readonly room: RoomSettings }
}

export const noisyTransferKinds = ({ relayConnection, relayRoom, settings }: NoisyTransferCharts): readonly Kind[] => [
  {
    kind: connectionKind,
    chart: relayConnection,
    settings: { ...settings.connection },
    restart: "temporary",
    crash: relayConnectionCrash,
    drain: { place: "clients", event: { type: "server.draining" } }
  },
  { kind: roomKind, chart: relayRoom, settings: { ...settings.room }, restart: "temporary", crash: relayRoomCrash }
]
