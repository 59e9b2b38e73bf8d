/** A protocol of two endpoints and a fast path, for tests of what is the same for all protocols. */
import * as Effect from "effect/Effect"
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as Schema from "effect/Schema"
import { jsonAnswer, responseOf } from "../../../src/http/answer.ts"
import { type HttpPart, httpPart, type Refusals } from "../../../src/http/httpPart.ts"
import { readsJson } from "../../../src/http/requests/requestBody.ts"
import { successOf } from "../../../src/http/success.ts"
import { RejectsInvalidInput } from "../../../src/wire/core/invalidRequest.ts"

const Note = Schema.Struct({ text: Schema.String })

class NotesGroup extends HttpApiGroup.make("notes")
  .add(
    HttpApiEndpoint.post("write", "/notes", { payload: Note, success: Note.annotate({ httpApiStatus: 201 }) }),
    HttpApiEndpoint.get("read", "/notes/:name", { params: { name: Schema.String }, success: Note })
  )
  .middleware(RejectsInvalidInput) {}

class NotesApi extends HttpApi.make("notes").add(NotesGroup) {}

export interface NotesOptions {
  /** Writing waits for it. */
  readonly held?: Promise<void>
  readonly refusals?: Refusals
}

/** `broken` as a note's name is a fault, on the fast path and on the routes alike. */
export const notesPart = ({ held = Promise.resolve(), refusals }: NotesOptions = {}): HttpPart => {
  const readsNote = readsJson(Note)
  const says = { write: successOf(NotesGroup.endpoints.write), read: successOf(NotesGroup.endpoints.read) }
  const read = (name: string) => {
    if (name === "broken") throw new Error("the secret of the fault")
    return says.read({ text: name })
  }
  return httpPart({
    api: NotesApi,
    handlers: HttpApiBuilder.group(NotesApi, "notes", (handlers) =>
      handlers
        .handleRaw("write", ({ request }) =>
          readsNote(request, (note) =>
            Effect.map(
              Effect.promise(() => held),
              () => responseOf(says.write(note))
            )
          )
        )
        .handleRaw("read", ({ params }) => Effect.sync(() => responseOf(read(params.name))))
    ),
    cors: [
      { path: "/notes", andBelow: true, origins: "allowed", methods: "GET,POST,OPTIONS", headers: "Content-Type" }
    ],
    budgets: { "/notes": ["thirdParties"], "/notes/:name": ["checks"] },
    fastPaths: [
      {
        method: "GET",
        pattern: "/notes/:name",
        handler: (exchange, [, name = "", query]) => {
          if (exchange.hasBody || query !== undefined || name.includes("%")) return false
          exchange.answer(() => read(name))
          return true
        }
      }
    ],
    documents: { "/notes.json": () => ({ notes: "1.0" }) },
    notFound: (_, path, allow) =>
      path === "/gone" ? jsonAnswer(410, { gone: path, allow: allow ?? null }) : undefined,
    ...(refusals === undefined ? {} : { refusals })
  })
}
