/** What a room's reply is on the wire, whichever way the question has come. */
import type { RoomReply } from "../../io/dropsilk/rooms/roomDesk.ts"
import { httpErrors } from "../../wire/dropsilk/errors.ts"
import type { RoomSummary } from "../../wire/dropsilk/roomSummary.ts"
import { type Answer, errorAnswer, retryLater } from "../answer.ts"
import { summarize } from "./summary.ts"

type Reason = Extract<RoomReply, { type: "room.refused" }>["reason"]
/** How rooms say no; `not-found` is another error for somebody who comes than for somebody who was there. */
export type RoomRefusals = Readonly<Record<Reason, Answer>>

export const refusalsAtTheDoor: RoomRefusals = {
  "not-found": errorAnswer(httpErrors.roomGone),
  full: errorAnswer(httpErrors.roomFull),
  "peer-sharing": errorAnswer(httpErrors.peerIsSharing)
}
export const refusalsInside: RoomRefusals = { ...refusalsAtTheDoor, "not-found": errorAnswer(httpErrors.notInRoom) }

const unavailable = errorAnswer(httpErrors.unavailable)
const fault = errorAnswer(httpErrors.fault)
const spent = errorAnswer(httpErrors.tooMany)

/** `says` is how the endpoint says what it has declared. */
export const roomAnswer = (reply: RoomReply, says: (room: RoomSummary) => Answer, refusals: RoomRefusals): Answer => {
  switch (reply.type) {
    case "room.answered":
      return says(summarize(reply.room, reply.participantId))
    case "room.refused":
      return refusals[reply.reason]
    case "room.unavailable":
      return unavailable
    case "room.broken":
      return fault
  }
}

/** The answer to whoever has spent a budget; `waitMs`: milliseconds until there is something in it again. */
export const tooMany = (waitMs: number): Answer => retryLater(spent, waitMs)
