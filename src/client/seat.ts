/** A place beside somebody else, in a flight or on a channel of a room: kept over lost sockets, with the way to the other side. */
import type { ServerFrame } from "../wire/dropsilk/frames.ts"
import { type Abortable, abortable, pause } from "./abort.ts"
import type { Calls } from "./calls.ts"
import { closedError, errorOfFrame, isTowerError, type TowerError } from "./errors.ts"
import { Events } from "./events.ts"
import type { IceServers } from "./iceServers.ts"
import { Peer, type Peering, type Role } from "./peer.ts"
import type { PeerConnectionConstructor } from "./web.ts"

/**
 * When a seat is asked for again that was refused after a lost socket. The lost one may hold it until the server has found
 * that it is gone, which takes it 10 s from the first refusal.
 */
const retakeAfterMs = [2000, 4000, 8000]
/** Signals that are kept for a `connect` that is still to come, or for what this side has to know first. */
const mostEarly = 256

/** Who sits in the other seat. */
export interface Other {
  /** Of its socket: another one after it has come back. */
  readonly id: string
  readonly name: string
  /** Whether the two are on one network (`lan`), as far as the server can tell. */
  readonly connectionType: "lan" | "wan"
}

export interface SeatEvents {
  /** Somebody sits in the other seat, or is back in it. */
  peer: Other
  /** The other seat is empty. A connection that is open stays so for as long as the other side keeps it. */
  "peer-left": undefined
  /** A way to the other side is open that was not there before: the first one, or one to a page that was loaded again. */
  connected: Peering
  /** What the other side has said through the server, in whatever shape. */
  signal: unknown
  /** The socket is gone; the seat is taken again when there is a new one. */
  away: undefined
  /** It has been taken again. */
  back: undefined
  /** It is gone for good, and why: `Closed` when it was left. A connection that is open outlives a seat that was lost. */
  ended: TowerError
  /** A step of the negotiation has failed, as when the other side has said what no browser accepts. Others go on. */
  fault: unknown
}

export interface SeatParts {
  readonly calls: Calls
  readonly iceServers: IceServers
  /** Undefined where there is no WebRTC and none was passed in. */
  readonly RTCPeerConnection: PeerConnectionConstructor | undefined
}

export abstract class Seat extends Events<SeatEvents> {
  protected readonly calls: Calls
  readonly #parts: SeatParts
  #role: Role = "guest"
  #peer: Other | null = null
  #pair = ""
  #isPreparing = false
  #isTaken = false
  #isRetaking = false
  #end: TowerError | undefined
  #negotiation: Peer | undefined
  #early: unknown[] = []
  readonly #leaving = new AbortController()
  readonly #stops: (() => void)[]

