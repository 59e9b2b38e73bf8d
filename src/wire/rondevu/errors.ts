/** The refusals that both parts of rondevu give, in their exact words. */
import { type WireError, wireError } from "../core/errors.ts"

export const rondevuErrors = {
  unknownPath: { status: 404, text: "404 Not Found" },
  brokenPath: wireError({
    status: 400,
    error: "Invalid path",
    when: "The percent-encoding of the path is broken.",
    duty: "Encode each segment by itself."
  }),
  invalidJson: wireError({
    status: 400,
    error: "Invalid JSON body",
    when: "The body is empty, no JSON, or neither an object nor an array.",
    duty: "Send a JSON object; its content type does not matter."
  }),
  tooMany: wireError({
    status: 429,
    error: "Too many requests",
    when: "This address, or this peer, has spent a budget.",
    duty: "Try again after `Retry-After` seconds."
  }),
  tooLarge: wireError({
    status: 413,
    error: "Request body too large",
    when: "The body is larger than this request may have. The connection may be closed.",
    duty: "Send less at a time."
  }),
  unavailable: wireError({
    status: 503,
    error: "Service temporarily unavailable",
    when: "The database does not answer, or has no room left. Nothing has changed.",
    duty: "Try again after `Retry-After` seconds.",
    retryAfter: 5
  }),
  fault: wireError({
    status: 500,
    error: "Internal server error",
    when: "A fault of the server; its log says which."
  })
} as const

/** A query parameter that is not what it must be. */
export const invalidParameter = <const Name extends string>(name: Name): WireError<`Invalid parameter: ${Name}`> =>
  wireError({
    status: 400,
    error: `Invalid parameter: ${name}`,
    when: `\`${name}\` is no whole number that it may be.`,
    duty: "Fix the client."
  })

/** A field that holds U+0000, which the database cannot keep. */
export const invalidCharacter = <const Name extends string>(name: Name): WireError<`Invalid character in ${Name}`> =>
  wireError({
    status: 400,
    error: `Invalid character in ${name}`,
    when: `\`${name}\` holds U+0000.`,
    duty: "Fix the client."
  })
