/**
 * Where the SFU's actors live when several servers are one: all of a conference on one node, that of its media worker, by
 * itself. Participants are there as well, as their connections are passed on to it: see src/io/sfu/places.ts.
 */
import type { Homes } from "../cluster/homes.ts"
import { nameDeskKind } from "./addresses.ts"

export const sfuHomes: Homes = { homes: { [nameDeskKind]: "socket" }, belongings: {}, claims: [] }
