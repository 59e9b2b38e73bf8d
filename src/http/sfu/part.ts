/** What the SFU brings to the HTTP surface. */
import type { IncomingMessage } from "node:http"
import { toIncomingMessage } from "@effect/platform-node/NodeHttpServerRequest"
import * as Effect from "effect/Effect"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as Layer from "effect/Layer"
import { customerOf } from "../../io/admission/address.ts"
import type { Budget } from "../../io/admission/budgets.ts"
import type { Somebody } from "../../io/sfu/presence.ts"
import type { LoginEvent } from "../../io/sfu/telling/events.ts"
import { type Tokens, tokenIn } from "../../io/sfu/tokens.ts"
import { coreErrors } from "../../wire/core/errors.ts"
import { SfuApi, SfuGroup, SfuRootApi } from "../../wire/sfu/api.ts"
import { asyncApiDocument } from "../../wire/sfu/asyncApi.ts"
import { textRefusals } from "../../wire/sfu/errors.ts"
import { openApiDocument } from "../../wire/sfu/openApi.ts"
import { type Answer, errorAnswer, responseOf, retryLater, textAnswer } from "../answer.ts"
import type { CorsRoute } from "../cors.ts"
import { type HttpPart, httpPart } from "../httpPart.ts"
import { successOf } from "../success.ts"
import { makeDocsPage } from "./docsPage.ts"
import { readLogin, saysJson } from "./loginBody.ts"

export interface SfuPartOptions {
  /** Where it is served. */
  readonly mount: string
  readonly tokens: Tokens
  /** A `userId` that nobody in the room has. */
  readonly freeId: (who: Somebody) => Promise<string>
  /** Whether a token is given to whoever asks. */
  readonly hasLogin: boolean
  readonly logins: Budget
  /** The client address that a request counts for. */
  readonly addressOf: (request: IncomingMessage) => string
  /** Whether any page may use it; else those of which `allowsOrigin` is true. */
  readonly isForEverybody: boolean
  readonly allowsOrigin: (origin: string) => boolean
  readonly record: (event: LoginEvent) => void
  /** The process of the first media worker. */
  readonly workerPid: () => number
  /** Rooms that have a router. */
  readonly rooms: () => number
}

const refusal = ({ status, text }: { readonly status: number; readonly text: string }): Answer =>
  textAnswer(status, text)
const [noToken, invalidToken, notFound] = [
  refusal(textRefusals.noToken),
  refusal(textRefusals.invalidToken),
  refusal(textRefusals.notFound)
]
const tooMany = errorAnswer(coreErrors.tooMany)
/** A token lets a stranger in. */
const notStored = { "cache-control": "no-store" }

const corsRoutes = ({ isForEverybody, allowsOrigin }: SfuPartOptions): readonly CorsRoute[] => [
  {
    path: "/",
    andBelow: true,
    ...(isForEverybody ? { origins: "any" as const, saysAny: true } : { origins: allowsOrigin }),
    methods: "GET,HEAD,PUT,POST,DELETE,PATCH",
    headers: "",
    grantsHeaders: true
  }
]

export const sfuPart = (options: SfuPartOptions): HttpPart => {
  const { mount, tokens, hasLogin } = options
  const says = { health: successOf(SfuGroup.endpoints.sfuHealth), token: successOf(SfuGroup.endpoints.sfuLogin) }

  const logIn = async (request: IncomingMessage, body: string): Promise<Answer> => {
    const address = options.addressOf(request)
    const wait = options.logins.take(customerOf(address), address)
    if (wait > 0) return retryLater(tooMany, wait)
    const read = readLogin(body, saysJson(request.headers["content-type"]))
    if ("refusal" in read) return read.refusal
    const { userName, roomId } = read.login
    const userId = await options.freeId(read.login)
    options.record({ name: "sfu:logged_in", userId, roomId, ip: address })
    return says.token({ token: await tokens.issue({ userId, userName, roomId }) }, notStored)
  }

  const health = () =>
    says.health({
      status: "ok",
      uptime: process.uptime(),
      mediasoup: { workerPid: options.workerPid(), roomsCount: options.rooms() }
    })

  const group = HttpApiBuilder.group(SfuApi, "sfu", (handlers) =>
    handlers
      .handleRaw("sfuLogin", ({ request }) => {
        if (!hasLogin) return Effect.succeed(responseOf(notFound))
        const asked = toIncomingMessage(request) as IncomingMessage
        return Effect.flatMap(Effect.orDie(request.text), (body) =>
          Effect.promise(async () => responseOf(await logIn(asked, body)))
        )
      })
      .handleRaw("sfuHealth", () => Effect.sync(() => responseOf(health())))
      // Tokens that are none have been refused before.
      .handleRaw("sfuSocket", ({ request }) =>
        Effect.succeed(responseOf(tokenIn(request.url) === undefined ? noToken : notFound))
      )
  )
  let page: string | undefined
  const docsGroup = HttpApiBuilder.group(SfuApi, "sfuDocs", (handlers) =>
    handlers.handleRaw("sfuDocs", () =>
      Effect.promise(async () => {
        page ??= await makeDocsPage(mount === "/" ? "/doc" : `${mount}/doc`)
        return HttpServerResponse.text(page, { contentType: "text/html; charset=utf-8" })
      })
    )
  )

  const brought = {
    cors: corsRoutes(options),
    documents: { "/doc": () => openApiDocument(hasLogin), "/asyncapi": asyncApiDocument },
    notFound: () => notFound,
    slashAfterMount: true,
    refuses: (request: IncomingMessage) => {
      const token = tokenIn(request.url ?? "")
      return token === undefined
        ? undefined
        : tokens.read(token).then((claims) => (claims === undefined ? invalidToken : undefined))
    }
  }
  const budgets = { "/auth/login": ["requests", "sfuLogins"], "/health": ["checks"], "/": ["requests"] } as const
  // At the root the page is the server's own.
  return mount === "/"
    ? httpPart({ api: SfuRootApi, handlers: group, budgets, ...brought })
    : httpPart({
        api: SfuApi,
        handlers: Layer.merge(group, docsGroup),
        budgets: { ...budgets, "/docs": ["requests"] },
        ...brought
      })
}
