/** What an endpoint says when all is well: the compiler compares it with what the endpoint has declared. */
import type * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as Schema from "effect/Schema"
import { type Answer, jsonAnswer } from "./answer.ts"

/** The body that an endpoint has declared. */
export type SuccessOf<Endpoint> = HttpApiEndpoint.Success<Endpoint>["Type"]

/** Makes an endpoint's answers of their bodies. */
export type Says<Endpoint> = (body: SuccessOf<Endpoint>, headers?: Answer["headers"]) => Answer

interface Declared {
  readonly success: ReadonlySet<Schema.Top>
}

/**
 * How an endpoint with a JSON body says it, with the status that it has declared. The body is of the declared type, so it
 * is not encoded once more.
 */
export const successOf = <Endpoint extends HttpApiEndpoint.Constraint & Declared>(
  endpoint: Endpoint
): Says<Endpoint> => {
  const [declared] = endpoint.success
  const status = Number((declared && Schema.resolveAnnotations(declared)?.["httpApiStatus"]) ?? 200)
  return (body, headers) => jsonAnswer(status, body, headers)
}
