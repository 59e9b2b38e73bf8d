import type { Drain, Kind } from "../../../../src/machines/kinds.ts"
import { towerMachine } from "../../../../src/machines/tower.ts"
import { type Law, type Step, type Subject, same } from "../../../walking/subject.ts"

const going = { type: "server.going" }
const kindAt = (kind: string, place: Drain["place"], more: Partial<Kind> = {}): Kind => ({
  kind,
  chart: {} as Kind["chart"],
  restart: "temporary",
  drain: { place, event: going },
  ...more
})
/** Who is opened first, and who later. */
const first: readonly Kind[] = [
  kindAt("guests", "clients"),
  { kind: "tables", chart: {} as Kind["chart"], restart: "transient", resumed: [{ toAll: "guests", event: going }] },
  kindAt("diaries", "listeners"),
  kindAt("stores", "keepers")
]
const later: readonly Kind[] = [
  kindAt("plots", "homes"),
  kindAt("visitors", "clients"),
  kindAt("cleaners", "workers", {
    standing: ["sweep", "tidy"].map((id) => ({ id, input: { id } })),
    resumed: [{ to: { kind: "stores", id: "one" }, event: going }]
  })
]
const kinds = [...first, ...later].map(({ kind }) => kind)

const is =
  (...types: string[]) =>
  ({ event, before }: Step) =>
    before !== undefined && types.includes(event.type)
const isDraining = (snapshot: any): boolean => typeof snapshot?.value === "object"
const openedAt = (snapshot: any, place?: Drain["place"]): readonly Kind[] =>
  (snapshot?.context.kinds ?? []).filter(({ drain }: Kind) => place === undefined || drain?.place === place)
const namesAt = (snapshot: any, place: Drain["place"]) => openedAt(snapshot, place).map(({ kind }) => kind)
const isIn = (names: readonly string[]) => (kind: string) => names.includes(kind)
const startsOf = ({ standing = [] }: Kind) => standing.map(({ id, input }) => ({ type: "child.start", id, input }))
const hasDrained = (snapshot: any, kind: string): boolean => snapshot.context.drained.includes(kind)
const regionOf = (snapshot: any, region: string, last: string): string =>
  snapshot.value === "closed" ? last : snapshot.value.draining[region]
/** Every client has been told that the server is going, or has gone before. */
const knowsEveryClient = (snapshot: any): boolean =>
  namesAt(snapshot, "clients").every(isIn([...snapshot.context.told, ...snapshot.context.drained]))
const areGone = (snapshot: any, place: Drain["place"]): boolean =>
  namesAt(snapshot, place).every(isIn(snapshot.context.drained))

