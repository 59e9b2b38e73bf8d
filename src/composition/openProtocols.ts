/** Opens the protocols that are served, one after the other: each gets what the core offers, and its actors get supervisors. */
import { randomBytes } from "node:crypto"
import type { ApplicationOptions } from "../application.ts"
import type { Config, Tenancy } from "../config/config.ts"
import { createJobs, type Job } from "../io/actors/jobs.ts"
import { createOriginRule } from "../io/admission/originRule.ts"
import { lowerCase, randomText } from "../io/services/randomText.ts"
import { createIceServers } from "../io/services/turnCredentials.ts"
import { createFrameMetrics } from "../io/sockets/frameMetrics.ts"
import { createMetricsPage } from "../io/telemetry/metrics.ts"
import { limits } from "../limits.ts"
import type { Core, NodeOfCluster, Parts, Protocol } from "../protocol.ts"
import { version } from "../version.ts"
import type { Acquiring } from "./acquiring.ts"
import type { Foundation } from "./foundation.ts"

/** The protocols that are served, and why those are not that were to be. */
export interface Opened {
  readonly opened: readonly OpenProtocol[]
  /** Sentences by name. */
  readonly absent: Readonly<Record<string, string>>
}

/** A protocol that is served. */
export interface OpenProtocol {
  readonly name: string
  readonly mount: string
  readonly parts: Parts
}

export interface OpenProtocolsOptions {
  readonly config: Config
  readonly foundation: Foundation
  readonly endpoints: ApplicationOptions["endpoints"]
  /** Where the world reaches the server. */
  readonly publicUrl: () => string
  /** Where other machines of its networks do. */
  readonly networkUrls: () => readonly string[]
}

export const openProtocols = async (
  part: Acquiring,
  protocols: readonly Protocol[],
  options: OpenProtocolsOptions
): Promise<Opened> => {
  const { config, foundation, publicUrl } = options
  const { system } = foundation
  const core = coreOf(options)
  const allJobs: Record<string, Job> = {}
  const jobs = createJobs({
    jobs: allJobs,
    isOurs: () => foundation.node?.hasChores() ?? true,
    supervisor: () => system.supervisor("jobs"),
    log: core.telemetry.log,
    metrics: core.metrics,
    now: core.now
  })
  const opened: OpenProtocol[] = []
  const absent: Record<string, string> = {}
  for (const protocol of protocols) {
    const { name } = protocol
    const { mount, settings } = config.protocols[name] as Tenancy & { mount: string }
    const ownUrl = () => publicUrl() + (mount === "/" ? "" : mount)
    const parts = await part(
      `protocol ${name}`,
      async () => protocol.open({ ...core, jobs: jobs.status, mount, publicUrl: ownUrl }, settings),
      (parts) => ("absent" in parts ? undefined : parts.close?.())
    )
    if ("absent" in parts) {
      absent[name] = parts.absent
      continue
    }
    for (const [job, work] of Object.entries(parts.jobs ?? {})) {
      if (job in allJobs) throw new TypeError(`Two protocols have a job ${job}`)
      allJobs[job] = work
    }
    foundation.node?.serve(protocol.homes)
    system.open(parts.kinds, parts.endpoints)
    opened.push({ name, mount, parts })
  }
  system.open([jobs.kind()])
  return { opened, absent }
}

const alone: NodeOfCluster = {
  mark: "",
  isHere: () => true,
  others: () => [],
  heed: () => {},
  saltFor: () => randomBytes(32),
  passOn: () => undefined,
  isPassed: () => false,
  joinLinks: () => undefined
}

/** What is the same for all protocols. */
const coreOf = ({
  config,
  foundation,
  endpoints = {},
  networkUrls
}: OpenProtocolsOptions): Omit<Core, "jobs" | "mount" | "publicUrl"> => {
  const { now, startedAt, telling, tracing, database, admission, rush, deadlines, system } = foundation
  const { cloudflare, own } = config.turn
  return {
    environment: config.environment,
    version,
    startedAt,
    now,
    isPublic: config.publicServerUrl !== undefined,
    networkUrls,
    ...telling,
    frames: createFrameMetrics(telling.metrics),
    traced: (name, service) => tracing?.around(name, service) ?? service,
    registry: system.registry,
    supervisor: system.supervisor,
    node: foundation.node ?? alone,
    deadlines,
    whenCalm: rush.whenCalm,
    comeBackInMs: () => (config.drainMs === 0 ? undefined : Math.floor(Math.random() * limits.comeBackWithinMs)),
    addressOf: admission.addressOf,
    explainAddress: admission.explainAddress,
    admitsUpgrade: admission.origins.admitsUpgrade,
    budget: admission.budgets.make,
    originsOf: (listed) => createOriginRule(admission.origins, config.environment, listed),
    metricsPage: createMetricsPage,
    database,
    iceServers: createIceServers({
      ...config.turn,
      cloudflare: cloudflare && { ...cloudflare, endpoint: endpoints["cloudflare"] as string | undefined },
      userId: () => randomText(lowerCase, limits.turnUserIdLength),
      now,
      elapsed: () => performance.now(),
      log: telling.telemetry.log
    }),
    hasTurn: cloudflare !== undefined || own !== undefined,
    thirdParties: endpoints
  }
}
