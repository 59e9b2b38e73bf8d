/** Every refusal that a client of named peers can get, in its exact words, and what the client had better do. */

/** Every `error` that an `error` frame can carry. */
export const frameErrors = {
  name_taken: {
    when: "A living peer has that name. The connection is closed with 4000.",
    duty: "Log in under another name, or later."
  },
  invalid_name: {
    when: "That can be nobody's name. The connection is closed with 4001.",
    duty: "Fix the name."
  },
  target_not_found: {
    when: "Nobody in this space is called so, or not any more.",
    duty: "Wait until peer_connected names the peer."
  },
  not_logged_in: { when: "Any frame but login and ping, before the login.", duty: "Log in first." },
  already_logged_in: {
    when: "A second login on one connection: it keeps its first name.",
    duty: "Open another connection for another name."
  },
  invalid_message: {
    when: "No JSON, no object, no string type, a target or a key that can be none, or neither a target nor a known type.",
    duty: "Fix the client."
  },
  rate_limit_exceeded: {
    when: "More frames, or more events to everybody, than the budget. Those that are too many are lost.",
    duty: "Send less: whoever goes on sending too many frames for 5 s is closed with 1008."
  }
} as const

export type FrameError = keyof typeof frameErrors

/** One way in which the server ends a connection. */
export interface Closing {
  readonly code: number
  readonly reason: string
  readonly when: string
  readonly duty: string
  /** The `error` frame before it; absent: there is none. */
  readonly error?: FrameError
}

const tryAgainLater = { code: 1013, reason: "Try again later", duty: "Connect again after a moment." }

/** Every way. What the server's own rules for all sockets close is there for its readers. */
export const closings = {
  name_taken: {
    code: 4000,
    reason: "Name already taken",
    error: "name_taken",
    when: "After `name_taken`.",
    duty: "Connect again with another name, or later."
  },
  invalid_name: {
    code: 4001,
    reason: "Invalid name",
    error: "invalid_name",
    when: "After `invalid_name`.",
    duty: "Connect again after fixing the name."
  },
  replaced: {
    code: 4002,
    reason: "Replaced by new connection",
    when: "A newer connection has the name: it came with the same key, or this one gave no sign of life.",
    duty: "Do not connect again: your newer connection lives."
  },
  operator: {
    code: 1008,
    reason: "Ended by the operator",
    when: "Whoever runs the server has ended the connection.",
    duty: "Do not connect again by yourself."
  },
  shutdown: { code: 1001, reason: "Server shutdown", when: "The server goes.", duty: "Connect again after a moment." },
  login_timeout: {
    code: 1008,
    reason: "Login timeout",
    when: "No login within 30 s.",
    duty: "Connect again and log in."
  },
  too_many_frames: {
    code: 1008,
    reason: "Too many frames",
    when: "Too many frames for 5 s.",
    duty: "Connect again and send less."
  },
  too_large: { code: 1009, reason: "", when: "A message over 65,536 bytes.", duty: "Connect again and send less." },
  fault: {
    code: 1011,
    reason: "Internal error",
    when: "A fault of the server; its log says which.",
    duty: "Connect again after a moment."
  },
  space_full: { ...tryAgainLater, when: "The space has as many names as it may have." },
  address_full: { ...tryAgainLater, when: "128 names are logged in from this address." },
  unavailable: { ...tryAgainLater, when: "Nobody could say in time whether the name is free." }
} as const satisfies Readonly<Record<string, Closing>>

/** Why an upgrade is refused, in words that are the body. */
export const upgradeRefusals = {
  invalidSpace: { status: 400, body: "invalid space" },
  notFound: { status: 404, body: "Not Found" }
} as const
