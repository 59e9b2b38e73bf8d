/**
 * What a room is, apart from who is connected to it: the part that survives a restart.
 *
 * Pure values and pure changes; the statechart in room.ts decides which change may happen when.
 */

/** One of the two people in a room. */
export interface Participant {
  /** 12 characters of `[0-9a-z]`; a bearer secret, known to this participant only. */
  readonly id: string
  /** What the other side is shown instead of `id`: stable for a participant, useless for attaching. */
  readonly alias: string
  /** 1 to 50 UTF-16 units. */
  readonly name: string
  readonly ready: boolean
  /** Files on offer, 0 to 2^31-1. */
  readonly fileCount: number
  /** Their size in bytes, 0 to 2^53-1. */
  readonly totalBytes: number
  readonly screenShare: boolean
  readonly chat: boolean
}

/** One row of the `rooms` table. */
export interface RoomRecord {
  /** 6 characters of `ABCDEFGHJKLMNPQRSTUVWXYZ23456789`. */
  readonly code: string
  readonly host: Participant
  readonly guest: Participant | null
  /** When the room's life ends, milliseconds since the epoch. */
  readonly expiresAt: number
}

export type Role = "host" | "guest"

/** A participant who has just come in: no files, nothing asked for. */
export const newParticipant = (identity: { id: string; alias: string }, name: string): Participant => ({
  ...identity,
  name,
  ready: false,
  fileCount: 0,
  totalBytes: 0,
  screenShare: false,
  chat: false
})

/** The role of a participant in a room, or null when it is not one of the two. */
export const roleOf = (room: RoomRecord, participantId: string): Role | null =>
  room.host.id === participantId ? "host" : room.guest?.id === participantId ? "guest" : null

/** The participant with this id, or null. */
export const participantOf = (room: RoomRecord, participantId: string): Participant | null =>
  room.host.id === participantId ? room.host : room.guest?.id === participantId ? room.guest : null

/** The other one of the two, or null while the room waits for a guest. */
export const peerOf = (room: RoomRecord, participantId: string): Participant | null =>
  room.host.id === participantId ? room.guest : room.host

/** The room with some facts about one participant changed. */
export const withParticipant = (
  room: RoomRecord,
  participantId: string,
  change: Partial<Omit<Participant, "id" | "alias">>
): RoomRecord =>
  room.host.id === participantId
    ? { ...room, host: { ...room.host, ...change } }
    : room.guest?.id === participantId
      ? { ...room, guest: { ...room.guest, ...change } }
      : room

/**
 * The room after a participant has left it, or null when nobody is left. A guest who stays becomes host and keeps
 * name, readiness and counts; all screen-share and chat flags are cleared then.
 */
export const withoutParticipant = (room: RoomRecord, participantId: string): RoomRecord | null => {
  if (room.guest?.id === participantId) return { ...room, guest: null }
  if (room.host.id !== participantId) return room
  if (room.guest === null) return null
  return { ...room, host: { ...room.guest, screenShare: false, chat: false }, guest: null }
}