const laws: readonly Law[] = [
  {
    sentence: "The registry is there from the start, and a supervisor for each kind that was opened.",
    holds: ({ after }) =>
      after.status === "done" ||
      same(Object.keys(after.children).sort(), ["registry", ...openedAt(after).map(({ kind }) => kind)].sort())
  },
  {
    sentence: "Kinds are opened in the order in which they are told, while the server is open.",
    when: is("kinds.open"),
    holds: ({ before, event, after }) =>
      same(
        openedAt(after).map(({ kind }) => kind),
        [...openedAt(before), ...(before.value === "open" ? event.kinds : [])].map(({ kind }: Kind) => kind)
      )
  },
  {
    sentence:
      "Every crash is recorded with all that is known of it, and with what else has happened; an adapter's too.",
    holds: (step) => {
      const { kind, id, error, restarted = false, record = [] } = step.event
      const crashed = is("supervisor.childCrashed", "endpoint.failed")(step)
      return same(step.did("record"), crashed ? [{ name: "system:error", kind, id, error, restarted }, ...record] : [])
    }
  },
  {
    sentence: "A supervisor that has given up is let try again after a while, and not before.",
    when: is("supervisor.failed"),
    holds: ({ did, effects, event }) => same(did("scheduleRetry"), [{ kind: event.kind }]) && effects.length === 1
  },
  {
    sentence: "Then it lives again, with those who always live under it, and whoever must know of it is told.",
    when: is("supervisor.retry"),
    holds: ({ before, event, effects, told, sent }) => {
      const { resumed = [], ...kind } = openedAt(before).find(({ kind }) => kind === event.kind) ?? ({} as Kind)
      const starts = startsOf(kind as Kind)
      const from = { kind: "tower", id: "tower" }
      return (
        same(told(event.kind), [{ type: "supervisor.resume" }, ...starts]) &&
        resumed.every((delivery) =>
          "to" in delivery
            ? same(sent(delivery.to.kind), [{ type: "tell", from, ...delivery }])
            : same(told("registry"), [{ type: "tellAll", from, kind: delivery.toAll, event: delivery.event }])
        ) &&
        effects.length === 1 + starts.length + resumed.length
      )
    }
  },
  {
    sentence: "Those who live as long as the server does begin when it is open.",
    when: is("server.opened"),
    holds: ({ before, effects, told }) => {
      const all = before.value === "open" ? openedAt(before) : []
      return (
        all.every((kind) => same(told(kind.kind), startsOf(kind))) && effects.length === all.flatMap(startsOf).length
      )
    }
  },
  {
    sentence:
      "On shutdown listeners are told, clients begin to be let go, and workers finish, each once; nobody else hears of it.",
    when: is("shutdown"),
    holds: (step) => {
      const { before, after, effects, told } = step
      if (before.value !== "open") return effects.length === 0
      const drained = [...openedAt(before, "clients"), ...openedAt(before, "workers")]
      const listeners = openedAt(before, "listeners")
      // Where there are no clients, nothing is waited for before what they leave behind is kept.
      const keepers = namesAt(before, "clients").length === 0 ? openedAt(before, "keepers") : []
      return (
        (isDraining(after) || after.value === "closed") &&
        listeners.every(({ kind }) => same(told(kind), [{ type: "children.tell", event: going }])) &&
        [...drained, ...keepers].every(({ kind, drain }) => {
          const { size, most } = before.context.farewells
          const batches = drain?.place === "clients" ? { batches: { size, most } } : {}
          return same(told(kind), [{ type: "children.drain", event: going, ...batches }])
        }) &&
        effects.length === listeners.length + drained.length + keepers.length
      )
    }
  },
  {
    sentence:
      "While clients of a kind are left who have not been told, its next batch is asked for, once after each, when there has been a pause that is none too short and spreads all of its batches evenly.",
    when: is("supervisor.told", "farewell.next"),
    holds: ({ before, event, did, told }) => {
      const { everyMs, withinMs } = before.context.farewells
      const afterMs = Math.max(everyMs, withinMs / event.batches)
      const waits = isDraining(before) && !hasDrained(before, event.kind)
      const asks =
        waits && event.type === "supervisor.told" && event.untold > 0 && namesAt(before, "clients").includes(event.kind)
      const goesOn = waits && event.type === "farewell.next"
      return (
        same(did("scheduleFarewell"), asks ? [{ kind: event.kind, afterMs }] : []) &&
        same(told(event.kind, "children.drainMore"), goesOn ? [{ type: "children.drainMore" }] : [])
      )
    }
  },
  {
    sentence:
      "When whoever stops it is in a hurry, all clients hear of it at once who have neither been told nor gone, and nobody else.",
    when: is("shutdown.hurry"),
    holds: ({ before, after, told, effects }) => {
      const { told: knowing, drained } = before.context
      const rest = isDraining(before)
        ? namesAt(before, "clients").filter((kind) => !isIn([...knowing, ...drained])(kind))
        : []
      return (
        rest.every((kind) => same(told(kind), [{ type: "children.drainRest" }])) &&
        effects.length === rest.length &&
        same(after.value, before.value)
      )
    }
  },
  {
    sentence:
      "What has a home here moves when every client has been told or has gone, and what clients leave behind is kept when it has moved, each once; it serves until then.",
    when: (step) => isDraining(step.before),
    holds: ({ before, after, told }) => {
      const hasMoved = (snapshot: any) => knowsEveryClient(snapshot) && areGone(snapshot, "homes")
      const moves = !knowsEveryClient(before) && knowsEveryClient(after)
      const keeps = !hasMoved(before) && hasMoved(after)
      const isTold = (place: Drain["place"], is: boolean) =>
        openedAt(before, place).every(({ kind }) =>
          same(told(kind, "children.drain"), is ? [{ type: "children.drain", event: going }] : [])
        )
      const region = regionOf(after, "keepers", "saved")
      return (
        isTold("homes", moves) &&
        isTold("keepers", keeps) &&
        (region === "serving") === !knowsEveryClient(after) &&
        (region === "moving") === (knowsEveryClient(after) && !hasMoved(after))
      )
    }
  },
  {
    sentence: "Who has been told and who has drained is noted, of each kind by itself.",
    when: (step) => isDraining(step.before),
    holds: ({ before, event, after }) => {
      const isNew = !hasDrained(before, event.kind)
      const drains = isNew && event.type === "supervisor.drained"
      const tells = isNew && event.type === "supervisor.told" && event.untold === 0
      const { told, drained } = before.context
      return (
        same(after.context.drained, drains ? [...drained, event.kind] : drained) &&
        same(after.context.told, tells ? [...told, event.kind] : told)
      )
    }
  },
  {
    sentence: "It is closed when clients, homes, keepers and workers are gone, and not before.",
    holds: ({ after }) => {
      if (after.value === "open") return after.status === "active"
      const isDone = (["clients", "homes", "keepers", "workers"] as const).every((place) => areGone(after, place))
      return (after.value === "closed") === isDone && (after.status === "done") === isDone
    }
  },
  {
    sentence: "Clients and workers are waited for, each as long as it takes.",
    when: ({ after }) => isDraining(after),
    holds: ({ after }) =>
      (regionOf(after, "clients", "left") === "left") === areGone(after, "clients") &&
      (regionOf(after, "workers", "finished") === "finished") === areGone(after, "workers")
  },
  {
    sentence: "Nothing but shutdown ends what it does in the open.",
    when: (step) => step.before?.value === "open" && !is("shutdown")(step),
    holds: ({ after }) => after.value === "open"
  }
]

