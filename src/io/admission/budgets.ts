/**
 * What one client address may have and do, so that nobody can take the server from the others. An address is the one
 * that trusted proxies tell; all that one customer has counts as one. What protocols count beside that, they make here.
 */
import type { Config } from "../../config/config.ts"
import { customerOf } from "./address.ts"
import { createCustomerCounts } from "./customerCounts.ts"
import { createTokenBuckets } from "./tokenBuckets.ts"

/** The core's own budgets. */
export type CoreBudget =
  | "connections"
  | "upgrades"
  | "frames"
  | "requests"
  /** What orchestrators and Prometheus ask. */
  | "checks"
  /** Requests that somebody else is asked for, who may want money for that. */
  | "thirdParties"

/** How many at once, and how many come back each second; 0 at once: there is no limit. */
export interface Rate {
  readonly atOnce: number
  readonly perSecond: number
}

/** So many a minute, which may come at once. */
export const aMinute = (count: number): Rate => ({ atOnce: count, perSecond: count / 60 })

/** One budget of many holders. */
export interface Budget {
  /** Takes one, and gives back 0 or the milliseconds to wait; `address` is whom a refusal is told of. */
  take(holder: string, address: string | (() => string)): number
  /** What `take` would give back, without taking. The holder is asked for when anybody has taken anything. */
  wait(holder: () => string): number
  /** Puts one back. */
  give(holder: string): void
}

/** Makes a budget; `name` is what its refusals are counted and logged under. */
export type MakeBudget = (name: string, rate: Rate) => Budget

export interface BudgetsOptions {
  readonly settings: Config["budgets"]
  /** Requests of one address at once, in seconds of what it may ask in the long run. */
  readonly requestBurstSeconds: number
  /** A connection that was there for so long, milliseconds, gives back the upgrade it has cost. */
  readonly stayMs: number
  /** Milliseconds after which somebody with too many connections may have fewer. */
  readonly connectionsWaitMs: number
  /** Holders that each budget remembers. */
  readonly keys: number
  /** Hears of every refusal. */
  readonly onRefused: (budget: string, address: string) => void
  /** Milliseconds on a clock that never jumps. */
  readonly now: () => number
}

/** Each that takes from a budget gives back 0, or the milliseconds to wait. */
export interface Budgets {
  readonly make: MakeBudget
  /** For a new connection. */
  connect(address: string): number
  /** One is there, until `disconnected`, which is told for how long it was, milliseconds. */
  connected(address: string): void
  disconnected(address: string, stayedMs: number): void
  /** For a request over HTTP. */
  request(address: string): number
  /** For a question about the server's health, instead: who floods must not make it look ill. */
  check(address: string): number
  /** For a request that somebody else is asked for, besides. */
  askOthers(address: string): number
  /** A connection has sent too many frames. */
  tooManyFrames(address: string): void
}

export const createBudgets = (options: BudgetsOptions): Budgets => {
  const { settings, requestBurstSeconds, stayMs, connectionsWaitMs, keys, onRefused, now } = options

  const make: MakeBudget = (name, { atOnce, perSecond }) => {
    const buckets = createTokenBuckets({ burst: atOnce, perSecond, keys, now })
    return {
      take: (holder, address) => {
        const wait = buckets.take(holder)
        if (wait > 0) onRefused(name, typeof address === "string" ? address : address())
        return wait
      },
      wait: (holder) => (buckets.size === 0 ? 0 : buckets.wait(holder())),
      give: buckets.give
    }
  }
  const own = (name: CoreBudget, rate: Rate): Budget => make(name, rate)

  const connections = createCustomerCounts()
  const upgrades = own("upgrades", aMinute(settings.upgradesPerMinute))
  const requestRate = {
    atOnce: settings.requestsPerSecond * requestBurstSeconds,
    perSecond: settings.requestsPerSecond
  }
  const requests = own("requests", requestRate)
  const checks = own("checks", requestRate)
  const thirdParties = own("thirdParties", aMinute(settings.thirdPartyRequestsPerMinute))

  return {
    make,
    connect: (address) => {
      const { connectionsPerAddress } = settings
      const isFull = connectionsPerAddress > 0 && connections.of(address) >= connectionsPerAddress
      if (!isFull) return upgrades.take(customerOf(address), address)
      onRefused("connections" satisfies CoreBudget, address)
      return connectionsWaitMs
    },
    connected: connections.add,
    disconnected: (address, stayedMs) => {
      // Whoever stayed may come back at once, with all who stayed: what is stopped is opening and dropping.
      if (stayedMs >= stayMs) upgrades.give(customerOf(address))
      connections.subtract(address)
    },
    request: (address) => requests.take(customerOf(address), address),
    check: (address) => checks.take(customerOf(address), address),
    askOthers: (address) => thirdParties.take(customerOf(address), address),
    tooManyFrames: (address) => onRefused("frames" satisfies CoreBudget, address)
  }
}
