/** Every refusal HTTP clients can get, in one table; `api.ts` declares them, the handlers answer with them. */

import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Schema from "effect/Schema"

/** One way of saying no. `Error` is the exact text clients compare. */
export interface WireError<Error extends string = string> {
  readonly status: number
  readonly error: Error
  /** When it happens, and what the client should do. */
  readonly description: string
  /** Seconds after which trying again makes sense; absent: trying the same again does not help. */
  readonly retryAfter?: number
}

const wireError = <const Error extends string>(declared: WireError<Error>): WireError<Error> => declared

export const wireErrors = {
  roomGone: wireError({
    status: 400,
    error: "Room not found or expired",
    description: "No room has this code, or its life has ended. Ask for the code again."
  }),
  roomFull: wireError({
    status: 400,
    error: "Room already has two participants",
    description: "Somebody else is the guest. Wait until one of the two has left, or create a room."
  }),
  notInRoom: wireError({
    status: 404,
    error: "Room not found or participant is not part of it.",
    description: "The room's life has ended, or the participant has left it. Create or join anew."
  }),
  peerIsSharing: wireError({
    status: 400,
    error: "Peer is already screen sharing",
    description: "One screen at a time. Wait until the peer has stopped."
  }),
  unavailable: wireError({
    status: 503,
    error: "Service temporarily unavailable.",
    description: "Nothing has changed: the room could not be reached or could not be saved. Try again.",
    retryAfter: 5
  }),
  unknownRoomEndpoint: wireError({
    status: 404,
    error: "Room endpoint not found.",
    description: "Anything under /api/rooms that is no endpoint."
  }),
  wrongMethod: wireError({
    status: 405,
    error: "Method not allowed",
    description: "The path takes other methods: those that `Allow` names."
  }),
  turnNotConfigured: wireError({
    status: 501,
    error: "TURN service is not configured on the server.",
    description: "The server has no STUN or TURN server to name. Connect without."
  }),
  turnUnavailable: wireError({
    status: 500,
    error: "Could not fetch TURN credentials.",
    description: "Who issues the credentials does not answer as it should. Connect without, or try again later."
  }),
  recaptchaFailed: wireError({
    status: 400,
    error: "recaptcha_failed",
    description: "The token is not one that a visitor has just earned: it is wrong, used or old. Get a new one."
  }),
  contactNotConfigured: wireError({
    status: 500,
    error: "server_not_configured",
    description: "The server has no contact address to give."
  }),
  contactFailed: wireError({
    status: 500,
    error: "internal_error",
    description: "The token could not be verified. Get a new one, and try again later."
  }),
  bodyTooLarge: wireError({
    status: 413,
    error: "Request body too large",
    description: "More than 64 KiB. The connection may be closed."
  }),
  tooMany: wireError({
    status: 429,
    error: "Too many requests",
    description:
      "This address has spent its budget of requests, rooms, wrong codes or polls. Try again after `Retry-After` seconds."
  }),
  wrongOrigin: wireError({
    status: 403,
    error: "Forbidden: Invalid Origin",
    description: "Pages of this origin may not use the server. Its operator can allow them: ALLOWED_ORIGINS."
  }),
  fault: wireError({
    status: 500,
    error: "Internal server error",
    description: "A fault of the server; its log says which."
  })
} as const

/** How a refusal is declared in an endpoint's `error`. */
export const errorSchema = <Error extends string>({ status, error, description }: WireError<Error>) =>
  Schema.Struct({ error: Schema.Literal(error) }).annotate({ description, httpApiStatus: status })

/** The response that says it. Made once and answered often: responses are immutable. */
export const errorResponse = ({ status, error, retryAfter }: WireError): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.jsonUnsafe(
    { error },
    { status, ...(retryAfter === undefined ? {} : { headers: { "retry-after": String(retryAfter) } }) }
  )

/** `wait`: milliseconds until trying again makes sense. */
export const tooMany = (wait: number): WireError => ({ ...wireErrors.tooMany, retryAfter: Math.ceil(wait / 1000) })
