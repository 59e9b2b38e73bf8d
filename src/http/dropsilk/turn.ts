/** Where clients ask which STUN and TURN servers to use. */
import * as Effect from "effect/Effect"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import type { IssueIceServers } from "../../io/services/turnCredentials.ts"
import { Api } from "../api.ts"
import { errorResponse, wireErrors } from "../wireErrors.ts"

/** The handlers of `TurnGroup`; undefined: no server is configured. */
export const turnHandlers = (iceServers: IssueIceServers | undefined) => {
  const notConfigured = Effect.succeed(errorResponse(wireErrors.turnNotConfigured))
  const issue =
    iceServers === undefined
      ? notConfigured
      : Effect.map(iceServers, (issued) =>
          issued === null
            ? errorResponse(wireErrors.turnUnavailable)
            : HttpServerResponse.jsonUnsafe(
                issued,
                // Credentials end, and no cache knows when.
                { headers: { "cache-control": "no-store" } }
              )
        )

  return HttpApiBuilder.group(Api, "turn", (handlers) => handlers.handleRaw("credentials", () => issue))
}
