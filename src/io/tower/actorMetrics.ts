/** How many actors there are, for whoever counts. */
import type { SupervisorRef } from "../../machines/supervisor.ts"
import { countStates } from "../actors/actorStates.ts"
import type { Metrics } from "../telemetry/metrics.ts"

/** `supervisors`: by kind, asked whenever somebody wants to know. */
export const measureActors = (
  metrics: Pick<Metrics, "gauge">,
  supervisors: () => Iterable<readonly [kind: string, SupervisorRef]>
): void => {
  metrics.gauge({
    name: "actor_states",
    help: "Living actors by kind and by the states they are in; a parallel chart is in one state of each region.",
    labels: ["kind", "state"],
    read: (gauge) => {
      for (const [kind, supervisor] of supervisors()) {
        for (const [state, count] of countStates(supervisor)) gauge.set({ kind, state }, count)
      }
    }
  })
  metrics.gauge({
    name: "actors",
    help: "Living actors by kind.",
    labels: ["kind"],
    read: (gauge) => {
      for (const [kind, supervisor] of supervisors()) gauge.set({ kind }, supervisor.getSnapshot().children.size)
    }
  })
}
