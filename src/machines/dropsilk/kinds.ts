/**
 * DropSilk's kinds of actors, in the order in which their supervisors start:
 *
 * - connections  temporary: a crashed one closes its socket with 1011
 * - flights      temporary: a crashed one tells its members peer-left
 * - rooms        temporary: a crashed one fails its callers and is loaded again on next use
 * - networks     transient: a crashed one is put together again by the connections that belong to it
 * - stories      temporary: a crashed one loses its narrative, nothing else
 */
import type { Kind } from "../kinds.ts"
import { connectionCrash, type connectionMachine } from "./connection/connection.ts"
import type { ConnectionInput } from "./connection/connectionContext.ts"
import { flightCrash, type flightMachine } from "./flight/flight.ts"
import type { FlightSettings } from "./flight/flightContext.ts"
import { type NetworkInput, networkCrash, type networkMachine } from "./network/network.ts"
import type { roomMachine } from "./room/room.ts"
import type { RoomSettings } from "./room/roomContext.ts"
import { roomCrash } from "./room/roomSetup.ts"
import type { storyMachine } from "./story.ts"

/** The charts, with their actions provided, and what their actors need to know. */
export interface DropsilkParts {
  readonly connection: typeof connectionMachine
  readonly flight: typeof flightMachine
  readonly room: typeof roomMachine
  readonly network: typeof networkMachine
  readonly story: typeof storyMachine
  /** What every actor of a kind is told. */
  readonly settings: {
    readonly connection: Pick<ConnectionInput, "askTimeoutMs" | "outlived">
    readonly flight: FlightSettings
    readonly room: RoomSettings
    readonly network: Omit<NetworkInput, "group">
    readonly story: { readonly staleMs: number; readonly entries: number }
  }
  /** Does what networks are told when there is time for it: to be let in comes before seeing who is there. */
  readonly whenCalm?: (work: () => void) => void
}

export const dropsilkKinds = (parts: DropsilkParts): readonly Kind[] => {
  const { connection, flight, room, network, story, settings, whenCalm } = parts
  return [
    {
      kind: "connections",
      chart: connection,
      settings: settings.connection,
      restart: "temporary",
      crash: connectionCrash,
      drain: { place: "clients", event: { type: "server.draining" } }
    },
    { kind: "flights", chart: flight, settings: settings.flight, restart: "temporary", crash: flightCrash },
    {
      kind: "rooms",
      chart: room,
      settings: { settings: settings.room },
      restart: "temporary",
      crash: roomCrash,
      drain: { place: "keepers", event: { type: "room.rest" } }
    },
    {
      kind: "networks",
      chart: network,
      settings: settings.network,
      restart: "transient",
      crash: networkCrash,
      whenCalm,
      resumed: [{ toAll: "connections", event: { type: "network.lost", group: null } }]
    },
    {
      kind: "stories",
      chart: story,
      settings: settings.story,
      restart: "temporary",
      drain: { place: "listeners", event: { type: "server.draining" } }
    }
  ]
}
