/** Reading a JSON body, and saying what is wrong with one. */
import * as Effect from "effect/Effect"
import type * as HttpServerRequest from "effect/http/HttpServerRequest"
import type * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaJITCompiler from "effect/schema/SchemaJITCompiler"
import { allFaults } from "../../wire/core/invalidRequest.ts"
import { responseOf } from "../answer.ts"
import { invalidRequest, issuesOf } from "./invalidRequest.ts"

/** A way to read bodies of one shape; answers 400 `Invalid request` by itself when one does not have that shape. */
export type ReadsBody<A> = (
  request: HttpServerRequest.HttpServerRequest,
  answer: (body: A) => Effect.Effect<HttpServerResponse.HttpServerResponse>
) => Effect.Effect<HttpServerResponse.HttpServerResponse>

/**
 * A body that is absent, or that its content type does not call JSON, counts as `{}`; of the latter the refusal says so,
 * if there is one. A JSON body must be an object.
 * A body over the server's limit dies with the platform's `BodyTooLarge`, which the server answers with 413.
 */
export const readsJson = <S extends Schema.ConstraintDecoder<unknown>>(schema: S): ReadsBody<S["Type"]> => {
  SchemaJITCompiler.enable(schema.ast)
  const decode = Schema.decodeUnknownResult(schema, allFaults)

  return (request, answer) => {
    const answerTo = (body: unknown, fault: readonly string[] = []) => {
      if (typeof body !== "object" || body === null || Array.isArray(body)) return refuse("must be a JSON object")
      const decoded = decode(body)
      if (Result.isSuccess(decoded)) return answer(decoded.success)
      return Effect.succeed(responseOf(invalidRequest([...fault, ...issuesOf(decoded.failure.issue)])))
    }

    if (!isJson(request.headers["content-type"])) return answerTo({}, hasBody(request.headers) ? unreadBody : [])
    return Effect.flatMap(Effect.orDie(request.text), (text) => {
      if (text === "") return answerTo({})
      let body: unknown
      try {
        body = JSON.parse(text)
      } catch {
        return refuse("must be valid JSON")
      }
      return answerTo(body)
    })
  }
}

/** The fields that are missing then were most likely sent. */
const unreadBody = ["content-type: must be application/json for the body to be read"]

/** RFC 9112 6.3. */
const hasBody = (headers: Readonly<Record<string, string | undefined>>): boolean =>
  headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0

const refuse = (demand: string) => Effect.succeed(responseOf(invalidRequest([`request: ${demand}`])))

/**
 * `application/json` and whatever else says with `+json` that it is written as JSON (RFC 6839 3.1); media types are the
 * same in any letter case (RFC 9110 8.3.1).
 */
const isJson = (contentType: string | undefined): boolean =>
  contentType !== undefined && /^\s*(application\/json|[^\s/]+\/[^\s/]+\+json)\s*(;|$)/i.test(contentType)
