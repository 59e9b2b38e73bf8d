/** The newest log lines, for whoever has the key. */
import { toIncomingMessage } from "@effect/platform-node/NodeHttpServerRequest"
import { Effect } from "effect"
import { HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { createHash, timingSafeEqual } from "node:crypto"
import type { IncomingMessage } from "node:http"
import type { Telemetry } from "../io/telemetry.ts"
import { Api } from "./api.ts"

export interface LogAccess {
  /** Absent: nobody may read. */
  readonly key?: string | undefined
  /** The newest lines, oldest first. */
  readonly lines: Telemetry["lines"]
  readonly log: Telemetry["log"]
  /** Who asks, for the line that every question leaves. */
  readonly addressOf: (request: IncomingMessage) => { readonly address: string }
}

// Names in the lines are whatever people have called themselves: no browser may take them for a page.
const headers = { "cache-control": "no-store", "x-content-type-options": "nosniff" }
const contentType = "text/plain; charset=utf-8"
const forbidden = HttpServerResponse.text("Forbidden", { status: 403, contentType, headers })

/** The handlers of `LogsGroup`; undefined: nobody may read. */
export const logsHandlers = (access: LogAccess | undefined) => {
  const admits = access?.key === undefined ? () => false : comparesTo(access.key)

  return HttpApiBuilder.group(Api, "logs", (handlers) =>
    handlers.handleRaw("logs", ({ query, request }) =>
      Effect.sync(() => {
        const granted = typeof query.key === "string" && admits(query.key)
        if (access === undefined) return forbidden
        const { address } = access.addressOf(toIncomingMessage(request) as IncomingMessage)
        access.log(granted ? "info" : "warn", "system:log_access", { granted, ip: address })
        return granted
          ? HttpServerResponse.text(`${access.lines().join("\n")}\n`, { contentType, headers })
          : forbidden
      })
    )
  )
}

/** Compares in a time that tells nothing of the key, not even its length: digests are all equally long. */
const comparesTo = (key: string): ((given: string) => boolean) => {
  const digestOf = (text: string) => createHash("sha256").update(text).digest()
  const digest = digestOf(key)
  return (given) => timingSafeEqual(digestOf(given), digest)
}
