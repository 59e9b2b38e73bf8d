/** What is told of NoisyTransfer's events: in the log and on the tower page. What is counted of them stands in metrics.ts. */
import { limits } from "../../../limits.ts"
import type { NoisyTransferEvent } from "../../../machines/noisytransfer/events.ts"
import { describeError, errorText } from "../../telemetry/describeError.ts"
import type { EventTable } from "../../telemetry/events/eventTable.ts"
import { type LineBudget, type LineBudgets, presence, request, unlimited, wish } from "../../telemetry/lineBudgets.ts"
import type { Log } from "../../telemetry/telemetry.ts"

/** What a single request is enough for, of people who are many: one address asks for a few codes a minute. */
const codeRequest: LineBudget = { address: limits.linesAMinute.ofRequests, all: limits.linesAMinute.ofAll }

/** Lines that are no events'. */
export const lines = {
  "rendezvous:error": request,
  "code_cleanup:complete": unlimited,
  "code_cleanup:error": unlimited
} as const satisfies LineBudgets

/** Writes them. */
export type NoisyTransferLog = Log<keyof typeof lines>

/** What happens to codes, which no actor looks after. Never the code itself: it lets a stranger in. */
export type CodeEvent =
  | { readonly name: "rendezvous:minted"; readonly ip: string; readonly digits: number }
  | { readonly name: "rendezvous:redeemed"; readonly ip: string }
  /** Somebody gave a code that was no good. `used`: it had been redeemed. */
  | { readonly name: "rendezvous:refused"; readonly ip: string; readonly reason: "used" | "wrong" }

type ToldEvent = NoisyTransferEvent | CodeEvent

export const events: EventTable<ToldEvent> = {
  "relay:connected": {
    line: {
      level: "info",
      budget: presence,
      address: ({ ip }) => ip,
      fields: ({ clientId, ip, side }) => ({ clientId, ip, side })
    },
    feed: { says: "came to the relay", parts: ({ clientId, side }) => ({ client: clientId, detail: `side ${side}` }) }
  },
  "relay:disconnected": {
    line: {
      level: "info",
      budget: presence,
      client: ({ clientId }) => clientId,
      fields: ({ clientId }) => ({ clientId })
    },
    feed: { says: "left the relay", parts: ({ clientId }) => ({ client: clientId }) }
  },
  "relay:refused": {
    line: {
      level: "warn",
      budget: wish,
      client: ({ clientId }) => clientId,
      fields: ({ clientId, side }) => ({ clientId, side })
    },
    feed: {
      says: "found its side taken",
      parts: ({ clientId, side }) => ({ client: clientId, detail: `side ${side}` })
    }
  },
  "relay:error": {
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
  "relay:room_opened": {
    line: {
      level: "info",
      budget: wish,
      client: ({ clientId }) => clientId,
      opens: ({ roomId }) => roomId,
      fields: ({ roomId, clientId }) => ({ roomId, clientId })
    },
    feed: { says: "opened room", parts: ({ clientId, roomId }) => ({ client: clientId, code: roomId }) }
  },
  "relay:met": {
    line: { level: "info", budget: request, fields: ({ roomId }) => ({ roomId }) },
    feed: { says: "both sides are there in room", parts: ({ roomId }) => ({ code: roomId }) }
  },
  "relay:replaced": {
    line: {
      level: "warn",
      budget: wish,
      client: ({ clientId }) => clientId,
      fields: ({ roomId, clientId, side }) => ({ roomId, clientId, side })
    },
    feed: {
      says: "gave no sign of life and has lost its side of room",
      parts: ({ clientId, roomId, side }) => ({ client: clientId, code: roomId, detail: `side ${side}` })
    }
  },
  "relay:mailbox_full": {
    line: {
      level: "warn",
      budget: wish,
      client: ({ clientId }) => clientId,
      fields: ({ roomId, clientId, reason }) => ({ roomId, clientId, reason })
    },
    feed: {
      says: "found a mailbox full in room",
      parts: ({ clientId, roomId, reason }) => ({ client: clientId, code: roomId, detail: reason })
    }
  },
  "relay:established": {
    line: {
      level: "info",
      budget: request,
      fields: ({ roomId, mode, afterMs }) => ({ roomId, mode, afterMs })
    },
    feed: { says: "the two are connected in room", parts: ({ roomId, mode }) => ({ code: roomId, detail: mode }) }
  },
  "relay:failed": {
    line: {
      level: "warn",
      budget: wish,
      client: ({ clientId }) => clientId,
      fields: ({ roomId, clientId }) => ({ roomId, clientId })
    },
    feed: {
      says: "could not be connected in room",
      parts: ({ clientId, roomId }) => ({ client: clientId, code: roomId })
    }
  },
  "relay:room_ended": {
    line: {
      level: "info",
      // Of rooms that were told of when they began, and of no others.
      budget: unlimited,
      closes: ({ roomId }) => roomId,
      fields: ({ roomId, reason }) => ({ roomId, reason })
    },
    feed: { says: "ended", parts: ({ roomId, reason }) => ({ code: roomId, detail: reason }) }
  },
  "rendezvous:minted": {
    line: {
      level: "info",
      budget: codeRequest,
      address: ({ ip }) => ip,
      fields: ({ ip, digits }) => ({ ip, digits })
    },
    feed: { says: "a rendezvous code was minted", parts: ({ digits }) => ({ detail: `${digits} digits` }) }
  },
  "rendezvous:redeemed": {
    line: { level: "info", budget: codeRequest, address: ({ ip }) => ip, fields: ({ ip }) => ({ ip }) },
    feed: { says: "a rendezvous code was redeemed", parts: () => ({}) }
  },
  "rendezvous:refused": {
    line: {
      level: "warn",
      budget: codeRequest,
      address: ({ ip }) => ip,
      fields: ({ ip, reason }) => ({ ip, reason })
    },
    feed: { says: "a rendezvous code was no good", parts: ({ reason }) => ({ detail: reason }) }
  }
}
