/** The room endpoints: each is one question to a room, and its reply put into words. */
import { Effect } from "effect"
import { HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import type { RoomDesk, RoomReply } from "../io/roomDesk.ts"
import { ActivePayload, Api, NamePayload, ReadyPayload } from "./api.ts"
import { readsJson } from "./requestBody.ts"
import { summarize } from "./summary.ts"
import { errorResponse, wireErrors } from "./wireErrors.ts"
import type { WireError } from "./wireErrors.ts"

type Reason = Extract<RoomReply, { type: "room.refused" }>["reason"]

/** `not-found` is another error for somebody who comes than for somebody who was there. */
const refusalsAtTheDoor: Record<Reason, WireError> = {
  "not-found": wireErrors.roomGone,
  full: wireErrors.roomFull,
  "peer-sharing": wireErrors.peerIsSharing
}
export const refusalsInside: Record<Reason, WireError> = { ...refusalsAtTheDoor, "not-found": wireErrors.notInRoom }

/** The handlers of `RoomsGroup`. */
export const roomHandlers = (desk: RoomDesk) => {
  const readsName = readsJson(NamePayload)
  const readsReady = readsJson(ReadyPayload)
  const readsActive = readsJson(ActivePayload)

  return HttpApiBuilder.group(Api, "rooms", (handlers) =>
    handlers
      .handleRaw("create", ({ request }) =>
        readsName(request, ({ name }) => answer(desk.create(name), 201, refusalsAtTheDoor))
      )
      .handleRaw("join", ({ request, params }) =>
        readsName(request, ({ name }) => answer(desk.join(params.code, name), 200, refusalsAtTheDoor))
      )
      .handleRaw("poll", ({ params, query }) =>
        answer(desk.poll(params.code, query.participantId), 200, refusalsInside)
      )
      .handleRaw("ready", ({ request, params }) =>
        readsReady(request, (offer) => answer(desk.ready(params.code, params.id, offer), 200, refusalsInside))
      )
      .handleRaw("screenShare", ({ request, params }) =>
        readsActive(request, ({ active }) =>
          answer(desk.screenShare(params.code, params.id, active), 200, refusalsInside)
        )
      )
      .handleRaw("chat", ({ request, params }) =>
        readsActive(request, ({ active }) => answer(desk.chat(params.code, params.id, active), 200, refusalsInside))
      )
  )
}

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
      }
    }
  )
