/** Every refusal a client of DropSilk can get, in its exact words, and what the client had better do. */
import { coreErrors, wireError } from "../core/errors.ts"

// --- Over the WebSocket

/** Every message an `error` frame can carry, and what the client had better do. The connection stays open. */
export const frameErrors = {
  "invalid-format": { message: "Invalid message format", duty: "Fix the client: not JSON, or no object with a type." },
  "unknown-type": { message: "Unknown message type", duty: "Fix the client, or ask for what this server can do." },
  "invalid-payload": { message: "Invalid message payload", duty: "Fix the fields of the frame." },
  "already-in-flight": { message: "Already in a flight", duty: "Open another socket, or close this one first." },
  "flight-not-found-or-full": { message: "Flight not found or full", duty: "Ask the other person for the code again." },
  "room-not-found": { message: "Room not found or expired", duty: "Create or join a room over HTTP first." },
  "seat-taken": {
    message: "Seat taken by another connection",
    duty: "Another page of yours has attached: tell the person, and attach again only when asked to."
  },
  "too-many-attempts": { message: "Too many attempts", duty: "Ask for the code again, and try after a moment." },
  "server-error": { message: "Server error processing your request", duty: "Try again after a moment." }
} as const

// --- Over HTTP

/** Every `error` a body can carry. */
export const httpErrors = {
  roomGone: wireError({
    status: 400,
    error: "Room not found or expired",
    when: "No room has this code, or its life has ended.",
    duty: "Ask for the code again."
  }),
  roomFull: wireError({
    status: 400,
    error: "Room already has two participants",
    when: "Somebody else is the guest.",
    duty: "Wait until one of the two has left, or create a room."
  }),
  notInRoom: wireError({
    status: 404,
    error: "Room not found or participant is not part of it.",
    when: "The room's life has ended, or the participant has left it.",
    duty: "Create or join anew."
  }),
  peerIsSharing: wireError({
    status: 400,
    error: "Peer is already screen sharing",
    when: "One screen at a time.",
    duty: "Wait until the peer has stopped."
  }),
  unavailable: wireError({
    status: 503,
    error: "Service temporarily unavailable.",
    when: "Nothing has changed: the room could not be reached or could not be saved.",
    duty: "Try again.",
    retryAfter: 5
  }),
  unknownRoomEndpoint: wireError({
    status: 404,
    error: "Room endpoint not found.",
    when: "Anything under /api/rooms that is no endpoint.",
    duty: "Fix the client."
  }),
  turnNotConfigured: wireError({
    status: 501,
    error: "TURN service is not configured on the server.",
    when: "The server has no STUN or TURN server to name.",
    duty: "Connect without."
  }),
  turnUnavailable: wireError({
    status: 500,
    error: "Could not fetch TURN credentials.",
    when: "Who issues the credentials does not answer as it should.",
    duty: "Connect without, or try again later."
  }),
  uploadRouting: wireError({
    status: 500,
    error: "UploadThing routing error",
    when: "The server has no UploadThing token, or UploadThing or the database does not do its part.",
    duty: "Do without a preview."
  }),
  recaptchaFailed: wireError({
    status: 400,
    error: "recaptcha_failed",
    when: "The token is not one that a visitor has just earned: it is wrong, used or old.",
    duty: "Get a new one."
  }),
  contactNotConfigured: wireError({
    status: 500,
    error: "server_not_configured",
    when: "The server has no contact address to give."
  }),
  contactFailed: wireError({
    status: 500,
    error: "internal_error",
    when: "The token could not be verified.",
    duty: "Get a new one, and try again later."
  }),
  ...coreErrors,
  tooMany: wireError({
    ...coreErrors.tooMany,
    when: "This address has spent its budget of requests, rooms, wrong codes or polls."
  })
} as const
