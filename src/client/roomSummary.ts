/** What rooms say of themselves, as src/wire/dropsilk/roomSummary.ts has it: written out, so that it needs no schemas. */

/** One of the two in a room. */
export interface ParticipantSummary {
  /** Of `self` the secret id, of `peer` a stable alias that is good for comparing only. */
  readonly participantId: string
  readonly role: "host" | "guest"
  readonly name: string
  /** Whether it has files on offer. */
  readonly ready: boolean
  readonly fileCount: number
  /** Bytes. */
  readonly totalBytes: number
}

/** A room as one of its two participants sees it. */
export interface RoomSummary {
  readonly roomCode: string
  /** `waiting` without a guest, `ready` when there is one and either side is ready, else `paired`. */
  readonly status: "waiting" | "paired" | "ready"
  /** True when `ready`. */
  readonly shouldConnect: boolean
  /** ISO 8601; every poll and every change moves it. */
  readonly expiresAt: string
  readonly self: ParticipantSummary
  readonly peer: ParticipantSummary | null
  readonly screenShare: {
    readonly activeParticipantId: string | null
    readonly requestedBySelf: boolean
    readonly requestedByPeer: boolean
    readonly isActive: boolean
  }
  readonly chat: { readonly requestedBySelf: boolean; readonly requestedByPeer: boolean; readonly isActive: boolean }
}
