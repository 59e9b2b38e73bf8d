/** A file that comes, and one that goes: how far it is, and what can be done with it. */
import { shownFileName } from "./names.js"
import { Pace } from "./pace.js"

/**
 * `asked`: a person has to say whether it is wanted; `moving`; `broken`: the connection was lost, and it goes on when there is
 * another; `done`; `ended`, with `why`.
 */
export class Incoming {
  direction = "in"
  state = "asked"
  why = ""
  /** What to hand to the person: a Blob, undefined where it is in its place already. */
  content
  sink
  /** Bytes that have come, and bytes that are stored. */
  received = 0
  bytes = 0
  pace = new Pace()
  #told = 0
  #storing = Promise.resolve()
  #hands = {}

  constructor({ id, name, size }) {
    this.id = id
    this.saidName = name
    this.name = shownFileName(name)
    this.size = size
  }

  bind(hands) {
    this.#hands = hands
    if (this.state === "broken") this.state = "asked"
  }

  /** The person wants it, or it needs nobody to be asked. */
  accept(sink) {
    this.sink = sink
    this.#hands.accept?.()
  }

  cancel(why = "cancelled") {
    if (this.state === "broken") this.end("It was cancelled.")
    else this.#hands.cancel?.(why)
  }

  begin() {
    this.state = "moving"
    this.received = this.bytes
    this.#told = this.bytes
    this.pace.begin(this.bytes)
  }

  /** Stores in order; `told` hears how much is, now and then. */
  take(data, toldBytes, told) {
    this.received += data.byteLength
    const { sink } = this
    this.#storing = this.#storing.then(async () => {
      if (this.state === "ended") return
      await sink.write(data)
      this.bytes += data.byteLength
      this.pace.at(this.bytes)
      if (this.bytes - this.#told < toldBytes && this.bytes < this.size) return
      this.#told = this.bytes
      told(this.bytes)
    })
    return this.#storing
  }

  /** Resolves when all that has come is stored, or could not be. */
  stored() {
    return this.#storing.catch(() => {})
  }

  async finish() {
    this.content = await this.sink.finish()
    this.state = "done"
  }

  breakOff() {
    if (this.state === "moving" || this.state === "asked") this.state = "broken"
  }

  end(why) {
    if (this.state === "done" || this.state === "ended") return
    this.state = "ended"
    this.why = why
    void this.stored().then(() => this.sink?.abandon())
  }

  /** The person does not need it any more. */
  remove() {
    if (this.state === "done") void this.sink?.remove()
    this.content = undefined
  }
}
