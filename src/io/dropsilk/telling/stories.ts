/** Stories at both ends: what happens in flights goes in, and one line for each flight comes out. */
import type { DropSilkEvent } from "../../../machines/dropsilk/events.ts"
import { type StoryContext, storyMachine } from "../../../machines/dropsilk/story.ts"
import type { SupervisorRef } from "../../../machines/supervisor.ts"
import type { Deadlines } from "../../actors/deadlines.ts"
import type { Links } from "../../sockets/link.ts"
import { type DropSilkLog, events, type Narrate, type StoryStep } from "./events.ts"

export interface StoriesOptions {
  /** The supervisor that starts the stories. */
  readonly supervisor: () => SupervisorRef
  readonly links: Pick<Links, "signalsOf">
  readonly deadlines: Deadlines
  readonly log: DropSilkLog
  /** Stories at one time: for one more the oldest is told as it is. */
  readonly limit: number
  /** Epoch milliseconds. */
  readonly now: () => number
}

/** A story as it is written down; times are ISO 8601. */
export interface WrittenStory {
  readonly meta: {
    readonly flightCode: string
    readonly creatorId: string
    readonly startTime: string
    readonly endTime: string
  }
  /** In the order in which they came; `connectionType` is null for somebody who met nobody. */
  readonly participants: readonly {
    readonly id: string
    readonly name: string
    readonly ip: string
    readonly connectionType: "lan" | "wan" | null
    readonly joinedAt: string
  }[]
  readonly timeline: readonly { readonly event: string; readonly timestamp: string; readonly id: string }[]
  /** `omitted`: participants and entries that came when the story was full; absent when there are none. */
  readonly stats: { readonly signalsExchanged: number; readonly durationSeconds: number; readonly omitted?: number }
}

const timeOf = (at: number): string => new Date(at).toISOString()

const written = (context: StoryContext, endedAt: number, signalsExchanged: number): WrittenStory => ({
  meta: {
    flightCode: context.flightCode,
    creatorId: context.creatorId,
    startTime: timeOf(context.startedAt),
    endTime: timeOf(endedAt)
  },
  participants: context.participants.map(({ joinedAt, ...participant }) => ({
    ...participant,
    joinedAt: timeOf(joinedAt)
  })),
  timeline: context.timeline.map(({ event, at, ...rest }) => ({ event, timestamp: timeOf(at), ...rest })),
  stats: {
    signalsExchanged,
    // A clock that was set back meanwhile must not make it negative.
    durationSeconds: Math.max(0, Math.round((endedAt - context.startedAt) / 1000)),
    ...(context.omitted === 0 ? {} : { omitted: context.omitted })
  }
})

/** The machine of a story, and the ear that hears for all of them. */
export const createStories = ({ supervisor, links, deadlines, log, limit, now }: StoriesOptions) => {
  const machine = storyMachine.provide({
    actions: {
      tell: ({ context }, { outcome, signals }) => {
        const story = written(context, now(), signals ?? links.signalsOf(context.flightId))
        if (outcome === "complete") log("info", "FLIGHT STORY COMPLETE", { story })
        else log("warn", "FLIGHT STORY STALE", { reason: outcome, story })
      },
      requestDeadline: ({ self }, { at }) => deadlines.at(self, at),
      cancelDeadline: ({ self }) => deadlines.cancel(self)
    }
  })

  // What is heard is passed on when the flight's own step is over: no flight waits for its story.
  let heard: ((stories: SupervisorRef) => void)[] = []
  const passHeard = () => {
    const steps = heard
    heard = []
    for (const step of steps) step(supervisor())
  }
  const later = (step: (stories: SupervisorRef) => void) => {
    if (heard.push(step) === 1) queueMicrotask(passHeard)
  }

  const take = (step: StoryStep) =>
    later((stories) => {
      const id = step.flightId
      if ("hears" in step) return stories.send({ type: "child.tell", id, event: step.hears })
      const { children } = stories.getSnapshot()
      const [oldest] = children.keys()
      if (oldest !== undefined && children.size >= limit) {
        stories.send({ type: "child.tell", id: oldest, event: { type: "story.crowdedOut" } })
      }
      stories.send({ type: "child.start", id, input: step.begins })
    })

  const hear = (event: DropSilkEvent) => {
    const { story } = events[event.name] as { readonly story?: Narrate<DropSilkEvent> }
    if (story !== undefined) take(story(event, now(), links.signalsOf))
  }

  return {
    machine,
    /** Takes every domain event; those that are no flight's change nothing. */
    hear
  }
}
