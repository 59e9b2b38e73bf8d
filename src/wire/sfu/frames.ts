/**
 * The frames of the SFU: what clients may ask, and what they are sent. docs/protocols/sfu.md and /asyncapi speak of the
 * same schemas; src/io/sfu/frames.ts reads and writes by them.
 */
import * as Schema from "effect/Schema"
import { bareError } from "./errors.ts"
import { wireNumbers } from "./numbers.ts"

// --- What clients send

const mediaId = (description: string) =>
  Schema.String.annotate({ description }).check(Schema.isMaxLength(wireNumbers.mediaIdCharacters))
/** As mediasoup shapes it. */
const engineObject = (description: string) => Schema.Record(Schema.String, Schema.Unknown).annotate({ description })

const TransportId = mediaId("One of the client's own transports.")
const ProducerId = mediaId("A producer of the room.")
const Kind = Schema.Literals(["audio", "video"])
const RequestId = Schema.String.annotate({ description: "Of the client's choice; the response repeats it." })

const request = <const Type extends string, Data extends Schema.Struct.Fields>(
  type: Type,
  data: Data,
  description: string
) =>
  Schema.Struct({ type: Schema.Literal(type), data: Schema.Struct(data), requestId: RequestId }).annotate({
    description
  })

/** One that need not be answered. */
const command = <const Type extends string, Data extends Schema.Struct.Fields>(
  type: Type,
  data: Data,
  description: string
) =>
  Schema.Struct({
    type: Schema.Literal(type),
    data: Schema.Struct(data),
    requestId: Schema.optionalKey(RequestId)
  }).annotate({ description })

export const clientFrames = {
  "join-room": request(
    "join-room",
    { roomId: Schema.String.annotate({ description: "That of the token." }) },
    "Comes first, and can be repeated. Answered with the router's capabilities and the producers of all others."
  ),
  "create-transport": Schema.Struct({
    type: Schema.Literal("create-transport"),
    data: Schema.optionalKey(Schema.Unknown.annotate({ description: "Not looked at." })),
    requestId: RequestId
  }).annotate({ description: "Makes a transport: the first to send with, the second to receive with." }),
  "connect-transport": command(
    "connect-transport",
    {
      transportId: TransportId,
      dtlsParameters: engineObject("mediasoup's DtlsParameters of the client's side.")
    },
    "Gives the client's side of a transport, once."
  ),
  produce: request(
    "produce",
    { transportId: TransportId, kind: Kind, rtpParameters: engineObject("mediasoup's RtpParameters.") },
    "Begins to send. Once it is answered everybody else in the room hears new-producer."
  ),
  consume: request(
    "consume",
    {
      transportId: TransportId,
      producerId: ProducerId,
      rtpCapabilities: engineObject("mediasoup's RtpCapabilities of the client.")
    },
    "Makes a consumer, paused."
  ),
  "resume-consumer": command(
    "resume-consumer",
    { consumerId: mediaId("One of the client's own consumers.") },
    "Media begins to flow; of a video a key frame is asked for."
  )
} as const

export type ClientFrameType = keyof typeof clientFrames
export type ClientFrame = (typeof clientFrames)[ClientFrameType]["Type"]

// --- What clients are sent

const Announcement = Schema.Struct({
  producerId: Schema.String,
  kind: Kind,
  userName: Schema.String,
  userId: Schema.String
})
const Engine = Schema.Unknown
const Refused = Schema.Struct({ error: Schema.String })

/** The `data` of responses, by the request. */
export const responses = {
  "join-room": Schema.Struct({ rtpCapabilities: Engine, existingProducers: Schema.Array(Announcement) }),
  "create-transport": Schema.Struct({
    params: Schema.Struct({
      id: Schema.String,
      iceParameters: Engine,
      iceCandidates: Engine,
      dtlsParameters: Engine
    })
  }),
  "connect-transport": Schema.Struct({ success: Schema.Literal(true) }),
  produce: Schema.Struct({ id: Schema.String }),
  consume: Schema.Struct({
    params: Schema.Struct({ id: Schema.String, producerId: Schema.String, kind: Kind, rtpParameters: Engine })
  }),
  "resume-consumer": Schema.Struct({ success: Schema.Literal(true) })
} as const satisfies Readonly<Record<ClientFrameType, Schema.Top>>

export const serverFrames = {
  response: Schema.Struct({
    type: Schema.Literal("response"),
    requestId: Schema.String,
    data: Schema.Union([...Object.values(responses), Refused])
  }).annotate({
    description: "The answer to the request of this `requestId`: what it asks for, or `{error}` and nothing else."
  }),
  "new-producer": Schema.Struct({ type: Schema.Literal("new-producer"), data: Announcement }).annotate({
    description:
      "Somebody else has produced. Held back, in order, until the client has its second transport, consumes, has had its first transport for a second, or joined five seconds ago."
  }),
  "producer-closed": Schema.Struct({
    type: Schema.Literal("producer-closed"),
    data: Schema.Struct({ producerId: Schema.String, userId: Schema.String })
  }).annotate({
    description: "All media of somebody has ended: one event for each producer. After it there is no such producer."
  }),
  error: Schema.Struct({ type: Schema.Literal("error"), data: Schema.Literal(bareError) }).annotate({
    description: "What came cannot be done, and has no `requestId` to say so by."
  })
} as const
