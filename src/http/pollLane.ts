/**
 * The request that every participant makes every second, answered beside the router: nine of ten requests are polls, and
 * the router, the schemas and the fibers cost more than all the rest of one. Only a poll written just as clients write it
 * comes here, whose parameters need no reading; every other request, and every fault, is the routes'.
 */
import type { IncomingMessage, ServerResponse } from "node:http"
import type { Budgets } from "../io/budgets.ts"
import type { RoomDesk, RoomReply } from "../io/roomDesk.ts"
import { refusalsInside } from "./rooms.ts"
import { summarize } from "./summary.ts"
import { tooMany, wireErrors, type WireError } from "./wireErrors.ts"

/** Answers a request, or leaves it alone and says so with false. */
export type Lane = (request: IncomingMessage, response: ServerResponse) => boolean

/** Code and participant id as the server gives them out; see identities.ts. */
const plainPoll = /^\/api\/rooms\/([A-HJ-NP-Z2-9]{6})\?participantId=([0-9a-z]{12})$/

export const createPollLane =
  (
    desk: Pick<RoomDesk, "poll">,
    onFault: (error: unknown) => void,
    budgets: Pick<Budgets, "poll">,
    addressOf: (request: IncomingMessage) => string
  ): Lane =>
  (request, response) => {
    if (request.method !== "GET" || hasBody(request)) return false
    const poll = plainPoll.exec(request.url ?? "")
    if (poll === null) return false
    const wait = budgets.poll(`${poll[1]} ${poll[2]}`, () => addressOf(request))
    if (wait > 0) {
      refuse(response, tooMany(wait))
      return true
    }
    const failed = (error: unknown) => {
      onFault(error)
      if (!response.headersSent) refuse(response, wireErrors.fault)
    }
    try {
      desk.poll(poll[1] as string, poll[2] as string, (reply) => {
        // Whoever tells the answer is an actor, and has no part in what goes wrong here.
        try {
          answer(response, reply)
        } catch (error) {
          failed(error)
        }
      })
    } catch (error) {
      failed(error)
    }
    return true
  }

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined

const answer = (response: ServerResponse, reply: RoomReply): void => {
  switch (reply.type) {
    case "room.answered":
      return send(response, 200, JSON.stringify(summarize(reply.room, reply.participantId)))
    case "room.refused":
      return refuse(response, refusalsInside[reply.reason])
    case "room.unavailable":
      return refuse(response, wireErrors.unavailable)
  }
}

const refuse = (response: ServerResponse, { status, error, retryAfter }: WireError): void => {
  if (retryAfter !== undefined) response.setHeader("retry-after", String(retryAfter))
  send(response, status, JSON.stringify({ error }))
}

const send = (response: ServerResponse, status: number, body: string): void => {
  if (response.destroyed) return
  response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(body) }).end(body)
}
