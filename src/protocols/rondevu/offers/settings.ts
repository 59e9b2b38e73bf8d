/** What an operator can set of topic offers. .env.example explains each variable. */
import type * as Redacted from "effect/Redacted"
import { protocolSettings } from "../../../config/protocolSettings.ts"
import { failedJoins, secretly, wholeNumber } from "../../../config/variables.ts"
import { type SharedSettings, sharedSettings, sharedVariables } from "../settings.ts"

export interface OfferSettings extends SharedSettings {
  /** Of credentials, 32 bytes each: the first makes them. Absent: one is made once and kept in the database. */
  readonly keys?: Redacted.Redacted<readonly [Buffer, ...Buffer[]]> | undefined
  /** How long offers live, milliseconds. */
  readonly lifetimes: { readonly usualMs: number; readonly shortestMs: number; readonly longestMs: number }
  readonly bounds: { readonly offersPerRequest: number; readonly topicsPerOffer: number }
  /** Bytes that all offers, with their answers and candidates, may take. */
  readonly storeBytes: number
  /** Of one address; 0: no limit. */
  readonly wrongSecretsPerMinute: number
}

/** The longest that a time may lie ahead: a year. */
const longestMs = 366 * 86_400_000

const keysOf = (raw: string): readonly [Buffer, ...Buffer[]] | undefined => {
  const [first, ...others] = raw.split(",").map((key) => key.trim())
  if (first === undefined || ![first, ...others].every((key) => /^[0-9a-f]{64}$/i.test(key))) return undefined
  return [Buffer.from(first, "hex"), ...others.map((key) => Buffer.from(key, "hex"))]
}

const variables = {
  ...sharedVariables,
  RONDEVU_AUTH_SECRET: secretly("64 hex digits, or several such keys separated by commas", keysOf),
  RONDEVU_OFFER_DEFAULT_TTL: wholeNumber("milliseconds", 60_000, 1, longestMs),
  RONDEVU_OFFER_MIN_TTL: wholeNumber("milliseconds", 60_000, 1, longestMs),
  RONDEVU_OFFER_MAX_TTL: wholeNumber("milliseconds", 86_400_000, 1, longestMs),
  RONDEVU_MAX_OFFERS_PER_REQUEST: wholeNumber("offers", 100, 1, 200),
  RONDEVU_MAX_TOPICS_PER_OFFER: wholeNumber("topics", 50, 1, 1_000),
  RONDEVU_STORE_BYTES: wholeNumber("bytes", 2 ** 30, 1, 2 ** 40),
  MAX_FAILED_JOINS_PER_MINUTE: failedJoins
}

export const offerSettings = protocolSettings({
  variables,
  read: (values): OfferSettings => ({
    ...sharedSettings(values),
    keys: values.RONDEVU_AUTH_SECRET,
    lifetimes: {
      usualMs: values.RONDEVU_OFFER_DEFAULT_TTL,
      shortestMs: values.RONDEVU_OFFER_MIN_TTL,
      longestMs: values.RONDEVU_OFFER_MAX_TTL
    },
    bounds: {
      offersPerRequest: values.RONDEVU_MAX_OFFERS_PER_REQUEST,
      topicsPerOffer: values.RONDEVU_MAX_TOPICS_PER_OFFER
    },
    storeBytes: values.RONDEVU_STORE_BYTES,
    wrongSecretsPerMinute: values.MAX_FAILED_JOINS_PER_MINUTE
  })
})
