/** What named peers bring to the HTTP surface. */
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import { frameBudgets } from "../../io/named-peers/frames.ts"
import { NamedPeersApi, NamedPeersGroup } from "../../wire/named-peers/api.ts"
import { asyncApiDocument } from "../../wire/named-peers/asyncApi.ts"
import { responseOf, textAnswer } from "../answer.ts"
import { type HttpPart, httpPart } from "../httpPart.ts"
import { successOf } from "../success.ts"

export interface NamedPeersPartOptions {
  /** Where it is served. */
  readonly mount: string
  readonly version: string
  /** Epoch milliseconds. */
  readonly startedAt: number
  readonly now: () => number
  /** Those who are logged in. */
  readonly count: () => number
}

const unknownPath = textAnswer(404, "Not Found")
/** RFC 9110 15.5.22 asks for the header. */
const upgradeRequired = textAnswer(426, "Upgrade Required", { upgrade: "websocket" })

export const namedPeersPart = ({ mount, version, startedAt, now, count }: NamedPeersPartOptions): HttpPart => {
  const says = successOf(NamedPeersGroup.endpoints.namedPeersHealth)
  const health = () => {
    const time = now()
    return says({
      status: "healthy",
      clientCount: count(),
      uptime: (time - startedAt) / 1000,
      timestamp: new Date(time).toISOString()
    })
  }
  return httpPart({
    api: NamedPeersApi,
    handlers: HttpApiBuilder.group(NamedPeersApi, "namedPeers", (handlers) =>
      handlers.handleAll({
        namedPeersHealth: () => Effect.sync(() => responseOf(health())),
        namedPeersUpgrade: () => Effect.succeed(responseOf(upgradeRequired))
      })
    ),
    budgets: { "/health": ["checks"], "/": ["requests"] },
    cors: [],
    documents: { "/asyncapi.json": () => asyncApiDocument(version, frameBudgets, mount) },
    notFound: (method, path) => (path === "/" && method === "GET" ? upgradeRequired : unknownPath)
  })
}
