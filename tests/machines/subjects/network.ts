import { networkMachine, type NetworkContext } from "../../../src/machines/network.ts"
import type { Stage } from "../walking/stage.ts"
import { same, type Law, type Setting, type Step, type Subject } from "../walking/subject.ts"

type Listed = readonly { readonly id: string; readonly name: string }[]

const entriesOf = (snapshot: any) => [...(snapshot?.context.entries.values() ?? [])] as {
  readonly id: string
  readonly name: string
  readonly presence: "visible" | "paired" | "withdrawn"
  readonly arrival: number
  readonly listed: unknown
}[]
const entryOf = (snapshot: any, id: string) => entriesOf(snapshot).find((entry) => entry.id === id)
const visibleOf = (snapshot: any): Listed =>
  entriesOf(snapshot).filter(({ presence }) => presence === "visible").map(({ id, name }) => ({ id, name }))
const is = (...types: string[]) => ({ event, before }: Step) => before !== undefined && types.includes(event.type)
const plain = (snapshot: any) => entriesOf(snapshot).map(({ id, name, presence }) => ({ id, name, presence }))
const clients = ["ann", "bob", "cid"]

/** How long a network of this size waits with its lists. */
const waitMs = ({ context: { entries, listBytesPerSecond } }: { context: NetworkContext }): number => {
  const wait = Math.round((entries.size * entries.size * 45) / (listBytesPerSecond / 1000))
  return wait < 50 ? 0 : wait
}
const isCrowded = (snapshot: any): boolean => entriesOf(snapshot).length >= snapshot.context.crowd
/** Its lists wait, but not as long as it would ask for now. */
const isTooSoon = (snapshot: any): boolean => waitMs(snapshot) > snapshot.context.waitMs

/** The list that a client should have: nobody sees themself. */
const rightful = (snapshot: any, id: string): Listed =>
  entryOf(snapshot, id)?.presence === "visible" ? visibleOf(snapshot).filter((other) => other.id !== id) : []

