/**
 * A space: who has which name. It alone changes the list of names, and whoever is told of the list or of a change in it
 * is told by this actor, so that lists and notices fit together.
 *
 * A name is free, held, or contested: somebody else wants it, and it is being found out whether its holder lives. What
 * peers send to each other passes no actor: see src/io/named-peers/directory.ts.
 */
import type { Aftermath, Crash } from "../../kinds.ts"
import { namedPeerAt } from "../addresses.ts"
import { spaceSetup } from "./nameSpaceActions.ts"
import {
  type Claim,
  membersOf,
  type NameSpaceEvent,
  type ProbeAnswer,
  type SpaceContext,
  type SpaceNotice
} from "./nameSpaceContext.ts"

const claim = ({ event }: { readonly event: Claim }) => event
const leaver = ({ event }: { readonly event: { readonly peerId: string } }) => ({ peerId: event.peerId })
const resuming = ({ event }: { readonly event: Extract<NameSpaceEvent, { type: "peer.resume" }> }) => event
const ofNode = ({ event: { mark } }: { readonly event: { readonly mark: string } }) => ({ mark })
const refuseName = {
  type: "refuse",
  params: ({ event: { peerId } }: { readonly event: { readonly peerId: string } }) => ({
    peerId,
    cause: "name_taken" as const
  })
} as const
/** Who comes while it is put together again finds all who have said so by then. */
const settleFirst = {
  target: "peopled",
  actions: ["listEverybody", "takeUpAgain"]
} as const
const answer = ({ event }: { readonly event: ProbeAnswer }) => event

export const nameSpaceMachine = spaceSetup.createMachine({
  id: "nameSpace",
  description:
    "The names of one space and who has them. A name whose holder gives no sign of life goes to whoever has waited for it longest; a space that everybody has left ends.",
  context: ({ input }) => ({ ...input, holders: [], arrivals: 0, probes: 0 }),
  initial: "unused",
  states: {
    unused: {
      description: "Nobody has come yet.",
      on: {
        "peer.claim": { target: "peopled", actions: "admitNewcomer" },
        "peer.resume": { target: "resuming", actions: { type: "resume", params: resuming } }
      }
    },
    resuming: {
      description:
        "Put together again where another node has left off: who is in it says so, and nobody is told of it before all have.",
      always: { guard: "isDeserted", target: "empty" },
      on: {
        "peer.resume": [
          { guard: { type: "isHolder", params: leaver } },
          { guard: { type: "isOutdated", params: resuming }, actions: refuseName },
          {
            guard: { type: "isHeld", params: claim },
            actions: [
              { type: "refuseHolder", params: claim },
              { type: "resume", params: resuming }
            ]
          },
          { actions: { type: "resume", params: resuming } }
        ],
        "peer.leave": { actions: { type: "leaveUnseen", params: leaver } },
        "node.gone": { actions: { type: "leaveWithNode", params: ofNode } },
        "peer.claim": settleFirst,
        "frame.said": settleFirst,
        "home.settled": { target: "peopled", actions: "listEverybody" },
        "operator.ends": { actions: "endEverybody" }
      }
    },
    peopled: {
      description: "Somebody has a name.",
      always: { guard: "isDeserted", target: "empty" },
      on: {
        "frame.said": { actions: "passOn" },
        "home.settled": { actions: "listEverybody" },
        "node.gone": { actions: "loseNode" },
        // Its node was not reached for a while, and it was taken for gone.
        "peer.resume": [
          { guard: { type: "isHolder", params: leaver } },
          { guard: { type: "isHeld", params: claim }, actions: refuseName },
          {
            guard: "isFull",
            actions: {
              type: "refuse",
              params: ({ event }) => ({ peerId: event.peerId, cause: "space_full" as const })
            }
          },
          { actions: "admitNewcomer" }
        ],
        "peer.claim": [
          // Asks again, as the answer may be lost.
          { guard: { type: "isHolder", params: leaver }, actions: { type: "giveAgain", params: leaver } },
          { guard: { type: "isKnown", params: leaver } },
          { guard: { type: "hasHoldersKey", params: claim }, actions: "replaceByKey" },
          { guard: { type: "isContested", params: claim }, actions: { type: "wait", params: claim } },
          { guard: { type: "isHeld", params: claim }, actions: "askHolder" },
          {
            guard: "isFull",
            actions: {
              type: "refuse",
              params: ({ event }) => ({ peerId: event.peerId, cause: "space_full" as const })
            }
          },
          { actions: "admitNewcomer" }
        ],
        "peer.leave": [
          { guard: { type: "hasHeir", params: leaver }, actions: "leaveToHeir" },
          { guard: { type: "isHolder", params: leaver }, actions: "leave" },
          { guard: { type: "isClaimant", params: leaver }, actions: { type: "withdraw", params: leaver } }
        ],
        "holder.answered": { guard: { type: "isCurrentProbe", params: answer }, actions: "keepHolder" },
        "holder.silent": [
          { guard: { type: "isHolderSucceeded", params: answer }, actions: "replaceSilent" },
          // Nobody waits for it any more: the look at all sockets will end it.
          { guard: { type: "isCurrentProbe", params: answer }, actions: "keepHolder" }
        ],
        "server.draining": { target: "empty" },
        // Each leaves it by itself, and with the last one it ends.
        "operator.ends": { actions: "endEverybody" }
      }
    },
    empty: { type: "final", description: "Everybody has left, or been told that the server goes." }
  }
})

/** Nobody knows any more who has which name: all who are in it, or wait, are sent away and come again. */
export const nameSpaceCrash = ({ context }: Crash<SpaceContext>): Aftermath => ({
  tell: (context === undefined ? [] : membersOf(context)).map(({ peerId }) => ({
    to: namedPeerAt(peerId),
    event: { type: "space.lost" } satisfies SpaceNotice
  })),
  record: []
})
