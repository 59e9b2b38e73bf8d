/** The newest log lines, for whoever has the key. */

import type { IncomingMessage } from "node:http"
import { toIncomingMessage } from "@effect/platform-node/NodeHttpServerRequest"
import * as Effect from "effect/Effect"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import type { Telemetry } from "../../io/telemetry/telemetry.ts"
import { CoreApi } from "../../wire/core/api.ts"
import type { Gate } from "./gate.ts"

export interface LogAccess {
  readonly gate: Gate
  /** The newest lines, oldest first. */
  readonly lines: Telemetry["lines"]
}

// Names in the lines are whatever people have called themselves: no browser may take them for a page.
const headers = { "cache-control": "no-store", "x-content-type-options": "nosniff" }
const contentType = "text/plain; charset=utf-8"
const forbidden = HttpServerResponse.text("Forbidden", { status: 403, contentType, headers })

/** The handlers of `LogsGroup`; undefined: nobody may read. */
export const logsHandlers = (access: LogAccess | undefined) =>
  HttpApiBuilder.group(CoreApi, "logs", (handlers) =>
    handlers.handleRaw("logs", ({ query, request }) =>
      Effect.sync(() => {
        if (access === undefined) return forbidden
        const given = typeof query.key === "string" ? query.key : undefined
        return access.gate(toIncomingMessage(request) as IncomingMessage, given)
          ? HttpServerResponse.text(`${access.lines().join("\n")}\n`, { contentType, headers })
          : forbidden
      })
    )
  )
