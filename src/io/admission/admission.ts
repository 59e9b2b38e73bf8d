/** Everything that is known of whoever comes: its address, its origin, and what it has done before. */
import type { IncomingMessage } from "node:http"
import type { Config } from "../../config/config.ts"
import { limits } from "../../limits.ts"
import type { Metrics } from "../telemetry/metrics.ts"
import type { Telemetry } from "../telemetry/telemetry.ts"
import { createAddressReader, type UnreadHeader } from "./address.ts"
import { createAddressExplainer, createAddressReasons } from "./addressReasons.ts"
import { createBudgets } from "./budgets.ts"
import { createOriginPolicy } from "./origin.ts"
import { createOriginAdvice } from "./originAdvice.ts"
import { createRefusalMetrics } from "./refusalMetrics.ts"
import { createRefusedOrigins, type WhereRefused } from "./refusedOrigins.ts"
import { createTokenBuckets } from "./tokenBuckets.ts"

export interface AdmissionOptions {
  readonly config: Pick<Config, "trustProxy" | "environment" | "origins" | "budgets">
  readonly log: Telemetry["log"]
  readonly metrics: Pick<Metrics, "counter">
  /** Epoch milliseconds. */
  readonly now: () => number
}

const elapsed = () => performance.now()

const unreadHeaderWarning = (header: UnreadHeader): string =>
  header === "X-Forwarded-For"
    ? "X-Forwarded-For came from an address that is no trusted proxy's, and is not believed. If it is your proxy, set TRUST_PROXY"
    : `${header} came without an X-Forwarded-For to go by, and is not read. If its sender is your proxy, all its clients count as one: let it send X-Forwarded-For`

export const createAdmission = ({ config, log, metrics, now }: AdmissionOptions) => {
  const refusalMetrics = createRefusalMetrics(metrics)
  const seldom = (perSecond: number, burst: number) =>
    createTokenBuckets({ burst, perSecond, keys: limits.budgetKeys, now: elapsed })

  const toldHeaders = new Set<UnreadHeader>()
  const addressOf = createAddressReader(config.trustProxy, (header, proxy) => {
    if (toldHeaders.has(header)) return
    toldHeaders.add(header)
    log("warn", "system:proxy", { warning: unreadHeaderWarning(header), ip: proxy })
  })

  const refusalLines = seldom(1000 / limits.refusalLineMs, 1)
  const budgets = createBudgets({
    settings: config.budgets,
    stayMs: limits.stayMs,
    requestBurstSeconds: limits.requestBurstSeconds,
    connectionsWaitMs: limits.connectionsWaitMs,
    keys: limits.budgetKeys,
    onRefused: (budget, ip) => {
      refusalMetrics.refused(budget)
      // A flood must not wash everything else out of the log.
      if (refusalLines.take(`${budget} ${ip}`) === 0) log("warn", "abuse:refused", { budget, ip })
    },
    now: elapsed
  })

  const origins = createOriginPolicy({ environment: config.environment, ...config.origins })
  const refusedOrigins = createRefusedOrigins({
    advise: createOriginAdvice({ ...config.origins, localPort: origins.localPort }),
    onRefused: refusalMetrics.refusedOrigin,
    log,
    most: limits.refusedOrigins,
    newcomers: seldom(limits.refusedOriginsAMinute / 60, limits.refusedOriginsAMinute),
    lineMs: limits.refusalLineMs,
    now,
    elapsed
  })

  return {
    addressOf,
    explainAddress: createAddressExplainer(config.trustProxy),
    budgets,
    origins,
    addressReasons: createAddressReasons(config.trustProxy),
    refusals: refusalMetrics.counts,
    refusedOrigins: refusedOrigins.view,
    /** A page was refused for its origin. */
    refuseOrigin: (where: WhereRefused, request: IncomingMessage) =>
      refusedOrigins.refuse(where, request.headers.origin, addressOf(request).address)
  }
}
