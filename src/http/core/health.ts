/** The endpoints for whoever runs the server: is it alive, may it have clients, what does it count. */
import * as Effect from "effect/Effect"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import type { Readiness } from "../../io/database/readiness.ts"
import type { Metrics } from "../../io/telemetry/metrics.ts"
import { CoreApi, HealthGroup } from "../../wire/core/api.ts"
import { jsonAnswer, responseOf } from "../answer.ts"
import { successOf } from "../success.ts"

export interface HealthOptions {
  /** Never rejects. */
  readonly readiness: () => Promise<Readiness>
  readonly metrics: Pick<Metrics, "text" | "contentType">
}

const headers = { "cache-control": "no-store" }

/** The handlers of `HealthGroup`. */
export const healthHandlers = ({ readiness, metrics }: HealthOptions) => {
  const alive = HttpServerResponse.text("ok", { contentType: "text/plain; charset=utf-8", headers })
  const ready = responseOf(successOf(HealthGroup.endpoints.readyz)({ status: "ready" }, headers))
  const notReady = (reason: Readiness) => responseOf(jsonAnswer(503, { status: "not_ready", reason }, headers))

  return HttpApiBuilder.group(CoreApi, "health", (handlers) =>
    handlers.handleAll({
      healthz: () => Effect.succeed(alive),
      readyz: () => Effect.map(Effect.promise(readiness), (answer) => (answer === "ready" ? ready : notReady(answer))),
      metrics: () =>
        Effect.map(Effect.promise(metrics.text), (text) =>
          HttpServerResponse.text(text, { contentType: metrics.contentType, headers })
        )
    })
  )
}
