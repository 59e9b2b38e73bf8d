/**
 * A network: who can see whom in one network group.
 *
 * A list goes to a client only when it differs from the last one that client got. To know that without comparing
 * lists, each client's last list is remembered as a digest that is put together entry by entry.
 *
 * A list for each client is about the square of the network's size in bytes. So that a crowd is told of a change in
 * seconds and for a bounded number of bytes, lists go out in turns, whoever has waited longest first, each turn is
 * followed by a pause that its bytes are worth, and where a list of everybody would be too long it is cut to those who
 * have come or changed last.
 */
import { assign, setup } from "xstate"
import type { Aftermath, Crash } from "../kinds.ts"
import { speakAs } from "../registry.ts"
import { connectionAt, networkAt } from "./addresses.ts"
import type { DropSilkEvent } from "./events.ts"

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
}

/** A list's identity: equal lists have equal digests, different ones differ but for one chance in 2^52. */
interface Digest {
  readonly high: number
  readonly low: number
}

interface Entry extends NetworkClient {
  /** Lists are in order of arrival. */
  readonly arrival: number
  /** When others last saw something new of it, by the same count: of a list that is cut the newest are left. */
  readonly changed: number
  /** What it adds to a list. */
  readonly bytes: number
  readonly digest: Digest
  /** Of the last list sent; null before the first. */
  readonly listed: Digest | null
  /** In which turn that was; 0 before the first, so that newcomers come first. */
  readonly turn: number
}

export interface NetworkInput {
  readonly group: string
  /** Bytes of lists that a network is sent a second, in the long run. */
  readonly listBytesPerSecond: number
  /** In which everybody can be sent one list, milliseconds: what is too long for that is cut. */
  readonly listRoundMs: number
  /** Bytes of lists that are sent in one turn. */
  readonly listTurnBytes: number
  /** So many clients are a crowd: who comes to one waits for the next turn. */
  readonly crowd: number
}

