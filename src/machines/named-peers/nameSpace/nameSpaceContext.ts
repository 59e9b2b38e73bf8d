/** What a space knows, what it is told and tells, and what follows from both without a state. */

import { markIn } from "../../cluster/homes.ts"

/** Whoever wants a name. */
export interface Claim {
  readonly peerId: string
  readonly name: string
  /** A digest of the secret with which its owner may replace it while it lives; null: there is none. */
  readonly key: string | null
  /** The client's address. */
  readonly address: string
}

/** Whoever has a name. */
export interface Holder extends Claim {
  /** The how manieth it was to log in: lists are in this order. */
  readonly arrival: number
  /** Which question to it has not been answered: while it is asked whether it lives the name is contested. Null: none. */
  readonly probe: number | null
  /** Those who wait for the answer, in the order in which they came. */
  readonly claimants: readonly Claim[]
}

/** What has become of a question to a holder. */
export interface ProbeAnswer {
  readonly peerId: string
  /** Which question it was. */
  readonly probe: number
}

export interface SpaceInput {
  /** The name of the space, or `commonSpace`. */
  readonly id: string
}

export type SpaceSettings = {
  /** Names at one time. */
  readonly most: number
  /** How long a holder whose name somebody wants may take for a sign of life, milliseconds. */
  readonly probeWithinMs: number
}

export interface SpaceContext extends SpaceInput, SpaceSettings {
  /** In the order in which they have logged in. */
  readonly holders: readonly Holder[]
  /** Logins so far. */
  readonly arrivals: number
  /** Holders asked so far. */
  readonly probes: number
}

export type NameSpaceEvent =
  | ({ readonly type: "peer.claim" } & Claim)
  /** It has gone, or waits for no name any more. */
  | { readonly type: "peer.leave"; readonly peerId: string }
  /** The holder has given a sign of life, or none in time. */
  | ({ readonly type: "holder.answered" | "holder.silent" } & ProbeAnswer)
  /** It has its name already, as its node knows: the space goes on where another node has left off. */
  | ({ readonly type: "peer.resume"; readonly arrival: number } & Claim)
  /** Everybody who is in it has said so. */
  | { readonly type: "home.settled" }
  /** All connections whose ids begin so have gone with their node. */
  | { readonly type: "node.gone"; readonly mark: string }
  /** Something for the peer of this name, or for all others (null); only where peers have sockets on several nodes. */
  | { readonly type: "frame.said"; readonly peerId: string; readonly target: string | null; readonly frame: string }
  | { readonly type: "server.draining" }
  /** Whoever runs the server ends everybody in it. */
  | { readonly type: "operator.ends" }

/** What a space tells its peers. */
export type SpaceNotice =
  | { readonly type: "name.given"; readonly arrival: number }
  | { readonly type: "name.refused"; readonly cause: "name_taken" | "space_full" }
  /** Somebody else wants the name: does its holder live? */
  | { readonly type: "name.wanted"; readonly probe: number; readonly withinMs: number }
  /** Somebody else has the name now. */
  | { readonly type: "name.lost" }
  | { readonly type: "space.lost" }
  /** As if this one alone had been ended by hand. */
  | { readonly type: "operator.ends" }

/** Somebody who is there, as others know it. */
export interface Member {
  readonly peerId: string
  readonly name: string
}

/** Who is there now, in order of login. */
export interface MemberList {
  readonly space: string
  readonly members: readonly Member[]
}

/** Somebody who is there for all others from now on, and stands in the list itself. */
export interface Admission extends Member, MemberList {}

/** Somebody who is there for nobody any more, and those who are left. */
export interface Removal extends Member, MemberList {}

/** A frame on its way. */
export interface Passing {
  readonly space: string
  /** The sender's connection, and those of whom it is for. */
  readonly from: string
  readonly to: readonly string[]
  readonly frame: string
}

/** Nobody has the name that this connection has sent something to. */
export interface Miss {
  readonly space: string
  readonly peerId: string
  readonly target: string
}

export const holderOf = ({ holders }: SpaceContext, name: string): Holder | undefined =>
  holders.find((holder) => holder.name === name)

/** The holder with this connection. */
export const holderBy = ({ holders }: SpaceContext, peerId: string): Holder | undefined =>
  holders.find((holder) => holder.peerId === peerId)

/** The holder whose answer to this very question this is. */
export const holderAsked = (context: SpaceContext, { peerId, probe }: ProbeAnswer): Holder | undefined =>
  context.holders.find((holder) => holder.peerId === peerId && holder.probe === probe)

/** The holder for whose name somebody waits. */
export const holderAwaitedBy = ({ holders }: SpaceContext, peerId: string): Holder | undefined =>
  holders.find(({ claimants }) => claimants.some((claimant) => claimant.peerId === peerId))

/** Whoever has a name, and behind each of them whoever waits for it. */
export const membersOf = ({ holders }: SpaceContext): readonly Claim[] =>
  holders.flatMap((holder) => [holder, ...holder.claimants])

export const without = (holders: readonly Holder[], gone: Holder): readonly Holder[] =>
  holders.filter((holder) => holder !== gone)

export const withHolder = (
  { holders }: SpaceContext,
  changed: Holder,
  change: Partial<Pick<Holder, "probe" | "claimants">>
): readonly Holder[] => holders.map((holder) => (holder === changed ? { ...holder, ...change } : holder))

/** Who has come last stands last. */
export const withNewcomer = (
  holders: readonly Holder[],
  { peerId, name, key, address }: Claim,
  arrival: number
): readonly Holder[] =>
  [...holders, { peerId, name, key, address, arrival, probe: null, claimants: [] }].sort(
    (one, other) => one.arrival - other.arrival
  )

export const listOf = (holders: readonly Holder[]): readonly Member[] =>
  holders.map(({ peerId, name }) => ({ peerId, name }))

export const isFrom =
  (mark: string) =>
  ({ peerId }: Claim): boolean =>
    markIn(peerId) === mark
