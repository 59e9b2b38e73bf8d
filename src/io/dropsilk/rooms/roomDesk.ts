import type { RoomRecord } from "../../../machines/dropsilk/room/roomRecord.ts"

/** What a room says to whoever asked it something. */
export type RoomReply =
  | { readonly type: "room.answered"; readonly room: RoomRecord; readonly participantId: string }
  | { readonly type: "room.refused"; readonly reason: "not-found" | "full" | "peer-sharing" }
  /** The room could not be reached or could not save: nothing has changed, try again later. */
  | { readonly type: "room.unavailable" | "room.broken" }

/** Who asks over HTTP for a participant. */
export interface ParticipantRequest {
  readonly code: string
  readonly participantId: string
  /** The client address; asked for when it is needed. */
  readonly address: () => string
}

/** The questions HTTP asks rooms. Never rejects: an answer that does not come in time is `room.unavailable`. */
export interface RoomDesk {
  create(name: string, address: string): Promise<RoomReply>
  join(code: string, name: string, address: string): Promise<RoomReply>
  /** Tells the answer at once when the room has it at once: nine of ten questions are polls. */
  poll(request: ParticipantRequest, told: (reply: RoomReply) => void): void
  ready(request: ParticipantRequest, offer: { fileCount: number; totalBytes: number }): Promise<RoomReply>
  screenShare(request: ParticipantRequest, active: boolean): Promise<RoomReply>
  chat(request: ParticipantRequest, active: boolean): Promise<RoomReply>
}
