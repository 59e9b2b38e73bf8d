/**
 * What the contract says, rule by rule, as the model names it. Each step that is taken follows some of them, and every
 * one must have been followed when the walks are over.
 */
export const rules = [
  "arrives and is told an id",
  "takes a name",
  "asks whether its socket lives",
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
  "leaves its room to those who may come back",
  "empties the guest's seat",
  "hands the host's seat to the guest",
  "ends what a host has asked for",
  "ends what a guest has asked for",
  "leaves a side channel, and the room as it is",
  "tells its partner of a room",

  // A socket that breaks off
  "breaks off, and nobody waits in a flight",
  "breaks off, and is missed for a while first",
  "breaks off, and is back before it is missed",
  "breaks off, and who waits for it attaches again",
  "breaks off, and who waits for it is replaced",
  "breaks off, and who waits for it closes",
  "breaks off, and who waits for it goes elsewhere",

  // Flights
  "opens a flight",
  "joins a flight of its network",
  "joins a flight from elsewhere",
  "may have no second flight",
  "finds a flight full, gone or not a flight",
  "invites a neighbour",
  "invites who does not see it, and nobody hears",
  "invites into a flight it is not in, and nobody hears",
  "invites into its room before it attaches",
  "invites into a full room, and nobody hears",
  "invites into a room that it has left or never was in, and nobody hears",
  "signals its partner",
  "signals nobody",

  // Rooms over HTTP
  "makes a room",
  "joins a room",
  "finds a room full",
  "finds a room that nobody is in",
  "is ready",
  "asks for chat",
  "withdraws from chat",
  "shares its screen",
  "stops sharing",
  "may not share while the other does",

  // Coming back to a room
  "returns as host",
  "returns as guest",
  "returns by a poll",
  "returns by getting ready",
  "returns by attaching",
  "returns as ready as it left",
  "returns after the server has restarted",
  "is not brought back by this",
  "is replaced when it has left",
  "is forgotten when eight have left since",

  // Joining a full room again
  "gives way to itself as host",
  "gives way to itself as guest",
  "sits in its room, and does not give way",
  "is there under another name, and does not give way",
  "is there with its socket, and does not give way",

  // Seats of rooms
  "attaches for transfer",
  "attaches for chat",
  "attaches for screen-share",
  "attaches as host",
  "attaches as guest",
  "meets the other one",
  "waits for the other one",
  "attaches where it sits",
  "attaches again when nothing has changed, and nobody else hears of it",
  "attaches again when a name has changed, and both hear of it",
  "comes from another seat",
  "turns to a side channel, by leaving its room and coming back",
  "is replaced by its own newer socket",
  "is told on its older socket that its seat is taken"
] as const

export type Rule = (typeof rules)[number]