export interface NetworkContext extends NetworkInput {
  readonly entries: ReadonlyMap<string, Entry>
  /** Arrivals and changes so far. */
  readonly changes: number
  readonly turns: number
  /** Bytes of lists that were sent and that no pause has followed yet. */
  readonly owedBytes: number
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

/** Who gets the list of these visible clients, itself left out, and who gets an empty one. */
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

const digestOf = ({ arrival, id, name }: Pick<Entry, "arrival" | "id" | "name">): Digest => {
  const text = `${arrival} ${id} ${name}`
  return { high: hash(text, 0x811c9dc5), low: hash(text, 0x9747b28c) }
}

const combined = (a: Digest, b: Digest): Digest => ({ high: (a.high ^ b.high) >>> 0, low: (a.low ^ b.low) >>> 0 })

const isSame = (a: Digest | null, b: Digest): boolean => a !== null && a.high === b.high && a.low === b.low

/** UTF-8 bytes of `{"id":"podw9mesa2","name":"SilentJaguar458"},`. */
const bytesOf = (id: string, name: string): number =>
  encodeURIComponent(JSON.stringify({ id, name })).replace(/%../g, "-").length + 1

/** What a list has around its entries: `{"type":"users-on-network-update","users":[]}`, and the head of its frame. */
const emptyListBytes = 49
/** A debt of so many milliseconds or more is paid by a pause; smaller ones add up. */
const shortestPauseMs = 50
/** The size of a network is taken as a multiple of this, or every arrival and departure would change where lists end. */
const sizeStep = 64

/** How long what was sent keeps the network's share busy, milliseconds. */
const pauseMs = ({ owedBytes, listBytesPerSecond }: NetworkContext): number =>
  Math.round((owedBytes * 1000) / listBytesPerSecond)

/** Bytes that one list may have for everybody to get one within a round. */
const longestList = ({ entries, listBytesPerSecond, listRoundMs }: NetworkContext): number =>
  (listBytesPerSecond * listRoundMs) / 1000 / (Math.ceil(entries.size / sizeStep) * sizeStep)

/** Whom lists show, in order of arrival: everybody who is visible, or as many of those who have changed last as fit. */
const shownOf = (context: NetworkContext): readonly Entry[] => {
  const visible = [...context.entries.values()].filter(({ presence }) => presence === "visible")
  let room = longestList(context) - emptyListBytes
  if (visible.reduce((sum, { bytes }) => sum + bytes, 0) <= room) return visible
  const newestFirst = visible.toSorted((one, other) => other.changed - one.changed)
  const end = newestFirst.findIndex(({ bytes }) => (room -= bytes) < 0)
  return newestFirst.slice(0, Math.max(1, end)).sort((one, other) => one.arrival - other.arrival)
}

/** What others see of this one is new. */
const changeOf = (context: NetworkContext, entry: Entry, change: Partial<Entry>): Partial<NetworkContext> => ({
  changes: context.changes + 1,
  entries: new Map(context.entries).set(entry.id, { ...entry, ...change, changed: context.changes })
})

type EventOf<Type extends NetworkEvent["type"]> = Extract<NetworkEvent, { type: Type }>

/** Who should get a list, with its digest: whose last one was another. */
const outdatedOf = (
  candidates: Iterable<Entry>,
  shown: readonly Entry[]
): { readonly entry: Entry; readonly listed: Digest }[] => {
  const whole = shown.reduce((sum, { digest }) => combined(sum, digest), emptyDigest)
  const own = new Set(shown)
  const outdated = []
  for (const entry of candidates) {
    if (entry.presence === "withdrawn") continue
    const visible = own.has(entry) ? combined(whole, entry.digest) : whole
    const listed = entry.presence === "visible" ? visible : emptyDigest
    if (!isSame(entry.listed, listed)) outdated.push({ entry, listed })
  }
  return outdated
}

/** The lists of one turn: of those that are due as many as it has bytes for, whose last is oldest first. */
const turnOf = (context: NetworkContext, candidates: Iterable<Entry>) => {
  const shown = shownOf(context)
  const outdated = outdatedOf(candidates, shown)
  const listBytes = shown.reduce((sum, { bytes }) => sum + bytes, emptyListBytes)
  const turn = context.turns + 1
  const entries = new Map(context.entries)
  const toVisible: string[] = []
  const toPaired: string[] = []
  let bytes = 0
  for (const { entry, listed } of outdated.sort((one, other) => one.entry.turn - other.entry.turn)) {
    if (bytes >= context.listTurnBytes) break
    const isVisible = entry.presence === "visible"
    ;(isVisible ? toVisible : toPaired).push(entry.id)
    bytes += isVisible ? listBytes : emptyListBytes
    entries.set(entry.id, { ...entry, listed, turn })
  }
  const sent = toVisible.length + toPaired.length
  const update: ListUpdate = { visible: shown.map(({ id, name }) => ({ id, name })), toVisible, toPaired }
  return {
    update,
    isNeeded: sent > 0,
    isLast: sent === outdated.length,
    change: { entries, turns: turn, owedBytes: context.owedBytes + bytes } satisfies Partial<NetworkContext>
  }
}

const { tell } = speakAs(({ group }: NetworkContext) => networkAt(group))

const base = setup({
  types: {
    context: {} as NetworkContext,
    events: {} as NetworkEvent,
    input: {} as NetworkInput
  },
  guards: {
    isDeserted: ({ context }) => context.entries.size === 0,
    /** A newcomer's own list would have to wait: for a whole crowd, or for what a second's newcomers have been sent. */
    isCrowded: ({ context }) =>
      context.entries.size >= context.crowd || context.owedBytes >= context.listBytesPerSecond,
    owesPause: ({ context }) => pauseMs(context) >= shortestPauseMs,
    /** One turn does not reach everybody, or is so much that a pause must follow. */
    needsMoreThanThis: ({ context }) => {
      const { isLast, change } = turnOf(context, context.entries.values())
      return !isLast || pauseMs({ ...context, ...change }) >= shortestPauseMs
    },
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
    record: (_, _event: DropSilkEvent) => {},
    tellClient: tell((_, { id, notice }: { id: string; notice: NetworkNotice }) => ({
      to: connectionAt(id),
      event: notice
    })),
    enter: assign(({ context, event }) => {
      const { client } = event as EventOf<"network.enter">
      const arrival = context.changes
      const entry: Entry = {
        ...client,
        arrival,
        changed: arrival,
        bytes: bytesOf(client.id, client.name),
        digest: digestOf({ ...client, arrival }),
        listed: null,
        turn: 0
      }
      return { changes: context.changes + 1, entries: new Map(context.entries).set(client.id, entry) }
    }),
    leave: assign({
      entries: ({ context, event }) => {
        const entries = new Map(context.entries)
        entries.delete((event as EventOf<"network.leave">).id)
        return entries
      }
    }),
    rename: assign(({ context, event }) => {
      const { id, name } = event as EventOf<"network.rename">
      const entry = context.entries.get(id) as Entry
      return changeOf(context, entry, { name, bytes: bytesOf(id, name), digest: digestOf({ ...entry, name }) })
    }),
    changePresence: assign(({ context, event }) => {
      const { id, presence } = event as EventOf<"network.presence">
      return changeOf(context, context.entries.get(id) as Entry, { presence })
    }),
    /** A pause follows that is long enough for what was sent. */
    settleDebt: assign({ owedBytes: 0 })
  }
})

const listNewcomer = base.enqueueActions(({ context, event, enqueue }) => {
  const newcomer = context.entries.get((event as EventOf<"network.enter">).client.id) as Entry
  const { update, isNeeded, change } = turnOf(context, [newcomer])
  if (!isNeeded) return
  enqueue.assign(change)
  enqueue({ type: "sendLists", params: update })
})

const takeTurn = base.enqueueActions(({ context, enqueue }) => {
  const { update, isNeeded, change } = turnOf(context, context.entries.values())
  if (!isNeeded) return
  enqueue.assign(change)
  enqueue({ type: "sendLists", params: update })
})

const invite = base.enqueueActions(({ context, event, enqueue }) => {
  const { from, to, flightCode } = event as EventOf<"network.invite">
  const inviter = context.entries.get(from) as Entry
  const notice = { type: "invitation.received", flightCode, fromName: inviter.name } as const
  enqueue({ type: "tellClient", params: { id: to, notice } })
  enqueue({ type: "record", params: { name: "flight:invitation", flightCode, from, to } })
})

export const networkMachine = base.extend({ actions: { listNewcomer, takeTurn, invite } }).createMachine({
  id: "network",
  description:
    "The clients of one network group and who of them sees whom. Many changes in one moment become one update, a client gets a list only when its list has changed, and in a crowd lists go out in turns.",
  context: ({ input }) => ({ ...input, entries: new Map(), changes: 0, turns: 0, owedBytes: 0 }),
  initial: "settled",
  on: {
    "network.invite": { guard: "seeEachOther", actions: "invite" }
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
        "network.leave": { target: "changed", actions: "leave" },
        "network.rename": { guard: "isNewName", target: "changed", actions: "rename" },
        "network.presence": { guard: "isNewPresence", target: "changed", actions: "changePresence" }
      }
    },
    changed: {
      description: "Somebody's list may have changed; lists go out turn by turn, with pauses in between.",
      entry: { type: "requestDeadline", params: { afterMs: 0 } },
      exit: "cancelDeadline",
      always: { guard: "isDeserted", target: "deserted" },
      on: {
        "network.enter": [{ guard: "isCrowded", actions: "enter" }, { actions: ["enter", "listNewcomer"] }],
        "network.leave": { actions: "leave" },
        "network.rename": { guard: "isNewName", actions: "rename" },
        "network.presence": { guard: "isNewPresence", actions: "changePresence" },
        deadline: [
          {
            guard: "owesPause",
            actions: [
              { type: "requestDeadline", params: ({ context }) => ({ afterMs: pauseMs(context) }) },
              "settleDebt"
            ]
          },
          {
            guard: "needsMoreThanThis",
            actions: [
              "takeTurn",
              { type: "requestDeadline", params: ({ context }) => ({ afterMs: pauseMs(context) }) },
              "settleDebt"
            ]
          },
          { target: "settled", actions: "takeTurn" }
        ]
      }
    },
    deserted: { type: "final", description: "The last client has gone." }
  }
})

/** Those who belong to it enter it again. */
export const networkCrash = ({ id }: Crash<NetworkContext>): Aftermath<DropSilkEvent> => ({
  tell: [{ toAll: "connections", event: { type: "network.lost", group: id } }],
  record: []
})
