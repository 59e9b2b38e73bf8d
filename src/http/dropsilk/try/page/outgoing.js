/** A file that goes: how far it is. */
import { Pace } from "./pace.js"

/** `waiting` for its turn; `offered`; `moving`; `broken`: it is offered again over the next connection; `done`; `ended`, with `why`. */
export class Outgoing {
  direction = "out"
  state = "waiting"
  why = ""
  /** Bytes that the other side has stored. */
  bytes = 0
  /** Whether all bytes were sent, over the channel of now. */
  isAllSaid = false
  pace = new Pace()
  #hands = {}

  constructor(file) {
    this.id = Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join(
      ""
    )
    this.file = file
    this.name = file.name
    this.size = file.size
  }

  get isWaiting() {
    return this.state === "waiting" || this.state === "broken"
  }

  bind(hands) {
    this.#hands = hands
  }

  cancel() {
    const wasWaiting = this.isWaiting
    this.end("It was cancelled.")
    if (!wasWaiting) this.#hands.cancel?.()
  }

  offer() {
    this.state = "offered"
    this.isAllSaid = false
  }

  /** `from`: what the other side has of it, from before. */
  begin(from) {
    this.state = "moving"
    this.bytes = from
    this.pace.begin(from)
  }

  got(bytes) {
    this.bytes = Math.max(this.bytes, bytes)
    this.pace.at(this.bytes)
  }

  arrive() {
    if (this.state !== "moving") return
    this.bytes = this.size
    this.state = "done"
  }

  breakOff() {
    if (this.state === "offered" || this.state === "moving") this.state = "broken"
  }

  end(why) {
    if (this.state === "done" || this.state === "ended") return
    this.state = "ended"
    this.why = why
  }

  /** Once more from the beginning, or from where the other side is. */
  again() {
    this.state = "waiting"
    this.why = ""
    this.bytes = 0
  }
}
