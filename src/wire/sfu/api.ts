/** The SFU over HTTP. */
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import { described, PlainText } from "../core/describing.ts"
import { coreErrors, errorSchema } from "../core/errors.ts"
import { Claims } from "./claims.ts"
import { textRefusals } from "./errors.ts"

type TextRefusal = (typeof textRefusals)[keyof typeof textRefusals]
const refusal = ({ status, text, when, duty }: TextRefusal) =>
  PlainText.annotate({ description: `\`${text}\`: ${when} ${duty}`, httpApiStatus: status })

export const Token = Schema.Struct({
  token: Schema.String.annotate({ description: "A JWT, HS256, with the three fields of the login, `iat` and `exp`." })
}).annotate({ identifier: "SfuToken" })

/** As the library of the known server puts it. */
export const InvalidLogin = Schema.Struct({
  success: Schema.Literal(false),
  error: Schema.Struct({
    name: Schema.Literal("ZodError"),
    message: Schema.String.annotate({ description: "A JSON array of what is wrong, as text." })
  })
}).annotate({
  identifier: "SfuInvalidLogin",
  description: "A field is absent or not what it must be.",
  httpApiStatus: 400
})

export const Health = Schema.Struct({
  status: Schema.Literal("ok"),
  uptime: Schema.Finite.annotate({ description: "Seconds that the process has run." }),
  mediasoup: Schema.Struct({
    workerPid: Schema.Int.annotate({ description: "The process of the first media worker." }),
    roomsCount: Schema.Int.annotate({ description: "Rooms that have a router." })
  })
}).annotate({ identifier: "SfuHealth" })

/** Who comes, and how the server is. */
export class SfuGroup extends HttpApiGroup.make("sfu")
  .add(
    HttpApiEndpoint.post("sfuLogin", "/auth/login", {
      success: Token,
      error: [InvalidLogin, refusal(textRefusals.malformed), errorSchema(coreErrors.tooMany)]
    }).annotateMerge(
      described(
        "Log in",
        'Gives a token to whoever asks: `{"userId": "user-123", "userName": "Ada", "roomId": "ROOM42"}`, as application/json. It proves nothing about who asks. A `userId` that is in use in that room gets a suffix.'
      )
    ),
    HttpApiEndpoint.get("sfuHealth", "/health", { success: Health }).annotateMerge(
      described("Health", "Whether the server lives, and how many rooms there are.")
    ),
    HttpApiEndpoint.get("sfuSocket", "/", {
      success: PlainText.annotate({ description: "Never: see /asyncapi.", httpApiStatus: 101 }),
      error: [refusal(textRefusals.noToken), refusal(textRefusals.invalidToken), refusal(textRefusals.notFound)]
    }).annotateMerge(described("WebSocket", "The address that clients connect to, with `?token=`."))
  )
  .annotateMerge(OpenApi.annotations({ title: "SFU", description: "Logins, and the WebSocket of calls for many." })) {}

/** What describes it to people. */
export class SfuDocsGroup extends HttpApiGroup.make("sfuDocs")
  .add(
    HttpApiEndpoint.get("sfuDocs", "/docs", {
      success: Schema.String.pipe(HttpApiSchema.asText({ contentType: "text/html; charset=utf-8" }))
    }).annotateMerge(described("Documentation", "A page that shows what /doc says."))
  )
  .annotateMerge(OpenApi.annotations({ title: "SFU documentation", description: "For people." })) {}

const about = "calls for many through a media server (SFU), with signaling over a WebSocket"

/** Everything of the SFU that answers. */
export class SfuApi extends HttpApi.make("sfu").add(SfuGroup, SfuDocsGroup).annotate(OpenApi.Description, about) {}

/** The same at the root of the port, where the page is the server's own. */
export class SfuRootApi extends HttpApi.make("sfu").add(SfuGroup).annotate(OpenApi.Description, about) {}

/** What a login's body is. */
export { Claims as Login }
