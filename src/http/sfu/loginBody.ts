/** The body of a login: a JSON object with three texts; and what is wrong with one, as the known server says it. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { type Claims, claimFields } from "../../wire/sfu/claims.ts"
import { textRefusals } from "../../wire/sfu/errors.ts"
import { type Answer, jsonAnswer, textAnswer } from "../answer.ts"

/** Whether a content type says that the body is JSON; in any letter case (RFC 9110 8.3.1), or by its suffix (RFC 6839 3.1). */
export const saysJson = (contentType: string | undefined): boolean =>
  contentType !== undefined && /^\s*application\/([a-z0-9.-]+\+)?json\s*(;|$)/i.test(contentType)

interface Issue {
  readonly code: "invalid_type" | "custom"
  readonly expected?: string
  readonly path: readonly string[]
  readonly message: string
}

const names = ["userId", "userName", "roomId"] as const
const decoders = {
  userId: Schema.decodeUnknownResult(claimFields.userId),
  userName: Schema.decodeUnknownResult(claimFields.userName),
  roomId: Schema.decodeUnknownResult(claimFields.roomId)
}

/** Of a value, never the value itself. */
const typeOf = (value: unknown): string => (value === null ? "null" : Array.isArray(value) ? "array" : typeof value)

const wrongType = (path: readonly string[], expected: string, value: unknown): Issue => ({
  expected,
  code: "invalid_type",
  path,
  message: `Invalid input: expected ${expected}, received ${typeOf(value)}`
})

const issuesOf = (body: unknown): readonly Issue[] => {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return [wrongType([], "object", body)]
  return names.flatMap((name): readonly Issue[] => {
    const value = Object.hasOwn(body, name) ? (body as Readonly<Record<string, unknown>>)[name] : undefined
    if (typeof value !== "string") return [wrongType([name], "string", value)]
    if (Result.isSuccess(decoders[name](value))) return []
    const [, rule = ""] = /(1 to .*)\.$/.exec(String(Schema.resolveAnnotations(claimFields[name])?.description)) ?? []
    return [{ code: "custom", path: [name], message: `Invalid input: expected ${rule}` }]
  })
}

const malformed = textAnswer(textRefusals.malformed.status, textRefusals.malformed.text)

/** Reads a body; `isJson`: whether its content type says so. */
export const readLogin = (body: string, isJson: boolean): { readonly login: Claims } | { readonly refusal: Answer } => {
  let value: unknown = {}
  if (isJson) {
    try {
      value = JSON.parse(body)
    } catch {
      return { refusal: malformed }
    }
  }
  const issues = issuesOf(value)
  if (issues.length === 0) return { login: value as Claims }
  const error = { name: "ZodError", message: JSON.stringify(issues, null, 2) }
  return { refusal: jsonAnswer(400, { success: false, error }) }
}