const laws: readonly Law[] = [
  {
    sentence: "Lists go to those who should have them: all who are visible to the visible, none to the paired, no list to the withdrawn.",
    when: ({ did }) => did("sendLists").length > 0,
    holds: ({ after, did }) =>
      did("sendLists").every(
        ({ visible, toVisible, toPaired }) =>
          same(visible, visibleOf(after)) &&
          toVisible.every((id: string) => entryOf(after, id)?.presence === "visible") &&
          toPaired.every((id: string) => entryOf(after, id)?.presence === "paired") &&
          toVisible.length + toPaired.length > 0
      )
  },
  {
    sentence: "A newcomer gets its list at once, and nobody else's is sent for that.",
    when: (step) => is("network.enter")(step) && !isCrowded(step.before),
    holds: ({ event, did }) => {
      const { id, presence } = event.client
      const lists = did("sendLists").map(({ toVisible, toPaired }) => [toVisible, toPaired])
      return same(lists, presence === "withdrawn" ? [] : [presence === "visible" ? [[id], []] : [[], [id]]])
    }
  },
  {
    sentence: "When the time has come everybody whose list has changed gets it, and nobody else.",
    when: (step) => is("deadline")(step) && step.before.value === "changed" && !isTooSoon(step.before),
    holds: ({ before, after, did }) => {
      const sent = did("sendLists").flatMap(({ toVisible, toPaired }) => [...toVisible, ...toPaired])
      const expected = entriesOf(before).filter(
        ({ id, presence }) => presence !== "withdrawn" && !same(entryOf(before, id)?.listed, entryOf(after, id)?.listed)
      )
      return after.value === "settled" && same(sent.sort(), expected.map(({ id }) => id).sort()) && did("sendLists").length <= 1
    }
  },
  {
    sentence: "Two who should see the same list remember the same, and two who should not do not.",
    when: (step) => step.after.value === "settled" && entriesOf(step.after).length > 1,
    holds: ({ after }) => {
      const listed = entriesOf(after).filter(({ presence }) => presence !== "withdrawn")
      return listed.every((one) =>
        listed.every((other) => same(one.listed, other.listed) === same(rightful(after, one.id), rightful(after, other.id)))
      )
    }
  },
  {
    sentence: "A change is followed by lists: the network is settled only while nobody's list may be wrong.",
    when: ({ before }) => before?.value === "settled",
    holds: ({ before, after, event }) =>
      same(plain(before), plain(after)) && event.type !== "network.enter" && event.type !== "network.leave"
        ? after.value === "settled"
        : after.value === (entriesOf(after).length === 0 ? "deserted" : "changed")
  },
  {
    sentence: "Who comes to a crowd waits for its list as the others do.",
    when: (step) => is("network.enter")(step) && isCrowded(step.before),
    holds: ({ after, did }) => did("sendLists").length === 0 && after.value === "changed"
  },
  {
    sentence: "A network that has grown while its lists waited lets them wait for the rest of what its size asks for.",
    when: (step) => is("deadline")(step) && step.before.value === "changed" && isTooSoon(step.before),
    holds: ({ before, after, did }) =>
      after.value === "changed" &&
      did("sendLists").length === 0 &&
      same(did("requestDeadline"), [{ afterMs: waitMs(before) - before.context.waitMs }]) &&
      after.context.waitMs === waitMs(before)
  },
  {
    sentence: "While lists wait for their time a change does not send them, and asks for no other time.",
    when: (step) => step.before?.value === "changed" && !is("deadline", "network.enter")(step),
    holds: ({ did, after }) =>
      did("sendLists").length === 0 &&
      did("requestDeadline").length === 0 &&
      after.value === (entriesOf(after).length === 0 ? "deserted" : "changed")
  },
  {
    sentence: "A time is asked for when the first change comes, and given back when it is not needed any more.",
    holds: ({ before, event, after, did }) => {
      const waits = (snapshot: any) => snapshot?.value === "changed"
      const came = before !== undefined && !waits(before) && (waits(after) || after.value === "deserted")
      const went = (waits(before) || came) && !waits(after)
      const waitsOn = before !== undefined && is("deadline")({ before, event } as Step) && waits(before) && isTooSoon(before)
      return (
        did("requestDeadline").length === (came || waitsOn ? 1 : 0) && did("cancelDeadline").length === (went ? 1 : 0)
      )
    }
  },
  {
    sentence: "A few clients wait for nothing but the end of this moment, more for as long as their lists need.",
    when: (step) => step.did("requestDeadline").length > 0 && !is("deadline")(step),
    holds: ({ after, did }) =>
      did("requestDeadline").every(({ afterMs }) => afterMs === (after.value === "deserted" ? 0 : waitMs(after)))
  },
  {
    sentence: "Who comes is there, behind those who were; who goes is not; names and presences are the last ones told.",
    when: ({ before }) => before !== undefined,
    holds: ({ before, event, after }) => {
      const others = plain(before).filter(({ id }) => id !== event.id && id !== event.client?.id)
      const { client, id, name, presence } = event
      const changed = (change: object) => plain(before).map((entry) => (entry.id === id ? { ...entry, ...change } : entry))
      const expected = {
        "network.enter": entryOf(before, client?.id) === undefined
          ? [...others, { id: client?.id, name: client?.name, presence: client?.presence }]
          : plain(before).map((entry) =>
              entry.id === client?.id ? { id: client?.id, name: client?.name, presence: client?.presence } : entry
            ),
        "network.leave": others,
        "network.rename": changed({ name }),
        "network.presence": changed({ presence })
      }[event.type as string]
      return same(plain(after), expected ?? plain(before))
    }
  },
  {
    sentence: "An invitation reaches another who is seen by its sender and sees the sender, and is told; else nothing happens.",
    when: is("network.invite"),
    holds: ({ before, event, after, told, did, effects }) => {
      const { from, to, flightCode } = event
      const passes =
        from !== to && [from, to].every((id) => entryOf(before, id)?.presence === "visible")
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
    sentence: "It ends when its last client has gone, and only then.",
    holds: ({ before, after }) =>
      (after.status === "done") === (entriesOf(before).length > 0 && entriesOf(after).length === 0)
  },
  {
    sentence: "Nobody is told anything but invitations.",
    when: (step) => !is("network.invite")(step),
    holds: ({ effects, told }) => clients.every((id) => told(id).length === 0) && effects.every((effect) => "did" in effect)
  }
]

const eventsOf = (stage: Stage): Setting["events"] => (snapshot) => [
  ...clients.flatMap((id) =>
    (["visible", "paired", "withdrawn"] as const)
      .filter((presence) => id === "ann" || presence === "visible")
      .map((presence) => ({ type: "network.enter", client: { id, name: id, presence, connection: stage.extra(id) } }))
  ),
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

const settings = (stage: Stage): readonly Setting[] => [
  {
    name: "of three clients",
    input: { group: "192.0.2", listBytesPerSecond: 640_000, crowd: 512 },
    events: eventsOf(stage)
  },
  {
    name: "for which two are a crowd and three have much to tell",
    input: { group: "192.0.2", listBytesPerSecond: 1_000, crowd: 2 },
    events: (snapshot) => [
      ...clients.map((id) =>
        entryOf(snapshot, id) !== undefined
          ? { type: "network.leave", id }
          : { type: "network.enter", client: { id, name: id, presence: "visible", connection: stage.extra(id) } }
      ),
      { type: "network.rename", id: "ann", name: "Anna" },
      { type: "network.presence", id: "bob", presence: "paired" },
      { type: "deadline", at: 1 }
    ]
  }
]

export const network: Subject = {
  name: "network",
  machine: networkMachine,
  adapters: { actions: ["sendLists", "requestDeadline", "cancelDeadline", "record"] },
  settings,
  facts: (snapshot: { context: NetworkContext }) => [plain(snapshot), snapshot.context.waitMs],
  laws
}
