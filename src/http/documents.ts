/** Documents that describe the server. Made when somebody first asks: most servers are never asked. */
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as HttpApiSwagger from "effect/http-api/HttpApiSwagger"
import { Api } from "./api.ts"

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

/** Swagger UI for `Api`. Its script is 1.5 MB, so it is not even loaded before somebody opens the page. */
export const docsPage = (path: `/${string}`) =>
  HttpRouter.use(
    Effect.fnUntraced(function* (router) {
      const page = yield* Effect.cached(Effect.scoped(HttpRouter.toHttpEffect(HttpApiSwagger.layer(Api, { path }))))
      yield* router.add("GET", path, Effect.orDie(Effect.flatten(page)))
    })
  )
