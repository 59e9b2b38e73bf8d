/**
 * The origins that were refused, for the operator: a browser tells its page nothing but that it failed. Strangers bring
 * this about as often as they like, each time with another origin, so everything here is bounded: the origins that are
 * kept, those that one address may add, and the lines that are written.
 */

import type { Telemetry } from "../telemetry/telemetry.ts"
import { customerOf } from "./address.ts"
import { type OriginAdvice, shownOrigin } from "./originAdvice.ts"
import type { TokenBuckets } from "./tokenBuckets.ts"

/** What was refused: a WebSocket, a change, or that a page reads an answer (its preflights included). */
export type WhereRefused = "socket" | "post" | "read"

export interface RefusedOrigin extends OriginAdvice {
  /** Names the row as long as it is there. */
  readonly id: number
  /** In the order in which they came first. */
  readonly where: readonly WhereRefused[]
  readonly times: number
  /** Epoch milliseconds. */
  readonly lastAt: number
}

export interface RefusedOriginsView {
  /** Refusals since the start, also of origins that are not among the rows. */
  readonly times: number
  /** As many as are kept. */
  readonly most: number
  /** The newest first. */
  readonly rows: readonly RefusedOrigin[]
}

export interface RefusedOrigins {
  /** `address`: who asks, by what trusted proxies tell. */
  refuse(where: WhereRefused, origin: string | undefined, address: string): void
  view(): RefusedOriginsView
}

export interface RefusedOriginsOptions {
  readonly advise: (origin: string | undefined) => OriginAdvice
  /** Hears of every refusal. */
  readonly onRefused: (where: WhereRefused) => void
  readonly log: Telemetry["log"]
  /** Origins that are kept. */
  readonly most: number
  /** How often one address may bring an origin that is not kept yet. */
  readonly newcomers: Pick<TokenBuckets, "take">
  /** Milliseconds between two lines about the same origin. */
  readonly lineMs: number
  /** Epoch milliseconds. */
  readonly now: () => number
  /** Milliseconds on a clock that never jumps. */
  readonly elapsed: () => number
}

interface Kept extends RefusedOrigin {
  /** On the clock that never jumps; undefined: no line was written yet. */
  readonly toldAt?: number
}

export const createRefusedOrigins = (options: RefusedOriginsOptions): RefusedOrigins => {
  const { advise, onRefused, log, most, newcomers, lineMs, now, elapsed } = options
  /** By what is shown of them, undefined for none at all; those unseen for longest first. */
  const kept = new Map<string | undefined, Kept>()
  let times = 0
  let lastId = 0

  /** Of those refused least often the one unseen for longest: who knocks again and again is somebody's page. */
  const forgetOne = () => {
    let [least] = kept
    for (const entry of kept) if (least === undefined || entry[1].times < least[1].times) least = entry
    if (least !== undefined) kept.delete(least[0])
  }

  const add = (origin: string | undefined, address: string): Kept | undefined => {
    if (newcomers.take(customerOf(address)) > 0) return undefined
    if (kept.size >= most) forgetOne()
    return { ...advise(origin), id: ++lastId, where: [], times: 0, lastAt: 0 }
  }

  return {
    refuse: (where, origin, address) => {
      times++
      onRefused(where)
      const key = origin === undefined ? undefined : shownOrigin(origin)
      const before = kept.get(key) ?? add(origin, address)
      if (before === undefined) return
      const isTold = before.toldAt !== undefined && elapsed() - before.toldAt < lineMs
      const after: Kept = {
        ...before,
        where: before.where.includes(where) ? before.where : [...before.where, where],
        times: before.times + 1,
        lastAt: now(),
        ...(isTold ? {} : { toldAt: elapsed() })
      }
      kept.delete(key)
      kept.set(key, after)
      if (isTold) return
      const { setting, hint } = after
      const advice = setting === null ? { hint } : { setting, hint }
      log("warn", "origin:refused", { where, origin: after.origin, ip: address, times: after.times, ...advice })
    },
    view: () => ({
      times,
      most,
      rows: [...kept.values()].reverse().map(({ toldAt: _, ...row }) => row)
    })
  }
}
