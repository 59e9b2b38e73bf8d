/** Every refusal a client of NoisyTransfer can get, in its exact words, and what the client had better do. */

// --- Over the WebSocket

/** How sockets are closed by the server. */
export interface CloseCode {
  readonly code: number
  /** Empty where no close frame is sent, or whoever finds the fault names none. */
  readonly reason: string
  readonly when: string
  readonly duty: string
}

export const closeCodes = {
  busyA: { code: 1008, reason: "side A busy", when: "Somebody has that side.", duty: "Try again after a moment." },
  busyB: { code: 1008, reason: "side B busy", when: "Somebody has that side.", duty: "Try again after a moment." },
  flooded: {
    code: 1008,
    reason: "Too many frames",
    when: "More than MAX_FRAMES_PER_SECOND.",
    duty: "Connect again, and send fewer."
  },
  endedByHand: {
    code: 1008,
    reason: "Ended by the operator",
    when: "Whoever runs the server has ended the connection, or its room.",
    duty: "Do not connect again by yourself. Of a room that was ended nothing is left."
  },
  tooLarge: {
    code: 1009,
    reason: "",
    when: "A message over NOISYTRANSFER_MAX_PAYLOAD_BYTES.",
    duty: "Connect again, and send less at a time."
  },
  stopping: { code: 1001, reason: "Server shutdown", when: "The server goes.", duty: "Connect again after a moment." },
  fault: {
    code: 1011,
    reason: "Internal error",
    when: "A fault of the server.",
    duty: "Connect again: the room is empty."
  },
  overloaded: {
    code: 1013,
    reason: "Try again later",
    when: "The server cannot look after the room at the moment.",
    duty: "Connect again after some seconds."
  },
  cut: {
    code: 1006,
    reason: "",
    when: "No close frame: no sign of life in time, or nothing was read for 30 s.",
    duty: "Connect again."
  }
} as const satisfies Readonly<Record<string, CloseCode>>

// --- Over HTTP

/** One way of saying no, in plain text. */
export interface TextRefusal {
  readonly status: number
  /** Exactly as it goes over the wire. */
  readonly text: string
  readonly when: string
  readonly duty: string
  /** Seconds after which trying again makes sense; absent: trying the same again does not help, or the answer says when. */
  readonly retryAfter?: number
}

const line = (status: number, words: string, when: string, duty: string, retryAfter?: number): TextRefusal => ({
  status,
  text: `${words}\n`,
  when,
  duty,
  ...(retryAfter === undefined ? {} : { retryAfter })
})

export const textRefusals = {
  wrongMethod: line(405, "method not allowed", "The path takes another method.", "Use the one that `Allow` names."),
  contentType: line(
    415,
    "bad content-type",
    "The content type does not begin with application/json.",
    "Send one that does; the code is good still."
  ),
  badRequest: line(
    400,
    "bad request",
    "The body is no JSON object, or its `code` is not a string of 4 to 8 digits.",
    "Fix the request; the code is good still."
  ),
  gone: line(410, "gone", "The code was used, has expired or was never minted.", "Ask for another code."),
  unknownPath: line(404, "404 page not found", "There is nothing there.", "Fix the client."),
  rateLimit: {
    status: 429,
    text: "rate limit",
    when: "This address has spent its budget of requests, codes or wrong codes.",
    duty: "Try again after `Retry-After` seconds."
  },
  unavailable: line(503, "service unavailable", "The database does not answer.", "Try again.", 5),
  wrongOrigin: line(
    403,
    "forbidden origin",
    "Pages of this origin may not use the server.",
    "Its operator can allow them: NOISYTRANSFER_ORIGINS."
  ),
  tooLarge: line(413, "request body too large", "More than 64 KiB. The connection may be closed.", "Send less."),
  fault: line(500, "internal server error", "A fault of the server; its log says which.", "Try again later."),
  // Instead of an upgrade
  badAppId: line(400, "invalid appID", "`appID` is absent, empty or no UUID.", "Fix the URL."),
  badSide: line(400, "invalid side", "`side` is absent, or neither A nor B.", "Fix the URL."),
  noUpgrade: line(400, "upgrade required", "The request asks for no WebSocket.", "Open a WebSocket there.")
} as const satisfies Readonly<Record<string, TextRefusal>>
