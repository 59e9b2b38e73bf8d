/** What a participant is told about its room; the keys come in the order clients have always seen. */
import * as Schema from "effect/Schema"

const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

const ParticipantSummary = Schema.Struct({
  participantId: Schema.String.annotate({
    description: "Of `self` the secret id, of `peer` a stable alias that is good for comparing only."
  }),
  role: Schema.Literals(["host", "guest"]),
  name: Schema.String,
  ready: Schema.Boolean.annotate({ description: "Whether this participant has files on offer." }),
  fileCount: Count,
  totalBytes: Count.annotate({ description: "Bytes." })
}).annotate({ identifier: "ParticipantSummary" })

/** The body of every successful answer of a room endpoint. */
export const RoomSummary = Schema.Struct({
  roomCode: Schema.String,
  status: Schema.Literals(["waiting", "paired", "ready"]).annotate({
    description: "`waiting` without a guest, `ready` when there is one and either side is ready, else `paired`."
  }),
  shouldConnect: Schema.Boolean.annotate({ description: "True when `ready`: now send `attach-room`." }),
  expiresAt: Schema.String.annotate({ description: "ISO 8601; every poll and every change moves it." }),
  self: ParticipantSummary,
  peer: Schema.NullOr(ParticipantSummary),
  screenShare: Schema.Struct({
    activeParticipantId: Schema.NullOr(Schema.String),
    requestedBySelf: Schema.Boolean,
    requestedByPeer: Schema.Boolean,
    isActive: Schema.Boolean
  }),
  chat: Schema.Struct({
    requestedBySelf: Schema.Boolean,
    requestedByPeer: Schema.Boolean,
    isActive: Schema.Boolean
  })
}).annotate({
  identifier: "RoomSummary",
  description: "A room as one of its two participants sees it.",
  examples: [
    {
      roomCode: "KDBGSM",
      status: "paired",
      shouldConnect: false,
      expiresAt: "2026-01-31T12:30:00.000Z",
      self: {
        participantId: "qd7sfh2g3d1c",
        role: "host",
        name: "SilentJaguar458",
        ready: false,
        fileCount: 0,
        totalBytes: 0
      },
      peer: {
        participantId: "eqy2yp8oiifm",
        role: "guest",
        name: "EagerWing567",
        ready: false,
        fileCount: 0,
        totalBytes: 0
      },
      screenShare: { activeParticipantId: null, requestedBySelf: false, requestedByPeer: false, isActive: false },
      chat: { requestedBySelf: false, requestedByPeer: false, isActive: false }
    }
  ]
})
export type RoomSummary = typeof RoomSummary.Type
export type ParticipantSummary = typeof ParticipantSummary.Type
