/** The one answer to bad input, wherever in the request it was. */
import * as Effect from "effect/Effect"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import type * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"

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

/** What is wrong, one line a fault: `field: what it must be`. Never repeats what was sent. */
export const issuesOf = (issue: SchemaIssue.Issue): readonly string[] =>
  formatIssue(issue).issues.map(({ path, message }) => {
    const field = path?.[0]
    return `${field === undefined ? "request" : String(typeof field === "object" ? field.key : field)}: ${message}`
  })

const formatIssue = SchemaIssue.makeFormatterStandardSchemaV1({
  leafHook: (issue) => {
    if (issue._tag === "MissingKey") return "is required"
    if (issue._tag !== "InvalidType") return "is not valid"
    const message = issue.ast.annotations?.message
    return typeof message === "string" ? message : "is not valid"
  },
  checkHook: (issue) => SchemaIssue.defaultCheckHook(issue) ?? "is not valid"
})

/** The 400 that lists these issues. */
export const invalidRequest = (issues: readonly string[]): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.jsonUnsafe({ error: "Invalid request", issues }, { status: 400 })

/** Put on an API, it answers path and query parameters that do not decode. */
export class RejectsInvalidInput extends HttpApiMiddleware.Service<RejectsInvalidInput>()("RejectsInvalidInput", {
  error: InvalidRequest
}) {}

export const rejectsInvalidInput: Layer.Layer<RejectsInvalidInput> = HttpApiMiddleware.layerSchemaErrorTransform(
  RejectsInvalidInput,
  (error) =>
    // What the server itself wrote wrongly is its own fault, and no 400.
    error.kind === "Body" || error.kind === "ResponseHeaders"
      ? Effect.fail(error)
      : Effect.succeed(invalidRequest(issuesOf(error.cause.issue)))
)
