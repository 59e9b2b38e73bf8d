/** Words that declarations of endpoints share. */
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"

/** What a reader of the document sees of an endpoint. */
export const described = (summary: string, description: string) => OpenApi.annotations({ summary, description })

/** A body of plain text. */
export const PlainText = Schema.String.pipe(HttpApiSchema.asText({ contentType: "text/plain; charset=utf-8" }))
