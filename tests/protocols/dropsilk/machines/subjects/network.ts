import { listSizes } from "../../../../../src/io/dropsilk/sockets/frames.ts"
import { type NetworkContext, networkMachine } from "../../../../../src/machines/dropsilk/network/network.ts"
import { type Law, type Setting, type Step, type Subject, same } from "../../../../walking/subject.ts"

type Listed = readonly { readonly id: string; readonly name: string }[]

interface Shown {
  readonly id: string
  readonly name: string
  readonly presence: "visible" | "paired" | "withdrawn"
  readonly changed: number
  readonly listed: unknown
  readonly turn: number
}

const entriesOf = (snapshot: any): readonly Shown[] => snapshot?.context.clients ?? []
const entryOf = (snapshot: any, id: string) => entriesOf(snapshot).find((entry) => entry.id === id)
const is =
  (...types: string[]) =>
  ({ event, before }: Step) =>
    before !== undefined && types.includes(event.type)
const isResuming = (snapshot: any): boolean => snapshot?.value === "resuming"
const plain = (snapshot: any) => entriesOf(snapshot).map(({ id, name, presence }) => ({ id, name, presence }))
const clients = ["ann", "bob", "cid"]

/** With the head of a WebSocket frame, and with a comma behind every entry. */
const frameBytes = (users: Listed): number =>
  Buffer.byteLength(JSON.stringify({ type: "users-on-network-update", users })) + 4 + (users.length === 0 ? 0 : 1)
const listed = ({ id, name }: Shown) => ({ id, name })

/** Everybody who is visible, or as many of the newest as fit where everybody is to get a list in one round. */
const shownOf = (snapshot: any): Listed => {
  const { listBytesPerSecond, listRoundMs } = snapshot.context as NetworkContext
  const visible = entriesOf(snapshot).filter(({ presence }) => presence === "visible")
  const longest = (listBytesPerSecond * listRoundMs) / 1000 / (64 * Math.ceil(entriesOf(snapshot).length / 64))
  const newest = visible.toSorted((one, other) => other.changed - one.changed)
  while (newest.length > 1 && frameBytes(newest.map(listed)) > longest) newest.pop()
  return visible.filter((entry) => newest.includes(entry)).map(listed)
}

/** The list that a client should have: nobody sees themself. */
const rightful = (snapshot: any, id: string): Listed =>
  entryOf(snapshot, id)?.presence === "visible" ? shownOf(snapshot).filter((other) => other.id !== id) : []

const isCrowded = ({ context }: { context: NetworkContext }): boolean =>
  context.clients.length >= context.crowd || context.owedBytes >= context.listBytesPerSecond
const pauseMs = ({ listBytesPerSecond }: NetworkContext, bytes: number): number =>
  Math.round((bytes * 1000) / listBytesPerSecond)
const isWorthPause = (context: NetworkContext, bytes: number): boolean => pauseMs(context, bytes) >= 50
/** Its time has come, and nothing has to be paid first. */
const isTurn = (step: Step): boolean =>
  is("deadline")(step) &&
  step.before.value === "changed" &&
  !isWorthPause(step.before.context, step.before.context.owedBytes)

/** Who was sent a list in this step, in this order, and the bytes of each. */
const sentIn = ({ did }: Step): readonly { readonly id: string; readonly bytes: number }[] =>
  did("sendLists").flatMap(({ visible, toVisible, toPaired }) => [
    ...toVisible.map((id: string) => ({ id, bytes: frameBytes(visible) })),
    ...toPaired.map((id: string) => ({ id, bytes: frameBytes([]) }))
  ])
const total = (lists: readonly { readonly bytes: number }[]): number => lists.reduce((sum, { bytes }) => sum + bytes, 0)

