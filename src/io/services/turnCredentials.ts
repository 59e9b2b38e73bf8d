/** Which STUN and TURN servers a client may use, with credentials that end by themselves. */
import { createHmac } from "node:crypto"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { limits } from "../../limits.ts"
import type { Telemetry } from "../telemetry/telemetry.ts"
import { type CloudflareAccount, fetchCloudflareIceServers } from "./cloudflare.ts"
import { shareCredentials } from "./sharedCredentials.ts"
import type { ThirdPartyFailed } from "./thirdParty.ts"

/** As a browser's `RTCPeerConnection` takes it. */
export interface IceServer {
  readonly urls: string | readonly string[]
  readonly username?: string
  readonly credential?: string
}

export interface TurnOptions {
  readonly stunUrls: readonly string[]
  /** TURN servers that share a secret with this server. */
  readonly own?: { readonly urls: readonly string[]; readonly secret: Redacted.Redacted<string> } | undefined
  /** Seconds that credentials for own servers are good for. */
  readonly timeToLiveSeconds: number
  readonly cloudflare?: CloudflareAccount | undefined
  /** A name nobody else has, for the part of the user name that TURN servers write into their logs. */
  readonly userId: () => string
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Milliseconds on a clock that never jumps. */
  readonly elapsed: () => number
  readonly log: Telemetry["log"]
}

export interface IssuedIceServers {
  readonly iceServers: readonly IceServer[]
  /** Whole seconds that all the credentials are good for; absent where there are none. */
  readonly ttl?: number
}

/** What a client gets; null when there is something to get but nobody gave it, which the log explains. */
export type IssueIceServers = Effect.Effect<IssuedIceServers | null>

/**
 * Credentials as draft-uberti-behave-turn-rest-00 section 2.2 has them, which coturn knows as `use-auth-secret`: the
 * user name says until when it is good, and only who has the secret can say so. `expiresAt` in seconds since the epoch.
 */
export const timeLimitedCredentials = (
  secret: string,
  userId: string,
  expiresAt: number
): { readonly username: string; readonly credential: string } => {
  const username = `${Math.floor(expiresAt)}:${userId}`
  return { username, credential: createHmac("sha1", secret).update(username).digest("base64") }
}

/**
 * The servers of all that is configured: STUN, own TURN, Cloudflare, in this order. Undefined when nothing is. When
 * Cloudflare fails clients get the others; a direct connection is better than none. Its credentials are shared, as each
 * question to it is paid for; own ones cost nothing, and everybody gets their own.
 */
export const createIceServers = ({
  stunUrls,
  own,
  timeToLiveSeconds,
  cloudflare,
  userId,
  now,
  elapsed,
  log
}: TurnOptions): IssueIceServers | undefined => {
  if (stunUrls.length === 0 && own === undefined && cloudflare === undefined) return undefined

  const others = [...(stunUrls.length > 0 ? ["stun"] : []), ...(own === undefined ? [] : ["own"])]
  const onFailure = ({ reason, status }: ThirdPartyFailed) => {
    const hint =
      status === 401 || status === 403 || status === 404
        ? { hint: "Check CLOUDFLARE_TURN_TOKEN_ID and CLOUDFLARE_API_TOKEN." }
        : {}
    log("error", "turn:error", { provider: "cloudflare", error: reason, answeredWith: others, ...hint })
  }
  const cloudflares =
    cloudflare &&
    shareCredentials({
      ask: fetchCloudflareIceServers(cloudflare),
      goodForSeconds: limits.cloudflareCredentialsSeconds,
      sharedMs: limits.cloudflareSharedMs,
      failedMs: limits.cloudflareFailedMs,
      onFailure,
      elapsed
    })

  return Effect.gen(function* () {
    const iceServers: IceServer[] = []
    const sources = [...others]
    const ttls: number[] = []
    if (stunUrls.length > 0) iceServers.push({ urls: stunUrls })
    if (own !== undefined) {
      // Only whole seconds can be said, and a part of one more makes what is told true.
      const expiresAt = Math.ceil(now() / 1000) + timeToLiveSeconds
      iceServers.push({ urls: own.urls, ...timeLimitedCredentials(Redacted.value(own.secret), userId(), expiresAt) })
      ttls.push(timeToLiveSeconds)
    }
    const shared = cloudflares === undefined ? null : yield* cloudflares
    if (shared !== null) {
      iceServers.push(...shared.credentials)
      sources.push("cloudflare")
      ttls.push(shared.ttl)
    }
    if (iceServers.length === 0) return null
    log("info", "turn:credentials_issued", { sources })
    return ttls.length === 0 ? { iceServers } : { iceServers, ttl: Math.min(...ttls) }
  })
}
