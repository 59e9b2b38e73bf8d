/** Rooms in memory that answer as `RoomDesk` promises: one implementation of the port, without actors or rows. */
import type { ParticipantRequest, RoomDesk, RoomReply } from "../../../../src/io/dropsilk/roomDesk.ts"
import type { RoomRecord } from "../../../../src/machines/dropsilk/roomRecord.ts"
import { newParticipant, participantOf, peerOf, withParticipant } from "../../../../src/machines/dropsilk/roomRecord.ts"

export interface MemoryDesk extends RoomDesk {
  readonly rooms: Map<string, RoomRecord>
  /** From now on rooms cannot be reached, or their adapter is broken altogether. */
  failWith(failure: "unavailable" | "fault"): void
}

const lifeMs = 30 * 60_000
const refused = (reason: "not-found" | "full" | "peer-sharing"): RoomReply => ({ type: "room.refused", reason })

export const createMemoryDesk = (): MemoryDesk => {
  const rooms = new Map<string, RoomRecord>()
  let failure: "unavailable" | "fault" | undefined
  let made = 0

  const identity = () => {
    made += 1
    return { id: `participant${made}`, alias: `alias${made}` }
  }

  const answeredNow = (ask: () => RoomReply): RoomReply => {
    if (failure === "fault") throw new Error("the secret of the fault")
    return failure === "unavailable" ? { type: "room.unavailable" } : ask()
  }
  const answered = async (ask: () => RoomReply): Promise<RoomReply> => answeredNow(ask)

  const keep = (room: RoomRecord, participantId: string): RoomReply => {
    const kept = { ...room, expiresAt: Date.now() + lifeMs }
    rooms.set(room.code, kept)
    return { type: "room.answered", room: kept, participantId }
  }

  const seek =
    ({ code, participantId }: ParticipantRequest, act: (room: RoomRecord) => RoomReply) =>
    (): RoomReply => {
      const room = rooms.get(code)
      return room === undefined || participantOf(room, participantId) === null ? refused("not-found") : act(room)
    }
  const inside = (...sought: Parameters<typeof seek>) => answered(seek(...sought))

  return {
    rooms,
    failWith: (kind) => {
      failure = kind
    },
    create: (name) =>
      answered(() => {
        const host = newParticipant(identity(), name)
        const code = `REEM${String(rooms.size + 22)}`
        return keep({ code, host, guest: null, departed: [], expiresAt: 0 }, host.id)
      }),
    join: (code, name) =>
      answered(() => {
        const room = rooms.get(code)
        if (room === undefined) return refused("not-found")
        if (room.guest !== null) return refused("full")
        const guest = newParticipant(identity(), name)
        return keep({ ...room, guest }, guest.id)
      }),
    poll: (request, told) => told(answeredNow(seek(request, (room) => keep(room, request.participantId)))),
    ready: (request, offer) =>
      inside(request, (room) =>
        keep(withParticipant(room, request.participantId, { ready: true, ...offer }), request.participantId)
      ),
    screenShare: (request, active) =>
      inside(request, (room) =>
        active && peerOf(room, request.participantId)?.screenShare === true
          ? refused("peer-sharing")
          : keep(withParticipant(room, request.participantId, { screenShare: active }), request.participantId)
      ),
    chat: (request, active) =>
      inside(request, (room) =>
        keep(withParticipant(room, request.participantId, { chat: active }), request.participantId)
      )
  }
}
