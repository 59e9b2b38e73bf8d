/**
 * A channel: the way from this node to one other, on a WebSocket that this one dials, again and again, as long as the
 * other is a node. What it is told comes in elsewhere, on the one that the other dials. There are few channels, so that
 * their delays are XState's own.
 */
import { and, assign, not, setup, stateIn } from "xstate"
import type { ChannelContext, ChannelEvent, ChannelInput } from "./channelContext.ts"

export const channelMachine = setup({
  types: {
    context: {} as ChannelContext,
    events: {} as ChannelEvent,
    input: {} as ChannelInput
  },
  guards: {
    /** This refused dial is one too many. */
    isGone: ({ context }) => context.refusals + 1 >= context.settings.deadAfter,
    /** This tick is one too many. */
    isSilent: ({ context }) => context.unanswered + 1 >= context.settings.silentAfter,
    isDead: stateIn({ node: "dead" }),
    isDialled: stateIn({ way: "dialling" }),
    isBeingGreeted: stateIn({ way: "greeting" })
  },
  actions: {
    /** Opens a WebSocket to it. */
    dial: () => {},
    /** Ends the WebSocket, however far it has come. */
    hangUp: () => {},
    ping: () => {},
    /** What is said to it from now on arrives. */
    tellOpen: () => {},
    /** Nothing that is said to it arrives. */
    tellClosed: () => {},
    tellDead: () => {},
    countRefusal: assign({ refusals: ({ context }) => context.refusals + 1 }),
    forgetRefusals: assign({ refusals: 0 }),
    countTick: assign({ unanswered: ({ context }) => context.unanswered + 1 }),
    noteAnswer: assign({ unanswered: 0 })
  },
  delays: {
    dial: ({ context }) => context.settings.dialMs,
    greeting: ({ context }) => context.settings.greetingMs,
    soon: ({ context }) => context.settings.againMs.soon,
    later: ({ context }) => context.settings.againMs.later,
    unfit: ({ context }) => context.settings.againMs.unfit
  }
}).createMachine({
  id: "channel",
  description:
    "The way from this node to one other, and how the other is. The way is dialled again whenever it has ended; the node is silent when it has not answered for long, and dead when its machine says that nobody listens there.",
  context: ({ input }) => ({ ...input, refusals: 0, unanswered: 0 }),
  type: "parallel",
  on: {
    "channel.forget": { target: [".way.forgotten", ".node.forgotten"] }
  },
  states: {
    way: {
      initial: "dialling",
      states: {
        dialling: {
          entry: "dial",
          on: {
            "way.opened": { target: "greeting", actions: "forgetRefusals" },
            "way.refused": [
              { guard: "isGone", target: "resting" },
              { target: "pausing", actions: "countRefusal" }
            ],
            "way.ended": { target: "resting", actions: "forgetRefusals" }
          },
          after: { dial: { target: "resting", actions: ["hangUp", "forgetRefusals"] } }
        },
        greeting: {
          description: "Its port is open. The two prove to each other who they are.",
          on: {
            "node.greeted": { target: "open" },
            "node.unfit": { target: "refused", actions: "hangUp" },
            "way.ended": { target: "resting" }
          },
          after: { greeting: { target: "resting", actions: "hangUp" } }
        },
        open: {
          description: "What is said to it arrives, in order.",
          entry: "tellOpen",
          on: {
            tick: [{ guard: "isSilent", target: "pausing", actions: "hangUp" }, { actions: "ping" }],
            "node.unfit": { target: "refused", actions: "hangUp" },
            "node.parted": { target: "pausing", actions: "hangUp" },
            "way.ended": { target: "pausing" }
          },
          exit: "tellClosed"
        },
        pausing: {
          description: "It was there just now, and is dialled again in a moment.",
          after: { soon: { target: "dialling" } }
        },
        resting: {
          description: "Nobody is met there; it is looked now and then whether somebody is again.",
          after: { later: { target: "dialling" } }
        },
        refused: {
          description:
            "One of the two does not fit into the other's cluster. It may be another one by now when it is asked again.",
          after: { unfit: { target: "dialling" } }
        },
        forgotten: { type: "final", entry: "hangUp" }
      }
    },
    node: {
      initial: "silent",
      states: {
        silent: {
          description: "It does not answer, or has never been met. It may yet be alive: the way to it may be broken."
        },
        answering: {
          on: {
            tick: [{ guard: "isSilent", target: "silent" }, { actions: "countTick" }],
            "node.answered": { actions: "noteAnswer" }
          }
        },
        dead: {
          description: "It is gone: nobody listens there any more.",
          entry: "tellDead"
        },
        forgotten: { type: "final" }
      },
      on: {
        "node.greeted": { guard: "isBeingGreeted", target: ".answering", actions: "noteAnswer" },
        "way.refused": { guard: and(["isDialled", "isGone", not("isDead")]), target: ".dead" }
      }
    }
  }
})
