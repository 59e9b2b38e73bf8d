/** Documents that describe the server. Made when somebody first asks: most servers are never asked. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as HttpApi from "effect/http-api/HttpApi"
import * as OpenApi from "effect/http-api/OpenApi"
import { version } from "../../version.ts"

/** Unknown fields are ignored, in both directions; the schemas' JSON form forbids them unless told otherwise. */
const allowMoreProperties = (document: Record<string, unknown>): Record<string, unknown> =>
  JSON.parse(
    JSON.stringify(document, (key, value) => (key === "additionalProperties" && value === false ? undefined : value))
  )

/** The APIs of all parts as one, for describing it. What a part says of itself is said of the whole. */
export const wholeApi = (apis: readonly HttpApi.Top[]): HttpApi.Top => {
  const purposes = apis.flatMap(({ annotations }) => Context.getOrElse(annotations, OpenApi.Description, () => []))
  const whole = HttpApi.make("silktower").annotateMerge(
    OpenApi.annotations({
      title: "silktower",
      version,
      description:
        `Signaling for peer-to-peer apps${purposes.length === 0 ? "" : `: ${purposes.join("; ")}`}. ` +
        "Every path answers OPTIONS with the methods that it takes in `Allow`, and HEAD wherever it answers GET.",
      transform: allowMoreProperties
    })
  )
  return apis.reduce<HttpApi.Top>((merged, api) => merged.addHttpApi(api), whole as unknown as HttpApi.Top)
}

/** The OpenAPI document of an API. */
export const openApiDocument = (api: HttpApi.Top): unknown => OpenApi.fromApi(api)

/** A JSON document at a path. What `make` throws is a fault of the server, and is tried again at the next request. */
export const jsonDocument = (path: `/${string}`, make: () => unknown) => {
  let text: string | undefined
  return HttpRouter.add(
    "GET",
    path,
    Effect.promise(async () => {
      text ??= JSON.stringify(await make())
      return HttpServerResponse.text(text, { contentType: "application/json" })
    })
  )
}
