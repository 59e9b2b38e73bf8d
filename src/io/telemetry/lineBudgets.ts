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
  readonly client?: string
  readonly address?: string
}

/** Lines of one message in a minute; as many may come at once. */
interface LineBudget {
  /** Of one connection. */
  readonly client?: number
  /** Of one address. */
  readonly address?: number
  /** Of everybody together. */
  readonly all: number
}

const { ofClient, ofAddress, ofAll, ofRequests } = limits.linesAMinute
/** What people do by being there. */
const presence: LineBudget = { address: ofAddress, all: ofAll }
/** What a connection asks for. */
const wish: LineBudget = { client: ofClient, address: ofAddress, all: ofAll }
/** What a single request is enough for. */
const request: LineBudget = { all: ofRequests }
/** What only the server itself, its operator or the time brings about. */
const unlimited = null

/** Every line there is. */
export const lineBudgets = {
  "system:startup": unlimited,
  "system:shutdown": unlimited,
  "system:heartbeat": unlimited,
  "system:output": unlimited,
  "system:omitted": unlimited,
  "system:proxy": unlimited,
  "system:error": request,
  "system:log_access": request,
  "http:error": request,
  "client:connected": presence,
  "client:registered_details": wish,
  "client:disconnected": presence,
  "client:error": wish,
  "origin:refused": request,
  "abuse:refused": request,
  "flight:created": wish,
  "flight:joined": wish,
  "flight:invitation": wish,
  "flight:error": wish,
  // Of flights that were told of when they began, and of no others.
  "flight:ended": unlimited,
  "FLIGHT STORY COMPLETE": unlimited,
  "FLIGHT STORY STALE": unlimited,
  "room:error": request,
  "database:fault": request,
  "turn:credentials_issued": request,
  "turn:error": request,
  "tls:renewed": unlimited,
  "tls:error": unlimited,
  "upload:success": request,
  "upload:db_saved": request,
  "upload:error": request,
  "email:request": request,
  "email:error": request,
  "cleanup:start": unlimited,
  "cleanup:complete": unlimited,
  "cleanup:skipped": unlimited,
  "cleanup:error": unlimited,
  "room_cleanup:complete": unlimited,
  "room_cleanup:error": unlimited
} as const satisfies Readonly<Record<string, LineBudget | null>>

/** The message of a line. Another one needs a budget first. */
export type LineName = keyof typeof lineBudgets

/** Says whether a line may be written now. */
export type AdmitsLine = (name: LineName, cause: LineCause) => boolean

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

  return (name, { client, address }) => {
    const budget: LineBudget | null = lineBudgets[name]
    if (budget === null) return true
    if (client !== undefined && !admits(budget.client, `${name} of ${client}`)) return false
    if (address !== undefined && !admits(budget.address, `${name} from ${customerOf(address)}`)) return false
    return admits(budget.all, name)
  }
}
