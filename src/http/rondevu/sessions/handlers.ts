/** The older sessions over HTTP: what a request becomes, and how the answer is put into words. */
import type { IncomingMessage } from "node:http"
import * as Effect from "effect/Effect"
import type * as HttpServerRequest from "effect/http/HttpServerRequest"
import type * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import type { SessionDesk, Visitor } from "../../../io/rondevu/sessions/sessionDesk.ts"
import type { WireError } from "../../../wire/core/errors.ts"
import { rondevuNumbers } from "../../../wire/rondevu/numbers.ts"
import { SessionsApi, SessionsGroup } from "../../../wire/rondevu/sessions/api.ts"
import { readDeposit, readNewSession, readTopic, readTopicsPage } from "../../../wire/rondevu/sessions/bodies.ts"
import { takenCode } from "../../../wire/rondevu/sessions/errors.ts"
import { type Answer, errorAnswer, responseOf } from "../../answer.ts"
import { successOf } from "../../success.ts"
import { tooMany } from "../answers.ts"
import { messageOf, queryOf, readsFields, readsText, segmentsOf } from "../requests.ts"
import type { Poll } from "./poll.ts"
import { visitorOf } from "./visitor.ts"
import { listAnswer, refusalOf } from "./words.ts"

export interface SessionHandlersOptions {
  readonly desk: SessionDesk
  readonly poll: Poll
  /** The client address that a request counts for. */
  readonly addressOf: (request: IncomingMessage) => string
  /** What is answered when the database does not; throws what is a fault of the server. */
  readonly failed: (error: unknown) => Answer
  readonly mount: string
  readonly version: string
  readonly now: () => number
}

type Request = HttpServerRequest.HttpServerRequest
type Response = Effect.Effect<HttpServerResponse.HttpServerResponse>

const { endpoints } = SessionsGroup
const says = {
  version: successOf(endpoints.version),
  health: successOf(endpoints.health),
  topics: successOf(endpoints.topics),
  offer: successOf(endpoints.offer),
  answer: successOf(endpoints.answer)
}
const refuse = ({ refusal }: { readonly refusal: WireError }): Answer => errorAnswer(refusal)

/** The handlers of `SessionsGroup`. */
export const sessionHandlers = (options: SessionHandlersOptions) => {
  const { desk, poll, addressOf, failed, mount, version, now } = options
  const caught = async (answer: () => Promise<Answer> | Answer): Promise<Answer> => {
    try {
      return await answer()
    } catch (error) {
      return failed(error)
    }
  }
  const answered = (answer: () => Promise<Answer> | Answer): Response =>
    Effect.promise(async () => responseOf(await caught(answer)))
  const visitor = (request: Request): Visitor => visitorOf(messageOf(request), addressOf)
  const topicIn = (request: Request): string => segmentsOf(messageOf(request), mount)[0] ?? ""

  const topics = async (request: Request): Promise<Answer> => {
    const read = readTopicsPage(queryOf(messageOf(request)))
    if ("refusal" in read) return refuse(read)
    const { page, limit } = read.value
    const { total, topics } = await desk.topics(visitor(request), read.value)
    return says.topics({
      topics: topics.map(([topic, count]) => ({ topic, count })),
      pagination: { page, limit, total, hasMore: page * limit < total }
    })
  }

  const list = async (request: Request): Promise<Answer> => {
    const read = readTopic(topicIn(request))
    return "refusal" in read ? refuse(read) : listAnswer(await desk.ofTopic(visitor(request), read.value))
  }

  const offer = async (request: Request, fields: Readonly<Record<string, unknown>>): Promise<Answer> => {
    const topic = topicIn(request)
    const read = readNewSession(topic, fields)
    if ("refusal" in read) return refuse(read)
    const begun = await desk.begin(visitor(request), topic, read.value)
    if (begun === "taken") return errorAnswer(takenCode(read.value.code ?? ""))
    return "waitMs" in begun ? tooMany(begun.waitMs) : says.offer(begun)
  }

  const leave = async (request: Request, fields: Readonly<Record<string, unknown>>): Promise<Answer> => {
    const read = readDeposit(fields)
    if ("refusal" in read) return refuse(read)
    const left = await desk.leave(visitor(request), read.value)
    return left === "done" ? says.answer({ success: true }) : refusalOf[left]
  }

  const withFields = (
    request: Request,
    answer: (request: Request, fields: Readonly<Record<string, unknown>>) => Promise<Answer>
  ): Response => readsFields(request, rondevuNumbers.bodyBytes, (fields) => caught(() => answer(request, fields)))

  return HttpApiBuilder.group(SessionsApi, "rondevuSessions", (handlers) =>
    handlers
      .handleRaw("version", () => answered(() => says.version({ version })))
      .handleRaw("health", () => answered(() => says.health({ status: "ok", timestamp: now() })))
      .handleRaw("topics", ({ request }) => answered(() => topics(request)))
      .handleRaw("list", ({ request }) => answered(() => list(request)))
      .handleRaw("offer", ({ request }) => withFields(request, offer))
      .handleRaw("answer", ({ request }) => withFields(request, leave))
      .handleRaw("poll", ({ request }) =>
        readsText(
          request,
          rondevuNumbers.bodyBytes,
          (text) =>
            new Promise((resolve, reject) =>
              poll(messageOf(request), text, (make) => {
                try {
                  resolve(make())
                } catch (error) {
                  reject(error)
                }
              })
            )
        )
      )
  )
}
