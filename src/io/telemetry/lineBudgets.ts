/**
 * How often each line of the log may be written. Whatever a stranger can bring about a stranger can repeat, and what one
 * does must neither fill the log nor wash everything else out of it. What is left out is counted, and told in one line.
 */
import { limits } from "../../limits.ts"
import { customerOf } from "../admission/address.ts"
import { createTokenBuckets, type TokenBuckets } from "../admission/tokenBuckets.ts"

/** Who has brought a line about, as far as one knows. */
export interface LineCause {
  /** A connection's id. */
  readonly client?: string | undefined
  readonly address?: string | undefined
}

/** Lines of one message in a minute; as many may come at once. */
export interface LineBudget {
  /** Of one connection. */
  readonly client?: number
  /** Of one address. */
  readonly address?: number
  /** Of everybody together. */
  readonly all: number
}

/** A budget for each message of somebody's lines; null: they may always be written. */
export type LineBudgets<Name extends string = string> = Readonly<Record<Name, LineBudget | null>>

const { ofClient, ofAddress, ofAll, ofRequests } = limits.linesAMinute
/** What people do by being there. */
export const presence: LineBudget = { address: ofAddress, all: ofAll }
/** What a connection asks for. */
export const wish: LineBudget = { client: ofClient, address: ofAddress, all: ofAll }
/** What a single request is enough for. */
export const request: LineBudget = { all: ofRequests }
/** What only the server itself, its operator or the time brings about. */
export const unlimited = null

/** The core's own lines. */
export const coreLines = {
  "system:startup": unlimited,
  "system:shutdown": unlimited,
  "system:heartbeat": unlimited,
  "system:output": unlimited,
  "system:omitted": unlimited,
  "system:proxy": unlimited,
  "system:error": request,
  "system:log_access": request,
  "system:ended_by_hand": unlimited,
  "http:error": request,
  "origin:refused": request,
  "abuse:refused": request,
  "database:fault": request,
  "cluster:engine": request,
  // What operators know lost connections to the database by.
  "room:error": request,
  "turn:credentials_issued": request,
  "turn:error": request,
  "tls:renewed": unlimited,
  "tls:error": unlimited
} as const satisfies LineBudgets

export type CoreLine = keyof typeof coreLines

/** Says whether a line may be written now. */
export type AdmitsLine = (name: string, budget: LineBudget | null, cause: LineCause) => boolean

/** `now`: milliseconds on a clock that never jumps. */
export const createLineBudgets = (now: () => number): AdmitsLine => {
  const kinds = new Map<number, TokenBuckets>()
  const bucketsOf = (aMinute: number): TokenBuckets => {
    const known = kinds.get(aMinute)
    if (known !== undefined) return known
    const made = createTokenBuckets({ burst: aMinute, perSecond: aMinute / 60, keys: limits.budgetKeys, now })
    kinds.set(aMinute, made)
    return made
  }
  const admits = (aMinute: number | undefined, key: string): boolean =>
    aMinute === undefined || bucketsOf(aMinute).take(key) === 0

  return (name, budget, { client, address }) => {
    if (budget === null) return true
    if (client !== undefined && !admits(budget.client, `${name} of ${client}`)) return false
    if (address !== undefined && !admits(budget.address, `${name} from ${customerOf(address)}`)) return false
    return admits(budget.all, name)
  }
}
