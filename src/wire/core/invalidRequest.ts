/** The refusal of bad input, wherever in the request it was. */
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import * as Schema from "effect/Schema"

/** 400: every fault of the first part of the request (path, query, body) that has one. */
export const InvalidRequest = Schema.Struct({
  error: Schema.Literal("Invalid request"),
  issues: Schema.Array(Schema.String).annotate({
    description:
      "One a fault: the field's name, a colon and what it must be; `request` when the body is no object, `content-type` " +
      "when it was not read for it."
  })
}).annotate({
  identifier: "InvalidRequest",
  description: "A path parameter, a query parameter or a field of the body is not what it must be.",
  examples: [{ error: "Invalid request", issues: ["name: must be 1 to 50 characters"] }],
  httpApiStatus: 400
})

/** Fields of the body that are no fields of ours are ignored; all faults are reported, not the first only. */
export const allFaults = { errors: "all" } as const

/** Put on an API, it answers path and query parameters that do not decode. */
export class RejectsInvalidInput extends HttpApiMiddleware.Service<RejectsInvalidInput>()("RejectsInvalidInput", {
  error: InvalidRequest
}) {}
