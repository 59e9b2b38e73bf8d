/** One client's socket: what may wait to be sent, what it may send, and whether it still lives. It knows nothing of what frames say. */
import type { Socket } from "node:net"
import type { WebSocket } from "ws"
import type { AnyActorRef } from "xstate"
import { limits } from "../../limits.ts"
import type { Flush } from "./flush.ts"
import type { LinkEnd } from "./link.ts"
import { type Linkable, type Pause, pausedFor, type Sender } from "./sender.ts"
import type { SocketHandler, SocketSettings } from "./socketServer.ts"

interface Frame {
  readonly bytes: Buffer
  readonly isBinary: boolean
}

/** Somebody who wants to know whether the client still lives. */
interface Asker {
  readonly heard: (lives: boolean) => void
  readonly timer: NodeJS.Timeout
}

/** A client that goes on sending too much although it is told. Times on the clock of performance.now(). */
interface Flood {
  readonly since: number
  last: number
  told: number
}

/** One client's socket. */
export class ClientSocket implements Linkable {
  /** Set by the handler when it opens. */
  id = ""
  /** Set by the handler when it opens: the client's address. */
  address = ""
  /** Set when it opens: where its protocol is served. */
  path = ""
  /** Set by the handler when it opens: who hears what the client says. */
  actor: AnyActorRef | null = null
  /** On the clock of performance.now(). */
  readonly openedAt = performance.now()
  /** Whose this socket's frames are, while a link is open. */
  link: LinkEnd | null = null

  readonly #socket: WebSocket
  readonly #stream: Socket
  readonly #flush: Flush
  readonly #handler: SocketHandler
  readonly #options: SocketSettings
  #alive = true
  /** We have begun the closing handshake. */
  #isDismissed = false
  #pauses = 0
  #held = false
  #inbox: Frame[] | null = null
  #inboxBytes = 0
  /** Those who wait until this one has been sent enough. */
  #waiting: Set<Sender> | null = null
  #slowTimer: NodeJS.Timeout | null = null
  #askers: Set<Asker> | null = null
  /** When it was probed last; 0: never. */
  #probedAt = 0
  /** When it was pinged, where anybody wants to know how long the answer takes; 0: it has been answered. */
  #pingedAt = 0
  #flood: Flood | null = null
  /** Frames that it may still send before the clock is looked at. */
  #allowance: number
  /** Since when frames have come back, on the clock of performance.now(). */
  #allowedAt = this.openedAt

  /** `stream` is what the WebSocket writes to. */
  constructor(socket: WebSocket, stream: Socket, flush: Flush, handler: SocketHandler, options: SocketSettings) {
    this.#handler = handler
    this.#socket = socket
    this.#stream = stream
    this.#flush = flush
    this.#options = options
    this.#allowance = options.framesPerSecond === 0 ? Number.POSITIVE_INFINITY : options.frameBurst
  }

  /** The connection below the WebSocket. */
  get connection(): Socket {
    return this.#stream
  }

