/**
 * What happens in NoisyTransfer's rooms, in the words that operators search their logs for. Actors record these; what is
 * written down, counted and shown of each is in src/io/noisytransfer/telling/events.ts.
 */
import type { Side } from "./relayRoom/seats.ts"

/** What of a mailbox is full: the number of its items, their bytes, or what all mailboxes hold together. */
export type MailboxLimit = "items" | "bytes" | "server"

/** Why a room has ended: nobody was there any more, it has crashed, whoever runs the server has ended it, or what was in its
 * mailboxes is lost with its node. */
export type RoomEnd = "empty" | "crashed" | "operator" | "mail_lost"

export type NoisyTransferEvent =
  | { readonly name: "relay:connected"; readonly clientId: string; readonly ip: string; readonly side: Side }
  | { readonly name: "relay:disconnected"; readonly clientId: string }
  /** Its side was taken. */
  | { readonly name: "relay:refused"; readonly clientId: string; readonly side: Side }
  | { readonly name: "relay:error"; readonly clientId: string; readonly error: unknown }
  /** Somebody has come to an empty room. */
  | { readonly name: "relay:room_opened"; readonly roomId: string; readonly clientId: string }
  /** Both sides are there. */
  | { readonly name: "relay:met"; readonly roomId: string }
  /** Whoever sat there gave no sign of life, and somebody with the same `sid` has the seat now. */
  | { readonly name: "relay:replaced"; readonly roomId: string; readonly clientId: string; readonly side: Side }
  /** `clientId`: who wanted to leave something there. */
  | {
      readonly name: "relay:mailbox_full"
      readonly roomId: string
      readonly clientId: string
      readonly reason: MailboxLimit
    }
  /** The two are connected to each other, `afterMs` milliseconds after the first had come. */
  | { readonly name: "relay:established"; readonly roomId: string; readonly mode: string; readonly afterMs: number }
  /** The two could not be connected to each other. */
  | { readonly name: "relay:failed"; readonly roomId: string; readonly clientId: string }
  | { readonly name: "relay:room_ended"; readonly roomId: string; readonly reason: RoomEnd }
