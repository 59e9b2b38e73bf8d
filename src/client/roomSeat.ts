/** A participant's seat on one channel of its room. */
import { Seat, type SeatParts } from "./seat.ts"

export type Channel = "transfer" | "screen-share" | "chat"

interface Place {
  readonly code: string
  readonly participantId: string
  readonly channel: Channel
}

export class RoomSeat extends Seat {
  readonly #place: Place
  /** Whether the server has said who is host since somebody last came. */
  #knowsRole = false

  constructor(parts: SeatParts, place: Place) {
    super(parts)
    this.#place = place
  }

  get code(): string {
    return this.#place.code
  }

  get channel(): Channel {
    return this.#place.channel
  }

  protected override async take(signal: AbortSignal): Promise<void> {
    this.#knowsRole = true
    await this.#attach(signal)
  }

  async #attach(signal: AbortSignal): Promise<void> {
    const { code, participantId, channel } = this.#place
    const frame = { type: "attach-room", roomCode: code, participantId, channel } as const
    this.role = (await this.calls.ask(frame, "room-attached", signal)).role
  }

  /** Who is host is decided on the transfer channel, and told on the others only to whoever attaches. */
  protected override prepare(): Promise<unknown> | undefined {
    const isKnown = this.#knowsRole || this.channel === "transfer"
    this.#knowsRole = false
    // What is said then is of whoever has come now, and of nobody who comes later.
    return isKnown ? undefined : this.#attach(new AbortController().signal)
  }

  /** Beside the transfer channel the socket is the seat's alone, and ends with it. */
  protected override hangUp(): void {
    if (this.channel === "transfer") super.hangUp()
  }
}
