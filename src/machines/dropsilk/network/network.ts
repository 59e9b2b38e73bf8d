/**
 * A network: who can see whom in one network group.
 *
 * A list for each client is about the square of the network's size in bytes. So that a crowd is told of a change in
 * seconds and for a bounded number of bytes, lists go out in turns, whoever has waited longest first, each turn is
 * followed by a pause that its bytes are worth, and where a list of everybody would be too long it is cut to those who
 * have come or changed last: see networkTurns.ts.
 */

import { assertEvent, assign, setup } from "xstate"
import { markIn } from "../../cluster/homes.ts"
import type { Aftermath, Crash } from "../../kinds.ts"
import { present } from "../../present.ts"
import { speakAs } from "../../registry.ts"
import { connectionAt, networkAt } from "../addresses.ts"
import type { DropSilkEvent } from "../events.ts"
import {
  digestOf,
  type Entry,
  entryOf,
  type NetworkClient,
  type Presence,
  withEntry,
  withoutEntry
} from "./networkClients.ts"
import { bytesOf, isWorthPause, type ListSettings, type ListUpdate, pauseMs, turnOf } from "./networkTurns.ts"

export interface NetworkInput extends ListSettings {
  readonly group: string
  /** So many clients are a crowd: who comes to one waits for the next turn. */
  readonly crowd: number
}

export interface NetworkContext extends NetworkInput {
  readonly clients: readonly Entry[]
  /** Arrivals and changes so far. */
  readonly changes: number
  readonly turns: number
  /** Bytes of lists that were sent and that no pause has followed yet. */
  readonly owedBytes: number
}

export type NetworkEvent =
  | { readonly type: "network.enter"; readonly client: NetworkClient }
  /** The client is here already, as its node knows: the network goes on where another node has left off. */
  | { readonly type: "network.resume"; readonly client: NetworkClient }
  /** Everybody who is here has said so. */
  | { readonly type: "home.settled" }
  | { readonly type: "network.leave"; readonly id: string }
  /** All clients whose ids begin so have gone with their node. */
  | { readonly type: "node.gone"; readonly mark: string }
  | { readonly type: "network.rename"; readonly id: string; readonly name: string }
  | { readonly type: "network.presence"; readonly id: string; readonly presence: Presence }
  | { readonly type: "network.invite"; readonly from: string; readonly to: string; readonly flightCode: string }
  /** The time has come to send what has changed. */
  | { readonly type: "deadline"; readonly at: number }
  /** The lists of a turn have gone out; `isLast`: to everybody who was due. */
  | { readonly type: "turn.taken"; readonly isLast: boolean }

/** What a network tells a client's connection. */
export interface NetworkNotice {
  readonly type: "invitation.received"
  readonly flightCode: string
  readonly fromName: string
}

/** What others see of this one is new. */
const changeOf = (context: NetworkContext, id: string, change: (entry: Entry) => Partial<Entry>) => ({
  changes: context.changes + 1,
  clients: withEntry(context.clients, id, (known) => {
    const entry = present(known, "client")
    return { ...entry, ...change(entry), changed: context.changes }
  })
})

const { tell } = speakAs(({ group }: NetworkContext) => networkAt(group))

const base = setup({
  types: {
    context: {} as NetworkContext,
    events: {} as NetworkEvent,
    input: {} as NetworkInput
  },
  guards: {
    isDeserted: ({ context }) => context.clients.length === 0,
    /** A newcomer's own list would have to wait: for a whole crowd, or for what a second's newcomers have been sent. */
    isCrowded: ({ context }) =>
      context.clients.length >= context.crowd || context.owedBytes >= context.listBytesPerSecond,
    owesPause: ({ context }) => isWorthPause(context),
    /** One turn has not reached everybody, or was so much that a pause must follow. */
    needsPause: ({ context }, { isLast }: { isLast: boolean }) => !isLast || isWorthPause(context),
    isNewPresence: ({ context, event }) => {
      assertEvent(event, "network.presence")
      const entry = entryOf(context.clients, event.id)
      return entry !== undefined && entry.presence !== event.presence
    },
    isNewName: ({ context, event }) => {
      assertEvent(event, "network.rename")
      const entry = entryOf(context.clients, event.id)
      return entry !== undefined && entry.name !== event.name
    },
    /** Somebody is here from there. */
    hasFrom: ({ context }, { mark }: { mark: string }) => context.clients.some(({ id }) => markIn(id) === mark),
    seeEachOther: ({ context, event }) => {
      assertEvent(event, "network.invite")
      const { from, to } = event
      return from !== to && [from, to].every((id) => entryOf(context.clients, id)?.presence === "visible")
    }
  },
  actions: {
    /** Sends lists to the clients named. */
    sendLists: (_, _update: ListUpdate) => {},
    /** Asks for a `deadline` event in so many milliseconds, 0 meaning as soon as this moment's changes are in. */
    requestDeadline: (_, _parameters: { afterMs: number }) => {},
    cancelDeadline: () => {},
    record: (_, _event: DropSilkEvent) => {},
    passInvitation: tell(({ context, event }) => {
      assertEvent(event, "network.invite")
      const { from, to, flightCode } = event
      const { name } = present(entryOf(context.clients, from), "inviter")
      return {
        to: connectionAt(to),
        event: { type: "invitation.received", flightCode, fromName: name } satisfies NetworkNotice
      }
    }),
    enter: assign(({ context, event }) => {
      assertEvent(event, ["network.enter", "network.resume"])
      const { changes, clients } = context
      const { id, name, presence } = event.client
      return {
        changes: changes + 1,
        clients: withEntry(clients, id, (known) => {
          // Who was there already keeps its place in the lists.
          const arrival = known?.arrival ?? changes
          const bytes = bytesOf(context, id, name)
          const digest = digestOf({ arrival, id, name })
          return { id, name, presence, arrival, changed: changes, bytes, digest, listed: null, turn: 0 }
        })
      }
    }),
    leave: assign({
      clients: ({ context, event }) => {
        assertEvent(event, "network.leave")
        return withoutEntry(context.clients, event.id)
      }
    }),
    leaveWithNode: assign({
      clients: ({ context }, { mark }: { mark: string }) => context.clients.filter(({ id }) => markIn(id) !== mark)
    }),
    rename: assign(({ context, event }) => {
      assertEvent(event, "network.rename")
      const { id, name } = event
      return changeOf(context, id, ({ arrival }) => ({
        name,
        bytes: bytesOf(context, id, name),
        digest: digestOf({ arrival, id, name })
      }))
    }),
    changePresence: assign(({ context, event }) => {
      assertEvent(event, "network.presence")
      const { id, presence } = event
      return changeOf(context, id, () => ({ presence }))
    }),
    /** A pause follows that is long enough for what was sent. */
    settleDebt: assign({ owedBytes: 0 })
  }
})

