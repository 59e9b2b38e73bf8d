/** A room as one of its participants sees it. */
import type { Participant, Role, RoomRecord } from "../../machines/dropsilk/room/roomRecord.ts"
import { occupancyOf, participantOf, peerOf, roleOf } from "../../machines/dropsilk/room/roomRecord.ts"
import type { ParticipantSummary, RoomSummary } from "../../wire/dropsilk/roomSummary.ts"

/** A participant as a client may see it: `participantId` is the id for its owner, the alias for everybody else. */
export const summarizeParticipant = (
  participant: Participant,
  role: Role,
  participantId: string
): ParticipantSummary => ({
  participantId,
  role,
  name: participant.name,
  ready: participant.ready,
  fileCount: participant.fileCount,
  totalBytes: participant.totalBytes
})

/**
 * The room as this participant sees it. Throws a RangeError for somebody who is not in the room: whoever asks has just
 * been told by the room that it is.
 */
export const summarize = (room: RoomRecord, participantId: string): RoomSummary => {
  const role = roleOf(room, participantId)
  const self = participantOf(room, participantId)
  const status = occupancyOf(room)
  if (role === null || self === null || status === "empty" || status === "vacant") {
    throw new RangeError("A summary was asked for by somebody who is not in the room")
  }
  const peer = peerOf(room, participantId)
  const peerShares = peer?.screenShare === true
  const peerChats = peer?.chat === true

  return {
    roomCode: room.code,
    status,
    shouldConnect: status === "ready",
    expiresAt: new Date(room.expiresAt).toISOString(),
    self: summarizeParticipant(self, role, self.id),
    peer: peer === null ? null : summarizeParticipant(peer, role === "host" ? "guest" : "host", peer.alias),
    screenShare: {
      activeParticipantId: self.screenShare ? self.id : peerShares ? peer.alias : null,
      requestedBySelf: self.screenShare,
      requestedByPeer: peerShares,
      isActive: self.screenShare || peerShares
    },
    chat: { requestedBySelf: self.chat, requestedByPeer: peerChats, isActive: self.chat || peerChats }
  }
}
