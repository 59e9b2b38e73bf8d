/** Conferences and media workers as the engine carries them, and what it says by itself. */
import type { Endpoint, RegistryEvent } from "../../machines/registry.ts"
import { mediaWorkerAt, participantAt } from "../../machines/sfu/addresses.ts"
import { conferenceMachine } from "../../machines/sfu/conference/conference.ts"
import type { SfuEvent } from "../../machines/sfu/events.ts"
import { mediaWorkerMachine } from "../../machines/sfu/mediaWorker/mediaWorker.ts"
import { placeAmong, type WorkerSnapshot } from "../../machines/sfu/mediaWorker/mediaWorkerContext.ts"
import type { SupervisorRef } from "../../machines/supervisor.ts"
import type { Deadlines } from "../actors/deadlines.ts"
import { conferenceCalls, workerCalls } from "./engine/calls.ts"
import type { Holdings } from "./engine/holdings.ts"
import type { EngineNews, MediaEngine } from "./engine/mediaEngine.ts"

export interface ConferencesOptions {
  readonly engine: Pick<MediaEngine, "startWorker" | "closeWorker">
  /** The first worker, which was started before anybody came. */
  readonly first: { readonly pid: number }
  readonly holdings: Holdings
  readonly registry: { send(event: RegistryEvent): void }
  readonly workers: () => SupervisorRef
  readonly conferences: () => SupervisorRef
  readonly deadlines: Deadlines
  readonly record: (event: SfuEvent) => void
  /** Epoch milliseconds. */
  readonly now: () => number
}

const firstWorker = "0"
/** How the engine signs what it says. */
const engineAddress = { kind: "mediaEngine", id: "engine" }

export const createConferences = (options: ConferencesOptions) => {
  const { engine, holdings, registry, workers, conferences, deadlines, record, now } = options
  let first: { readonly pid: number } | undefined = options.first
  let firstPid = options.first.pid

  const start = async (worker: string): Promise<{ pid: number }> => {
    const ready = worker === firstWorker ? first : undefined
    if (ready !== undefined) {
      first = undefined
      return ready
    }
    // Should an actor have crashed, its worker runs still.
    engine.closeWorker(worker)
    const started = await engine.startWorker(worker)
    if (worker === firstWorker) firstPid = started.pid
    return started
  }

  const conference = conferenceMachine.provide({
    actors: conferenceCalls(holdings),
    actions: {
      closeRouter: (_, { call }) => holdings.closeRouter(call),
      requestDeadline: ({ self }, { afterMs }) => deadlines.after(self, afterMs),
      cancelDeadline: ({ self }) => deadlines.cancel(self),
      record: (_, event) => record(event)
    }
  })

  const mediaWorker = mediaWorkerMachine.provide({
    actors: workerCalls(start, now),
    actions: {
      closeWorker: (_, { worker }) => engine.closeWorker(worker),
      record: (_, event) => record(event)
    }
  })

  const snapshotsOf = (supervisor: SupervisorRef) =>
    [...supervisor.getSnapshot().children.values()].map((actor) => actor.getSnapshot() as unknown as WorkerSnapshot)

  /** What actors tell a router: its conference has crashed. */
  const toRouter: Endpoint = (call, { type }) => {
    if (type === "router.abandoned") holdings.closeRouter(call)
  }

  return {
    machines: { conference, mediaWorker },
    place: () => placeAmong(snapshotsOf(workers())),
    /** Tells actors what has happened in the engine by itself. */
    hear: (news: EngineNews): void => {
      if (news.type === "worker.died") {
        const { worker } = news
        if (worker === firstWorker) first = undefined
        const event = { type: "worker.died", at: now() }
        return registry.send({ type: "tell", from: engineAddress, to: mediaWorkerAt(worker), event })
      }
      const { transportId, state } = news
      const owner = holdings.ownerOf(transportId)
      if (owner === undefined) return
      const event = { type: "transport.changed", transportId, state }
      registry.send({ type: "tell", from: engineAddress, to: participantAt(owner), event })
    },
    /** The process of the first worker, the last one that ran. */
    workerPid: () => firstPid,
    /** Those that have a router. */
    count: () => snapshotsOf(conferences()).filter(({ value }) => value === "live" || value === "lingering").length,
    endpoint: toRouter
  }
}
