/** Cloudflare's TURN service: https://developers.cloudflare.com/realtime/turn/generate-credentials/ */
import * as Effect from "effect/Effect"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { limits } from "../../limits.ts"
import { askThirdParty, type Patience, type ThirdPartyFailed } from "./thirdParty.ts"
import type { IceServer } from "./turnCredentials.ts"

export interface CloudflareAccount {
  /** The id of the TURN key. */
  readonly tokenId: string
  readonly apiToken: Redacted.Redacted<string>
  /** Where the service is, without a slash at its end; only ever another one in tests. */
  readonly endpoint?: string | undefined
  readonly patience?: Patience | undefined
}

const cloudflareEndpoint = "https://rtc.live.cloudflare.com"

/** A browser throws at the first server it cannot use, so one bad entry would cost a client its whole connection. */
const StunUrl = Schema.String.check(Schema.isPattern(/^stuns?:[^\s]+$/u))
const IceUrl = Schema.String.check(Schema.isPattern(/^(?:stun|turn)s?:[^\s]+$/u))
const oneOrMore = <S extends Schema.ConstraintDecoder<unknown>>(schema: S) =>
  Schema.Union([schema, Schema.NonEmptyArray(schema)])

const Answer = Schema.Struct({
  iceServers: Schema.NonEmptyArray(
    Schema.Union([
      Schema.Struct({ urls: oneOrMore(IceUrl), username: Schema.NonEmptyString, credential: Schema.NonEmptyString }),
      Schema.Struct({ urls: oneOrMore(StunUrl) })
    ])
  )
})

/** Fresh credentials, good for an hour. */
export const fetchCloudflareIceServers = ({
  tokenId,
  apiToken,
  endpoint = cloudflareEndpoint,
  patience
}: CloudflareAccount): Effect.Effect<readonly IceServer[], ThirdPartyFailed> =>
  Effect.suspend(() => {
    const path = `/v1/turn/keys/${encodeURIComponent(tokenId)}/credentials/generate-ice-servers`
    const request = HttpClientRequest.post(endpoint + path).pipe(
      HttpClientRequest.acceptJson,
      HttpClientRequest.bearerToken(apiToken),
      HttpClientRequest.bodyJsonUnsafe({ ttl: limits.cloudflareCredentialsSeconds })
    )
    return Effect.map(
      askThirdParty("cloudflare credentials", request, Answer, patience),
      ({ iceServers }) => iceServers
    )
  })
