/**
 * A shard on one node: a share of all names, and where the actors found by them live. Every node has every shard, and
 * each of them is open on one node at most, its owner.
 *
 * When a shard gets another owner the actors there begin anew, and are put together by those who belong to them: every
 * node says so to the new owner, once what it had sent to the former one has gone through or come back.
 */
import type { Kind } from "../../kinds.ts"
import { shardKind } from "../addresses.ts"
import type { ShardSettings } from "./shardContext.ts"
import { shardSetup } from "./shardSetup.ts"

const known = ({ event }: { event: { node: string; epoch: string; nodes: readonly string[] } }) => event
const ofNode = ({ event }: { event: { node: string } }) => ({ node: event.node })
const ofEpoch = ({ event }: { event: { epoch: string } }) => ({ epoch: event.epoch })

const awaitNoMore = { type: "awaitNoMore", params: ofNode } as const
const remember = { type: "rememberOwner", params: known } as const
const isSame = { type: "isSameOwner", params: known } as const
/** The last words of a former owner came late, or will not come: somebody may belong to an actor since, by its word. */
const sayAgain = ["announce", "expectNoLastWords"] as const
const owesLastWords = { type: "owesLastWords", params: ofNode } as const
const isOurs = { type: "isOurs", params: known } as const

export const shardMachine = shardSetup.createMachine({
  id: "shard",
  description:
    "A share of all names on one node, and where the actors found by them live: here, with another node, or nowhere that is known.",
  context: ({ input }) => ({ ...input, owner: null, former: null, lastWordsOf: null, awaited: [], early: [] }),
  initial: "unknown",
  on: {
    "shard.announced": { actions: { type: "noteEarly", params: ({ event }) => event } },
    // What it still owns is given away first, as at any other time.
    "server.draining": { actions: "leave" },
    "shard.left": { target: ".left" }
  },
  states: {
    unknown: {
      description: "Nobody is known to own it: what is said to its actors waits.",
      entry: [{ type: "route", params: { to: "nowhere" } }, "askOwner"],
      on: { "owner.known": { target: "changing", actions: remember } }
    },
    changing: {
      description: "Whose is it now, and is anything on its way to the one who owned it before?",
      always: [
        { guard: "hasFormer", target: "fencing" },
        { guard: "isNobodys", target: "unknown" },
        { guard: "isOurOwn", target: "gathering" },
        { target: "elsewhere" }
      ]
    },
    fencing: {
      description:
        "What was on its way to the former owner, be it the owner again, goes through or comes back, before anything else is said.",
      entry: [
        { type: "route", params: { to: "nowhere" } },
        "expectLastWords",
        "fence",
        { type: "requestDeadline", params: ({ context }) => ({ afterMs: context.settings.fenceMs }) }
      ],
      exit: ["cancelDeadline", "forgetFormer"],
      on: {
        "owner.known": { guard: { type: "isOtherOwner", params: known }, actions: [remember, "fence"] },
        "owner.unknown": { actions: "forgetOwner" },
        "shard.fenced": {
          guard: { type: "isCurrentEpoch", params: ofEpoch },
          target: "changing",
          actions: "expectNoLastWords"
        },
        // Nor will it say who belongs here.
        "node.parted": [
          {
            guard: { type: "isFormer", params: ofNode },
            target: "changing",
            actions: [awaitNoMore, "expectNoLastWords"]
          },
          { actions: awaitNoMore }
        ],
        deadline: { target: "changing" }
      }
    },
    elsewhere: {
      description: "Another node owns it, and has been told who of this one belongs there.",
      entry: ["routeAway", "announce"],
      on: {
        "owner.known": [{ guard: isSame }, { target: "changing", actions: ["rememberFormer", remember] }],
        "owner.unknown": { target: "doubtful" },
        // What was said on the way that has broken is lost, and its owner takes those who said it for gone.
        "node.met": { guard: { type: "isOwner", params: ofNode }, actions: ["routeAway", "announce"] },
        "shard.fenced": { actions: ["routeAway", ...sayAgain] },
        "node.parted": { guard: owesLastWords, actions: ["routeAway", ...sayAgain] }
      }
    },
    doubtful: {
      description:
        "Another node may own it still, or may not. Where the registry cannot be read nobody else can, and it goes on.",
      entry: { type: "route", params: { to: "nowhere" } },
      on: {
        "registry.away": { target: "elsewhere" },
        "owner.known": { target: "changing", actions: ["rememberFormer", remember] },
        "node.parted": {
          guard: { type: "isOwner", params: ofNode },
          target: "unknown",
          actions: "forgetOwner"
        }
      }
    },
    gathering: {
      description: "This node owns it: every node says who belongs here, and all else waits until then.",
      entry: [
        { type: "route", params: { to: "claims" } },
        "announce",
        "heedEarly",
        { type: "requestDeadline", params: ({ context }) => ({ afterMs: context.settings.gatherMs }) }
      ],
      exit: "cancelDeadline",
      always: { guard: "isComplete", target: "open" },
      on: {
        "shard.announced": {
          guard: { type: "isCurrentEpoch", params: ofEpoch },
          actions: awaitNoMore
        },
        "shard.fenced": { actions: sayAgain },
        "node.parted": [{ guard: owesLastWords, actions: [awaitNoMore, ...sayAgain] }, { actions: awaitNoMore }],
        "owner.known": [
          { guard: isSame },
          { guard: isOurs, target: "gathering", reenter: true, actions: remember },
          { target: "elsewhere", actions: ["letGo", remember] }
        ],
        "owner.unknown": { target: "unknown", actions: ["letGo", "forgetOwner"] },
        "shard.release": { guard: { type: "isCurrentEpoch", params: ofEpoch }, target: "releasing" },
        deadline: { target: "open" }
      }
    },
    open: {
      description: "Its actors live here.",
      entry: ["settle", { type: "route", params: { to: "here" } }],
      on: {
        // A node has been met again, and its people are back.
        "shard.announced": [
          { guard: { type: "isCurrentEpoch", params: ofEpoch }, actions: "settle" },
          { actions: { type: "noteEarly", params: ({ event }) => event } }
        ],
        "shard.fenced": { actions: sayAgain },
        "node.parted": { guard: owesLastWords, actions: sayAgain },
        "owner.known": [
          { guard: isSame },
          // Another node may have owned it meanwhile.
          { guard: isOurs, target: "gathering", actions: ["letGo", remember] },
          { target: "elsewhere", actions: ["letGo", remember] }
        ],
        "owner.unknown": { target: "paused" },
        "shard.release": { guard: { type: "isCurrentEpoch", params: ofEpoch }, target: "releasing" }
      }
    },
    paused: {
      description:
        "Nobody is known to own it any more, so another node may. Where the registry cannot be read nobody can, and it goes on.",
      entry: { type: "route", params: { to: "nowhere" } },
      on: {
        "registry.away": { target: "open", actions: "announce" },
        "owner.known": [
          { guard: isSame, target: "open", actions: "announce" },
          { guard: isOurs, target: "gathering", actions: ["letGo", remember] },
          { target: "elsewhere", actions: ["letGo", remember] }
        ],
        "shard.release": { guard: { type: "isCurrentEpoch", params: ofEpoch }, target: "releasing" }
      }
    },
    releasing: {
      description:
        "It is given away: what its actors keep is saved, and what is said to them waits for the next owner.",
      entry: [{ type: "route", params: { to: "nowhere" } }, "letGo"],
      on: {
        "owner.known": { guard: { type: "isOtherOwner", params: known }, target: "changing", actions: remember },
        "owner.unknown": { target: "unknown", actions: "forgetOwner" }
      }
    },
    left: {
      description: "This node is none of the cluster's any more.",
      type: "final"
    }
  }
})

/** The kind of actors that the shards of a node are. */
export const shardsKind = (chart: typeof shardMachine, settings: ShardSettings, shards: number): Kind => ({
  kind: shardKind,
  chart,
  settings: { settings },
  restart: "permanent",
  drain: { place: "homes", event: { type: "server.draining" } },
  standing: Array.from({ length: shards }, (_, index) => ({ id: String(index), input: { index } }))
})
