/**
 * The request that every participant makes every second: nine of ten requests are polls. The one answer to it, and the fast
 * path to that for a poll written just as clients write it; any other way to write one is the routes' to read.
 */
import type { IncomingMessage } from "node:http"
import type { DropSilkBudgets } from "../../io/dropsilk/budgets.ts"
import type { RoomDesk } from "../../io/dropsilk/rooms/roomDesk.ts"
import { readParticipantId, readRoomCode } from "../../wire/dropsilk/fields.ts"
import { RoomsGroup } from "../../wire/dropsilk/rooms.ts"
import type { Answer } from "../answer.ts"
import type { FastPath } from "../fastPath.ts"
import { successOf } from "../success.ts"
import { refusalsInside, roomAnswer, tooMany } from "./roomAnswers.ts"

export interface PollBudgets extends Pick<DropSilkBudgets, "poll"> {
  /** The client address that a request counts for. */
  readonly addressOf: (request: IncomingMessage) => string
}

/** Asks the room, and tells how its answer is made, at once when the room has it at once. Making it may throw. */
export type Poll = (
  request: IncomingMessage,
  code: string,
  participantId: string,
  told: (make: () => Answer) => void
) => void

const { poll } = RoomsGroup.endpoints
const says = successOf(poll)

export const createPoll =
  (desk: Pick<RoomDesk, "poll">, budgets: PollBudgets): Poll =>
  (request, code, participantId, told) => {
    const address = () => budgets.addressOf(request)
    const wait = budgets.poll(`${code} ${participantId}`, address)
    if (wait > 0) return told(() => tooMany(wait))
    desk.poll({ code, participantId, address }, (reply) => told(() => roomAnswer(reply, says, refusalsInside)))
  }

/** Nothing in these is encoded, or could be cut off as a blank. */
const plain = /^[0-9A-Za-z]+$/
const plainQuery = /^participantId=([0-9A-Za-z]+)$/

export const pollFastPath = (ask: Poll): FastPath => ({
  method: "GET",
  pattern: poll.path,
  handler: (exchange, [, writtenCode = "", query = ""]) => {
    const writtenId = plainQuery.exec(query)?.[1]
    if (writtenId === undefined || !plain.test(writtenCode) || exchange.hasBody) return false
    const code = readRoomCode(writtenCode)
    const participantId = readParticipantId(writtenId)
    // What is wrong with them, the routes say.
    if (code === null || participantId === null) return false
    ask(exchange.request, code, participantId, (make) => exchange.answer(make))
    return true
  }
})
