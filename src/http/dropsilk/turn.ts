/** Where clients ask which STUN and TURN servers to use. */
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import type { IssueIceServers } from "../../io/services/turnCredentials.ts"
import { DropSilkApi } from "../../wire/dropsilk/api.ts"
import { httpErrors } from "../../wire/dropsilk/errors.ts"
import { TurnGroup } from "../../wire/dropsilk/thirdParties.ts"
import { errorAnswer, responseOf } from "../answer.ts"
import { successOf } from "../success.ts"

/** The handlers of `TurnGroup`; undefined: no server is configured. */
export const turnHandlers = (iceServers: IssueIceServers | undefined) => {
  const says = successOf(TurnGroup.endpoints.credentials)
  const unavailable = errorAnswer(httpErrors.turnUnavailable)
  const issue =
    iceServers === undefined
      ? Effect.succeed(responseOf(errorAnswer(httpErrors.turnNotConfigured)))
      : Effect.map(iceServers, (issued) =>
          // Credentials end, and no cache knows when.
          responseOf(issued === null ? unavailable : says(issued, { "cache-control": "no-store" }))
        )

  return HttpApiBuilder.group(DropSilkApi, "turn", (handlers) => handlers.handleRaw("credentials", () => issue))
}