const laws: readonly Law[] = [
  {
    sentence:
      "Lists go to those who should have them: who is shown to the visible, none to the paired, no list to the withdrawn.",
    when: ({ did }) => did("sendLists").length > 0,
    holds: ({ after, did }) =>
      did("sendLists").every(
        ({ visible, toVisible, toPaired }) =>
          same(visible, shownOf(after)) &&
          toVisible.every((id: string) => entryOf(after, id)?.presence === "visible") &&
          toPaired.every((id: string) => entryOf(after, id)?.presence === "paired") &&
          toVisible.length + toPaired.length > 0
      )
  },
  {
    sentence: "A newcomer gets its list at once, and nobody else's is sent for that.",
    when: (step) => is("network.enter")(step) && !isResuming(step.before) && !isCrowded(step.before),
    holds: (step) =>
      same(
        sentIn(step).map(({ id }) => id),
        step.event.client.presence === "withdrawn" ? [] : [step.event.client.id]
      )
  },
  {
    sentence: "Who comes to a crowd, or when newcomers have been sent much, waits for the next turn.",
    when: (step) => is("network.enter")(step) && !isResuming(step.before) && isCrowded(step.before),
    holds: ({ after, did }) => did("sendLists").length === 0 && after.value === "changed"
  },
  {
    sentence: "In a turn those get a list whose list has changed, and nobody else.",
    when: isTurn,
    holds: (step) => {
      const { before, after, did } = step
      const expected = entriesOf(before).filter(
        ({ id, presence }) => presence !== "withdrawn" && !same(entryOf(before, id)?.listed, entryOf(after, id)?.listed)
      )
      return (
        same(
          sentIn(step)
            .map(({ id }) => id)
            .sort(),
          expected.map(({ id }) => id).sort()
        ) && did("sendLists").length <= 1
      )
    }
  },
  {
    sentence:
      "Whoever gets a list has it from a later turn than everybody had before, and nobody gets one before a newcomer without any.",
    when: isTurn,
    holds: (step) => {
      const { before, after } = step
      const served = sentIn(step).map(({ id }) => entryOf(before, id) as Shown)
      const passedOver = entriesOf(before).filter(
        (entry) => !served.includes(entry) && entry.presence !== "withdrawn" && entry.listed === null
      )
      const latest = Math.max(0, ...entriesOf(before).map(({ turn }) => turn))
      return (
        served.every(({ id }) => (entryOf(after, id) as Shown).turn > latest) &&
        passedOver.every(({ turn }) => served.every((entry) => entry.turn <= turn))
      )
    }
  },
  {
    sentence: "A turn ends with the list that uses up its bytes.",
    when: isTurn,
    holds: (step) => {
      const lists = sentIn(step)
      const { listTurnBytes } = step.before.context
      // Which of them was the last is not told: at most the longest.
      return lists.length <= 1 || total(lists) - Math.max(...lists.map(({ bytes }) => bytes)) < listTurnBytes
    }
  },
  {
    sentence: "After a turn it is settled unless somebody is left or a pause is due, and then it asks for that pause.",
    when: isTurn,
    holds: (step) => {
      const { before, after, did } = step
      const { context } = before
      const owed = context.owedBytes + total(sentIn(step))
      if (after.value === "settled") return !isWorthPause(context, owed) && did("requestDeadline").length === 0
      return (
        after.value === "changed" &&
        (isWorthPause(context, owed) || total(sentIn(step)) >= context.listTurnBytes) &&
        same(did("requestDeadline"), [{ afterMs: pauseMs(context, owed) }])
      )
    }
  },
  {
    sentence: "What newcomers were sent is paid by a pause before anybody else gets a list.",
    when: (step) => is("deadline")(step) && step.before.value === "changed" && !isTurn(step),
    holds: ({ before, after, did }) =>
      after.value === "changed" &&
      did("sendLists").length === 0 &&
      same(did("requestDeadline"), [{ afterMs: pauseMs(before.context, before.context.owedBytes) }])
  },
  {
    sentence: "Every byte that is sent is owed until a pause pays for all.",
    when: ({ before }) => before !== undefined,
    holds: (step) => {
      const { before, after, did } = step
      const paid = is("deadline")(step) && did("requestDeadline").length > 0
      return after.context.owedBytes === (paid ? 0 : before.context.owedBytes + total(sentIn(step)))
    }
  },
  {
    sentence: "Two who should see the same list remember the same, and two who should not do not.",
    when: (step) => step.after.value === "settled" && entriesOf(step.after).length > 1,
    holds: ({ after }) => {
      const present = entriesOf(after).filter(({ presence }) => presence !== "withdrawn")
      return present.every((one) =>
        present.every(
          (other) => same(one.listed, other.listed) === same(rightful(after, one.id), rightful(after, other.id))
        )
      )
    }
  },
  {
    sentence: "Who comes, takes another name or is there in another way has changed last; nobody else has changed.",
    when: ({ before }) => before !== undefined,
    holds: ({ before, after }) =>
      entriesOf(after).every((entry) => {
        const earlier = entryOf(before, entry.id)
        const newest = Math.max(-1, ...entriesOf(before).map(({ changed }) => changed))
        return entry.changed === earlier?.changed
          ? same(
              plain(before).find(({ id }) => id === entry.id),
              plain(after).find(({ id }) => id === entry.id)
            )
          : entry.changed > newest
      })
  },
  {
    sentence:
      "A change is followed by lists: the network is settled only while nobody's list may be wrong, as the first one's cannot be.",
    when: ({ before }) => before?.value === "settled",
    holds: ({ before, after, event }) => {
      const comesOrGoes = ["network.enter", "network.resume", "network.leave"].includes(event.type)
      const isFirst = entriesOf(before).length === 0
      if (event.type === "network.resume" && isFirst) return isResuming(after)
      if ((same(plain(before), plain(after)) && !comesOrGoes) || (event.type === "network.enter" && isFirst))
        return after.value === "settled"
      return after.value === (entriesOf(after).length === 0 ? "deserted" : "changed")
    }
  },
  {
    sentence: "While it is put together again nobody gets a list, and then everybody does.",
    when: ({ before, after }) => isResuming(before) || isResuming(after),
    holds: ({ event, after, did }) => {
      const goesOn = event.type === "home.settled" ? "changed" : "resuming"
      return (
        did("sendLists").length === 0 &&
        after.value === (entriesOf(after).length === 0 ? "deserted" : goesOn) &&
        entriesOf(after).every(({ listed, turn }) => listed === null && turn === 0)
      )
    }
  },
  {
    sentence: "Who is there already, as its node says, gets a list with the others, also where it has had one.",
    when: is("network.resume"),
    holds: ({ after, event, did }) => did("sendLists").length === 0 && entryOf(after, event.client.id)?.listed === null
  },
  {
    sentence:
      "That everybody has been heard is no news where it was not waited for, nor is the end of a node without clients.",
    when: (step) =>
      (is("home.settled")(step) && !isResuming(step.before)) ||
      (is("node.gone")(step) && same(plain(step.before), plain(step.after))),
    holds: ({ before, after, effects }) =>
      effects.length === 0 && after.value === before.value && same(after.context, before.context)
  },
  {
    sentence: "Until the next turn a change sends nothing, and asks for no other time.",
    when: (step) => step.before?.value === "changed" && !is("deadline", "network.enter")(step),
    holds: ({ did, after }) =>
      did("sendLists").length === 0 &&
      did("requestDeadline").length === 0 &&
      after.value === (entriesOf(after).length === 0 ? "deserted" : "changed")
  },
  {
    sentence:
      "The first change waits for nothing but the end of this moment; what is not needed any more is given back.",
    holds: (step) => {
      const { before, after, did } = step
      if (is("deadline")(step))
        return did("cancelDeadline").length === (before.value === "changed" && after.value !== "changed" ? 1 : 0)
      const waits = (snapshot: any) => snapshot?.value === "changed"
      const endsUnsettled = after.value === "deserted" && !isResuming(before)
      const came = before !== undefined && !waits(before) && (waits(after) || endsUnsettled)
      const went = (waits(before) || came) && !waits(after)
      return (
        same(did("requestDeadline"), came ? [{ afterMs: 0 }] : []) && did("cancelDeadline").length === (went ? 1 : 0)
      )
    }
  },
  {
    sentence: "Who comes is there, behind those who were; who goes is not; names and presences are the last ones told.",
    when: ({ before }) => before !== undefined,
    holds: ({ before, event, after }) => {
      const others = plain(before).filter(({ id }) => id !== event.id && id !== event.client?.id)
      const comes = () =>
        entryOf(before, client?.id) === undefined
          ? [...others, { id: client?.id, name: client?.name, presence: client?.presence }]
          : plain(before).map((entry) =>
              entry.id === client?.id ? { id: client?.id, name: client?.name, presence: client?.presence } : entry
            )
      const { client, id, name, presence } = event
      const changed = (change: object) =>
        plain(before).map((entry) => (entry.id === id ? { ...entry, ...change } : entry))
      const expected = {
        "network.enter": comes(),
        "network.resume": comes(),
        "node.gone": others.filter(({ id }) => id.slice(0, 2) !== event.mark),
        "network.leave": others,
        "network.rename": changed({ name }),
        "network.presence": changed({ presence })
      }[event.type as string]
      return same(plain(after), expected ?? plain(before))
    }
  },
  {
    sentence:
      "An invitation reaches another who is seen by its sender and sees the sender, and is told; else nothing happens.",
    when: is("network.invite"),
    holds: ({ before, event, after, told, did, effects }) => {
      const { from, to, flightCode } = event
      const passes = from !== to && [from, to].every((id) => entryOf(before, id)?.presence === "visible")
      if (!passes) return effects.length === 0
      const fromName = entryOf(before, from)?.name
      return (
        same(told(to), [{ type: "invitation.received", flightCode, fromName }]) &&
        same(did("record"), [{ name: "flight:invitation", flightCode, from, to }]) &&
        same(after.value, before.value)
      )
    }
  },
  {
    sentence: "What it knows can be written down and read again.",
    holds: ({ after }) => same(JSON.parse(JSON.stringify(after.context)), after.context)
  },
  {
    sentence: "It ends when its last client has gone, and only then.",
    holds: ({ before, after }) =>
      (after.status === "done") === (entriesOf(before).length > 0 && entriesOf(after).length === 0)
  },
  {
    sentence: "Nobody is told anything but invitations.",
    when: (step) => !is("network.invite")(step),
    holds: ({ effects, told }) =>
      clients.every((id) => told(id).length === 0) && effects.every((effect) => "did" in effect)
  }
]

