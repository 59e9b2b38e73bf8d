/** Every refusal that a client of the SFU can get, in its exact words, and what the client had better do. */

/** Every `error` that a response can carry. */
export const requestErrors = {
  "Invalid message": {
    when: "The request is of no known type, lacks a field, or has one that cannot be.",
    duty: "Fix the client."
  },
  "Unauthorized room access": { when: "The room is not that of the token.", duty: "Join the room of the token." },
  "Room is full": {
    when: "As many have joined as may. The connection is closed with 1013.",
    duty: "Connect again after a moment."
  },
  "Room not found": { when: "The client has not joined its room.", duty: "Join first." },
  "Transport not found": { when: "The client has no such transport, or not any more.", duty: "Make a new one." },
  "Transport or Router not found": {
    when: "The client has no such transport, or not any more.",
    duty: "Make a new one."
  },
  "Transport already connected": { when: "A second connect-transport of one transport.", duty: "Connect it once." },
  "Cannot consume": {
    when: "There is no such producer in the room, not any more, or not for a client with these capabilities.",
    duty: "Wait until new-producer names the producer."
  },
  "Consumer not found": { when: "The client has no such consumer, or not any more.", duty: "Consume again." },
  "Invalid RTP parameters": { when: "The engine cannot use what produce brings.", duty: "Fix the client." },
  "Invalid DTLS parameters": { when: "The engine cannot use what connect-transport brings.", duty: "Fix the client." },
  "Too many transports": { when: "The client has 4 transports.", duty: "Use those." },
  "Too many producers": { when: "The client has 8 producers.", duty: "Use those." },
  "Too many consumers": { when: "The client has 200 consumers.", duty: "Use those." },
  "Internal error": { when: "The media engine has failed; the server's log says at what.", duty: "Try again." }
} as const

/** The `data` of the frame that answers what has no `requestId` and cannot be done. */
export const bareError = "Invalid message or unauthorized"

/** One way in which the server ends a connection. */
export interface Closing {
  readonly code: number
  readonly reason: string
  readonly when: string
  readonly duty: string
}

const tryAgainLater = { code: 1013, reason: "Try again later", duty: "Connect again after a moment." } as const

/** Every way. What the server's own rules for all sockets close is there for its readers. */
export const closings = {
  shutdown: { code: 1001, reason: "Server shutdown", when: "The server goes.", duty: "Connect again after a moment." },
  operator: {
    code: 1008,
    reason: "Ended by the operator",
    when: "Whoever runs the server has ended the connection, or the conference.",
    duty: "Do not connect again by yourself."
  },
  join_timeout: { code: 1008, reason: "Join timeout", when: "No join within 30 s.", duty: "Connect again and join." },
  too_many_frames: {
    code: 1008,
    reason: "Too many frames",
    when: "More frames than MAX_FRAMES_PER_SECOND.",
    duty: "Connect again and send fewer."
  },
  too_large: { code: 1009, reason: "", when: "A message over 262,144 bytes.", duty: "Connect again and send less." },
  engine_restarted: {
    code: 1011,
    reason: "Media engine restarted",
    when: "The media worker of the room has died.",
    duty: "Connect again, join anew, and make everything anew."
  },
  fault: {
    code: 1011,
    reason: "Internal error",
    when: "A fault of the server; its log says which.",
    duty: "Connect again after a moment."
  },
  room_full: { ...tryAgainLater, when: "As many have joined the room as may." },
  unavailable: { ...tryAgainLater, when: "No media worker runs, or none has answered in time." }
} as const satisfies Readonly<Record<string, Closing>>

/** What requests are refused with that are no JSON: the body is the word. */
export const textRefusals = {
  noToken: {
    status: 403,
    text: "WebSocket connection requires token in query string",
    when: "There is no token.",
    duty: "Log in, and connect with `?token=`."
  },
  invalidToken: {
    status: 401,
    text: "Unauthorized - Invalid Token",
    when: "The token is none of this server's, has expired, or does not say who and where.",
    duty: "Log in again."
  },
  unavailable: {
    status: 503,
    text: "Service Unavailable",
    when: "Several servers are one, and it cannot be found out now which of them has the room, or that one cannot be reached.",
    duty: "Connect again after a moment."
  },
  notFound: { status: 404, text: "404 Not Found", when: "There is nothing here.", duty: "Fix the client." },
  malformed: {
    status: 400,
    text: "Malformed JSON in request body",
    when: "The body is not JSON though its content type says so.",
    duty: "Fix the client."
  }
} as const
