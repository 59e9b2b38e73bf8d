/** What DropSilk's clients ask of others through the server: TURN credentials, previews, the contact address. */
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import { described } from "../core/describing.ts"
import { errorSchema } from "../core/errors.ts"
import { RejectsInvalidInput } from "../core/invalidRequest.ts"
import { httpErrors } from "./errors.ts"
import { RecaptchaToken } from "./fields.ts"

const tooLarge = errorSchema(httpErrors.bodyTooLarge)
const tooManyRequests = errorSchema(httpErrors.tooMany)
const wrongOrigin = errorSchema(httpErrors.wrongOrigin)

const Urls = Schema.Union([Schema.String, Schema.Array(Schema.String)])

/** What browsers need to get through firewalls. */
export class TurnGroup extends HttpApiGroup.make("turn")
  .add(
    HttpApiEndpoint.get("credentials", "/api/turn-credentials", {
      success: Schema.Struct({
        iceServers: Schema.Array(
          Schema.Struct({
            urls: Urls,
            username: Schema.optionalKey(Schema.String),
            credential: Schema.optionalKey(Schema.String)
          })
        ).annotate({ description: "For `new RTCPeerConnection({ iceServers })`." }),
        ttl: Schema.optionalKey(
          Schema.Int.annotate({ description: "Seconds that the credentials are good for; absent without any." })
        )
      }).annotate({ identifier: "IceServers" }),
      error: [errorSchema(httpErrors.turnNotConfigured), errorSchema(httpErrors.turnUnavailable), tooManyRequests]
    }).annotateMerge(
      described("STUN and TURN servers", "All that are configured, with fresh credentials that end by themselves.")
    )
  )
  .annotateMerge(OpenApi.annotations({ title: "TURN", description: "STUN and TURN servers for clients." })) {}

const uploadRefused = Schema.Struct({ message: Schema.String }).annotate({
  description: "Not a PowerPoint file, larger than 64 MB, more than one, or nothing that the SDK understands.",
  httpApiStatus: 400
})

/** Previews, kept at UploadThing. */
export class UploadsGroup extends HttpApiGroup.make("uploads")
  .add(
    HttpApiEndpoint.get("uploadRoutes", "/api/uploadthing", {
      success: Schema.Array(Schema.Struct({ slug: Schema.String, config: Schema.Unknown })),
      error: errorSchema(httpErrors.uploadRouting)
    }).annotateMerge(described("What may be uploaded", "For UploadThing's client, which asks before anything else.")),
    HttpApiEndpoint.post("upload", "/api/uploadthing", {
      payload: Schema.Struct({
        files: Schema.Array(Schema.Struct({ name: Schema.String, size: Schema.Number, type: Schema.String })).annotate({
          description: "One `.pptx` of at most 64 MB."
        })
      }),
      success: Schema.Unknown.annotate({
        description: "For a client: `[{url, key, name, customId}]`, where to put the file. For UploadThing: `null`."
      }),
      error: [uploadRefused, errorSchema(httpErrors.uploadRouting), tooLarge, tooManyRequests]
    }).annotateMerge(
      described(
        "Upload a preview",
        "UploadThing's client asks with `?actionType=upload&slug=previewUpload` where to put a file; UploadThing calls " +
          "back with `?slug=previewUpload`, `uploadthing-hook` and a signature when it has come. The client then gets " +
          "`{url}`."
      )
    )
  )
  .annotateMerge(
    OpenApi.annotations({ title: "Uploads", description: "Previews of PowerPoint files, kept at UploadThing." })
  ) {}

/** The body of asking for the contact address. */
export const ContactPayload = Schema.Struct({ token: RecaptchaToken })

/** An address that is shown to people only. */
export class ContactGroup extends HttpApiGroup.make("contact")
  .add(
    HttpApiEndpoint.post("requestEmail", "/request-email", {
      payload: ContactPayload,
      success: Schema.Struct({ email: Schema.String }).annotate({ identifier: "ContactAddress" }),
      error: [
        errorSchema(httpErrors.recaptchaFailed),
        errorSchema(httpErrors.contactNotConfigured),
        errorSchema(httpErrors.contactFailed),
        wrongOrigin,
        tooLarge,
        tooManyRequests
      ]
    }).annotateMerge(described("Ask for the contact address", "Gives it to whoever passes the reCAPTCHA."))
  )
  .middleware(RejectsInvalidInput)
  .annotateMerge(OpenApi.annotations({ title: "Contact", description: "An address for people only." })) {}