const events: Setting["events"] = (snapshot) => [
  ...clients.flatMap((id) =>
    (["visible", "paired", "withdrawn"] as const)
      .filter((presence) => id === "ann" || presence === "visible")
      .map((presence) => ({ type: "network.enter", client: { id, name: id, presence } }))
  ),
  ...clients.map((id) => ({
    type: "network.resume",
    client: { id, name: id, presence: id === "bob" ? "paired" : "visible" }
  })),
  { type: "home.settled" },
  ...["an", "bo", "no"].map((mark) => ({ type: "node.gone", mark })),
  ...(entriesOf(snapshot).length === 0 ? [] : clients.map((id) => ({ type: "network.leave", id }))),
  { type: "network.rename", id: "ann", name: "Anna" },
  { type: "network.rename", id: "ann", name: "ann" },
  { type: "network.rename", id: "nobody", name: "Nobody" },
  ...(["visible", "paired", "withdrawn"] as const).flatMap((presence) =>
    ["ann", "bob", "nobody"].map((id) => ({ type: "network.presence", id, presence }))
  ),
  { type: "network.invite", from: "ann", to: "bob", flightCode: "ABC234" },
  { type: "network.invite", from: "ann", to: "ann", flightCode: "ABC234" },
  { type: "network.invite", from: "nobody", to: "ann", flightCode: "ABC234" },
  { type: "network.invite", from: "bob", to: "nobody", flightCode: "ABC234" },
  { type: "deadline", at: 1 }
]

