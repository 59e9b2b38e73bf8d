/** Rooms over HTTP. */
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import { described } from "../core/describing.ts"
import { errorSchema } from "../core/errors.ts"
import { RejectsInvalidInput } from "../core/invalidRequest.ts"
import { httpErrors } from "./errors.ts"
import { Active, FileCount, Name, ParticipantId, RoomCode, TotalBytes } from "./fields.ts"
import { RoomSummary } from "./roomSummary.ts"

const inRoom = { roomCode: RoomCode }
const asParticipant = { roomCode: RoomCode, participantId: ParticipantId }
const notInRoom = errorSchema(httpErrors.notInRoom)
const unavailable = errorSchema(httpErrors.unavailable)
const fault = errorSchema(httpErrors.fault)
const tooLarge = errorSchema(httpErrors.bodyTooLarge)
const tooManyRequests = errorSchema(httpErrors.tooMany)
const wrongOrigin = errorSchema(httpErrors.wrongOrigin)

/** The body of creating and of joining. */
export const NamePayload = Schema.Struct({ name: Name })
/** The body of becoming ready. */
export const ReadyPayload = Schema.Struct({ fileCount: FileCount, totalBytes: TotalBytes })
/** The body of asking for the screen-share or chat channel, and of no longer asking. */
export const ActivePayload = Schema.Struct({ active: Active })

/** Durable rooms of two. Clients poll theirs once a second until `shouldConnect`, then attach over the WebSocket. */
export class RoomsGroup extends HttpApiGroup.make("rooms")
  .add(
    HttpApiEndpoint.post("create", "/api/rooms", {
      payload: NamePayload,
      success: RoomSummary.annotate({ httpApiStatus: 201 }),
      error: [wrongOrigin, tooLarge, tooManyRequests, unavailable, fault]
    }).annotateMerge(described("Create a room", "Makes a room and its host. The code is what the host passes on.")),
    HttpApiEndpoint.post("join", "/api/rooms/:roomCode/join", {
      params: inRoom,
      payload: NamePayload,
      success: RoomSummary,
      error: [
        errorSchema(httpErrors.roomGone),
        errorSchema(httpErrors.roomFull),
        wrongOrigin,
        tooLarge,
        tooManyRequests,
        unavailable,
        fault
      ]
    }).annotateMerge(
      described("Join a room", "Takes the guest's place, or that of a participant who has gone without a word.")
    ),
    HttpApiEndpoint.get("poll", "/api/rooms/:roomCode", {
      params: inRoom,
      query: { participantId: ParticipantId },
      success: RoomSummary,
      error: [notInRoom, tooManyRequests, unavailable, fault]
    }).annotateMerge(
      described(
        "Poll a room",
        "Says how the room is, and extends its life. Who has just left comes back by it, while a seat is free."
      )
    ),
    HttpApiEndpoint.post("ready", "/api/rooms/:roomCode/participants/:participantId/ready", {
      params: asParticipant,
      payload: ReadyPayload,
      success: RoomSummary,
      error: [notInRoom, wrongOrigin, tooLarge, unavailable, fault]
    }).annotateMerge(
      described("Offer files", "Makes the participant ready, for good. Saying it again replaces the counts.")
    ),
    HttpApiEndpoint.post("screenShare", "/api/rooms/:roomCode/participants/:participantId/screen-share", {
      params: asParticipant,
      payload: ActivePayload,
      success: RoomSummary,
      error: [errorSchema(httpErrors.peerIsSharing), notInRoom, wrongOrigin, tooLarge, unavailable, fault]
    }).annotateMerge(described("Share the screen", "Starts or ends this participant's screen sharing.")),
    HttpApiEndpoint.post("chat", "/api/rooms/:roomCode/participants/:participantId/chat", {
      params: asParticipant,
      payload: ActivePayload,
      success: RoomSummary,
      error: [notInRoom, wrongOrigin, tooLarge, unavailable, fault]
    }).annotateMerge(described("Ask for a chat", "Opens or closes the chat on this participant's side."))
  )
  .middleware(RejectsInvalidInput)
  .annotateMerge(
    OpenApi.annotations({
      title: "Rooms",
      description:
        "Durable rooms of two. Path parameters are looked at first, then the query, then the body; only the first " +
        "part with faults is reported, with all its faults. Fields that are not listed are ignored. A body that is " +
        "absent or not sent as `application/json` counts as `{}`. Everything else under `/api/rooms` answers 404 " +
        `\`${JSON.stringify({ error: httpErrors.unknownRoomEndpoint.error })}\`.`
    })
  ) {}
