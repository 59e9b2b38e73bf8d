/** Opens the protocols that are served, one after the other: each gets what the core offers, and its actors get supervisors. */
import type { Acquiring } from "./acquiring.ts"
import type { Config, Tenancy } from "./config/config.ts"
import { createJobs, type Job } from "./io/actors/jobs.ts"
import type { System } from "./io/actors/system.ts"
import type { Core, Parts, Protocol } from "./protocol.ts"

export interface OpenProtocolsOptions {
  readonly config: Pick<Config, "protocols">
  readonly system: System
  readonly core: Omit<Core, "jobs" | "publicUrl">
  /** Where the world reaches the server. */
  readonly publicUrl: () => string
}

/** A protocol that is served. */
export interface OpenProtocol {
  readonly name: string
  readonly mount: string
  readonly parts: Parts
}

export const openProtocols = async (
  part: Acquiring,
  protocols: readonly Protocol[],
  { config, system, core, publicUrl }: OpenProtocolsOptions
): Promise<readonly OpenProtocol[]> => {
  const allJobs: Record<string, Job> = {}
  const { log } = core.telemetry
  const jobs = createJobs({
    jobs: allJobs,
    supervisor: () => system.supervisor("jobs"),
    log,
    metrics: core.metrics,
    now: core.now
  })
  const opened: OpenProtocol[] = []
  for (const protocol of protocols) {
    const { name } = protocol
    const { mount, settings } = config.protocols[name] as Tenancy & { mount: string }
    const ownUrl = () => publicUrl() + (mount === "/" ? "" : mount)
    const parts = await part(
      `protocol ${name}`,
      async () => protocol.open({ ...core, jobs: jobs.status, publicUrl: ownUrl }, settings),
      ({ close }) => close?.()
    )
    for (const [job, work] of Object.entries(parts.jobs ?? {})) {
      if (job in allJobs) throw new TypeError(`Two protocols have a job ${job}`)
      allJobs[job] = work
    }
    system.open(parts.kinds, parts.endpoints)
    opened.push({ name, mount, parts })
  }
  system.open([jobs.kind()])
  return opened
}
