/** Google's reCAPTCHA: https://developers.google.com/recaptcha/docs/verify */
import * as Effect from "effect/Effect"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { askThirdParty, type Patience, type ThirdPartyFailed } from "./thirdParty.ts"

export interface RecaptchaOptions {
  readonly secretKey: Redacted.Redacted<string>
  /** Where the service is, without a slash at its end; only ever another one in tests. */
  readonly endpoint?: string | undefined
  readonly patience?: Patience | undefined
}

/** What Google thinks of a visitor. */
export interface RecaptchaVerdict {
  readonly success: boolean
  /** Google's words for what is wrong, such as `timeout-or-duplicate`. */
  readonly errorCodes: readonly string[]
}

const recaptchaEndpoint = "https://www.google.com"

const Answer = Schema.Struct({
  success: Schema.Boolean,
  "error-codes": Schema.optionalKey(Schema.Array(Schema.String))
})

/** Asks whether the token is one that a visitor of ours has just earned. A token can be asked about once. */
export const verifyRecaptcha = (
  token: string,
  { secretKey, endpoint = recaptchaEndpoint, patience }: RecaptchaOptions
): Effect.Effect<RecaptchaVerdict, ThirdPartyFailed> =>
  Effect.suspend(() => {
    const request = HttpClientRequest.post(`${endpoint}/recaptcha/api/siteverify`).pipe(
      HttpClientRequest.acceptJson,
      HttpClientRequest.bodyUrlParams({ secret: Redacted.value(secretKey), response: token })
    )
    return Effect.map(askThirdParty("recaptcha verify", request, Answer, patience), (answer) => ({
      success: answer.success,
      // Only what looks like a code: this goes to the log.
      errorCodes: (answer["error-codes"] ?? []).filter((code) => /^[a-z-]{1,40}$/.test(code))
    }))
  })
