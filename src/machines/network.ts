/**
 * A network: who can see whom in one network group.
 *
 * A list goes to a client only when it differs from the last one that client got. To know that without comparing
 * lists, each client's last list is remembered as a digest that is put together entry by entry.
 */
import { assign, setup, type AnyActorRef } from "xstate"
import type { DomainEvent } from "./domainEvents.ts"

/**
 * - `visible`: sees and is seen;
 * - `paired`: in a flight with two members, sees an empty list and is seen by nobody;
 * - `withdrawn`: on a room's side channel, neither sees nor is seen nor gets lists.
 */
export type Presence = "visible" | "paired" | "withdrawn"

export interface NetworkClient {
  readonly id: string
  readonly name: string
  readonly presence: Presence
  readonly connection: AnyActorRef
}

/** A list's identity: equal lists have equal digests, different ones differ but for one chance in 2^52. */
interface Digest {
  readonly high: number
  readonly low: number
}

interface Entry extends NetworkClient {
  /** Grows with each arrival: lists are in order of connection. */
  readonly arrival: number
  /** Of the last list sent; null before the first. */
  readonly listed: Digest | null
}

export interface NetworkInput {
  readonly group: string
  /** Bytes of lists that a network is sent a second, in the long run. */
  readonly listBytesPerSecond: number
  /** So many clients are a crowd: who comes to one waits for its list as the others do. */
  readonly crowd: number
}

export interface NetworkContext extends NetworkInput {
  readonly entries: ReadonlyMap<string, Entry>
  readonly arrivals: number
  /** For how long the lists that are due will have waited when their time comes, milliseconds. */
  readonly waitMs: number
}

export type NetworkEvent =
  | { readonly type: "network.enter"; readonly client: NetworkClient }
  | { readonly type: "network.leave"; readonly id: string }
  | { readonly type: "network.rename"; readonly id: string; readonly name: string }
  | { readonly type: "network.presence"; readonly id: string; readonly presence: Presence }
  | { readonly type: "network.invite"; readonly from: string; readonly to: string; readonly flightCode: string }
  /** The time has come to send what has changed. */
  | { readonly type: "deadline"; readonly at: number }

/** What a network tells a client's connection. */
export interface NetworkNotice {
  readonly type: "invitation.received"
  readonly flightCode: string
  readonly fromName: string
}

/** Who gets the list of all visible clients, itself left out, and who gets an empty one. */
export interface ListUpdate {
  readonly visible: readonly { readonly id: string; readonly name: string }[]
  readonly toVisible: readonly string[]
  readonly toPaired: readonly string[]
}

const emptyDigest: Digest = { high: 0, low: 0 }

/** FNV-1a over the text, with a start value of its own for each half. */
const hash = (text: string, start: number): number => {
  let value = start
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  return value >>> 0
}

const digestOf = (entry: Entry): Digest => {
  const text = `${entry.arrival} ${entry.id} ${entry.name}`
  return { high: hash(text, 0x811c9dc5), low: hash(text, 0x9747b28c) }
}

const combined = (a: Digest, b: Digest): Digest => ({ high: (a.high ^ b.high) >>> 0, low: (a.low ^ b.low) >>> 0 })

const isSame = (a: Digest | null, b: Digest): boolean => a !== null && a.high === b.high && a.low === b.low

/** A client in a list, with a name as most have: `{"id":"podw9mesa2","name":"SilentJaguar458"},`. */
const entryBytes = 45
/** A wait shorter than this, milliseconds, is none: lists wait for the end of the moment only. */
const shortestWaitMs = 50

/**
 * How long changes are collected before the lists go out, milliseconds: a list for each client is about the square of the
 * network's size in bytes, so the larger it is the less often they go out, and the bytes a second stay the same.
 */
const listWaitMs = ({ entries, listBytesPerSecond }: NetworkContext): number => {
  const wait = (entries.size ** 2 * entryBytes * 1000) / listBytesPerSecond
  return wait < shortestWaitMs ? 0 : Math.round(wait)
}

const withEntry = (context: NetworkContext, id: string, change: Partial<Entry>): ReadonlyMap<string, Entry> => {
  const entry = context.entries.get(id)
  if (entry === undefined) return context.entries
  return new Map(context.entries).set(id, { ...entry, ...change })
}

type EventOf<Type extends NetworkEvent["type"]> = Extract<NetworkEvent, { type: Type }>

/** The lists that are not what their clients got last: everybody's, or one newcomer's. */
const outdatedLists = (context: NetworkContext, only: string | null) => {
  const everybody = [...context.entries.values()]
  const visible = everybody.filter((entry) => entry.presence === "visible")
  const digests = new Map(visible.map((entry) => [entry.id, digestOf(entry)]))
  const whole = [...digests.values()].reduce(combined, emptyDigest)
  const toVisible: string[] = []
  const toPaired: string[] = []
  const entries = new Map(context.entries)
  for (const entry of only === null ? everybody : everybody.filter(({ id }) => id === only)) {
    if (entry.presence === "withdrawn") continue
    const own = digests.get(entry.id)
    const listed = own === undefined ? emptyDigest : combined(whole, own)
    if (isSame(entry.listed, listed)) continue
    ;(own === undefined ? toPaired : toVisible).push(entry.id)
    entries.set(entry.id, { ...entry, listed })
  }
  const update: ListUpdate = { visible: visible.map(({ id, name }) => ({ id, name })), toVisible, toPaired }
  return { entries, update, isNeeded: toVisible.length + toPaired.length > 0 }
}

