/** What is told of the events of named peers: in the log, to whoever counts, and on the tower page. */
import { commonSpace } from "../../../machines/named-peers/addresses.ts"
import type { NamedPeersEvent } from "../../../machines/named-peers/events.ts"
import { describeError, errorText } from "../../telemetry/describeError.ts"
import type { EventTable } from "../../telemetry/events/eventTable.ts"
import { presence, wish } from "../../telemetry/lineBudgets.ts"

/** As much of a space's name as is shown: a whole one lets a stranger in. */
export const halfOfSpace = (space: string): string =>
  space === commonSpace ? space : `${space.slice(0, Math.floor(space.length / 2))}···`

export const events: EventTable<NamedPeersEvent> = {
  "named_peer:logged_in": {
    line: {
      level: "info",
      budget: presence,
      client: ({ peerId }) => peerId,
      address: ({ ip }) => ip,
      fields: ({ peerId, peerName, space, ip }) => ({ peerId, peerName, space, ip })
    },
    counter: { name: "named_peer_logins_total", help: "Named peers that have logged in." },
    feed: {
      says: "logged in",
      parts: ({ peerId, peerName, space }) => ({ client: peerId, name: peerName, code: halfOfSpace(space) })
    }
  },
  "named_peer:left": {
    line: {
      level: "info",
      budget: presence,
      client: ({ peerId }) => peerId,
      fields: ({ peerId, peerName, space }) => ({ peerId, peerName, space })
    },
    counter: { name: "named_peer_leavings_total", help: "Named peers that have gone." },
    feed: {
      says: "left its space",
      parts: ({ peerId, peerName, space }) => ({ client: peerId, name: peerName, code: halfOfSpace(space) })
    }
  },
  "named_peer:replaced": {
    line: {
      level: "info",
      budget: wish,
      client: ({ by }) => by,
      fields: ({ peerId, peerName, space, by, cause }) => ({ peerId, peerName, space, by, cause })
    },
    counter: {
      name: "named_peer_replacements_total",
      help: "Names that a newer connection has taken over.",
      labels: { cause: ({ cause }) => cause }
    },
    feed: {
      says: "lost its name",
      parts: ({ peerId, peerName, space, cause }) => ({
        client: peerId,
        name: peerName,
        code: halfOfSpace(space),
        detail: cause
      })
    }
  },
  "named_peer:refused": {
    line: {
      level: "warn",
      budget: wish,
      client: ({ peerId }) => peerId,
      address: ({ ip }) => ip,
      fields: ({ peerId, ip, cause }) => ({ peerId, ip, cause })
    },
    counter: {
      name: "named_peer_refusals_total",
      help: "Connections sent away before they were logged in.",
      labels: { cause: ({ cause }) => cause }
    },
    feed: { says: "was not let in", parts: ({ peerId, cause }) => ({ client: peerId, detail: cause }) }
  },
  "named_peer:error": {
    line: {
      level: "error",
      budget: wish,
      client: ({ peerId }) => peerId,
      fields: ({ peerId, error }) => ({ peerId, ...describeError(error) })
    },
    feed: {
      says: "had a socket error",
      parts: ({ peerId, error }) => ({ client: peerId, detail: errorText(error) })
    }
  }
}
