/**
 * This device and another one: a room of their own, in which nobody else has a seat, and what goes over the connection. The
 * seats are on the room's `chat` channel, as each of those has a socket of its own beside the one that waits at the door.
 */
import { Exchange } from "./exchange.js"
import { shownName } from "./names.js"
import { Outgoing } from "./outgoing.js"
import { routeOf } from "./route.js"

/** For so long somebody who is away may come back, which the server allows for 30 s. */
const awayMs = 45_000
/** So long two may take to find a way to each other. */
const connectMs = 45_000
const routeEveryMs = 2000
/** A room lives on when it is looked at before it ends. */
const leastLookMs = 20_000
const mostLookMs = 300_000

export class Pair {
  /** `connecting` for the first time, `connected`, `away`: the other one may come back; `gone`. */
  state = "connecting"
  id = ""
  door = null
  around = []
  route
  /** Whether the way is open at the moment. One that is lost is looked for by itself. */
  isReachable = true
  #room
  #meeting
  #seat
  #exchange
  #connection
  #outgoing = []
  #incoming = []
  #timer
  #looking

  /** `meeting` hears `changed()`, `greeted(pair)`, `told(pair, text)`, `offered(pair, incoming)`, `gone(pair, why)`. */
  constructor(room, name, meeting) {
    this.#room = room
    this.#meeting = meeting
    this.name = shownName(name)
  }

  get code() {
    return this.#room.code
  }

  /** What it takes to come back after the page was loaded again. */
  get remembered() {
    return { code: this.#room.code, participantId: this.#room.participantId, name: this.name }
  }

  async begin() {
    this.#giveUpAfter(connectMs, "no way to it was found: look at the connection check")
    this.#look()
    try {
      const seat = await this.#room.attach("chat")
      if (this.state === "gone") return seat.leave()
      this.#seat = seat
      seat.on("peer", ({ name }) => this.#come(name))
      if (seat.peer !== null) this.#come(seat.peer.name)
      seat.on("connected", (peering) => this.#connected(peering))
      seat.on("peer-left", () => this.#exchange === undefined && this.#giveUpAfter(awayMs, "it has left"))
      seat.on("ended", (error) => this.#lostSeat(error))
      // `connected` tells of the first connection and of those after it.
      await seat.connect()
    } catch (error) {
      if (this.state === "connecting") this.#go(error.message)
    }
  }

  // --- What a person does

  send(file) {
    const outgoing = new Outgoing(file)
    this.#outgoing.push(outgoing)
    void this.#exchange?.send()
    return outgoing
  }

  again(outgoing) {
    outgoing.again()
    void this.#exchange?.send()
  }

  say(text) {
    this.#exchange?.say({ type: "message", text })
  }

  /** Tells who this device is, and who else is with it. */
  greet(hello) {
    this.#exchange?.say({ type: "hello", ...hello })
  }

  async leave() {
    const exchange = this.#exchange
    this.#go()
    await exchange?.farewell({ type: "bye" })
    this.#seat?.leave()
  }

  // --- What the exchange tells

  greeted({ id, name, door, around }) {
    this.id = id
    this.name = shownName(name)
    this.door = door
    this.around = around.map((other) => ({ ...other, name: shownName(other.name) }))
    this.#meeting.greeted(this)
  }

  told(text) {
    this.#meeting.told(this, text)
  }

  /** The same file as before the connection broke off, as far as it says so. */
  partial({ id, name, size }) {
    return this.#incoming.find(
      (one) => one.id === id && one.saidName === name && one.size === size && one.state === "broken"
    )
  }

  offered(incoming) {
    if (!this.#incoming.includes(incoming)) this.#incoming.push(incoming)
    this.#meeting.offered(this, incoming)
  }

  nextOutgoing() {
    return this.#outgoing.find(({ isWaiting }) => isWaiting)
  }

  changed() {
    this.#incoming = this.#incoming.filter(({ state }) => state !== "done" && state !== "ended")
    this.#outgoing = this.#outgoing.filter(({ state }) => state !== "done")
    this.#meeting.changed()
  }

  leaves() {
    this.#go("it has left")
    this.#seat?.leave()
  }

  /** A rule was broken. What has to be said is on its way. */
  async ended(why) {
    const exchange = this.#exchange
    this.#go(why)
    await exchange?.farewell()
    this.#seat?.leave()
  }

  // --- What becomes of it

  #come(name) {
    if (this.id === "") this.name = shownName(name)
    this.#meeting.changed()
  }

  #connected({ connection, channel }) {
    if (this.state === "gone") return
    clearTimeout(this.#timer)
    const isNew = this.state !== "connected"
    this.#connection = connection
    this.state = "connected"
    const exchange = new Exchange(channel, this)
    this.#exchange = exchange
    channel.addEventListener("close", () => this.#exchange === exchange && this.#away())
    this.#followRoute(connection)
    this.#meeting.connected(this, isNew)
  }

  #away() {
    this.#exchange = undefined
    this.route = undefined
    if (this.state === "gone") return
    this.state = "away"
    this.#giveUpAfter(awayMs, "it has left")
    this.#meeting.changed()
  }

  #lostSeat(error) {
    // A connection that is open outlives the seat.
    if (this.state === "gone" || this.#exchange !== undefined) return
    this.#go(error.name === "SeatTaken" ? "it goes on in another tab" : error.message)
  }

  #giveUpAfter(milliseconds, why) {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      if (this.#exchange !== undefined) return
      this.#go(why)
      this.#seat?.leave()
    }, milliseconds)
  }

  /** `why`: undefined when it is this side that leaves. */
  #go(why) {
    if (this.state === "gone") return
    this.state = "gone"
    clearTimeout(this.#timer)
    clearTimeout(this.#looking)
    const shown = why === undefined ? "The connection was ended." : `The connection has ended: ${why}`
    for (const transfer of [...this.#incoming, ...this.#outgoing]) transfer.end(shown)
    this.#meeting.gone(this, why)
  }

  async #followRoute(connection) {
    let lostAt
    while (this.#connection === connection && this.state === "connected") {
      const route = await routeOf(connection).catch(() => undefined)
      if (this.#connection !== connection || this.state !== "connected") return
      this.isReachable = connection.connectionState === "connected"
      this.route = this.isReachable ? route : undefined
      lostAt = this.isReachable ? undefined : (lostAt ?? Date.now())
      // A device whose battery has died says nothing, and its channel does not close.
      if (lostAt !== undefined && Date.now() - lostAt > awayMs && this.#seat?.peer === null) return this.leaves()
      this.#meeting.changed()
      await new Promise((resolve) => setTimeout(resolve, routeEveryMs))
    }
  }

  /** A room whose seats are on other channels than `transfer` ends by itself unless it is looked at. */
  #look() {
    const leftMs = Date.parse(this.#room.summary.expiresAt) - Date.now()
    const waitMs = Math.min(mostLookMs, Math.max(leastLookMs, leftMs / 2))
    this.#looking = setTimeout(async () => {
      await this.#room.refresh().catch(() => {})
      if (this.state !== "gone") this.#look()
    }, waitMs)
  }
}
