/** Where clients upload previews: UploadThing's SDK behind two endpoints. */
import type { IncomingMessage } from "node:http"
import * as Effect from "effect/Effect"
import type * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import { describeUploadFault, type UploadThing } from "../../io/dropsilk/previews/uploadthing.ts"
import type { DropSilkLog } from "../../io/dropsilk/telling/events.ts"
import { DropSilkApi } from "../../wire/dropsilk/api.ts"
import { httpErrors } from "../../wire/dropsilk/errors.ts"
import { errorAnswer, responseOf } from "../answer.ts"

export interface UploadsOptions {
  /** Absent: there is no usable token. */
  readonly uploadThing?: Pick<UploadThing, "answer"> | undefined
  readonly log: DropSilkLog
}

/** What the SDK looks at; the rest of a request is nobody's business. */
const readHeaders = [
  "content-type",
  "uploadthing-hook",
  "x-uploadthing-package",
  "x-uploadthing-signature",
  "x-uploadthing-version"
] as const

/** The handlers of `UploadsGroup`. */
export const uploadHandlers = ({ uploadThing, log }: UploadsOptions) => {
  const routingError = responseOf(errorAnswer(httpErrors.uploadRouting))

  const answer = Effect.fnUntraced(function* (request: HttpServerRequest.HttpServerRequest) {
    if (uploadThing === undefined) {
      log("error", "upload:error", { error: "UPLOADTHING_TOKEN is not set, or unusable: see system:startup" })
      return routingError
    }
    const asked = yield* webRequest(request)
    return yield* Effect.tryPromise(() => uploadThing.answer(asked)).pipe(
      Effect.flatMap((response) => Effect.promise(() => serverResponse(response))),
      Effect.catchTag("UnknownError", ({ cause }) => {
        log("error", "upload:error", describeUploadFault(cause))
        return Effect.succeed(routingError)
      })
    )
  })

  return HttpApiBuilder.group(DropSilkApi, "uploads", (handlers) =>
    handlers
      .handleRaw("uploadRoutes", ({ request }) => answer(request))
      .handleRaw("upload", ({ request }) => answer(request))
  )
}

/** A body over the server's limit dies with the platform's `BodyTooLarge`, which the server answers with 413. */
const webRequest = (request: HttpServerRequest.HttpServerRequest): Effect.Effect<Request> => {
  const headers = new Headers()
  for (const name of readHeaders) {
    const value = request.headers[name]
    if (value !== undefined) headers.set(name, value)
  }
  // The SDK reads path and query only: whom it is to be called back at, it has been told.
  const url = new URL(request.url, "http://localhost")
  if (request.method !== "POST") return Effect.succeed(new Request(url, { headers }))
  return Effect.map(Effect.orDie(request.text), (body) => new Request(url, { method: "POST", headers, body }))
}

const serverResponse = async (response: Response): Promise<HttpServerResponse.HttpServerResponse> => {
  const version = response.headers.get("x-uploadthing-version")
  return HttpServerResponse.text(await response.text(), {
    status: response.status,
    contentType: response.headers.get("content-type") ?? "application/json",
    ...(version === null ? {} : { headers: { "x-uploadthing-version": version } })
  })
}

/** UploadThing calls back from a few addresses, for everybody; its signature is looked at before anything is done. */
export const isCallback = ({ headers }: IncomingMessage): boolean => headers["uploadthing-hook"] !== undefined
