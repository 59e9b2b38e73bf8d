import { towerMachine } from "../../../../src/machines/tower.ts"
import { type Law, type Step, type Subject, same } from "../../../walking/subject.ts"

const supervisors = ["connections", "flights", "rooms", "networks", "stories", "jobs"]
const is =
  (...types: string[]) =>
  ({ event, before }: Step) =>
    before !== undefined && types.includes(event.type)
const startsOfJobs = ["sweep", "tidy"].map((job) => ({ type: "child.start", id: job, input: { job } }))
const isDraining = (snapshot: any) => typeof snapshot?.value === "object"
const places = {
  connections: ["leaving", "left"],
  rooms: ["saving", "saved"],
  jobs: ["finishing", "finished"]
} as const
/** Every client has been told that the server is going, or has gone before. */
const isLastFarewell = ({ event }: Step) =>
  event.kind === "connections" &&
  (event.type === "supervisor.drained" || (event.type === "supervisor.told" && event.untold === 0))
const regionOf = (snapshot: any, region: keyof typeof places): string | undefined =>
  snapshot?.value === "closed" ? places[region][1] : snapshot?.value?.draining?.[region]

const laws: readonly Law[] = [
  {
    sentence: "All supervisors are there from the start, under their names.",
    when: ({ before }) => before === undefined,
    holds: ({ after }) => same(Object.keys(after.children).sort(), [...supervisors].sort())
  },
  {
    sentence:
      "Every crash is told with all that is known of it; a client's end and a flight's are told as well, and its socket closes.",
    holds: (step) => {
      const { kind, id, error, restarted } = step.event
      if (!is("supervisor.childCrashed")(step))
        return step.did("record").length + step.did("closeCrashedSocket").length === 0
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
    sentence:
      "Then it lives again; networks are put together anew, jobs are started anew, and nobody else is disturbed.",
    when: is("supervisor.retry"),
    holds: ({ event, effects, told }) => {
      const resumed = [{ type: "supervisor.resume" }]
      const more = event.kind === "jobs" ? startsOfJobs : []
      const rebuilt = told("connections", "children.tell")
      return (
        same(told(event.kind), [...resumed, ...more]) &&
        same(
          rebuilt,
          event.kind === "networks" ? [{ type: "children.tell", event: { type: "network.lost", group: null } }] : []
        ) &&
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
    sentence: "On shutdown stories are told, clients begin to be let go, and jobs finish, each once.",
    when: is("shutdown"),
    holds: ({ before, after, effects, told }) => {
      if (before.value !== "open") return effects.length === 0
      return (
        isDraining(after) &&
        effects.length === 3 &&
        same(told("stories"), [{ type: "children.tell", event: { type: "server.draining" } }]) &&
        same(told("connections"), [
          { type: "children.drain", event: { type: "server.draining" }, batches: { size: 50, most: 40 } }
        ]) &&
        same(told("jobs"), [{ type: "children.drain", event: { type: "job.stop" } }])
      )
    }
  },
  {
    sentence: "While clients are left who have not been told, the next batch is asked for, once after each.",
    when: is("supervisor.told", "farewell.next"),
    holds: ({ before, event, did, told }) => {
      const leaving = regionOf(before, "connections") === "leaving"
      const asks = leaving && event.type === "supervisor.told" && event.kind === "connections" && event.untold > 0
      const goesOn = leaving && event.type === "farewell.next"
      return (
        did("requestFarewell").length === (asks ? 1 : 0) &&
        same(told("connections"), goesOn ? [{ type: "children.drainMore" }] : [])
      )
    }
  },
  {
    sentence: "Rooms are saved, once, when every client has been told or has gone, and serve until then.",
    holds: (step) => {
      const { before, after, told } = step
      const saves = regionOf(before, "rooms") === "serving" && isLastFarewell(step)
      return (
        same(
          told("rooms", "children.drain"),
          saves ? [{ type: "children.drain", event: { type: "room.rest" } }] : []
        ) && (saves ? regionOf(after, "rooms") === "saving" : true)
      )
    }
  },
  {
    sentence: "Each supervisor that is drained is noted as such, the others not.",
    when: (step) => is("supervisor.drained")(step) && isDraining(step.before) && isDraining(step.after),
    holds: (step) =>
      (Object.keys(places) as (keyof typeof places)[]).every((region) => {
        const was = regionOf(step.before, region)
        const [waits, done] = places[region]
        const begins = region === "rooms" && was === "serving" && isLastFarewell(step)
        return (
          regionOf(step.after, region) ===
          (begins ? "saving" : was === waits && step.event.kind === region ? done : was)
        )
      })
  },
  {
    sentence: "It is closed when clients, rooms and jobs are, and not before.",
    holds: ({ before, event, after }) => {
      if (!isDraining(before)) return after.status === "active"
      const isDone = (Object.keys(places) as (keyof typeof places)[]).every((region) => {
        const [waits, done] = places[region]
        const was = regionOf(before, region)
        return was === done || (was === waits && event.type === "supervisor.drained" && event.kind === region)
      })
      return (after.value === "closed") === isDone && (after.status === "done") === isDone
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
  adapters: { actions: ["record", "closeCrashedSocket", "scheduleRetry", "requestFarewell"], children: supervisors },
  settings: () => [
    {
      name: "of all supervisors",
      input: { suspensionMs: 5_000, jobs: ["sweep", "tidy"], farewells: { size: 50, most: 40 } },
      events: () => [
        ...supervisors.flatMap((kind) => [
          {
            type: "supervisor.childCrashed",
            kind,
            id: "ABC234/chat",
            error: new Error("a fault"),
            restarted: kind === "jobs"
          },
          { type: "supervisor.failed", kind, error: new Error("a fault") },
          { type: "supervisor.retry", kind },
          { type: "supervisor.told", kind, untold: 1 },
          { type: "supervisor.told", kind, untold: 0 },
          { type: "supervisor.drained", kind }
        ]),
        { type: "farewell.next" },
        { type: "jobs.start" },
        { type: "shutdown" }
      ]
    }
  ],
  facts: () => null,
  laws
}
