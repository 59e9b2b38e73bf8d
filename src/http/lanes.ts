/** Ways past the router: whoever sees a request before the routes do, and may answer it. */
import type { IncomingMessage, ServerResponse } from "node:http"

/** Answers a request, or leaves it alone and says so with false. */
export type Lane = (request: IncomingMessage, response: ServerResponse) => boolean

/** The same, with headers that every answer has, names and values in turn: one by one they would cost more than the rest. */
export type PollLane = (request: IncomingMessage, response: ServerResponse, headers: readonly string[]) => boolean
