/**
 * DropSilk on the tower page: its flights, with their stories, and its rooms.
 *
 * What they leave out: participant ids and aliases, addresses, and the second half of every code. The first half is
 * enough to find the rest in the log.
 */

import type { AnyActorRef } from "xstate"
import { type ConnectionContext, roomFlightId } from "../../../machines/dropsilk/connection/connectionContext.ts"
import {
  type Channel,
  type ConnectionType,
  connectionTypeOf,
  type FlightContext
} from "../../../machines/dropsilk/flight/flightContext.ts"
import type { RoomContext } from "../../../machines/dropsilk/room/roomContext.ts"
import { participantsOf } from "../../../machines/dropsilk/room/roomRecord.ts"
import type { StoryContext } from "../../../machines/dropsilk/story.ts"
import type { SupervisorRef } from "../../../machines/supervisor.ts"
import type { Links } from "../../sockets/link.ts"
import { contextOf, stateNames } from "../../tower/actorSnapshots.ts"
import type { TowerPart } from "../../tower/towerPart.ts"
import { halfOfCode, halfOfId } from "./events.ts"

export interface TowerRowsOptions {
  /** The supervisor of stories. */
  readonly stories: () => SupervisorRef
  /** How many are connected. */
  readonly people: () => number
  readonly links: Pick<Links, "signalsOf" | "meetings">
}

/** Times are epoch milliseconds. */
export interface FlightRow {
  /** Its first half. */
  readonly code: string
  /** Null for an open flight. */
  readonly channel: Channel | null
  readonly state: string
  /** The names of those who sit in it. */
  readonly seats: readonly string[]
  /** Null unless two have met. */
  readonly connectionType: ConnectionType | null
  readonly signals: number
  /** Null when the flight has outlived its story, which knows when it began. */
  readonly startedAt: number | null
}

export interface RoomRow {
  readonly code: string
  /** The innermost state of each region. */
  readonly states: readonly string[]
  readonly participants: readonly { readonly name: string; readonly ready: boolean }[]
  /** Participants who are attached at this moment. */
  readonly seated: number
  /** On all its channels since its flights began. */
  readonly signals: number
  /** When the actor was called for; the row may be older. */
  readonly awakeSince: number
  readonly expiresAt: number
}

/** A flight's story so far. */
export interface StoryView {
  readonly participants: readonly {
    readonly id: string
    readonly name: string
    readonly connectionType: ConnectionType | null
    readonly joinedAt: number
  }[]
  readonly timeline: StoryContext["timeline"]
  /** Participants and entries that came after the story was full. */
  readonly omitted: number
}

/** A room's story: who is in it, and what has happened in the flights that it has now. */
export interface RoomStoryView {
  readonly people: readonly {
    readonly role: string
    readonly name: string
    readonly ready: boolean
    readonly fileCount: number
    readonly totalBytes: number
    readonly screenShare: boolean
    readonly chat: boolean
  }[]
  readonly timeline: readonly {
    readonly event: "seated" | StoryContext["timeline"][number]["event"]
    readonly at: number
    readonly id: string
    readonly name: string
    readonly channel: Channel
  }[]
  readonly omitted: number
}

const channels: readonly Channel[] = ["transfer", "screen-share", "chat"]

