/**
 * Who is here and how one comes to them, by silktower/client.
 *
 * This device waits at a door of its own: in one seat of a room, the other seat of which nobody keeps. Whoever has its code takes
 * that seat for a moment, is told the code of a new room for the two alone, and goes there. So one code lets in any number of
 * others, one after the other, and it stays the same over reloads and restarts of the server, as rooms do.
 */
import { createTower, isTowerError } from "./client/index.js"
import { isCode } from "./lines.js"
import { shownName } from "./names.js"
import { Pair } from "./pair.js"
import { rememberedSeats, rememberSeats } from "./remembered.js"
import { inMemory, memoryBytes } from "./sink.js"
import { explain } from "./words.js"

/** Somebody whose socket is at a door, its own or another's, is off the list for a moment. */
const vanishMs = 1500
/** A socket on its way to a seat is on the list for a moment. */
const appearMs = 500
/** Devices that this one is connected with at most: each is a room, a socket and a connection. */
const mostPairs = 32
/** Whoever stays longer at the door has it to himself. */
const atDoorMs = 15_000
const visitMs = 20_000
const invitedMs = 60_000
const mostInvitations = 5
const againMs = 3000
/** Where an operator has to do something first. */
const refusedAgainMs = 30_000

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))

export class Meeting {
  /** The code by which others come; undefined while there is none. */
  code
  pairs = []
  /** Who asks this device to come: `{ code, fromName }`. */
  invitations = []
  /** Whether the server has ever greeted this page. Until then it may refuse the page's origin, and a page is not told. */
  hasOpened = false
  /** `{ id, name, since, invitedAt, goneAt }`, those last two mostly undefined. */
  #nearby = new Map()
  #url
  #tower
  #door
  #before = rememberedSeats()
  #hears
  #greeting
  #greeted = new WeakMap()
  /** Codes of doors that this device is on its way to. */
  visiting = new Set()

