/**
 * What happens in DropSilk, in the words that operators search their logs for. Actors record these; what is written
 * down, counted and shown of each is in src/io/dropsilk/telling/events.ts.
 */
export type DropSilkEvent =
  | { readonly name: "client:connected"; readonly clientId: string; readonly ip: string }
  | { readonly name: "client:registered_details"; readonly clientId: string; readonly newName: string }
  | { readonly name: "client:disconnected"; readonly clientId: string; readonly flightCode: string | null }
  | { readonly name: "client:error"; readonly clientId: string; readonly error: unknown }
  | {
      readonly name: "flight:created"
      readonly flightId: string
      readonly flightCode: string
      readonly creatorId: string
    }
  /** Somebody has taken a seat: the first, the second, or one that it takes over from an older socket of its own. */
  | {
      readonly name: "flight:seated"
      readonly flightId: string
      readonly flightCode: string
      readonly memberId: string
      readonly memberName: string
      readonly ip: string
    }
  /** Two have met: `joinerId` is who came last, `peerId` who was there. */
  | {
      readonly name: "flight:joined"
      readonly flightId: string
      readonly flightCode: string
      readonly joinerId: string
      readonly joinerName: string
      readonly ip: string
      readonly connectionType: "lan" | "wan"
      readonly peerId: string
    }
  /** Somebody has given its seat up or lost it to a newer socket of its own. */
  | { readonly name: "flight:left"; readonly flightId: string; readonly flightCode: string; readonly memberId: string }
  | { readonly name: "flight:invitation"; readonly flightCode: string; readonly from: string; readonly to: string }
  | {
      readonly name: "flight:error"
      readonly clientId: string
      readonly flightCode: string
      readonly error: "not_found" | "flight_full"
    }
  | {
      readonly name: "flight:ended"
      readonly flightId: string
      readonly flightCode: string
      readonly reason: "empty" | "crashed" | "operator"
    }
  | {
      readonly name: "room:error"
      readonly roomCode: string
      readonly operation: "load" | "insert" | "save" | "remove"
      readonly error: unknown
    }
