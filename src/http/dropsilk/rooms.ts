/** The room endpoints: each is one question to a room, and its reply put into words. */

import type { IncomingMessage } from "node:http"
import { toIncomingMessage } from "@effect/platform-node/NodeHttpServerRequest"
import * as Effect from "effect/Effect"
import type * as HttpServerRequest from "effect/http/HttpServerRequest"
import type * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import type { DropSilkBudgets } from "../../io/dropsilk/budgets.ts"
import type { ParticipantRequest, RoomDesk, RoomReply } from "../../io/dropsilk/rooms/roomDesk.ts"
import { DropSilkApi } from "../../wire/dropsilk/api.ts"
import { ActivePayload, NamePayload, ReadyPayload, RoomsGroup } from "../../wire/dropsilk/rooms.ts"
import { type Answer, responseOf } from "../answer.ts"
import { readsJson } from "../requests/requestBody.ts"
import { type Says, successOf } from "../success.ts"
import type { Poll, PollBudgets } from "./poll.ts"
import { type RoomRefusals, refusalsAtTheDoor, refusalsInside, roomAnswer, tooMany } from "./roomAnswers.ts"

/** What an address may ask of rooms, and which address that is. */
export interface RoomBudgets extends PollBudgets, Pick<DropSilkBudgets, "createRoom" | "guess" | "guessedRight"> {}

type Request = HttpServerRequest.HttpServerRequest
type Response = Effect.Effect<HttpServerResponse.HttpServerResponse>
interface AskedInside {
  readonly request: Request
  readonly params: { readonly roomCode: string; readonly participantId: string }
}

/** The handlers of `RoomsGroup`. */
export const roomHandlers = (desk: RoomDesk, budgets: RoomBudgets, ask: Poll) => {
  const says = {
    create: successOf(RoomsGroup.endpoints.create),
    join: successOf(RoomsGroup.endpoints.join),
    ready: successOf(RoomsGroup.endpoints.ready),
    screenShare: successOf(RoomsGroup.endpoints.screenShare),
    chat: successOf(RoomsGroup.endpoints.chat)
  }
  const addressOf = (request: Request): string => budgets.addressOf(messageOf(request))

  const create = (request: Request, name: string): Response => {
    const address = addressOf(request)
    const wait = budgets.createRoom(address)
    return wait > 0 ? refuse(wait) : answer(desk.create(name, address), says.create, refusalsAtTheDoor)
  }

  /** Counted before the room is asked, so that many guesses at once are many. */
  const join = (request: Request, code: string, name: string): Response => {
    const address = addressOf(request)
    const wait = budgets.guess(address)
    if (wait > 0) return refuse(wait)
    const replied = desk.join(code, name, address).then((reply) => {
      const isWrong = reply.type === "room.refused" && reply.reason === "not-found"
      if (!isWrong) budgets.guessedRight(address)
      return reply
    })
    return answer(replied, says.join, refusalsAtTheDoor)
  }

  const poll = (request: Request, code: string, participantId: string): Response => {
    const told = new Promise<() => Answer>((resolve) => ask(messageOf(request), code, participantId, resolve))
    return Effect.map(
      Effect.promise(() => told),
      (make) => responseOf(make())
    )
  }

  /** A question for somebody who is in the room, or was until just now. */
  const inside = (
    { request, params }: AskedInside,
    endpointSays: Says<typeof RoomsGroup.endpoints.ready>,
    question: (request: ParticipantRequest) => Promise<RoomReply>
  ): Response => {
    const { roomCode: code, participantId } = params
    return answer(question({ code, participantId, address: () => addressOf(request) }), endpointSays, refusalsInside)
  }

  const readsName = readsJson(NamePayload)
  const readsReady = readsJson(ReadyPayload)
  const readsActive = readsJson(ActivePayload)

  return HttpApiBuilder.group(DropSilkApi, "rooms", (handlers) =>
    handlers
      .handleRaw("create", ({ request }) => readsName(request, ({ name }) => create(request, name)))
      .handleRaw("join", ({ request, params }) =>
        readsName(request, ({ name }) => join(request, params.roomCode, name))
      )
      .handleRaw("poll", ({ request, params, query }) => poll(request, params.roomCode, query.participantId))
      .handleRaw("ready", (asked) =>
        readsReady(asked.request, (offer) => inside(asked, says.ready, (request) => desk.ready(request, offer)))
      )
      .handleRaw("screenShare", (asked) =>
        readsActive(asked.request, ({ active }) =>
          inside(asked, says.screenShare, (request) => desk.screenShare(request, active))
        )
      )
      .handleRaw("chat", (asked) =>
        readsActive(asked.request, ({ active }) => inside(asked, says.chat, (request) => desk.chat(request, active)))
      )
  )
}

/** Node's request, which the platform has wrapped. */
const messageOf = (request: Request): IncomingMessage => toIncomingMessage(request) as IncomingMessage

const refuse = (wait: number): Response => Effect.succeed(responseOf(tooMany(wait)))

const answer = (
  reply: Promise<RoomReply>,
  says: Says<typeof RoomsGroup.endpoints.join>,
  refusals: RoomRefusals
): Response =>
  Effect.map(
    Effect.promise(() => reply),
    (said) => responseOf(roomAnswer(said, says, refusals))
  )
