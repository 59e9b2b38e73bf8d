/** How requests of both parts are read: what is wrong is told by the first check that fails, in the order of the contract. */
import type { WireError } from "../core/errors.ts"
import { invalidCharacter, invalidParameter } from "./errors.ts"

/** What has been read, or why not. */
export type Read<A> = { readonly value: A } | { readonly refusal: WireError }

/** One thing that must hold, and what is said when it does not. */
export type Check = readonly [holds: boolean, refusal: WireError]

/** The refusal of the first check that fails; undefined: all hold. */
export const firstFailed = (checks: readonly Check[]): WireError | undefined => checks.find(([holds]) => !holds)?.[1]

/** The fields of a JSON body; `null` where it is neither an object nor an array, which has none. */
export const fieldsOf = (body: unknown): Readonly<Record<string, unknown>> | null =>
  typeof body !== "object" || body === null
    ? null
    : Array.isArray(body)
      ? {}
      : (body as Readonly<Record<string, unknown>>)

export const isText = (value: unknown): value is string => typeof value === "string"
/** A string that is not empty. */
export const isWord = (value: unknown): value is string => typeof value === "string" && value !== ""

const nul = String.fromCharCode(0)
/** Whether a text can be kept. */
export const isKept = (value: unknown): boolean => typeof value !== "string" || !value.includes(nul)
/** The check that a field can be kept. */
export const keeps = (name: string, value: unknown): Check => [isKept(value), invalidCharacter(name)]

/** Names of query parameters and their values as they were sent, decoded. */
export type Query = URLSearchParams

/**
 * A query parameter that is a whole number; `byDefault` where it is absent. Larger ones than JavaScript counts exactly are the
 * largest that it does.
 */
export const wholeNumberIn = (query: Query, name: string, byDefault: number, signed = false): Read<number> => {
  const raw = query.get(name)
  if (raw === null) return { value: byDefault }
  if (!(signed ? /^-?\d+$/ : /^\d+$/).test(raw)) return { refusal: invalidParameter(name) }
  const { MAX_SAFE_INTEGER: most } = Number
  return { value: Math.max(-most, Math.min(most, Number(raw))) }
}