  /** Neither end has begun to close it. */
  get isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN
  }

  /** Sends a text frame. Nothing happens when the socket is closing. */
  send(text: string): void {
    this.#write(text, null)
  }

  /** One of this process, whatever its peer is. */
  get isRemote(): false {
    return false
  }

  /** Sends a frame that came from somebody else, who is paused if this one does not read fast enough. */
  relay(bytes: Buffer | string, from: Sender): void {
    this.#write(bytes, from)
  }

  #write(data: Buffer | string, from: Sender | null): void {
    const socket = this.#socket
    if (socket.readyState !== socket.OPEN) return
    this.#flush(this.#stream)
    const { backPressureHighBytes, backPressureLowBytes } = this.#options
    const unsent = socket.bufferedAmount + data.length
    if (unsent < backPressureLowBytes) {
      socket.send(data, textFrame)
      return
    }
    socket.send(data, textFrame, () => this.#flushed())
    if (unsent < backPressureHighBytes) return
    this.#slowTimer ??= setTimeout(() => socket.terminate(), this.#options.slowReaderTimeoutMs).unref()
    if (from === null) return
    this.#waiting ??= new Set()
    this.#waiting.add(from)
    from.stopReading(pausedFor.peer)
  }

  #flushed(): void {
    const { bufferedAmount } = this.#socket
    if (bufferedAmount > this.#options.backPressureLowBytes) return
    if (this.#slowTimer !== null) clearTimeout(this.#slowTimer)
    this.#slowTimer = null
    this.#letGo()
  }

  #letGo(): void {
    const waiting = this.#waiting
    this.#waiting = null
    if (waiting !== null) for (const sender of waiting) sender.readOn(pausedFor.peer)
  }

  /** It is not read until `readOn` has been said for every reason. */
  stopReading(why: Pause): void {
    if (this.#pauses === 0) {
      this.#socket.pause()
      // Nor can it be seen to live then: whether it reads is for the slow reader's timer.
      this.#showsLife()
    }
    this.#pauses |= why
  }

  /** Ends that, for this reason. */
  readOn(why: Pause): void {
    if (this.#pauses === 0) return
    this.#pauses &= ~why
    if (this.#pauses === 0) this.#socket.resume()
  }

  /** Later frames wait, in order, until `release`. */
  hold(): void {
    this.#held = true
  }

  /** Hands over the frames that waited, once what is going on now has finished. */
  release(): void {
    this.#held = false
    if (this.#inbox !== null) queueMicrotask(() => this.#drain())
  }

  #drain(): void {
    while (!this.#held && this.#inbox !== null) {
      const frame = this.#inbox.shift() as Frame
      this.#inboxBytes -= frame.bytes.length
      if (this.#inbox.length === 0) this.#inbox = null
      this.#handle(frame.bytes, frame.isBinary)
    }
    if (this.#inboxBytes <= this.#options.heldFramesBytes) this.readOn(pausedFor.inbox)
  }

  #handle(bytes: Buffer, isBinary: boolean): void {
    const handler = this.#handler
    try {
      handler.frame(this, bytes, isBinary)
    } catch (error) {
      handler.failed(this, error)
    }
  }

  /** Starts the closing handshake. */
  close(code: number, reason: string): void {
    this.#isDismissed = true
    this.#socket.close(code, reason)
    // A paused socket would never see the client's answer.
    if (this.#pauses !== 0) {
      this.#pauses = 0
      this.#socket.resume()
    }
  }

  /** Cuts the connection. */
  terminate(): void {
    this.#socket.terminate()
  }

  /** What the server does with the socket's own events. */
  received(bytes: Buffer, isBinary: boolean): void {
    if (this.#askers !== null) this.#showsLife()
    if (!this.#isCounted()) return
    if (!this.#held && this.#inbox === null) return this.#handle(bytes, isBinary)
    this.#inbox ??= []
    this.#inbox.push({ bytes, isBinary })
    this.#inboxBytes += bytes.length
    if (this.#inboxBytes > this.#options.heldFramesBytes) this.stopReading(pausedFor.inbox)
  }

  /**
   * A ping or an answer to one. It costs as much as any frame, and what came with it in one read stays in memory as long as
   * a fragment beside it does.
   */
  controlled(): void {
    this.#isCounted()
  }

  #isCounted(): boolean {
    if (--this.#allowance >= 0 || (!this.#isDismissed && this.#isAllowedMore())) return true
    this.#refuseFlood()
    return false
  }

  /** The clock is looked at only when the allowance is used up: most clients never come to that. */
  #isAllowedMore(): boolean {
    const { framesPerSecond, frameBurst } = this.#options
    const now = performance.now()
    const back = Math.floor(Math.min(frameBurst, ((now - this.#allowedAt) / 1000) * framesPerSecond))
    if (back < 1) return false
    this.#allowedAt = now
    this.#allowance = back - 1
    return true
  }

  #refuseFlood(): void {
    if (!this.#isDismissed && this.#isTolerated()) return
    // It need not answer when it is told to go: until then its frames are read and, as parts of a message, kept.
    if (this.#allowance < -limits.frameBurstsInFlight * this.#options.frameBurst) return this.#socket.terminate()
    if (this.#socket.readyState !== this.#socket.OPEN) return
    this.#handler.flooded(this)
    this.close(1008, "Too many frames")
  }

  /** Whether what comes is lost and nothing worse happens: some protocols give who sends too much the time to notice. */
  #isTolerated(): boolean {
    const { floods } = this.#handler
    if (floods === undefined) return false
    const now = performance.now()
    // Whoever has kept still for so long begins anew.
    if (this.#flood === null || now - this.#flood.last > limits.floodPauseMs)
      this.#flood = { since: now, last: now, told: 0 }
    const flood = this.#flood
    flood.last = now
    if (now - flood.since >= floods.toleratedMs) return false
    this.#allowance = 0
    if (flood.told !== 0 && now - flood.told < limits.floodPauseMs) return true
    flood.told = now
    this.#handler.flooded(this)
    floods.tell(this)
    return true
  }

  answered(): void {
    this.#alive = true
    if (this.#askers !== null) this.#showsLife()
    if (this.#pingedAt === 0) return
    this.#handler.roundTrip?.(this, performance.now() - this.#pingedAt)
    this.#pingedAt = 0
  }

  /**
   * Pings, and says whether the client lives: true as soon as anything comes of it, false when nothing has in time. Who
   * waits for what this one holds need not wait for `checkHealth`, which takes up to two of its intervals. One that is
   * being closed does not, as it has been told to go; nothing is said when the socket ends meanwhile.
   */
  ask(withinMs: number, heard: (lives: boolean) => void): void {
    const socket = this.#socket
    if (socket.readyState !== socket.OPEN) return heard(false)
    // A socket that we do not read cannot show that it lives.
    if (this.#pauses !== 0) return heard(true)
    const { bytesRead } = this.#stream
    const asker: Asker = {
      heard,
      timer: setTimeout(() => {
        this.#askers?.delete(asker)
        // While it is still being sent something the ping may not have come to it: that is for the slow reader's timer.
        heard(this.#stream.bytesRead !== bytesRead || socket.bufferedAmount > 0)
      }, withinMs).unref()
    }
    this.#askers ??= new Set()
    this.#askers.add(asker)
    socket.ping()
  }

  #showsLife(): void {
    const askers = this.#askers
    this.#askers = null
    for (const { timer, heard } of askers ?? []) {
      clearTimeout(timer)
      heard(true)
    }
  }

  /**
   * Asks it, and ends the connection when it does not live; once in that time, however often somebody wants it. One that is
   * being closed goes by itself, and must have the time to hear why.
   */
  probe(): void {
    const socket = this.#socket
    if (this.#pauses !== 0 || socket.readyState !== socket.OPEN) return
    const now = performance.now()
    const { probeTimeoutMs } = this.#options
    if (this.#probedAt !== 0 && now - this.#probedAt < probeTimeoutMs) return
    this.#probedAt = now
    this.ask(probeTimeoutMs, (lives) => {
      if (!lives) socket.terminate()
    })
  }

  checkHealth(): void {
    // A socket that we do not read cannot show that it lives.
    if (!this.#alive && this.#pauses === 0) return this.#socket.terminate()
    this.#alive = false
    if (this.#socket.readyState !== this.#socket.OPEN) return
    if (this.#handler.roundTrip !== undefined) this.#pingedAt = performance.now()
    this.#socket.ping()
  }

  /** `code`: see RFC 6455 7.1.5. */
  ended(code: number): void {
    if (this.#slowTimer !== null) clearTimeout(this.#slowTimer)
    for (const { timer } of this.#askers ?? []) clearTimeout(timer)
    this.#askers = null
    this.#inbox = null
    this.#letGo()
    this.#handler.closed(this, code === brokenOff && !this.#isDismissed)
  }
}

/** No close frame has come (RFC 6455 7.1.5). */
const brokenOff = 1006

const textFrame = { binary: false } as const