  constructor(parts: SeatParts) {
    super()
    this.#parts = parts
    this.calls = parts.calls
    const { connection } = parts.calls
    this.#stops = [
      connection.on("frame", (frame) => this.#hear(frame)),
      connection.on("lost", () => this.#lost()),
      connection.on("open", () => void this.#retake()),
      connection.on("state", ({ state, code }) => state === "closed" && this.#finish(closedError(code)))
    ]
  }

  /** The code by which others come. */
  abstract readonly code: string
  /** Asks the server for it, for the first time or again. */
  protected abstract take(signal: AbortSignal): Promise<unknown>

  /** Who was there first is `host`: the side that offers, and that is not polite. */
  get role(): Role {
    return this.#role
  }

  protected set role(role: Role) {
    this.#role = role
  }

  /** Whoever sits in the other seat; null while nobody does. */
  get peer(): Other | null {
    return this.#peer
  }

  /** Whether it can still be used: neither left nor lost. */
  get isKept(): boolean {
    return this.#end === undefined
  }

  /** For whoever makes one: takes it, once. */
  async begin({ signal }: Abortable): Promise<this> {
    try {
      await this.take(signal === undefined ? this.#leaving.signal : AbortSignal.any([signal, this.#leaving.signal]))
      this.#isTaken = true
      return this
    } catch (error) {
      // What has ended it meanwhile is why it cannot be had.
      const end = this.#end
      this.#finish(isTowerError(error) ? error : closedError())
      throw end ?? error
    }
  }

  /**
   * Resolves with an open connection and a channel over it, at once if there is one; before somebody has come it waits. The
   * connection mends itself; one to a page that was loaded again is a new one, which the event `connected` tells of. Rejects with
   * what the seat was lost by.
   */
  connect({ signal }: Abortable = {}): Promise<Peering> {
    return abortable(signal, (resolve, reject) => {
      if (this.#end !== undefined) return reject(this.#end)
      const open = this.#negotiate().peering
      if (open !== undefined) return resolve(open)
      const stops = [this.on("connected", resolve), this.on("ended", reject)]
      return () => stops.forEach((stop) => stop())
    })
  }

  /**
   * Says something to the other side through the server, for what is not `connect`'s business. Without one it is lost. What JSON
   * does not know arrives as null.
   */
  signal(data: unknown): void {
    this.calls.connection.send({ type: "signal", data: data ?? null })
  }

  /** Gives the seat up, and the connection with it, which may have outlived the seat. */
  leave(): void {
    const isKept = this.isKept
    this.giveWay()
    if (isKept) this.hangUp()
  }

  /** The seat is somebody else's business now: its socket has taken another one. */
  giveWay(): void {
    this.#finish(closedError())
    this.#negotiation?.close()
  }

  protected hangUp(): void {
    this.calls.connection.renew()
  }

  /** What a kind of seat has to know before it meets whoever has come. */
  protected prepare(): Promise<unknown> | undefined {
    return undefined
  }

  #negotiate(): Peer {
    if (this.#negotiation !== undefined) return this.#negotiation
    const { RTCPeerConnection, iceServers } = this.#parts
    if (RTCPeerConnection === undefined) throw new TypeError("There is no RTCPeerConnection here: pass one in.")
    const negotiation = new Peer({
      RTCPeerConnection,
      iceServers,
      label: "data",
      isPaired: () => this.#pair !== "",
      role: () => this.#role,
      say: (signal) => this.signal(signal),
      opened: (peering) => this.emit("connected", peering),
      failed: (error) => this.emit("fault", error)
    })
    this.#negotiation = negotiation
    if (this.#isPreparing) return negotiation
    if (this.#pair !== "") negotiation.meet()
    this.#hearEarly(negotiation)
    return negotiation
  }

  #hearEarly(negotiation: Peer): void {
    for (const data of this.#early.splice(0)) negotiation.hear(data)
  }

  #hear(frame: ServerFrame): void {
    if (frame.type === "peer-joined") {
      // The socket may have taken another seat a moment ago, whose frames are on their way.
      if (this.#isTaken && frame.flightCode !== this.code) return
      this.#meet({ ...frame.peer, connectionType: frame.connectionType })
    } else if (frame.type === "peer-left") this.#part()
    else if (frame.type === "signal") this.#signalled(frame.data)
    else if (frame.type === "error") this.#refused(frame.message)
  }

  #meet(other: Other): void {
    // Who attaches twice is told twice.
    const pair = `${this.calls.connection.id} ${other.id}`
    if (pair === this.#pair) return
    this.#pair = pair
    this.#peer = other
    this.#early = []
    this.emit("peer", other)
    const prepared = this.prepare()
    this.#isPreparing = prepared !== undefined
    if (prepared === undefined) return this.#negotiation?.meet()
    const heed = (isKnown: boolean) => {
      if (this.#pair !== pair) return
      this.#isPreparing = false
      if (this.#negotiation === undefined) return
      if (isKnown) this.#negotiation.meet()
      this.#hearEarly(this.#negotiation)
    }
    void prepared.then(
      () => heed(true),
      () => heed(false)
    )
  }

  #part(): void {
    this.#pair = ""
    this.#isPreparing = false
    this.#peer = null
    this.#early = []
    // Who stays is there before whoever comes.
    this.#role = "host"
    this.emit("peer-left", undefined)
  }

  #signalled(data: unknown): void {
    if (this.#negotiation !== undefined && !this.#isPreparing) this.#negotiation.hear(data)
    else if (this.#early.length < mostEarly) this.#early.push(data)
    this.emit("signal", data)
  }

  /** What was said without having been asked is about the seat. */
  #refused(message: string): void {
    const error = errorOfFrame(message)
    const isAboutSeat = error.name === "SeatTaken" || (error.name === "ServerFault" && !this.calls.isAsking)
    if (isAboutSeat && this.#isTaken) this.#finish(error)
  }

  #lost(): void {
    this.#pair = ""
    if (this.#isTaken) this.emit("away", undefined)
  }

  /** A socket that is lost meanwhile is none of its business: `take` is said again on the next one. */
  async #retake(): Promise<void> {
    // One that has not been taken yet is asked for by whoever wants it.
    if (!this.#isTaken || this.#isRetaking) return
    this.#isRetaking = true
    const { signal } = this.#leaving
    for (const waitMs of [...retakeAfterMs, undefined]) {
      try {
        await this.take(signal)
        this.#isRetaking = false
        return this.emit("back", undefined)
      } catch (error) {
        if (this.#end !== undefined || !isTowerError(error)) return
        if (waitMs === undefined || error.name === "Closed") return this.#finish(error)
        await pause(waitMs, signal).catch(() => {})
      }
    }
  }

  #finish(error: TowerError): void {
    if (this.#end !== undefined) return
    this.#end = error
    for (const stop of this.#stops) stop()
    this.#leaving.abort()
    const wasTaken = this.#isTaken
    this.#isTaken = false
    if (wasTaken) this.emit("ended", error)
  }
}