/** Three who come and go, change their names and fly. */
const fewEvents: Setting["events"] = (snapshot) => [
  ...clients.map((id) =>
    entryOf(snapshot, id) !== undefined
      ? { type: "network.leave", id }
      : { type: "network.enter", client: { id, name: id, presence: "visible" } }
  ),
  { type: "network.rename", id: "ann", name: "Ännchen" },
  { type: "network.presence", id: "bob", presence: "paired" },
  { type: "network.presence", id: "bob", presence: "visible" },
  { type: "network.resume", client: { id: "ann", name: "ann", presence: "visible" } },
  { type: "home.settled" },
  { type: "node.gone", mark: "bo" },
  { type: "deadline", at: 1 }
]

const settings = (): readonly Setting[] => [
  {
    name: "of three clients",
    input: {
      group: "192.0.2",
      listBytesPerSecond: 1_000_000,
      listRoundMs: 3_500,
      listTurnBytes: 200_000,
      ...listSizes,
      crowd: 512
    },
    events
  },
  {
    name: "for which two are a crowd",
    input: {
      group: "192.0.2",
      listBytesPerSecond: 1_000_000,
      listRoundMs: 3_500,
      listTurnBytes: 200_000,
      ...listSizes,
      crowd: 2
    },
    events: fewEvents
  },
  {
    name: "that is sent one list a turn, each worth a pause",
    input: {
      group: "192.0.2",
      listBytesPerSecond: 1_000,
      listRoundMs: 20_000,
      listTurnBytes: 1,
      ...listSizes,
      crowd: 512
    },
    events: fewEvents
  },
  {
    name: "that is sent one list a turn, which is worth no pause",
    input: {
      group: "192.0.2",
      listBytesPerSecond: 1_000_000,
      listRoundMs: 20_000,
      listTurnBytes: 1,
      ...listSizes,
      crowd: 512
    },
    events: fewEvents
  },
  {
    name: "whose lists are cut to two, and then to one",
    input: {
      group: "192.0.2",
      listBytesPerSecond: 3_000,
      listRoundMs: 2_500,
      listTurnBytes: 120,
      ...listSizes,
      crowd: 512
    },
    events: fewEvents
  },
  {
    name: "whose newcomers have been sent a second's bytes by the first two",
    input: {
      group: "192.0.2",
      listBytesPerSecond: 100,
      listRoundMs: 200_000,
      listTurnBytes: 200,
      ...listSizes,
      crowd: 512
    },
    events: fewEvents
  }
]

export const network: Subject = {
  name: "network",
  machine: networkMachine,
  adapters: { actions: ["sendLists", "requestDeadline", "cancelDeadline", "record"] },
  settings,
  facts: (snapshot: { context: NetworkContext }) => [
    plain(snapshot),
    isWorthPause(snapshot.context, snapshot.context.owedBytes),
    isCrowded(snapshot)
  ],
  laws
}
