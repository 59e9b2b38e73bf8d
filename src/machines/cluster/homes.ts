/**
 * Where actors live when several servers are one, as each protocol says of its own:
 *
 * - with their **socket**, on the node that has accepted it. Their ids begin with the mark of that node, so that whoever
 *   knows an id knows where its actor is;
 * - by **name**, on the node that owns the shard of that name. What belongs together has one name: a room and its flights.
 *
 * Whatever a protocol names no home for lives on each node by itself, and is spoken to by nobody else.
 */
import type { AnyEventObject } from "xstate"
import type { Address } from "../address.ts"

export type Home = "socket" | NamedHome

export interface NamedHome {
  /** The name by which its owner is found: plain text. */
  readonly nameOf: (id: string) => string
  /** Saves what it keeps, and ends. Absent: it keeps nothing that others do not know, and ends without a word. */
  readonly rest?: AnyEventObject
  /** It hears `home.leaving` before it ends so, and tells its members what is to go on: they say it to the next one. */
  readonly entrusts?: boolean
  /** It has members with sockets, and hears `node.gone` of theirs. */
  readonly hasMembers?: boolean
}

/** All actors have gone whose ids begin with this mark. */
export interface NodeGone {
  readonly type: "node.gone"
  readonly mark: string
}

/** Everybody who belongs to this actor has said so. */
export interface HomeSettled {
  readonly type: "home.settled"
}

/** It is about to end here, and goes on elsewhere. */
export interface HomeLeaving {
  readonly type: "home.leaving"
}

/** Somebody found by name to whom an actor with a socket belongs. */
export interface Belonging {
  readonly to: Address
  /** Asks the actor to say so again, where the other one has been put together anew. */
  readonly moved: AnyEventObject
}

/** What a protocol says of its actors where several servers are one. */
export interface Homes {
  /** By kind of address, adapters' ends included. */
  readonly homes: Readonly<Record<string, Home>>
  /** By kind of actors with sockets: to whom one belongs, by its context. */
  readonly belongings: Readonly<Record<string, (context: never) => readonly Belonging[]>>
  /** Types of the events by which actors say so: they are heard by somebody who is being put together, before all others. */
  readonly claims: readonly string[]
  /** Kinds of adapters' ends with sockets that hear `node.gone` of each other node. */
  readonly hearOfNodes?: readonly string[]
}

/** How many characters a node's mark has, of `[0-9a-z]`: enough for 1,296 nodes. */
export const markLength = 2

/** `number`: of the node, from 0 to 1,295. */
export const markOf = (number: number): string => number.toString(36).padStart(markLength, "0")

/** The mark of the node where the actor with this id has its socket. */
export const markIn = (id: string): string => id.slice(0, markLength)

/** FNV-1a, folded once more, as names that differ at their end only would fall into neighbouring shards. */
export const shardOfName = (name: string, shards: number): number => {
  let hash = 0x811c9dc5
  for (let index = 0; index < name.length; index++) hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193)
  return ((hash ^ (hash >>> 15)) >>> 0) % shards
}