  /**
   * `hears`: what the page does at `changed()`, `said(text)`, `asked(text)`, `message(pair, text)`, `file(pair, incoming)`; and `heldBytes()`, how
   * much of what has arrived it holds in memory.
   */
  constructor(url, name, hears) {
    this.#url = url
    this.#hears = hears
    this.#tower = createTower({ url, name })
    this.#tower.on("state", () => this.#stateChanged())
    this.#tower.on("neighbours", (neighbours) => this.#see(neighbours))
    this.#tower.on("invitation", (invitation) => this.#invited(invitation))
    addEventListener("online", () => this.#tower.retry())
    void this.#openDoor()
    for (const pair of this.#before.pairs) void this.#return(pair)
  }

  get state() {
    return this.#tower.state
  }

  get name() {
    return this.#tower.name
  }

  rename(name) {
    this.#tower.rename(name)
    this.#greetAll()
    this.changed()
  }

  /** Those on this network with whom this device is not connected. */
  get nearby() {
    const connected = new Set(this.pairs.map(({ id }) => id))
    const appeared = Date.now() - appearMs
    return [...this.#nearby.values()].filter(({ id, since }) => since <= appeared && !connected.has(id))
  }

  /** Those with whom others here are connected, and this device is not: `{ id, name, door, by }`. */
  get around() {
    const known = new Set([this.#tower.id, ...this.pairs.map(({ id }) => id), ...this.nearby.map(({ id }) => id)])
    const found = new Map()
    for (const { around, name: by, state } of this.pairs) {
      if (state !== "connected") continue
      for (const other of around) if (other.door !== null && !known.has(other.id)) found.set(other.id, { ...other, by })
    }
    return [...found.values()]
  }

  /** Those to whom a way is open. */
  get present() {
    return this.pairs.filter(({ state }) => state === "connected")
  }

  // --- What a person does

  async invite(id) {
    const other = this.#nearby.get(id)
    const theirs = this.invitations.find(({ fromName }) => fromName === other?.name)
    if (theirs !== undefined) return this.accept(theirs)
    if (other === undefined || this.code === undefined) return
    other.invitedAt = Date.now()
    setTimeout(() => this.changed(), invitedMs)
    this.changed()
    await this.#tower.invite(id, this.code)
  }

  isInvited({ invitedAt }) {
    return invitedAt !== undefined && Date.now() - invitedAt < invitedMs
  }

  accept(invitation) {
    this.refuse(invitation)
    return this.visitFriend(invitation.code)
  }

  refuse(invitation) {
    this.invitations = this.invitations.filter((one) => one !== invitation)
    this.changed()
  }

  /** Connects to everybody who is in sight. */
  everybody() {
    for (const other of this.nearby) if (!this.isInvited(other)) void this.invite(other.id)
    for (const { door } of this.around) void this.visitFriend(door)
  }

  /** Goes to the door of this code, and from there into a room for the two. Rejects with what has hindered it. */
  async visit(code) {
    if (code === this.code) throw new Error("This is the code of this device: type it on another one.")
    if (this.visiting.has(code)) return
    this.visiting.add(code)
    this.changed()
    try {
      const room = await this.#tower.joinRoom(await this.#knock(code))
      this.#pair(room, room.summary.peer?.name ?? "Anonymous")
    } finally {
      this.visiting.delete(code)
      this.changed()
    }
  }

  /** The same, where what has hindered it is told by the way. */
  async visitFriend(code) {
    try {
      await this.visit(code)
    } catch (error) {
      this.#hears.said(explain(error))
    }
  }

  leave(pair) {
    return pair.leave()
  }

  // --- What pairs tell

  changed() {
    this.#hears.changed()
  }

  connected(pair, isNew) {
    this.#greeted.delete(pair)
    if (isNew) this.#hears.said(`${pair.name} is connected.`)
    this.#greetAll()
    this.changed()
  }

  greeted({ name }) {
    this.invitations = this.invitations.filter(({ fromName }) => fromName !== name)
    this.#greetAll()
    this.#remember()
    this.changed()
  }

  told(pair, text) {
    this.#hears.message(pair, text)
  }

  offered(pair, incoming) {
    this.#hears.file(pair, incoming)
    // What fits into memory comes by itself: the two have wanted to be connected.
    if (incoming.size + this.#hears.heldBytes() <= memoryBytes) incoming.accept(inMemory())
  }

  gone(pair, why) {
    this.pairs = this.pairs.filter((one) => one !== pair)
    this.#remember()
    this.#hears.said(why === undefined ? `${pair.name} is no longer connected.` : `${pair.name}: ${why}`)
    this.#greetAll()
    this.changed()
  }

  // --- The door

  async #openDoor() {
    for (;;) {
      try {
        const room = await this.#doorRoom()
        const seat = await room.attach()
        this.#door = { room, seat }
        this.code = room.code
        seat.on("peer", () => this.#welcome(seat))
        if (seat.peer !== null) void this.#welcome(seat)
        // Such as by another tab that began as a copy of this one.
        seat.on("ended", () => this.#door?.seat === seat && this.#moveDoor())
        this.#remember()
        this.#greetAll()
        return this.changed()
      } catch (error) {
        // Then the server does not want this page: its state says so.
        if (isTowerError(error, "Closed")) return
        if (!isTowerError(error)) throw error
        await pause(error.name === "OriginRefused" ? refusedAgainMs : (error.retryAfterMs ?? againMs))
      }
    }
  }

  /** The one from before the page was loaded again, where there was one. */
  async #doorRoom() {
    const { door } = this.#before
    if (door === undefined) return this.#tower.createRoom()
    try {
      return await this.#tower.returnToRoom(door.code, door.participantId)
    } catch (error) {
      if (!isTowerError(error, "RoomNotFound")) throw error
      this.#before.door = undefined
      return this.#tower.createRoom()
    }
  }

  /** Somebody has come: a room for the two is made, and its code told. */
  async #welcome(seat) {
    const visitor = seat.peer
    if (visitor === null || this.pairs.length >= mostPairs) return
    try {
      const room = await this.#tower.createRoom()
      seat.signal({ room: room.code })
      this.#pair(room, visitor.name)
    } catch {
      // Too many rooms, or no server at the moment: the visitor is told by the time that passes.
    }
    await pause(atDoorMs)
    if (seat.isKept && seat.peer?.id === visitor.id) this.#moveDoor()
  }

  /** Another room with another code. */
  #moveDoor() {
    const seat = this.#door?.seat
    this.#door = undefined
    this.#before.door = undefined
    this.code = undefined
    this.changed()
    if (seat?.isKept) seat.leave()
    void this.#openDoor()
  }

  /** The code of the room for the two. */
  async #knock(code) {
    const guest = createTower({ url: this.#url, name: this.name })
    const signal = AbortSignal.timeout(visitMs)
    try {
      const room = await this.#enter(guest, code, signal)
      const seat = await room.attach("transfer", { signal })
      return await new Promise((resolve, reject) => {
        seat.on("signal", (said) => isCode(said?.room) && resolve(said.room))
        seat.on("ended", reject)
        signal.addEventListener("abort", () => reject(signal.reason))
      })
    } finally {
      guest.close()
    }
  }

  /** Others may be at the door. */
  async #enter(guest, code, signal) {
    for (;;) {
      try {
        return await guest.joinRoom(code, { signal })
      } catch (error) {
        if (!isTowerError(error, "RoomFull") || signal.aborted) throw error
        await pause(400 + Math.random() * 800)
      }
    }
  }

  // --- Others

  #pair(room, name) {
    const pair = new Pair(room, name, this)
    this.pairs = [...this.pairs, pair]
    this.#remember()
    this.changed()
    void pair.begin()
  }

  /** After the page was loaded again. */
  async #return(before) {
    const { code, participantId, name } = before
    const settle = () => {
      this.#before.pairs = this.#before.pairs.filter((one) => one !== before)
    }
    for (let attempts = 0; attempts < 5; attempts++) {
      try {
        const room = await this.#tower.returnToRoom(code, participantId)
        settle()
        return this.#pair(room, name)
      } catch (error) {
        if (!isTowerError(error) || error.name === "RoomNotFound") break
        await pause(error.retryAfterMs ?? againMs)
      }
    }
    settle()
    this.#hears.said(`${shownName(name)} could not be found again.`)
  }

  #see(neighbours) {
    const now = Date.now()
    const seen = new Set(neighbours.map(({ id }) => id))
    for (const { id, name } of neighbours) {
      const before = this.#nearby.get(id)
      this.#nearby.set(id, { id, name: shownName(name), since: before?.since ?? now, invitedAt: before?.invitedAt })
    }
    for (const [id, other] of this.#nearby) {
      if (seen.has(id)) continue
      if (now - other.since < appearMs) this.#nearby.delete(id)
      else other.goneAt ??= now
    }
    // A timer may be early by a little.
    setTimeout(() => this.changed(), appearMs + 20)
    setTimeout(() => {
      for (const [id, { goneAt }] of this.#nearby) {
        if (goneAt !== undefined && Date.now() - goneAt > vanishMs / 2) this.#nearby.delete(id)
      }
      this.changed()
    }, vanishMs)
    this.changed()
  }

  #invited({ code, fromName }) {
    const rest = this.invitations.filter((one) => one.code !== code)
    const invitation = { code, fromName: shownName(fromName) }
    this.invitations = [...rest, invitation].slice(-mostInvitations)
    if (rest.length === this.invitations.length - 1) this.#hears.asked(`${invitation.fromName} wants to connect.`)
    setTimeout(() => this.refuse(invitation), invitedMs)
    this.changed()
  }

  #stateChanged() {
    this.hasOpened ||= this.state === "open"
    this.#greetAll()
    this.changed()
  }

  #hello(pair) {
    const around = this.present
      .filter((other) => other !== pair && other.id !== "")
      .map(({ id, name, door }) => ({ id, name, door }))
    return { id: this.#tower.id, name: this.name, door: this.code ?? null, around }
  }

  /** Tells everybody what has changed for them. Soon: several things change together. */
  #greetAll() {
    this.#greeting ??= setTimeout(() => {
      this.#greeting = undefined
      if (this.state !== "open") return
      for (const pair of this.present) {
        const hello = this.#hello(pair)
        const text = JSON.stringify(hello)
        if (this.#greeted.get(pair) === text) continue
        this.#greeted.set(pair, text)
        pair.greet(hello)
      }
    }, 100)
  }

  #remember() {
    const { code, participantId } = this.#door?.room ?? this.#before.door ?? {}
    rememberSeats({
      door: code === undefined ? undefined : { code, participantId },
      pairs: [...this.pairs.map(({ remembered }) => remembered), ...this.#before.pairs]
    })
  }
}
