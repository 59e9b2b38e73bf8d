/** A socket's address without an upgrade, and the endpoints for whoever runs the server, in the forms that they know. */
import * as Effect from "effect/Effect"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import type { Readiness } from "../../io/database/readiness.ts"
import { readPlace } from "../../io/noisytransfer/sockets/doorway.ts"
import type { Metrics } from "../../io/telemetry/metrics.ts"
import { NoisyTransferApi, RelayHealthGroup } from "../../wire/noisytransfer/api.ts"
import { textRefusals } from "../../wire/noisytransfer/errors.ts"
import { jsonAnswer, responseOf } from "../answer.ts"
import { successOf } from "../success.ts"
import { refusal } from "./answers.ts"

export interface RelayHealthOptions {
  /** Never rejects. */
  readonly readiness: () => Promise<Readiness>
  readonly page: Pick<Metrics, "text" | "contentType">
}

const headers = { "cache-control": "no-store" }

/** The handlers of `RelayGroup`. */
export const relayHandlers = HttpApiBuilder.group(NoisyTransferApi, "relay", (handlers) =>
  handlers.handleRaw("socket", ({ request }) => {
    const place = readPlace(request.url)
    return Effect.succeed(responseOf(refusal("refusal" in place ? place.refusal : textRefusals.noUpgrade)))
  })
)

/** The handlers of `RelayHealthGroup`. */
export const relayHealthHandlers = ({ readiness, page }: RelayHealthOptions) => {
  const alive = responseOf(successOf(RelayHealthGroup.endpoints.alive)({ ok: true }, headers))
  const ready = responseOf(successOf(RelayHealthGroup.endpoints.ready)({ ready: true }, headers))
  const notReady = responseOf(jsonAnswer(503, { ready: false }, headers))

  return HttpApiBuilder.group(NoisyTransferApi, "relayHealth", (handlers) =>
    handlers
      .handleRaw("alive", () => Effect.succeed(alive))
      .handleRaw("ready", () =>
        Effect.map(Effect.promise(readiness), (answer) => (answer === "ready" ? ready : notReady))
      )
      .handleRaw("figures", () =>
        Effect.map(Effect.promise(page.text), (text) =>
          HttpServerResponse.text(text, { contentType: page.contentType, headers })
        )
      )
  )
}
