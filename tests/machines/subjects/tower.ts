import { towerMachine } from "../../../src/machines/tower.ts"
import { same, type Law, type Step, type Subject } from "../walking/subject.ts"

const supervisors = ["connections", "flights", "rooms", "networks", "stories", "jobs"]
const is = (...types: string[]) => ({ event, before }: Step) => before !== undefined && types.includes(event.type)
const startsOfJobs = ["sweep", "tidy"].map((job) => ({ type: "child.start", id: job, input: { job } }))
const isDraining = (snapshot: any) => typeof snapshot?.value === "object"
const places = { connections: ["leaving", "left"], rooms: ["saving", "saved"], jobs: ["finishing", "finished"] } as const

const laws: readonly Law[] = [
  {
    sentence: "All supervisors are there from the start, under their names.",
    when: ({ before }) => before === undefined,
    holds: ({ after }) => same(Object.keys(after.children).sort(), [...supervisors].sort())
  },
  {
    sentence: "Every crash is told with all that is known of it; a client's end and a flight's are told as well, and its socket closes.",
    holds: (step) => {
      const { kind, id, error, restarted } = step.event
      if (!is("supervisor.childCrashed")(step)) return step.did("record").length + step.did("closeCrashedSocket").length === 0
      const also =
        kind === "connections"
          ? [{ name: "client:disconnected", clientId: id, flightCode: null }]
          : kind === "flights"
            ? [{ name: "flight:ended", flightId: id, flightCode: id.split("/")[0], reason: "crashed" }]
            : []
      return (
        same(step.did("record"), [{ name: "system:error", kind, id, error, restarted }, ...also]) &&
        same(step.did("closeCrashedSocket"), kind === "connections" ? [{ id }] : [])
      )
    }
  },
  {
    sentence: "A supervisor that has given up is let try again after a while, and not before.",
    when: is("supervisor.failed"),
    holds: ({ did, effects }) => same(did("scheduleRetry"), [undefined]) && effects.length === 1
  },
  {
    sentence: "Then it lives again; networks are put together anew, jobs are started anew, and nobody else is disturbed.",
    when: is("supervisor.retry"),
    holds: ({ event, effects, told }) => {
      const resumed = [{ type: "supervisor.resume" }]
      const more = event.kind === "jobs" ? startsOfJobs : []
      const rebuilt = told("connections", "children.tell")
      return (
        same(told(event.kind), [...resumed, ...more]) &&
        same(rebuilt, event.kind === "networks" ? [{ type: "children.tell", event: { type: "network.lost", group: null } }] : []) &&
        effects.length === 1 + more.length + rebuilt.length
      )
    }
  },
  {
    sentence: "The timed jobs begin when the server is open.",
    when: is("jobs.start"),
    holds: ({ before, effects, told }) =>
      same(told("jobs"), before.value === "open" ? startsOfJobs : []) && effects.length === told("jobs").length
  },
  {
    sentence: "On shutdown stories are told, clients let go, rooms saved and jobs finished, each once.",
    when: is("shutdown"),
    holds: ({ before, after, effects, told }) => {
      if (before.value !== "open") return effects.length === 0
      return (
        isDraining(after) &&
        effects.length === 4 &&
        same(told("stories"), [{ type: "children.tell", event: { type: "server.draining" } }]) &&
        same(told("connections"), [{ type: "children.drain", event: { type: "server.draining" } }]) &&
        same(told("rooms"), [{ type: "children.drain", event: { type: "room.rest" } }]) &&
        same(told("jobs"), [{ type: "children.drain", event: { type: "job.stop" } }])
      )
    }
  },
  {
    sentence: "Each supervisor that is drained is noted as such, the others not.",
    when: (step) => is("supervisor.drained")(step) && isDraining(step.before) && isDraining(step.after),
    holds: ({ before, event, after }) =>
      Object.entries(places).every(
        ([kind, [, done]]) => after.value.draining[kind] === (event.kind === kind ? done : before.value.draining[kind])
      )
  },
  {
    sentence: "It is closed when clients, rooms and jobs are, and not before.",
    holds: ({ before, event, after }) => {
      if (!isDraining(before)) return after.status === "active"
      const open = Object.entries(places).filter(
        ([kind, [waits]]) => before.value.draining[kind] === waits && !(event.type === "supervisor.drained" && event.kind === kind)
      )
      return (after.value === "closed") === (open.length === 0) && (after.status === "done") === (open.length === 0)
    }
  },
  {
    sentence: "Nothing but shutdown ends what it does in the open.",
    when: (step) => step.before?.value === "open" && !is("shutdown")(step),
    holds: ({ after }) => after.value === "open"
  }
]

export const tower: Subject = {
  name: "tower",
  machine: towerMachine,
  ownsSystem: true,
  adapters: { actions: ["record", "closeCrashedSocket", "scheduleRetry"], children: supervisors },
  settings: () => [
    {
      name: "of all supervisors",
      input: { suspensionMs: 5_000, jobs: ["sweep", "tidy"] },
      events: () => [
        ...supervisors.flatMap((kind) => [
          { type: "supervisor.childCrashed", kind, id: "ABC234/chat", error: new Error("a fault"), restarted: kind === "jobs" },
          { type: "supervisor.failed", kind, error: new Error("a fault") },
          { type: "supervisor.retry", kind },
          { type: "supervisor.drained", kind }
        ]),
        { type: "jobs.start" },
        { type: "shutdown" }
      ]
    }
  ],
  facts: () => null,
  laws
}
