/**
 * A story: what has happened in one flight, told when the flight has ended, or when it has become too old to wait for
 * its end. It only listens: a flight is the same with and without one.
 */
import { assertEvent, assign, setup } from "xstate"
import type { ConnectionType } from "./flight/flightContext.ts"

export interface StoryInput {
  readonly flightId: string
  readonly flightCode: string
  readonly creatorId: string
  /** Epoch milliseconds. */
  readonly startedAt: number
  /** The story is stale when it is so old, milliseconds. */
  readonly staleMs: number
  /** Participants, and entries of the timeline, that are kept: the first so many of each. */
  readonly entries: number
}

/** Times are epoch milliseconds. */
export interface StoryParticipant {
  readonly id: string
  readonly name: string
  readonly ip: string
  /** Null until the participant has met another. */
  readonly connectionType: ConnectionType | null
  readonly joinedAt: number
}

export type StoryEntry =
  | {
      readonly event: "peer_joined"
      readonly at: number
      readonly id: string
      readonly name: string
      readonly connectionType: ConnectionType
    }
  | { readonly event: "participant_disconnected"; readonly at: number; readonly id: string }

export interface StoryContext extends StoryInput {
  readonly participants: readonly StoryParticipant[]
  readonly timeline: readonly StoryEntry[]
  /** Participants and entries that came after the story was full. */
  readonly omitted: number
}

/** `at`: epoch milliseconds. */
export type StoryEvent =
  | {
      readonly type: "story.seated"
      readonly id: string
      readonly name: string
      readonly ip: string
      readonly at: number
    }
  | {
      readonly type: "story.joined"
      readonly id: string
      readonly name: string
      readonly connectionType: ConnectionType
      readonly peerId: string
      readonly at: number
    }
  | { readonly type: "story.left"; readonly id: string; readonly at: number }
  /** The flight has ended; `signals`: frames that have passed in it. */
  | { readonly type: "story.ended"; readonly signals: number }
  /** There are too many stories, and this is the oldest. */
  | { readonly type: "story.crowdedOut" }
  | { readonly type: "deadline"; readonly at: number }
  | { readonly type: "server.draining" }

/** How a story is told. While the flight goes on `signals` is null: the links know how many have passed. */
export interface Telling {
  readonly outcome: "complete" | "old" | "crowded"
  readonly signals: number | null
}

/** The timeline with this entry; a full one only counts it. */
const withEntry = (context: StoryContext, entry: StoryEntry): Partial<StoryContext> =>
  context.timeline.length >= context.entries
    ? { omitted: context.omitted + 1 }
    : { timeline: [...context.timeline, entry] }

export const storyMachine = setup({
  types: {
    context: {} as StoryContext,
    events: {} as StoryEvent,
    input: {} as StoryInput
  },
  actions: {
    /** Writes the story down. */
    tell: (_, _telling: Telling) => {},
    requestDeadline: (_, _parameters: { at: number }) => {},
    cancelDeadline: () => {},
    addParticipant: assign(({ context, event }) => {
      assertEvent(event, "story.seated")
      const { id, name, ip, at } = event
      if (context.participants.some((participant) => participant.id === id)) return {}
      if (context.participants.length >= context.entries) return { omitted: context.omitted + 1 }
      return { participants: [...context.participants, { id, name, ip, connectionType: null, joinedAt: at }] }
    }),
    addMeeting: assign(({ context, event }) => {
      assertEvent(event, "story.joined")
      const { id, name, connectionType, peerId, at } = event
      return {
        participants: context.participants.map((participant) =>
          participant.connectionType === null && (participant.id === id || participant.id === peerId)
            ? { ...participant, connectionType }
            : participant
        ),
        ...withEntry(context, { event: "peer_joined", at, id, name, connectionType })
      }
    }),
    addLeaving: assign(({ context, event }) => {
      assertEvent(event, "story.left")
      const { id, at } = event
      return withEntry(context, { event: "participant_disconnected", at, id })
    })
  }
}).createMachine({
  id: "story",
  description: "Listens to one flight and tells what happened when the flight has ended, or when the story is stale.",
  context: ({ input }) => ({ ...input, participants: [], timeline: [], omitted: 0 }),
  initial: "listening",
  states: {
    listening: {
      description: "The flight goes on.",
      entry: {
        type: "requestDeadline",
        params: ({ context }) => ({ at: context.startedAt + context.staleMs })
      },
      exit: "cancelDeadline",
      on: {
        "story.seated": { actions: "addParticipant" },
        "story.joined": { actions: "addMeeting" },
        "story.left": { actions: "addLeaving" },
        "story.ended": {
          target: "complete",
          actions: { type: "tell", params: ({ event }) => ({ outcome: "complete", signals: event.signals }) }
        },
        "story.crowdedOut": {
          target: "stale",
          actions: { type: "tell", params: { outcome: "crowded", signals: null } }
        },
        deadline: {
          target: "stale",
          actions: { type: "tell", params: { outcome: "old", signals: null } }
        },
        "server.draining": {
          target: "complete",
          actions: { type: "tell", params: { outcome: "complete", signals: null } }
        }
      }
    },
    complete: { type: "final", description: "The flight or the server has ended: the whole story has been told." },
    stale: { type: "final", description: "Told as far as it had come: what still happens in the flight is not told." }
  }
})
