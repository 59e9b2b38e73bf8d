/** How many actors of a supervisor are in which state. */
import type { StateValue } from "xstate"
import type { SupervisorRef } from "../../machines/supervisor.ts"

/** Innermost states as dotted paths, such as `open.storage.saving`; of a parallel chart one of each region. */
export const countStates = (supervisor: SupervisorRef): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>()
  const count = (value: StateValue | undefined, path: string) => {
    if (typeof value === "string") {
      const state = path + value
      counts.set(state, (counts.get(state) ?? 0) + 1)
    } else {
      for (const region in value) count(value[region], `${path}${region}.`)
    }
  }
  for (const child of supervisor.getSnapshot().children.values()) {
    count((child.getSnapshot() as { readonly value?: StateValue }).value, "")
  }
  return counts
}
