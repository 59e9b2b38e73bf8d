/** Answers that are plain values, so that Node's response and the routes say the same. */
import type { ServerResponse } from "node:http"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import type { WireError } from "../wire/core/errors.ts"

/** What a client is told: made once it is known, sent as often as it is asked for. */
export interface Answer {
  readonly status: number
  readonly contentType: string
  readonly body: string
  /** Beside its type and length. */
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/** A JSON body. */
export const jsonAnswer = (status: number, body: unknown, headers?: Answer["headers"]): Answer => ({
  status,
  contentType: "application/json",
  body: JSON.stringify(body),
  headers
})

/** A body of plain text. */
export const textAnswer = (status: number, body: string, headers?: Answer["headers"]): Answer => ({
  status,
  contentType: "text/plain; charset=utf-8",
  body,
  headers
})

/** The answer that says no: `{"error": …}`. */
export const errorAnswer = ({ status, error, retryAfter }: WireError): Answer =>
  jsonAnswer(status, { error }, retryAfter === undefined ? undefined : { "retry-after": String(retryAfter) })

/** The same answer, and when to come again; `waitMs`: milliseconds until trying again makes sense. */
export const retryLater = (answer: Answer, waitMs: number): Answer => ({
  ...answer,
  headers: { ...answer.headers, "retry-after": String(Math.ceil(waitMs / 1000)) }
})

/** Says it in the routes' way. */
export const responseOf = ({ status, contentType, body, headers }: Answer): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.text(body, { status, contentType, ...(headers === undefined ? {} : { headers }) })

/**
 * Says it beside the routes. `shared`: headers that every answer has, names and values in turn; one by one they would
 * cost more than the rest. Whoever has gone meanwhile is told nothing.
 */
export const sendAnswer = (response: ServerResponse, shared: readonly string[], answer: Answer): void => {
  if (response.destroyed) return
  const { status, contentType, body, headers } = answer
  const length = String(Buffer.byteLength(body))
  const all = shared.concat("content-type", contentType, "content-length", length)
  response.writeHead(status, headers === undefined ? all : all.concat(Object.entries(headers).flat())).end(body)
}