const known = (snapshot: any): readonly string[] => openedAt(snapshot).map(({ kind }) => kind)
const waitedFor = (snapshot: any): readonly string[] =>
  (["clients", "homes", "keepers", "workers"] as const).flatMap((place) => namesAt(snapshot, place))

export const tower: Subject = {
  name: "tower",
  machine: towerMachine,
  ownsSystem: true,
  adapters: {
    actions: ["record", "scheduleRetry", "scheduleFarewell"],
    children: ["registry", "supervisor"]
  },
  settings: () =>
    [
      { name: "whose clients go as soon as they can", farewells: { size: 50, most: 40, everyMs: 100, withinMs: 0 } },
      { name: "whose clients go over a while", farewells: { size: 1, most: 200, everyMs: 100, withinMs: 20_000 } }
    ].map(({ name, farewells }) => ({
      name,
      input: { suspensionMs: 5_000, farewells },
      events: (snapshot) => [
        ...(known(snapshot).length === 0 ? [{ type: "kinds.open", kinds: first }] : []),
        ...(known(snapshot).length === first.length ? [{ type: "kinds.open", kinds: later }] : []),
        ...waitedFor(snapshot).flatMap((kind) => [
          { type: "supervisor.told", kind, untold: 1, batches: 4 },
          { type: "supervisor.drained", kind },
          { type: "farewell.next", kind }
        ]),
        ...["guests", "visitors", "cleaners"].filter(isIn(known(snapshot))).flatMap((kind) => [
          { type: "supervisor.told", kind, untold: 0, batches: 4 },
          { type: "supervisor.told", kind, untold: 3, batches: 300 }
        ]),
        ...known(snapshot).flatMap((kind) => [
          {
            type: "supervisor.childCrashed",
            kind,
            id: "one",
            error: new Error("a fault"),
            restarted: kind === "cleaners",
            record: kind === "guests" ? [{ name: "client:disconnected", clientId: "one", flightCode: null }] : []
          },
          { type: "supervisor.failed", kind, error: new Error("a fault") },
          { type: "supervisor.retry", kind }
        ]),
        { type: "endpoint.failed", kind: "sockets", id: "one", error: new Error("a fault") },
        { type: "server.opened" },
        { type: "shutdown" },
        { type: "shutdown.hurry" }
      ]
    })),
  facts: ({ context }) => [
    context.kinds.length,
    ...kinds.map((kind) => [context.told.includes(kind), context.drained.includes(kind)])
  ],
  laws
}
