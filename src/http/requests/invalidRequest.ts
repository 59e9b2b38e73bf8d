/** The one answer to bad input, wherever in the request it was. */
import * as Effect from "effect/Effect"
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import type * as Layer from "effect/Layer"
import * as SchemaIssue from "effect/SchemaIssue"
import { type InvalidRequest, RejectsInvalidInput } from "../../wire/core/invalidRequest.ts"
import { type Answer, jsonAnswer, responseOf } from "../answer.ts"

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
export const invalidRequest = (issues: readonly string[]): Answer =>
  jsonAnswer(400, { error: "Invalid request", issues } satisfies typeof InvalidRequest.Type)

export const rejectsInvalidInput: Layer.Layer<RejectsInvalidInput> = HttpApiMiddleware.layerSchemaErrorTransform(
  RejectsInvalidInput,
  (error) =>
    // What the server itself wrote wrongly is its own fault, and no 400.
    error.kind === "Body" || error.kind === "ResponseHeaders"
      ? Effect.fail(error)
      : Effect.succeed(responseOf(invalidRequest(issuesOf(error.cause.issue))))
)
