/** What is told of DropSilk's events: in the log, to whoever counts, on the tower page and in the stories of flights. */

import type { DropSilkEvent } from "../../../machines/dropsilk/events.ts"
import { codeOfFlight } from "../../../machines/dropsilk/flight/flightContext.ts"
import type { StoryEvent, StoryInput } from "../../../machines/dropsilk/story.ts"
import { describeError, errorText } from "../../telemetry/describeError.ts"
import type { EventTable } from "../../telemetry/events/eventTable.ts"
import { type LineBudgets, presence, request, unlimited, wish } from "../../telemetry/lineBudgets.ts"
import type { Log } from "../../telemetry/telemetry.ts"

/** Lines that are no events'. */
export const lines = {
  "FLIGHT STORY COMPLETE": unlimited,
  "FLIGHT STORY STALE": unlimited,
  "upload:success": request,
  "upload:db_saved": request,
  "upload:error": request,
  "email:request": request,
  "email:error": request,
  "cleanup:start": unlimited,
  "cleanup:complete": unlimited,
  "cleanup:skipped": unlimited,
  "cleanup:error": unlimited,
  "room_cleanup:complete": unlimited,
  "room_cleanup:error": unlimited
} as const satisfies LineBudgets

/** Writes them. */
export type DropSilkLog = Log<keyof typeof lines>

/** What a flight's story hears: that it begins, or what has happened in the flight. */
export type StoryStep =
  | {
      readonly flightId: string
      readonly begins: Pick<StoryInput, "flightId" | "flightCode" | "creatorId" | "startedAt">
    }
  | { readonly flightId: string; readonly hears: StoryEvent }

/** `at`: epoch milliseconds. `signalsOf`: how many frames have passed in a flight. */
export type Narrate<Event> = (event: Event, at: number, signalsOf: (flightId: string) => number) => StoryStep

/** A row that may also say what the story of the event's flight hears. */
export type DropSilkEvents = EventTable<DropSilkEvent> & {
  readonly [Name in DropSilkEvent["name"]]: {
    readonly story?: Narrate<Extract<DropSilkEvent, { readonly name: Name }>>
  }
}

/** As much of a code as is shown. */
export const halfOfCode = (code: string): string => `${code.slice(0, 3)}···`

/** A flight's or room's id without the second half of its code: `ABC···`, `ABC···/chat`. */
export const halfOfId = (id: string): string => {
  const code = codeOfFlight(id)
  return halfOfCode(code) + id.slice(code.length)
}

