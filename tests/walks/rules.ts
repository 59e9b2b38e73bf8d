/**
 * What the contract says, rule by rule, as the model names it. Each step that is taken follows some of them, and every
 * one must have been followed when the walks are over.
 */
export const rules = [
  "arrives and is told an id",
  "takes a name",
  "closes",
  "is killed",
  "falls silent and is ended",
  "reloads",
  "the server restarts, and everybody is told",
  "the server restarts, and who sits in a room stays in it",

  // A seat that is given up
  "nobody minds",
  "ends its flight",
  "leaves its partner in the flight",
  "ends its room",
  "empties the guest's seat",
  "hands the host's seat to the guest",
  "leaves a side channel, and the room as it is",
  "tells its partner of a room",

  // Flights
  "opens a flight",
  "joins a flight of its network",
  "joins a flight from elsewhere",
  "may have no second flight",
  "finds a flight full, gone or not a flight",
  "invites a neighbour",
  "invites who does not see it, and nobody hears",
  "invites into a flight it is not in, and nobody hears",
  "signals its partner",
  "signals nobody",

  // Rooms over HTTP
  "makes a room",
  "joins a room",
  "finds a room full or gone",
  "is ready",
  "asks for chat",
  "withdraws from chat",
  "shares its screen",
  "stops sharing",
  "may not share while the other does",
  "is no participant any more",

  // Seats of rooms
  "attaches for transfer",
  "attaches for chat",
  "attaches for screen-share",
  "attaches as host",
  "attaches as guest",
  "meets the other one",
  "waits for the other one",
  "attaches where it sits",
  "comes from another seat",
  "is refused a seat",
  "leaves its room by turning to a side channel",
  "is replaced by its own newer socket"
] as const

export type Rule = (typeof rules)[number]
