/** What a shard's chart asks before it decides, and what it does then. */
import { assign, setup } from "xstate"
import type { Owner, Route, ShardContext, ShardEvent, ShardInput } from "./shardContext.ts"

interface Known extends Owner {
  readonly nodes: readonly string[]
}

const isSameOwner = (owner: Owner | null, { node, epoch }: Owner): boolean =>
  owner?.node === node && owner.epoch === epoch

export const shardSetup = setup({
  types: {
    context: {} as ShardContext,
    events: {} as ShardEvent,
    input: {} as ShardInput
  },
  guards: {
    isSameOwner: ({ context }, known: Known) => isSameOwner(context.owner, known),
    isOtherOwner: ({ context }, known: Known) => !isSameOwner(context.owner, known),
    isOurs: ({ context }, { node }: Known) => node === context.settings.self,
    isOurOwn: ({ context }) => context.owner?.node === context.settings.self,
    isNobodys: ({ context }) => context.owner === null,
    isOwner: ({ context }, { node }: { node: string }) => context.owner?.node === node,
    isFormer: ({ context }, { node }: { node: string }) => context.former === node,
    /** One that is still there. It may be the owner again: what it sends back from before must not come behind what follows. */
    hasFormer: ({ context }) => context.former !== null,
    owesLastWords: ({ context }, { node }: { node: string }) => context.lastWordsOf === node,
    isCurrentEpoch: ({ context }, { epoch }: { epoch: string }) => context.owner?.epoch === epoch,
    isComplete: ({ context }) => context.awaited.length === 0
  },
  actions: {
    /** How events for its actors go from now on; those that have waited go that way too, in their order. */
    route: (_, _route: Route) => {},
    /** The same, to the owner. */
    routeAway: () => {},
    /** Asks for `owner.known`, where somebody is known: a shard that begins, or begins again, has heard of nobody. */
    askOwner: () => {},
    /** Asks the former owner to answer when all that was said to it before has gone through or come back. */
    fence: () => {},
    /** Everybody on this node who belongs to an actor of this shard says so to it, and then that is said to its owner. */
    announce: () => {},
    /** Its actors here hear that everybody who belongs to them has said so. */
    settle: () => {},
    /** Its actors here are saved and end without a word: they live on elsewhere. */
    letGo: () => {},
    /** Gives away all shards of this node, which ends with `shard.left`. */
    leave: () => {},
    /** Asks for a `deadline` event in so many milliseconds. */
    requestDeadline: (_, _parameters: { afterMs: number }) => {},
    cancelDeadline: () => {},
    rememberOwner: assign((_, { node, epoch, nodes }: Known) => ({ owner: { node, epoch }, awaited: nodes })),
    forgetOwner: assign({ owner: null }),
    rememberFormer: assign({ former: ({ context }) => context.owner?.node ?? context.former }),
    forgetFormer: assign({ former: null }),
    expectLastWords: assign({ lastWordsOf: ({ context }) => context.former }),
    expectNoLastWords: assign({ lastWordsOf: null }),
    awaitNoMore: assign({
      awaited: ({ context }, { node }: { node: string }) => context.awaited.filter((each) => each !== node)
    }),
    noteEarly: assign({
      early: ({ context }, { node, epoch }: Owner) => [
        ...context.early.filter((each) => each.node !== node),
        { node, epoch }
      ]
    }),
    heedEarly: assign({
      awaited: ({ context: { awaited, early, owner } }) =>
        awaited.filter((node) => !early.some((each) => each.node === node && each.epoch === owner?.epoch)),
      early: []
    })
  }
})