export const events: DropSilkEvents = {
  "client:connected": {
    line: {
      level: "info",
      budget: presence,
      address: ({ ip }) => ip,
      fields: ({ clientId, ip }, count) => ({
        clientId,
        ip,
        totalClients: count("client:connected") - count("client:disconnected")
      })
    },
    counter: { name: "connections_opened_total", help: "WebSocket connections taken in." },
    feed: { says: "connected", parts: ({ clientId }) => ({ client: clientId }) }
  },
  "client:registered_details": {
    line: {
      level: "info",
      budget: wish,
      client: ({ clientId }) => clientId,
      fields: ({ clientId, newName }) => ({ clientId, newName })
    },
    feed: { says: "is called", parts: ({ clientId, newName }) => ({ client: clientId, name: newName }) }
  },
  "client:disconnected": {
    line: {
      level: "info",
      budget: presence,
      client: ({ clientId }) => clientId,
      fields: ({ clientId, flightCode }, count) => ({
        clientId,
        remainingClients: count("client:connected") - count("client:disconnected"),
        flightCode
      })
    },
    counter: { name: "connections_closed_total", help: "WebSocket connections that have ended." },
    feed: {
      says: "left the server",
      parts: ({ clientId, flightCode }) => ({
        client: clientId,
        ...(flightCode === null ? {} : { code: halfOfCode(flightCode) })
      })
    }
  },
  "client:error": {
    line: {
      level: "error",
      budget: wish,
      client: ({ clientId }) => clientId,
      fields: ({ clientId, error }) => ({ clientId, ...describeError(error) })
    },
    feed: {
      says: "had a socket error",
      parts: ({ clientId, error }) => ({ client: clientId, detail: errorText(error) })
    }
  },
  "flight:created": {
    line: {
      level: "info",
      budget: wish,
      client: ({ creatorId }) => creatorId,
      opens: ({ flightId }) => flightId,
      fields: ({ flightCode, creatorId }) => ({ flightCode, creatorId, createdAt: new Date().toISOString() })
    },
    counter: { name: "flights_created_total", help: "Flights opened, each channel of a room included." },
    feed: {
      says: "opened flight",
      parts: ({ creatorId, flightId }) => ({ client: creatorId, code: halfOfId(flightId) })
    },
    story: ({ flightId, flightCode, creatorId }, at) => ({
      flightId,
      begins: { flightId, flightCode, creatorId, startedAt: at }
    })
  },
  "flight:seated": {
    feed: {
      says: "took a seat in flight",
      parts: ({ memberId, memberName, flightId }) => ({ client: memberId, name: memberName, code: halfOfId(flightId) })
    },
    story: ({ flightId, memberId, memberName, ip }, at) => ({
      flightId,
      hears: { type: "story.seated", id: memberId, name: memberName, ip, at }
    })
  },
  "flight:joined": {
    line: {
      level: "info",
      budget: wish,
      client: ({ joinerId }) => joinerId,
      address: ({ ip }) => ip,
      fields: ({ flightCode, joinerId, joinerName, ip, connectionType }) => ({
        flightCode,
        joinerId,
        joinerName,
        ip,
        connectionType
      })
    },
    counter: {
      name: "flights_joined_total",
      help: "Times that two have met in a flight.",
      labels: { connection_type: ({ connectionType }) => connectionType }
    },
    feed: {
      says: "met somebody in flight",
      parts: ({ joinerId, joinerName, flightId, connectionType }) => ({
        client: joinerId,
        name: joinerName,
        code: halfOfId(flightId),
        detail: connectionType
      })
    },
    story: ({ flightId, joinerId, joinerName, connectionType, peerId }, at) => ({
      flightId,
      hears: { type: "story.joined", id: joinerId, name: joinerName, connectionType, peerId, at }
    })
  },
  "flight:left": {
    feed: {
      says: "left its seat in flight",
      parts: ({ memberId, flightId }) => ({ client: memberId, code: halfOfId(flightId) })
    },
    story: ({ flightId, memberId }, at) => ({ flightId, hears: { type: "story.left", id: memberId, at } })
  },
  "flight:invitation": {
    line: {
      level: "info",
      budget: wish,
      client: ({ from }) => from,
      fields: ({ flightCode, from, to }) => ({ flightCode, from, to })
    },
    counter: { name: "flight_invitations_total", help: "Invitations passed on." },
    feed: {
      says: "sent an invitation to flight",
      parts: ({ from, to, flightCode }) => ({ client: from, code: halfOfCode(flightCode), detail: `to ${to}` })
    }
  },
  "flight:error": {
    line: {
      level: "warn",
      budget: wish,
      client: ({ clientId }) => clientId,
      fields: ({ clientId, flightCode, error }) => ({ clientId, flightCode, error })
    },
    counter: {
      name: "flight_errors_total",
      help: "Refused attempts to join a flight.",
      labels: { error: ({ error }) => error }
    },
    feed: {
      says: "was refused in flight",
      parts: ({ clientId, flightCode, error }) => ({ client: clientId, code: halfOfCode(flightCode), detail: error })
    }
  },
  "flight:ended": {
    line: {
      level: "info",
      // Of flights that were told of when they began, and of no others.
      budget: unlimited,
      closes: ({ flightId }) => flightId,
      fields: ({ flightCode, reason }) => ({ flightCode, reason })
    },
    counter: {
      name: "flights_ended_total",
      help: "Flights that have ended.",
      labels: { reason: ({ reason }) => reason }
    },
    feed: { says: "ended", parts: ({ flightId, reason }) => ({ code: halfOfId(flightId), detail: reason }) },
    story: ({ flightId }, _, signalsOf) => ({
      flightId,
      hears: { type: "story.ended", signals: signalsOf(flightId) }
    })
  },
  "room:error": {
    line: {
      level: "error",
      budget: request,
      fields: ({ roomCode, operation, error }) => ({ roomCode, operation, ...describeError(error) })
    },
    feed: {
      says: "had no luck with the database",
      parts: ({ roomCode, operation, error }) => ({
        code: halfOfCode(roomCode),
        detail: `${operation}: ${errorText(error)}`
      })
    }
  }
}
