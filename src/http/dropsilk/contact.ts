/** The contact address, for people only. */
import * as Effect from "effect/Effect"
import type * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import type { DropSilkLog } from "../../io/dropsilk/telling/events.ts"
import { type RecaptchaOptions, verifyRecaptcha } from "../../io/services/recaptcha.ts"
import type { WireError } from "../../wire/core/errors.ts"
import { DropSilkApi } from "../../wire/dropsilk/api.ts"
import { httpErrors } from "../../wire/dropsilk/errors.ts"
import { ContactGroup, ContactPayload } from "../../wire/dropsilk/thirdParties.ts"
import { errorAnswer, responseOf } from "../answer.ts"
import { readsJson } from "../requests/requestBody.ts"
import { successOf } from "../success.ts"

export interface ContactOptions {
  /** The address; absent: there is none to give. */
  readonly email?: string | undefined
  /** Absent: nobody passes. */
  readonly recaptcha?: RecaptchaOptions | undefined
  readonly log: DropSilkLog
}

/** Faults of ours, not of the visitor's, in Google's words. */
const keyFaults: readonly string[] = ["missing-input-secret", "invalid-input-secret", "invalid-keys"]

/** The handlers of `ContactGroup`. */
export const contactHandlers = (contact: ContactOptions) => {
  const readsToken = readsJson(ContactPayload)
  return HttpApiBuilder.group(DropSilkApi, "contact", (handlers) =>
    handlers.handleRaw("requestEmail", ({ request }) => readsToken(request, ({ token }) => answer(contact, token)))
  )
}

const says = successOf(ContactGroup.endpoints.requestEmail)
const refusal = (error: WireError) => responseOf(errorAnswer(error))

const answer = (
  { email, recaptcha, log }: ContactOptions,
  token: string
): Effect.Effect<HttpServerResponse.HttpServerResponse> => {
  if (email === undefined) {
    log("error", "email:error", { error: "CONTACT_EMAIL is not set" })
    return Effect.succeed(refusal(httpErrors.contactNotConfigured))
  }
  if (recaptcha === undefined) {
    log("error", "email:error", { error: "RECAPTCHA_SECRET_KEY is not set: nobody passes" })
    return Effect.succeed(refusal(httpErrors.recaptchaFailed))
  }
  return Effect.match(verifyRecaptcha(token, recaptcha), {
    onSuccess: ({ success, errorCodes }) => {
      if (success) {
        log("info", "email:request", { outcome: "told" })
        return responseOf(says({ email }, { "cache-control": "no-store" }))
      }
      if (errorCodes.some((code) => keyFaults.includes(code))) {
        const hint = "Check RECAPTCHA_SECRET_KEY."
        log("error", "email:error", { error: "reCAPTCHA refuses our key", errorCodes, hint })
      } else {
        log("warn", "email:request", { outcome: "recaptcha_failed", errorCodes })
      }
      return refusal(httpErrors.recaptchaFailed)
    },
    onFailure: ({ reason }) => {
      log("error", "email:error", { provider: "recaptcha", error: reason })
      return refusal(httpErrors.contactFailed)
    }
  })
}
