/**
 * What happens among named peers, in the words that operators search their logs for. Actors record these; what is written
 * down, counted and shown of each is in src/io/named-peers/telling/events.ts.
 */
export type NamedPeersEvent =
  /** Somebody has a name, and everybody in the space has been told. */
  | {
      readonly name: "named_peer:logged_in"
      readonly peerId: string
      readonly peerName: string
      readonly space: string
      readonly ip: string
    }
  /** Somebody who was logged in has gone. */
  | {
      readonly name: "named_peer:left"
      readonly peerId: string
      readonly peerName: string
      readonly space: string
    }
  /** A newer connection has the name now: by its key, or because the older one gave no sign of life. */
  | {
      readonly name: "named_peer:replaced"
      readonly peerId: string
      readonly peerName: string
      readonly space: string
      readonly by: string
      readonly cause: "key" | "silence"
    }
  /** Somebody was sent away before it was logged in. */
  | { readonly name: "named_peer:refused"; readonly peerId: string; readonly ip: string; readonly cause: Refusal }
  | { readonly name: "named_peer:error"; readonly peerId: string; readonly error: unknown }

/**
 * Why somebody is not let in:
 *
 * - `name_taken`, `invalid_name`: it may try another name;
 * - `login_timeout`: it has not said who it is;
 * - `space_full`, `address_full`: there are as many names as there may be, in its space or of its address;
 * - `unavailable`: nobody could say whether it may have the name.
 */
export type Refusal = "name_taken" | "invalid_name" | "login_timeout" | "space_full" | "address_full" | "unavailable"
