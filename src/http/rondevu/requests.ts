/** How requests to both parts of rondevu are read: the path, the query and the body, as the client wrote them. */
import type { IncomingMessage } from "node:http"
import { toIncomingMessage } from "@effect/platform-node/NodeHttpServerRequest"
import * as ByteSize from "effect/ByteSize"
import * as Effect from "effect/Effect"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import type * as HttpServerResponse from "effect/http/HttpServerResponse"
import { pathOf } from "../../io/admission/requestPath.ts"
import { DatabaseFault } from "../../io/database/databaseErrors.ts"
import { fieldsOf, type Query } from "../../wire/rondevu/checks.ts"
import { type Answer, responseOf } from "../answer.ts"
import { invalidJson, unavailable } from "./answers.ts"

type Request = HttpServerRequest.HttpServerRequest

/** Node's own request, whose target is as the client wrote it. */
export const messageOf = (request: Request): IncomingMessage => toIncomingMessage(request) as IncomingMessage

/**
 * The segments of a request's path below `mount`, each decoded by itself: an encoded slash is part of its segment. What cannot
 * be decoded is refused before anybody is asked.
 */
export const segmentsOf = ({ url = "/" }: IncomingMessage, mount: string): readonly string[] => {
  const path = pathOf(url)
  const own = mount === "/" ? path : path.slice(mount.length)
  return own.split("/").slice(1).map(decodeURIComponent)
}

export const queryOf = ({ url = "/" }: IncomingMessage): Query => new URLSearchParams(url.slice(pathOf(url).length))

/** Reads a body as text, whatever its content type, and answers what it leads to. */
export const readsText = (
  request: Request,
  mostBytes: number,
  answer: (text: string) => Promise<Answer> | Answer
): Effect.Effect<HttpServerResponse.HttpServerResponse> =>
  request.text.pipe(
    Effect.provideService(HttpServerRequest.MaxBodySize, ByteSize.bytes(mostBytes)),
    Effect.orDie,
    Effect.flatMap((text) => Effect.promise(async () => responseOf(await answer(text))))
  )

/** Reads a JSON body, whatever its content type, and answers what it leads to; what is no JSON object has its own refusal. */
export const readsFields = (
  request: Request,
  mostBytes: number,
  answer: (fields: Readonly<Record<string, unknown>>) => Promise<Answer> | Answer
): Effect.Effect<HttpServerResponse.HttpServerResponse> =>
  readsText(request, mostBytes, (text) => {
    const fields = fieldsIn(text)
    return fields === null ? invalidJson : answer(fields)
  })

/** Those of a JSON body; null: it is none, or neither an object nor an array. */
export const fieldsIn = (text: string) => {
  try {
    return fieldsOf(JSON.parse(text))
  } catch {
    return null
  }
}

/**
 * What is answered when something fails: faults of the database that time cures are told to the client as such, and to
 * `onFault`; all others are thrown on, as they are the surface's.
 */
export const answersFaults =
  (onFault: (error: DatabaseFault) => void) =>
  (error: unknown): Answer => {
    if (!(error instanceof DatabaseFault) || error.lasting) throw error
    onFault(error)
    return unavailable
  }
