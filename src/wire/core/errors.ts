/** What all refusals over HTTP have in common, and those that any server of ours can give. */
import * as Schema from "effect/Schema"

/** One way of saying no. `Word` is the exact text clients compare. */
export interface WireError<Word extends string = string> {
  readonly status: number
  readonly error: Word
  /** When it happens. */
  readonly when: string
  /** What the client had better do; absent: there is nothing that it could. */
  readonly duty?: string
  /** Seconds after which trying again makes sense; absent: trying the same again does not help. */
  readonly retryAfter?: number
}

/** Keeps the word as a type. */
export const wireError = <const Word extends string>(declared: WireError<Word>): WireError<Word> => declared

/** How a refusal is declared in an endpoint's `error`. */
export const errorSchema = <Word extends string>({ status, error, when, duty }: WireError<Word>) =>
  Schema.Struct({ error: Schema.Literal(error) }).annotate({
    description: duty === undefined ? when : `${when} ${duty}`,
    httpApiStatus: status
  })

/** What is answered before a protocol has been asked, unless the protocol has words of its own for it. */
export const coreErrors = {
  wrongMethod: wireError({
    status: 405,
    error: "Method not allowed",
    when: "The path takes other methods.",
    duty: "Use one of those that `Allow` names."
  }),
  bodyTooLarge: wireError({
    status: 413,
    error: "Request body too large",
    when: "More than 64 KiB. The connection may be closed."
  }),
  tooMany: wireError({
    status: 429,
    error: "Too many requests",
    when: "This address has spent its budget of requests.",
    duty: "Try again after `Retry-After` seconds."
  }),
  wrongOrigin: wireError({
    status: 403,
    error: "Forbidden: Invalid Origin",
    when: "Pages of this origin may not use the server.",
    duty: "Its operator can allow them: ALLOWED_ORIGINS."
  }),
  fault: wireError({
    status: 500,
    error: "Internal server error",
    when: "A fault of the server; its log says which."
  })
} as const