export const createTowerRows = ({ stories, people, links }: TowerRowsOptions): TowerPart => {
  const { signalsOf } = links
  const storyOf = (flightId: string) => contextOf<StoryContext>(stories().getSnapshot().children.get(flightId))

  const flightRow = ({ id, code, channel, ofRoom, seats }: FlightContext, state: string): FlightRow => {
    const [first, second] = seats
    return {
      code: halfOfCode(code),
      channel: ofRoom ? channel : null,
      state,
      seats: seats.map(({ name }) => name),
      connectionType: first !== undefined && second !== undefined ? connectionTypeOf(first, second) : null,
      signals: signalsOf(id),
      startedAt: storyOf(id)?.startedAt ?? null
    }
  }

  const storyView = (flightId: string): StoryView => {
    const { participants = [], timeline = [], omitted = 0 } = storyOf(flightId) ?? {}
    return {
      // Field by field: their addresses stay behind.
      participants: participants.map(({ id, name, connectionType, joinedAt }) => {
        return { id, name, connectionType, joinedAt }
      }),
      timeline,
      omitted
    }
  }

  const roomRow = ({ code, saved, draft, seated, at, expiresAt }: RoomContext, states: readonly string[]): RoomRow => {
    const room = draft ?? saved
    const participants = room === null ? [] : participantsOf(room)
    return {
      code: halfOfCode(code),
      states,
      participants: participants.map(({ name, ready }) => ({ name, ready })),
      seated: seated.length,
      signals: channels.reduce((sum, channel) => sum + signalsOf(roomFlightId(code, channel)), 0),
      awakeSince: at,
      expiresAt
    }
  }

  /** What is told of a room: who is in it and why it is as it is, and what has happened in its flights as long as they last. */
  const roomStory = ({ code, saved, draft }: RoomContext): RoomStoryView => {
    const room = draft ?? saved
    const stories = channels.map((channel) => ({ channel, story: storyView(roomFlightId(code, channel)) }))
    const timeline = stories.flatMap(({ channel, story }) => {
      const names = new Map(story.participants.map(({ id, name }) => [id, name]))
      return [
        ...story.participants.map(({ id, name, joinedAt }) => ({
          event: "seated" as const,
          at: joinedAt,
          id,
          name,
          channel
        })),
        ...story.timeline.map((entry) => ({ ...entry, name: names.get(entry.id) ?? entry.id, channel }))
      ]
    })
    return {
      people: (room === null ? [] : participantsOf(room)).map((participant, index) => ({
        role: index === 0 ? "host" : "guest",
        name: participant.name,
        ready: participant.ready,
        fileCount: participant.fileCount,
        totalBytes: participant.totalBytes,
        screenShare: participant.screenShare,
        chat: participant.chat
      })),
      timeline: timeline.toSorted((one, other) => one.at - other.at),
      omitted: stories.reduce((sum, { story }) => sum + story.omitted, 0)
    }
  }

  const clientCells = (actor: AnyActorRef) => {
    const { id, name, seat, openedAt } = contextOf<ConnectionContext>(actor) as ConnectionContext
    const flight = seat === null ? "" : halfOfId(seat.flightId)
    return [id, name, stateNames(actor).join(" · "), flight, openedAt]
  }

  return {
    tally: () => ({ people: people(), pairs: links.meetings.open, meetings: links.meetings }),
    sections: [
      {
        name: "flights",
        kind: "flights",
        ending: {
          event: { type: "operator.ends" },
          meaning:
            "Whoever sits in it is told that the other one has gone, or that something went wrong, and may open another."
        },
        row: (actor) => flightRow(contextOf<FlightContext>(actor) as FlightContext, stateNames(actor).join(" ")),
        story: (actor) => storyView(actor.id)
      },
      {
        name: "rooms",
        kind: "rooms",
        row: (actor) => roomRow(contextOf<RoomContext>(actor) as RoomContext, stateNames(actor)),
        story: (actor) => roomStory(contextOf<RoomContext>(actor) as RoomContext)
      },
      {
        name: "connections",
        kind: "connections",
        table: {
          title: "Clients",
          caption: "Who is connected, and where it is.",
          columns: [
            { title: "Client", shows: "text" },
            { title: "Name", shows: "text" },
            { title: "State", shows: "text" },
            { title: "Flight", shows: "text" },
            { title: "For", shows: "age" }
          ]
        },
        cells: clientCells,
        ending: {
          event: { type: "operator.ends" },
          meaning: "Its socket is closed with code 1008, after which a client does not come back by itself."
        }
      }
    ],
    // They are codes.
    shownIds: { flights: halfOfId, rooms: halfOfId, stories: halfOfId }
  }
}
