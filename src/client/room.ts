/** A room: durable, of two, asked over HTTP; its channels are seats that are taken over a socket. */

import { type Abortable, checkAborted, orAborted, pause } from "./abort.ts"
import { isTowerError } from "./errors.ts"
import type { Ask } from "./http.ts"
import type { Peering } from "./peer.ts"
import { type Channel, RoomSeat } from "./roomSeat.ts"
import type { RoomSummary } from "./roomSummary.ts"
import type { SeatParts } from "./seat.ts"

/** How often a room is looked at, unless told otherwise: as often as the known clients do. */
const lookEveryMs = 1000
/** Before another look when the server could not be asked and has not said when it can be. */
const troubledMs = 5000

/** What a room needs of the tower. */
export interface RoomParts {
  readonly ask: Ask
  /** Lends the tower's socket, which whatever else sits on it leaves; other channels get sockets of their own. */
  readonly seat: (channel: Channel, make: (parts: SeatParts) => RoomSeat, options: Abortable) => Promise<RoomSeat>
}

export class Room {
  readonly code: string
  /** A secret: it lets one attach. Keep it with the code (`sessionStorage`) to come back after a reload. */
  readonly participantId: string
  readonly #parts: RoomParts
  #summary: RoomSummary
  #transfer: RoomSeat | undefined
  #turn: Promise<unknown> = Promise.resolve()

  constructor(parts: RoomParts, summary: RoomSummary) {
    this.#parts = parts
    this.#summary = summary
    this.code = summary.roomCode
    this.participantId = summary.self.participantId
  }

  /** As the server last told it. */
  get summary(): RoomSummary {
    return this.#summary
  }

  /** Looks once. Who has left the room comes back by it, for a while, as long as a seat is free. */
  refresh({ signal }: Abortable = {}): Promise<RoomSummary> {
    return this.#ask(`?participantId=${encodeURIComponent(this.participantId)}`, undefined, signal)
  }

  /**
   * Looks again and again, and yields whenever something has changed: who waits for somebody shows this. A server that cannot be
   * asked at the moment is asked again later; a room that has ended rejects with `RoomNotFound`.
   */
  async *watch({
    everyMs = lookEveryMs,
    signal
  }: Abortable & { readonly everyMs?: number } = {}): AsyncGenerator<RoomSummary, void, void> {
    let shown = ""
    for (;;) {
      checkAborted(signal)
      let waitMs = everyMs
      try {
        const summary = await this.refresh({ signal })
        // Each look moves the end of the room's life.
        const { expiresAt: _, ...lasting } = summary
        const now = JSON.stringify(lasting)
        if (now !== shown) yield summary
        shown = now
      } catch (error) {
        if (!isTowerError(error, "RateLimited", "Unavailable", "Unreachable")) throw error
        waitMs = error.retryAfterMs ?? troubledMs
      }
      await pause(waitMs, signal)
    }
  }

  /** Says that there is something to send. Known clients attach when either side has said so. There is no way back. */
  ready(offer: { readonly fileCount?: number; readonly totalBytes?: number } = {}, { signal }: Abortable = {}) {
    return this.#tell("ready", offer, signal)
  }

  /** Asks for the channel `screen-share`, or no longer. */
  shareScreen(active: boolean, { signal }: Abortable = {}): Promise<RoomSummary> {
    return this.#tell("screen-share", { active }, signal)
  }

  /** Asks for the channel `chat`, or no longer. */
  chat(active: boolean, { signal }: Abortable = {}): Promise<RoomSummary> {
    return this.#tell("chat", { active }, signal)
  }

  /**
   * Takes this participant's seat on a channel. `transfer` is taken on the tower's own socket, and gives up what that held;
   * each of the others has a socket of its own.
   */
  attach(channel: Channel = "transfer", { signal }: Abortable = {}): Promise<RoomSeat> {
    if (channel !== "transfer") return this.#seat(channel, signal)
    // One after the other: whoever asks meanwhile gets the same seat.
    const attached = this.#turn.then(() => this.#attachTransfer(signal))
    this.#turn = attached.catch(() => {})
    return orAborted(attached, signal)
  }

  async #attachTransfer(signal: AbortSignal | undefined): Promise<RoomSeat> {
    checkAborted(signal)
    if (this.#transfer?.isKept !== true) this.#transfer = await this.#seat("transfer", signal)
    return this.#transfer
  }

  #seat(channel: Channel, signal: AbortSignal | undefined): Promise<RoomSeat> {
    const { code, participantId } = this
    return this.#parts.seat(channel, (parts) => new RoomSeat(parts, { code, participantId, channel }), { signal })
  }

  /** Attaches and connects: see `Seat.connect`. */
  async connect({ channel = "transfer", signal }: Abortable & { readonly channel?: Channel } = {}): Promise<Peering> {
    return (await this.attach(channel, { signal })).connect({ signal })
  }

  /** Leaves the room. As the server has it, who leaves is a transfer seat that is given up, so it is taken for that first. */
  async leave({ signal }: Abortable = {}): Promise<void> {
    try {
      const seat = await this.attach("transfer", { signal })
      seat.leave()
    } catch (error) {
      if (!isTowerError(error, "RoomNotFound")) throw error
    }
  }

  #tell(what: string, body: object, signal: AbortSignal | undefined): Promise<RoomSummary> {
    return this.#ask(`/participants/${encodeURIComponent(this.participantId)}/${what}`, body, signal)
  }

  async #ask(below: string, body: object | undefined, signal: AbortSignal | undefined): Promise<RoomSummary> {
    const path = `/api/rooms/${encodeURIComponent(this.code)}${below}`
    this.#summary = await this.#parts.ask<RoomSummary>(path, { ...(body === undefined ? {} : { body }), signal })
    return this.#summary
  }
}
