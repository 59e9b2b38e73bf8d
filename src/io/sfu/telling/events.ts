/** What is told of the SFU's events: in the log, to whoever counts, and on the tower page. */
import type { SfuEvent } from "../../../machines/sfu/events.ts"
import { describeError, errorText } from "../../telemetry/describeError.ts"
import type { EventTable } from "../../telemetry/events/eventTable.ts"
import { type LineBudgets, presence, request, unlimited, wish } from "../../telemetry/lineBudgets.ts"

/** Lines that are no events'. */
export const lines = { "sfu:place_error": request } as const satisfies LineBudgets

/** What happens to logins, which no actor looks after. Never the token: it lets a stranger in. */
export type LoginEvent = {
  readonly name: "sfu:logged_in"
  readonly userId: string
  readonly roomId: string
  readonly ip: string
}

type ToldEvent = SfuEvent | LoginEvent

/** As much of a room's name as is shown: a whole one lets a stranger in. */
export const halfOfRoom = (roomId: string): string => `${roomId.slice(0, Math.floor(roomId.length / 2))}···`

/** To a tenth. A clock that was set back meanwhile must not make it negative. */
const minutesBetween = (from: number, to: number): number => Math.round(Math.max(0, to - from) / 6_000) / 10

/** `now`: epoch milliseconds. */
export const createEvents = (now: () => number): EventTable<ToldEvent> => ({
  "sfu:logged_in": {
    line: {
      level: "info",
      budget: presence,
      address: ({ ip }) => ip,
      fields: ({ userId, roomId, ip }) => ({ userId, roomId, ip })
    },
    counter: { name: "sfu_logins_total", help: "Tokens of the SFU that were given out." }
  },
  "sfu:joined": {
    line: {
      level: "info",
      budget: presence,
      client: ({ participantId }) => participantId,
      address: ({ ip }) => ip,
      fields: ({ participantId, userName, roomId, ip }) => ({ participantId, userName, roomId, ip })
    },
    counter: { name: "sfu_joins_total", help: "Participants that have joined a conference." },
    feed: {
      says: "joined conference",
      parts: ({ participantId, userName, roomId }) => ({
        client: participantId,
        name: userName,
        code: halfOfRoom(roomId)
      })
    }
  },
  "sfu:left": {
    line: {
      level: "info",
      budget: presence,
      client: ({ participantId }) => participantId,
      address: ({ ip }) => ip,
      fields: ({ participantId, userName, roomId }) => ({ participantId, userName, roomId })
    },
    feed: {
      says: "left conference",
      parts: ({ participantId, userName, roomId }) => ({
        client: participantId,
        name: userName,
        code: halfOfRoom(roomId)
      })
    }
  },
  "sfu:dismissed": {
    line: {
      level: "warn",
      budget: wish,
      client: ({ participantId }) => participantId,
      address: ({ ip }) => ip,
      fields: ({ participantId, ip, cause }) => ({ participantId, ip, cause })
    },
    counter: {
      name: "sfu_dismissals_total",
      help: "Participants that were sent away.",
      labels: { cause: ({ cause }) => cause }
    },
    feed: { says: "was sent away", parts: ({ participantId, cause }) => ({ client: participantId, detail: cause }) }
  },
  "sfu:error": {
    line: {
      level: "error",
      budget: wish,
      client: ({ participantId }) => participantId,
      fields: ({ participantId, error }) => ({ participantId, ...describeError(error) })
    },
    counter: { name: "sfu_errors_total", help: "Requests at which the media engine, or the server, has failed." },
    feed: {
      says: "asked for what could not be done",
      parts: ({ participantId, error }) => ({ client: participantId, detail: errorText(error) })
    }
  },
  "sfu:conference_opened": {
    line: {
      level: "info",
      budget: request,
      opens: ({ call }) => call,
      fields: ({ roomId, call, worker }) => ({ roomId, call, worker })
    },
    counter: { name: "sfu_conferences_total", help: "Conferences that have got a router." },
    feed: { says: "conference opened", parts: ({ roomId }) => ({ code: halfOfRoom(roomId) }) }
  },
  "sfu:router_error": {
    line: {
      level: "error",
      budget: request,
      fields: ({ roomId, call, worker, error }) => ({ roomId, call, worker, ...describeError(error) })
    },
    feed: {
      says: "there is no router for conference",
      parts: ({ roomId, error }) => ({ code: halfOfRoom(roomId), detail: errorText(error) })
    }
  },
  "sfu:conference_ended": {
    line: {
      level: "info",
      // Of conferences that were told of when they opened, and of no others.
      budget: unlimited,
      closes: ({ call }) => call,
      fields: ({ roomId, call, participants, audio, video, firstAt, lastAt, how }) => ({
        roomId,
        call,
        participants,
        audio,
        video,
        minutes: minutesBetween(firstAt, lastAt ?? now()),
        how
      })
    },
    feed: {
      says: "conference ended",
      parts: ({ roomId, participants, firstAt, lastAt, how }) => ({
        code: halfOfRoom(roomId),
        detail: `${participants} participants, ${minutesBetween(firstAt, lastAt ?? now())} minutes, ${how}`
      })
    }
  },
  "sfu:worker_started": {
    line: { level: "info", budget: unlimited, fields: ({ worker, pid }) => ({ worker, pid }) },
    feed: { says: "media worker runs", parts: ({ worker }) => ({ detail: worker }) }
  },
  "sfu:worker_died": {
    line: {
      level: "error",
      budget: unlimited,
      fields: ({ worker, conferences, error }) => ({
        worker,
        conferences,
        ...(error === undefined ? {} : describeError(error))
      })
    },
    counter: { name: "sfu_worker_deaths_total", help: "Media workers that have died, or could not be started." },
    feed: {
      says: "media worker died",
      parts: ({ worker, conferences }) => ({ detail: `${worker}, with ${conferences} conferences` })
    }
  },
  "sfu:worker_exhausted": {
    line: {
      level: "error",
      budget: unlimited,
      fields: ({ worker, retryMs }) => ({ worker, retryMs })
    },
    feed: { says: "media worker dies again and again", parts: ({ worker }) => ({ detail: worker }) }
  }
})
