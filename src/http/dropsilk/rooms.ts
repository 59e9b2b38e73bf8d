/** The room endpoints: each is one question to a room, and its reply put into words. */

import type { IncomingMessage } from "node:http"
import { toIncomingMessage } from "@effect/platform-node/NodeHttpServerRequest"
import * as Effect from "effect/Effect"
import type * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import type { DropSilkBudgets } from "../../io/dropsilk/budgets.ts"
import type { ParticipantRequest, RoomDesk, RoomReply } from "../../io/dropsilk/roomDesk.ts"
import { ActivePayload, Api, NamePayload, ReadyPayload } from "../api.ts"
import { readsJson } from "../requestBody.ts"
import type { WireError } from "../wireErrors.ts"
import { errorResponse, tooMany, wireErrors } from "../wireErrors.ts"
import { summarize } from "./summary.ts"

type Reason = Extract<RoomReply, { type: "room.refused" }>["reason"]

/** `not-found` is another error for somebody who comes than for somebody who was there. */
const refusalsAtTheDoor: Record<Reason, WireError> = {
  "not-found": wireErrors.roomGone,
  full: wireErrors.roomFull,
  "peer-sharing": wireErrors.peerIsSharing
}
export const refusalsInside: Record<Reason, WireError> = { ...refusalsAtTheDoor, "not-found": wireErrors.notInRoom }

/** What an address may ask of rooms, and which address that is. */
export interface RoomBudgets extends Pick<DropSilkBudgets, "createRoom" | "guess" | "guessedRight" | "poll"> {
  readonly addressOf: (request: IncomingMessage) => string
}

/** The handlers of `RoomsGroup`. */
export const roomHandlers = (desk: RoomDesk, budgets: RoomBudgets) => {
  const addressOf = (request: HttpServerRequest.HttpServerRequest): string =>
    budgets.addressOf(toIncomingMessage(request) as IncomingMessage)

  const create = (request: HttpServerRequest.HttpServerRequest, name: string) => {
    const address = addressOf(request)
    const wait = budgets.createRoom(address)
    return wait > 0 ? refuse(wait) : answer(desk.create(name, address), 201, refusalsAtTheDoor)
  }

  /** Counted before the room is asked, so that many guesses at once are many. */
  const join = (request: HttpServerRequest.HttpServerRequest, code: string, name: string) => {
    const address = addressOf(request)
    const wait = budgets.guess(address)
    if (wait > 0) return refuse(wait)
    const replied = desk.join(code, name, address).then((reply) => {
      const isWrong = reply.type === "room.refused" && reply.reason === "not-found"
      if (!isWrong) budgets.guessedRight(address)
      return reply
    })
    return answer(replied, 200, refusalsAtTheDoor)
  }

  const poll = (request: HttpServerRequest.HttpServerRequest, code: string, participantId: string) => {
    const address = () => addressOf(request)
    const wait = budgets.poll(`${code} ${participantId}`, address)
    if (wait > 0) return refuse(wait)
    const replied = new Promise<RoomReply>((resolve) => desk.poll({ code, participantId, address }, resolve))
    return answer(replied, 200, refusalsInside)
  }

  /** A question for somebody who is in the room, or was until just now. */
  const inside = (
    {
      request,
      params
    }: { request: HttpServerRequest.HttpServerRequest; params: { roomCode: string; participantId: string } },
    ask: (request: ParticipantRequest) => Promise<RoomReply>
  ) =>
    answer(
      ask({ code: params.roomCode, participantId: params.participantId, address: () => addressOf(request) }),
      200,
      refusalsInside
    )

  const readsName = readsJson(NamePayload)
  const readsReady = readsJson(ReadyPayload)
  const readsActive = readsJson(ActivePayload)

  return HttpApiBuilder.group(Api, "rooms", (handlers) =>
    handlers
      .handleRaw("create", ({ request }) => readsName(request, ({ name }) => create(request, name)))
      .handleRaw("join", ({ request, params }) =>
        readsName(request, ({ name }) => join(request, params.roomCode, name))
      )
      .handleRaw("poll", ({ request, params, query }) => poll(request, params.roomCode, query.participantId))
      .handleRaw("ready", (asked) =>
        readsReady(asked.request, (offer) => inside(asked, (request) => desk.ready(request, offer)))
      )
      .handleRaw("screenShare", (asked) =>
        readsActive(asked.request, ({ active }) => inside(asked, (request) => desk.screenShare(request, active)))
      )
      .handleRaw("chat", (asked) =>
        readsActive(asked.request, ({ active }) => inside(asked, (request) => desk.chat(request, active)))
      )
  )
}

const refuse = (wait: number): Effect.Effect<HttpServerResponse.HttpServerResponse> =>
  Effect.succeed(errorResponse(tooMany(wait)))

/** What a room's reply looks like on the wire. The summary's type is its schema's, so it is not encoded once more. */
const answer = (
  reply: Promise<RoomReply>,
  status: 200 | 201,
  refusals: Record<Reason, WireError>
): Effect.Effect<HttpServerResponse.HttpServerResponse> =>
  Effect.map(
    Effect.promise(() => reply),
    (said) => {
      switch (said.type) {
        case "room.answered":
          return HttpServerResponse.jsonUnsafe(summarize(said.room, said.participantId), { status })
        case "room.refused":
          return errorResponse(refusals[said.reason])
        case "room.unavailable":
          return errorResponse(wireErrors.unavailable)
        case "room.broken":
          return errorResponse(wireErrors.fault)
      }
    }
  )
