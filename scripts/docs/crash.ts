/** What becomes of an actor that crashes, and of its kind when the server goes, as its kind declares it. */
import { shardsKind } from "../../src/machines/cluster/shard/shard.ts"
import { dropsilkKinds } from "../../src/machines/dropsilk/kinds.ts"
import { jobKind, jobMachine } from "../../src/machines/job.ts"
import type { Drain, Kind } from "../../src/machines/kinds.ts"
import { namedPeersKinds } from "../../src/machines/named-peers/kinds.ts"
import { noisyTransferKinds } from "../../src/machines/noisytransfer/kinds.ts"
import { offerKinds, sessionKinds } from "../../src/machines/rondevu/kinds.ts"
import { sfuKinds } from "../../src/machines/sfu/kinds.ts"
import { machines } from "./machines.ts"
import type { createSourceReader } from "./source.ts"

type Reader = ReturnType<typeof createSourceReader>

export interface Branch {
  readonly kind: string
  /** The name of its chart. */
  readonly machine: string
  readonly restart: Kind["restart"]
  readonly drain: Drain["place"] | undefined
}

/** The supervisors with what they supervise, in the order in which they start. */
export const branches = (): readonly Branch[] => {
  const charts = Object.fromEntries(Object.entries(machines).map(([name, { machine }]) => [name, machine]))
  const declared = [
    shardsKind(charts["shard"] as any, {} as any, 0),
    ...dropsilkKinds({ ...(charts as any), settings: {} }),
    ...namedPeersKinds({ peer: charts["namedPeer"], space: charts["nameSpace"], settings: {} } as any),
    ...noisyTransferKinds({ ...(charts as any), settings: {} }),
    ...offerKinds(charts["offer"] as any, {} as any),
    ...sessionKinds(charts["session"] as any, {} as any),
    ...sfuKinds({ ...(charts as any), settings: {}, workers: 0 }),
    jobKind(jobMachine, { backOffMs: 0, longestBackOffMs: 0 }, [])
  ]
  return declared.map(({ kind, chart, restart, drain }) => ({
    kind,
    machine: (chart as { id?: string }).id ?? kind,
    restart,
    drain: drain?.place
  }))
}

const restarts: Readonly<Record<Kind["restart"], string>> = {
  temporary: "it is not started again (temporary).",
  transient: "it is started again (transient).",
  permanent: "it is started again, as it is whenever it has ended (permanent)."
}

const drains: Readonly<Record<Drain["place"], string>> = {
  listeners: "it is told first, and not waited for.",
  clients: "it is told in batches, and waited for.",
  homes: "it is told when every client has been told or has gone, and waited for.",
  keepers: "it is told when every client has been told or has gone, and every home with it, and waited for.",
  workers: "it is told at once, and waited for."
}

const root =
  "it is the root, so nobody starts it again: the process stops as it does on a signal, and ends with exit code 1."

/** What happens to others when an actor of this chart crashes, in sentences. */
const crashOf = (name: string, branch: Branch | undefined, reader: Reader): readonly string[] => {
  if (branch === undefined) return [root]
  const declared = reader.crashOf(name)
  if (declared === undefined) return [restarts[branch.restart], "It is nobody else's business."]
  const { comment, told, recorded } = declared
  return [
    restarts[branch.restart],
    comment,
    ...(told.length === 0 ? [] : [`Told of it: ${told.join(", ")}.`]),
    ...(recorded.length === 0 ? [] : [`Recorded besides the fault: ${recorded.join(", ")}.`])
  ].filter((sentence) => sentence !== "")
}

/** What a reader of a chart must know of its actors that no state says: a paragraph of each. */
export const noteOf = (name: string, reader: Reader): readonly string[] => {
  const own = machines[name]?.crash
  if (own !== undefined) return [own]
  const branch = branches().find(({ machine }) => machine === name)
  const going = branch && (branch.drain === undefined ? "it is told nothing." : drains[branch.drain])
  return [
    `When it crashes, ${crashOf(name, branch, reader).join(" ")}`,
    ...(going === undefined ? [] : [`When the server goes, ${going}`])
  ]
}
