/** Walks to what chance hardly finds. */
import type { Walk } from "./paths.ts"
import { nameOnVisit } from "./world.ts"

const twoInFlight: Walk = [
  { does: "create room", who: "ann" },
  { does: "connect", who: "ann" },
  { does: "attach", who: "ann", channel: "transfer" },
  { does: "connect", who: "bob" },
  { does: "join room", who: "bob", of: "ann" },
  { does: "attach", who: "bob", channel: "transfer" }
]

export const rareWalks: Readonly<Record<string, Walk>> = {
  // A room remembers eight.
  "somebody has left, then another takes its place, and eight leave": [
    ...twoInFlight,
    { does: "leave", who: "bob" },
    { does: "connect", who: "cid" },
    ...Array.from(
      { length: 8 },
      (): Walk => [
        { does: "join room", who: "cid", of: "ann" },
        { does: "poll", who: "bob" },
        { does: "attach", who: "cid", channel: "transfer" },
        { does: "reload", who: "cid" }
      ]
    ).flat(),
    { does: "poll", who: "bob" }
  ],
  "somebody invites a neighbour into its room before it attaches": [
    { does: "connect", who: "ann" },
    { does: "connect", who: "bob" },
    { does: "create room", who: "ann" },
    { does: "invite", who: "ann", of: "bob", into: "its room" }
  ],
  "who waits for somebody attaches to another room": [
    ...twoInFlight,
    { does: "create room", who: "bob" },
    { does: "break off", who: "ann", partner: "attaches" }
  ],
  "the host leaves a guest who has asked for chat, and a guest leaves a host who has": [
    ...twoInFlight,
    { does: "chat", who: "bob", active: true },
    { does: "leave", who: "ann" },
    { does: "connect", who: "ann" },
    { does: "attach", who: "ann", channel: "transfer" },
    { does: "chat", who: "bob", active: true },
    { does: "leave", who: "ann" }
  ],
  "who waits for somebody is replaced, and then falls silent": [
    ...twoInFlight,
    { does: "break off", who: "ann", partner: "is replaced" },
    { does: "fall silent", who: "bob" }
  ],
  "somebody attaches again, then another takes another name, and it attaches twice": [
    ...twoInFlight,
    { does: "attach", who: "bob", channel: "transfer" },
    { does: "register", who: "ann", name: "Ada" },
    { does: "attach", who: "bob", channel: "transfer" },
    { does: "attach", who: "bob", channel: "transfer" }
  ],
  "the server restarts before and after somebody leaves": [
    ...twoInFlight,
    { does: "restart" },
    { does: "connect", who: "ann" },
    { does: "connect", who: "bob" },
    { does: "attach", who: "ann", channel: "transfer" },
    { does: "attach", who: "bob", channel: "transfer" },
    { does: "ready", who: "ann" },
    { does: "leave", who: "ann" },
    { does: "leave", who: "bob" },
    { does: "restart" },
    { does: "poll", who: "bob" },
    { does: "poll", who: "ann" }
  ],
  "somebody joins its room again, with its socket there and with another one": [
    { does: "create room", who: "ann" },
    { does: "join room", who: "bob", of: "ann" },
    { does: "connect", who: "bob" },
    { does: "register", who: "bob", name: nameOnVisit("bob") },
    { does: "join room", who: "bob", of: "ann" },
    { does: "reload", who: "bob" },
    { does: "join room", who: "bob", of: "ann" }
  ],
  "somebody joins its room again as host": [
    { does: "create room", who: "ann" },
    { does: "connect", who: "ann" },
    { does: "join room", who: "bob", of: "ann" },
    { does: "attach", who: "ann", channel: "transfer" },
    { does: "leave", who: "ann" },
    { does: "ready", who: "ann" },
    { does: "join room", who: "bob", of: "ann" },
    { does: "join room", who: "ann", of: "bob" }
  ]
}
