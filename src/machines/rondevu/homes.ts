/**
 * Where rondevu's actors live when several servers are one: an offer where the shard of its id is, a session where that of
 * its bucket and code is. Both have a row, and come to rest when their shard moves.
 */
import type { Homes } from "../cluster/homes.ts"
import { offerDeskKind, offerKind, offerNewsKind, sessionDeskKind, sessionKind } from "./addresses.ts"

/** Nobody belongs to an offer or a session: whoever asks for one asks over HTTP. */
const withoutMembers = { belongings: {}, claims: [] } as const

export const offerHomes: Homes = {
  homes: {
    [offerKind]: { nameOf: (id) => `offer ${id}`, rest: { type: "offer.rest" } },
    [offerDeskKind]: "socket",
    [offerNewsKind]: "socket"
  },
  ...withoutMembers
}

/** Of part 2, likewise. */
export const sessionHomes: Homes = {
  homes: {
    [sessionKind]: { nameOf: (id) => `session ${id}`, rest: { type: "session.rest" } },
    [sessionDeskKind]: "socket"
  },
  ...withoutMembers
}