const base = setup({
  types: {
    context: {} as NetworkContext,
    events: {} as NetworkEvent,
    input: {} as NetworkInput
  },
  guards: {
    isDeserted: ({ context }) => context.entries.size === 0,
    isCrowded: ({ context }) => context.entries.size >= context.crowd,
    /** It has grown while its lists waited: together they would be too much for so short a wait. */
    mustWaitLonger: ({ context }) => listWaitMs(context) > context.waitMs,
    isNewPresence: ({ context, event }) => {
      const { id, presence } = event as EventOf<"network.presence">
      const entry = context.entries.get(id)
      return entry !== undefined && entry.presence !== presence
    },
    isNewName: ({ context, event }) => {
      const { id, name } = event as EventOf<"network.rename">
      const entry = context.entries.get(id)
      return entry !== undefined && entry.name !== name
    },
    seeEachOther: ({ context, event }) => {
      const { from, to } = event as EventOf<"network.invite">
      return (
        from !== to &&
        context.entries.get(from)?.presence === "visible" &&
        context.entries.get(to)?.presence === "visible"
      )
    }
  },
  actions: {
    /** Sends lists to the clients named. */
    sendLists: (_, _update: ListUpdate) => {},
    /** Asks for a `deadline` event in so many milliseconds, 0 meaning as soon as this moment's changes are in. */
    requestDeadline: (_, _parameters: { afterMs: number }) => {},
    cancelDeadline: () => {},
    startWaiting: assign({ waitMs: ({ context }) => listWaitMs(context) }),
    record: (_, _event: DomainEvent) => {},
    enter: assign(({ context, event }) => {
      const { client } = event as EventOf<"network.enter">
      return {
        arrivals: context.arrivals + 1,
        entries: new Map(context.entries).set(client.id, { ...client, arrival: context.arrivals, listed: null })
      }
    }),
    leave: assign({
      entries: ({ context, event }) => {
        const entries = new Map(context.entries)
        entries.delete((event as EventOf<"network.leave">).id)
        return entries
      }
    }),
    rename: assign({
      entries: ({ context, event }) => {
        const { id, name } = event as EventOf<"network.rename">
        return withEntry(context, id, { name })
      }
    }),
    changePresence: assign({
      entries: ({ context, event }) => {
        const { id, presence } = event as EventOf<"network.presence">
        return withEntry(context, id, { presence })
      }
    })
  }
})

const listNewcomer = base.enqueueActions(({ context, event, enqueue }) => {
  const { entries, update, isNeeded } = outdatedLists(context, (event as EventOf<"network.enter">).client.id)
  if (!isNeeded) return
  enqueue.assign({ entries })
  enqueue({ type: "sendLists", params: update })
})

const updateLists = base.enqueueActions(({ context, enqueue }) => {
  const { entries, update, isNeeded } = outdatedLists(context, null)
  if (!isNeeded) return
  enqueue.assign({ entries })
  enqueue({ type: "sendLists", params: update })
})

const invite = base.enqueueActions(({ context, event, enqueue }) => {
  const { from, to, flightCode } = event as EventOf<"network.invite">
  const inviter = context.entries.get(from) as Entry
  const invitee = context.entries.get(to) as Entry
  enqueue.sendTo(invitee.connection, {
    type: "invitation.received",
    flightCode,
    fromName: inviter.name
  } satisfies NetworkNotice)
  enqueue({ type: "record", params: { name: "flight:invitation", flightCode, from, to } })
})

export const networkMachine = base.extend({ actions: { listNewcomer, updateLists, invite } }).createMachine({
  id: "network",
  description:
    "The clients of one network group and who of them sees whom. Many changes in one moment become one update, and a client gets a list only when its list has changed.",
  context: ({ input }) => ({ ...input, entries: new Map(), arrivals: 0, waitMs: 0 }),
  initial: "settled",
  on: {
    "network.invite": { guard: "seeEachOther", actions: "invite" }
  },
  states: {
    settled: {
      description: "Every client has the list that it should have.",
      on: {
        "network.enter": [
          { guard: "isCrowded", target: "changed", actions: "enter" },
          { target: "changed", actions: ["enter", "listNewcomer"] }
        ],
        "network.leave": { target: "changed", actions: "leave" },
        "network.rename": { guard: "isNewName", target: "changed", actions: "rename" },
        "network.presence": { guard: "isNewPresence", target: "changed", actions: "changePresence" }
      }
    },
    changed: {
      description: "Somebody's list may have changed; the lists go out together when the time has come.",
      entry: ["startWaiting", { type: "requestDeadline", params: ({ context }) => ({ afterMs: context.waitMs }) }],
      exit: "cancelDeadline",
      always: { guard: "isDeserted", target: "deserted" },
      on: {
        "network.enter": [{ guard: "isCrowded", actions: "enter" }, { actions: ["enter", "listNewcomer"] }],
        "network.leave": { actions: "leave" },
        "network.rename": { actions: "rename" },
        "network.presence": { actions: "changePresence" },
        deadline: [
          {
            guard: "mustWaitLonger",
            actions: [
              {
                type: "requestDeadline",
                params: ({ context }) => ({ afterMs: listWaitMs(context) - context.waitMs })
              },
              "startWaiting"
            ]
          },
          { target: "settled", actions: "updateLists" }
        ]
      }
    },
    deserted: { type: "final", description: "The last client has gone." }
  }
})
