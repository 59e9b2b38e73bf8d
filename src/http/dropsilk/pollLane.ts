/**
 * The request that every participant makes every second, answered beside the router: nine of ten requests are polls, and
 * the router, the schemas and the fibers cost more than all the rest of one. Only a poll written just as clients write it
 * comes here, whose parameters need no reading; every other request, and every fault, is the routes'.
 */
import type { IncomingMessage, ServerResponse } from "node:http"
import type { DropSilkBudgets } from "../../io/dropsilk/budgets.ts"
import type { RoomDesk, RoomReply } from "../../io/dropsilk/roomDesk.ts"
import type { PollLane } from "../lanes.ts"
import { tooMany, type WireError, wireErrors } from "../wireErrors.ts"
import { refusalsInside } from "./rooms.ts"
import { summarize } from "./summary.ts"

/** Code and participant id as the server gives them out; see identities.ts. */
const plainPoll = /^\/api\/rooms\/([A-HJ-NP-Z2-9]{6})\?participantId=([0-9a-z]{12})$/

export const createPollLane =
  (
    desk: Pick<RoomDesk, "poll">,
    onFault: (error: unknown) => void,
    budgets: Pick<DropSilkBudgets, "poll">,
    addressOf: (request: IncomingMessage) => string
  ): PollLane =>
  (request, response, headers) => {
    if (request.method !== "GET" || hasBody(request)) return false
    const poll = plainPoll.exec(request.url ?? "")
    if (poll === null) return false
    const address = () => addressOf(request)
    const wait = budgets.poll(`${poll[1]} ${poll[2]}`, address)
    if (wait > 0) {
      refuse(response, headers, tooMany(wait))
      return true
    }
    const failed = (error: unknown) => {
      onFault(error)
      if (!response.headersSent) refuse(response, headers, wireErrors.fault)
    }
    try {
      desk.poll({ code: poll[1] as string, participantId: poll[2] as string, address }, (reply) => {
        // Whoever tells the answer is an actor, and has no part in what goes wrong here.
        try {
          answer(response, headers, reply)
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

const answer = (response: ServerResponse, headers: readonly string[], reply: RoomReply): void => {
  switch (reply.type) {
    case "room.answered":
      return send(response, headers, 200, JSON.stringify(summarize(reply.room, reply.participantId)))
    case "room.refused":
      return refuse(response, headers, refusalsInside[reply.reason])
    case "room.unavailable":
      return refuse(response, headers, wireErrors.unavailable)
    case "room.broken":
      return refuse(response, headers, wireErrors.fault)
  }
}

/** Says no, with headers that every answer has. */
export const refuse = (
  response: ServerResponse,
  headers: readonly string[],
  { status, error, retryAfter }: WireError
): void => {
  const waiting = retryAfter === undefined ? [] : ["retry-after", String(retryAfter)]
  send(response, [...headers, ...waiting], status, JSON.stringify({ error }))
}

const send = (response: ServerResponse, headers: readonly string[], status: number, body: string): void => {
  if (response.destroyed) return
  const length = String(Buffer.byteLength(body))
  response.writeHead(status, [...headers, "content-type", "application/json", "content-length", length]).end(body)
}