const listNewcomer = base.enqueueActions(({ context, event, enqueue }) => {
  assertEvent(event, "network.enter")
  const { update, isNeeded, change } = turnOf(context, present(entryOf(context.clients, event.client.id), "newcomer"))
  if (!isNeeded) return
  enqueue.assign(change)
  enqueue({ type: "sendLists", params: update })
})

const takeTurn = base.enqueueActions(({ context, enqueue }) => {
  const { update, isNeeded, isLast, change } = turnOf(context)
  if (isNeeded) {
    enqueue.assign(change)
    enqueue({ type: "sendLists", params: update })
  }
  enqueue.raise({ type: "turn.taken", isLast })
})

const gone = ({ event }: { event: Extract<NetworkEvent, { type: "node.gone" }> }) => event
const goWithNode = { type: "leaveWithNode" as const, params: gone }

const pause = [
  {
    type: "requestDeadline" as const,
    params: ({ context }: { context: NetworkContext }) => ({ afterMs: pauseMs(context) })
  },
  "settleDebt" as const
]

export const networkMachine = base.extend({ actions: { listNewcomer, takeTurn } }).createMachine({
  id: "network",
  description:
    "The clients of one network group and who of them sees whom. Many changes in one moment become one update, a client gets a list only when its list has changed, and in a crowd lists go out in turns.",
  context: ({ input }) => ({ ...input, clients: [], changes: 0, turns: 0, owedBytes: 0 }),
  initial: "settled",
  on: {
    "network.invite": {
      guard: "seeEachOther",
      actions: [
        "passInvitation",
        {
          type: "record",
          params: ({ event: { flightCode, from, to } }) => ({ name: "flight:invitation", flightCode, from, to })
        }
      ]
    }
  },
  states: {
    settled: {
      description: "Every client has the list that it should have.",
      on: {
        "network.enter": [
          { guard: "isDeserted", actions: ["enter", "listNewcomer"] },
          { guard: "isCrowded", target: "changed", actions: "enter" },
          { target: "changed", actions: ["enter", "listNewcomer"] }
        ],
        "network.resume": [
          { guard: "isDeserted", target: "resuming", actions: "enter" },
          { target: "changed", actions: "enter" }
        ],
        "node.gone": { guard: { type: "hasFrom", params: gone }, target: "changed", actions: goWithNode },
        "network.leave": { target: "changed", actions: "leave" },
        "network.rename": { guard: "isNewName", target: "changed", actions: "rename" },
        "network.presence": { guard: "isNewPresence", target: "changed", actions: "changePresence" }
      }
    },
    resuming: {
      description:
        "Put together again where another node has left off: who is here says so, and nobody gets a list before all have.",
      always: { guard: "isDeserted", target: "deserted" },
      on: {
        "network.resume": { actions: "enter" },
        "network.enter": { actions: "enter" },
        "network.leave": { actions: "leave" },
        "node.gone": { actions: goWithNode },
        "network.rename": { guard: "isNewName", actions: "rename" },
        "network.presence": { guard: "isNewPresence", actions: "changePresence" },
        "home.settled": { target: "changed" }
      }
    },
    changed: {
      description: "Somebody's list may have changed; lists go out turn by turn, with pauses in between.",
      entry: { type: "requestDeadline", params: { afterMs: 0 } },
      exit: "cancelDeadline",
      always: { guard: "isDeserted", target: "deserted" },
      on: {
        "network.enter": [{ guard: "isCrowded", actions: "enter" }, { actions: ["enter", "listNewcomer"] }],
        "network.resume": { actions: "enter" },
        "network.leave": { actions: "leave" },
        "node.gone": { actions: goWithNode },
        "network.rename": { guard: "isNewName", actions: "rename" },
        "network.presence": { guard: "isNewPresence", actions: "changePresence" },
        deadline: [{ guard: "owesPause", actions: pause }, { actions: "takeTurn" }],
        "turn.taken": [
          { guard: { type: "needsPause", params: ({ event }) => event }, actions: pause },
          { target: "settled" }
        ]
      }
    },
    deserted: { type: "final", description: "The last client has gone." }
  }
})

/** Those who belong to it enter it again. */
export const networkCrash = ({ id }: Crash<NetworkContext>): Aftermath => ({
  tell: [{ toAll: "connections", event: { type: "network.lost", group: id } }],
  record: []
})
