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

/** Somebody who has left, as it will be when it comes back. */
export interface Departed {
  readonly participant: Participant
  /** When it left, epoch milliseconds. */
  readonly at: number
}

/** One row of the `rooms` table. */
export interface RoomRecord {
  /** 6 characters of `ABCDEFGHJKLMNPQRSTUVWXYZ23456789`. */
  readonly code: string
  /** Null while nobody is in the room, which then waits for those who have left to come back. */
  readonly host: Participant | null
  readonly guest: Participant | null
  /** Who may come back; the newest last. */
  readonly departed: readonly Departed[]
  /** When the room's life ends, milliseconds since the epoch. */
  readonly expiresAt: number
}

/** How long and how many of those who have left are remembered. */
export interface Remembrance {
  /** Milliseconds; 0: nobody comes back. */
  readonly returnMs: number
  /** Of more than so many the newest. */
  readonly returners: number
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
  room.host?.id === participantId ? "host" : room.guest?.id === participantId ? "guest" : null

/** The participant with this id, or null. */
export const participantOf = (room: RoomRecord, participantId: string): Participant | null =>
  room.host?.id === participantId ? room.host : room.guest?.id === participantId ? room.guest : null

/** The other one of the two, or null while the room waits for a guest. */
export const peerOf = (room: RoomRecord, participantId: string): Participant | null =>
  room.host?.id === participantId ? room.guest : room.host

/** Who is in the room, the host first. */
export const participantsOf = ({ host, guest }: RoomRecord): readonly Participant[] =>
  host === null ? [] : guest === null ? [host] : [host, guest]

/** Who is there, and whether there is something to send. */
export type Occupancy = "empty" | "vacant" | "waiting" | "paired" | "ready"

/**
 * What a room comes to: `empty` when it is no more (null), `vacant` while nobody is in it but somebody may come back,
 * `waiting` without a guest, `ready` when there is one and either side is ready, else `paired`.
 */
export const occupancyOf = (room: RoomRecord | null): Occupancy => {
  if (room === null) return "empty"
  const { host, guest } = room
  if (host === null) return "vacant"
  if (guest === null) return "waiting"
  return host.ready || guest.ready ? "ready" : "paired"
}

/** The room with some facts about one participant changed. */
export const withParticipant = (
  room: RoomRecord,
  participantId: string,
  change: Partial<Omit<Participant, "id" | "alias">>
): RoomRecord =>
  room.host?.id === participantId
    ? { ...room, host: { ...room.host, ...change } }
    : room.guest?.id === participantId
      ? { ...room, guest: { ...room.guest, ...change } }
      : room

const withoutFlags = (participant: Participant): Participant => ({ ...participant, screenShare: false, chat: false })

/**
 * The room after a participant has left it. Who stays is its host and keeps name, readiness and counts; all screen-share
 * and chat flags are cleared. Who has left is remembered, if anybody is; null when nobody is left and nobody remembered.
 */
export const withoutParticipant = (
  room: RoomRecord,
  participantId: string,
  at: number,
  { returnMs, returners }: Remembrance
): RoomRecord | null => {
  const leaver = participantOf(room, participantId)
  if (leaver === null) return room
  const stays = peerOf(room, participantId)
  const departed =
    returnMs === 0
      ? []
      : [
          ...room.departed.filter((earlier) => at - earlier.at < returnMs),
          { participant: withoutFlags(leaver), at }
        ].slice(-returners)
  if (stays === null && departed.length === 0) return null
  return { ...room, host: stays && withoutFlags(stays), guest: null, departed }
}

/** Whether somebody who has left may come back: not too late, and there is a free seat. */
export const mayReturn = (room: RoomRecord, participantId: string, at: number, returnMs: number): boolean =>
  room.guest === null && room.departed.some((left) => left.participant.id === participantId && at - left.at < returnMs)

/** The room with somebody who had left back in it: as guest, or as host of a room that nobody is in. */
export const withReturned = (room: RoomRecord, participantId: string): RoomRecord => {
  const returner = room.departed.find(({ participant }) => participant.id === participantId)
  if (returner === undefined || room.guest !== null) return room
  const departed = room.departed.filter((left) => left !== returner)
  return room.host === null
    ? { ...room, host: returner.participant, departed }
    : { ...room, guest: returner.participant, departed }
}
