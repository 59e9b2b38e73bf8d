/**
 * What two pages say to each other over their data channel: who they are, messages, and one file at a time in each direction.
 * docs/try.md has the format. The other side may say anything: whoever breaks a rule is told which, and the connection ends.
 */
import { Incoming } from "./incoming.js"
import { readLine, whyOf } from "./lines.js"

/** One message of the channel has so many bytes of a file; every browser takes that many. */
const chunkBytes = 64 * 1024
/** A file is read in blocks of so much. */
const blockBytes = 1024 * 1024
/** The sender waits while so much has not left it: a channel that is given more ends. */
const highWaterBytes = 1024 * 1024
/** The sender is never further ahead of what the other side has stored. */
const windowBytes = 8 * 1024 * 1024
/** The receiver tells so often what it has stored. */
const toldBytes = 512 * 1024
/** So long nothing may happen to a file that is under way. */
const stallMs = 60_000

export class Exchange {
  #channel
  #pair
  #incoming
  #outgoing
  /** Bytes of a file that was declined are still on their way. */
  #strayBytes = 0
  #wake = () => {}
  #stall
  #isClosed = false

  /**
   * `pair` hears of it: `greeted(hello)`, `told(text)`, `partial(offer)` gives an `Incoming` that broke off, `offered(incoming)`,
   * `nextOutgoing()`, `changed()`, `leaves()`, `ended(why)`.
   */
  constructor(channel, pair) {
    this.#channel = channel
    this.#pair = pair
    channel.bufferedAmountLowThreshold = highWaterBytes / 2
    channel.addEventListener("bufferedamountlow", () => this.#wake())
    channel.addEventListener("close", () => this.#close())
    channel.addEventListener("message", ({ data }) => this.#hear(data))
    this.send()
  }

  say(line) {
    if (this.#channel.readyState === "open") this.#channel.send(JSON.stringify(line))
  }

  /** Says what has to be said last, if anything, and waits a moment for all that was said to leave. */
  async farewell(line) {
    if (line !== undefined) this.say(line)
    const until = Date.now() + 500
    while (this.#channel.bufferedAmount > 0 && Date.now() < until) await new Promise((done) => setTimeout(done, 20))
    this.#close()
  }

  // --- What is heard

  #hear(data) {
    if (this.#isClosed) return
    if (typeof data !== "string") return this.#hearBytes(data)
    const line = readLine(data)
    if (line === undefined) return this.#fault("malformed")
    const { type, id } = line
    if (type === "hello") this.#pair.greeted(line)
    else if (type === "message") this.#pair.told(line.text)
    else if (type === "bye") this.#pair.leaves()
    else if (type === "fault") this.#pair.ended(`It says of this page: ${whyOf(line.why)}`)
    else if (type === "offer") this.#hearOffer(line)
    else if (type === "end" && id === this.#incoming?.id) void this.#finish(this.#incoming)
    else if (type === "decline" && id === this.#incoming?.id) this.#drop(this.#incoming, whyOf(line.why))
    else if (id !== undefined && id === this.#outgoing?.id) this.#hearAnswer(this.#outgoing, line)
  }

  #hearOffer(offer) {
    if (this.#incoming !== undefined) return this.#fault("two at once")
    this.#strayBytes = 0
    const before = this.#pair.partial(offer)
    const incoming = before ?? new Incoming(offer)
    this.#incoming = incoming
    incoming.bind({
      accept: () => this.#accept(incoming),
      cancel: (why) => this.#decline(incoming, why)
    })
    if (incoming.sink === undefined) this.#pair.offered(incoming)
    else void this.#accept(incoming)
  }

  async #accept(incoming) {
    // What came over an earlier channel may not be stored yet.
    await incoming.stored()
    if (this.#incoming !== incoming) return
    incoming.begin()
    this.say({ type: "accept", id: incoming.id, from: incoming.bytes })
    this.#expect(incoming)
    this.#pair.changed()
  }

  #hearBytes(data) {
    const incoming = this.#incoming
    const length = data.byteLength
    if (incoming?.state !== "moving") {
      this.#strayBytes += length
      if (this.#strayBytes > 2 * windowBytes) this.#fault("unasked")
      return
    }
    if (incoming.received + length > incoming.size) return this.#fault("too many")
    if (incoming.received + length - incoming.bytes > 2 * windowBytes) return this.#fault("does not wait")
    this.#expect(incoming)
    incoming
      .take(data, toldBytes, (bytes) => this.say({ type: "got", id: incoming.id, bytes }))
      .catch((error) => {
        this.#decline(incoming, "cannot store", `It cannot be stored here: ${error.message}`)
      })
  }

  async #finish(incoming) {
    await incoming.stored()
    if (this.#incoming !== incoming || incoming.state !== "moving") return
    if (incoming.bytes < incoming.size) return this.#decline(incoming, "too few")
    clearTimeout(this.#stall)
    try {
      await incoming.finish()
    } catch (error) {
      return this.#decline(incoming, "cannot store", `It cannot be stored here: ${error.message}`)
    }
    this.#incoming = undefined
    this.say({ type: "arrived", id: incoming.id })
    this.#pair.changed()
  }

  #expect(incoming) {
    clearTimeout(this.#stall)
    this.#stall = setTimeout(() => this.#decline(incoming, "stopped"), stallMs)
  }

  #decline(incoming, why, shown = whyOf(why)) {
    if (this.#incoming !== incoming) return
    this.say({ type: "decline", id: incoming.id, why })
    this.#drop(incoming, shown)
  }

  #drop(incoming, why) {
    clearTimeout(this.#stall)
    this.#incoming = undefined
    incoming.end(why)
    this.#pair.changed()
  }

  #fault(why) {
    const shown = whyOf(why)
    this.#incoming?.end(shown)
    this.#incoming = undefined
    void this.farewell({ type: "fault", why })
    this.#pair.ended(shown)
  }

  // --- What is sent

  /** Sends what waits, one file after the other. */
  async send() {
    while (this.#outgoing === undefined && !this.#isClosed) {
      const outgoing = this.#pair.nextOutgoing()
      if (outgoing === undefined) return
      this.#outgoing = outgoing
      outgoing.bind({
        cancel: () => {
          this.say({ type: "decline", id: outgoing.id, why: "cancelled" })
          this.#wake()
        }
      })
      try {
        await this.#sendFile(outgoing)
      } catch (error) {
        // A file that has changed or gone since it was chosen.
        if (this.#outgoing === outgoing) {
          this.say({ type: "decline", id: outgoing.id, why: "failed" })
          outgoing.end(`It cannot be read: ${error.message}`)
        }
      }
      // Once the channel has closed the file is the business of the next one.
      if (this.#outgoing !== outgoing) return
      this.#outgoing = undefined
      // The channel is closing, and has not said so yet.
      outgoing.breakOff()
      this.#pair.changed()
      if (this.#channel.readyState !== "open") return
    }
  }

  async #sendFile(outgoing) {
    const { id, file } = outgoing
    outgoing.offer()
    this.say({ type: "offer", id, name: file.name, size: file.size })
    await this.#until(() => outgoing.state !== "offered")
    for (let at = outgoing.bytes; at < file.size && this.#isSending(outgoing); at += blockBytes) {
      const block = await file.slice(at, at + blockBytes).arrayBuffer()
      for (let start = 0; start < block.byteLength; start += chunkBytes) {
        const hasRoom = () =>
          this.#channel.bufferedAmount <= highWaterBytes && at + start - outgoing.bytes < windowBytes
        await this.#moving(outgoing, hasRoom)
        if (!this.#isSending(outgoing)) return
        this.#channel.send(new Uint8Array(block, start, Math.min(chunkBytes, block.byteLength - start)))
      }
    }
    if (!this.#isSending(outgoing)) return
    outgoing.isAllSaid = true
    this.say({ type: "end", id })
    await this.#moving(outgoing, () => outgoing.state === "done")
  }

  #isSending(outgoing) {
    return this.#channel.readyState === "open" && !this.#isClosed && outgoing.state === "moving"
  }

  #hearAnswer(outgoing, { type, from, bytes, why }) {
    if (type === "accept" && outgoing.state === "offered") {
      if (from > outgoing.size) return this.#fault("malformed")
      outgoing.begin(from)
    } else if (type === "got") {
      if (bytes > outgoing.size) return this.#fault("malformed")
      outgoing.got(bytes)
    } else if (type === "arrived") {
      if (!outgoing.isAllSaid) return this.#fault("malformed")
      outgoing.arrive()
    } else if (type === "decline") outgoing.end(whyOf(why))
    this.#wake()
    this.#pair.changed()
  }

  /** As `#until`, but ends the file when for long nothing of it has got there. */
  async #moving(outgoing, isDone) {
    let told = outgoing.bytes
    let until = Date.now() + stallMs
    while (!isDone() && this.#isSending(outgoing)) {
      await this.#woken(until - Date.now())
      if (outgoing.bytes > told) {
        told = outgoing.bytes
        until = Date.now() + stallMs
      } else if (Date.now() >= until && !isDone() && this.#isSending(outgoing)) {
        this.say({ type: "decline", id: outgoing.id, why: "stopped" })
        outgoing.end(whyOf("stopped"))
      }
    }
  }

  async #until(isDone) {
    while (!isDone() && !this.#isClosed) await this.#woken()
  }

  #woken(waitMs) {
    return new Promise((resolve) => {
      const timer = waitMs === undefined ? undefined : setTimeout(resolve, Math.max(0, waitMs))
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  #close() {
    if (this.#isClosed) return
    this.#isClosed = true
    clearTimeout(this.#stall)
    this.#incoming?.breakOff()
    this.#outgoing?.breakOff()
    this.#incoming = undefined
    this.#outgoing = undefined
    this.#wake()
    this.#pair.changed()
  }
}
