/** One socket that comes back: opened, watched, and opened again as the server's close codes allow. */
import type { ClientFrame, ServerFrame } from "../wire/dropsilk/frames.ts"
import { type Abortable, abortable } from "./abort.ts"
import { BackOff, mayComeBack } from "./backOff.ts"
import { closedError, TowerError } from "./errors.ts"
import { Events } from "./events.ts"
import type { WebSocketConstructor, WebSocketPart } from "./web.ts"

/** After so long without a frame the server is asked for a sign of life, and after so long without one the socket is given up. */
const quietMs = 20_000
const answerMs = 15_000

/** UTF-16 units. */
const mostNameUnits = 50

/**
 * `connecting` until the server has spoken, then `open`; `waiting` for the next attempt after a socket was lost, and `closed`
 * for good.
 */
export type State = "connecting" | "open" | "waiting" | "closed"

export interface StateChange {
  readonly state: State
  /** Of `waiting` and of a `closed` that the server wanted: the WebSocket's close code. */
  readonly code?: number
  /** Of `waiting`: milliseconds until the next attempt. */
  readonly retryInMs?: number
  /**
   * Of `waiting`: whether any socket to this server has ever opened. While none has, code 1006 is either a server that cannot
   * be reached or one that does not allow the page's origin; a page cannot tell which, the server's log can.
   */
  readonly hasOpened?: boolean
}

interface ConnectionEvents {
  state: StateChange
  /** A new socket has been greeted: nothing of what an earlier one held is held any more. */
  open: undefined
  /** The socket that was open is gone. */
  lost: undefined
  frame: ServerFrame
}

export class Connection extends Events<ConnectionEvents> {
  /** The socket's id, as others see it; a new socket has a new one. */
  id = ""
  readonly #url: string
  readonly #WebSocket: WebSocketConstructor
  readonly #backOff = new BackOff()
  #name: string
  #socket: WebSocketPart | undefined
  #state: State = "connecting"
  #timer: ReturnType<typeof setTimeout> | undefined
  #openedAt: number | undefined
  /** After how many milliseconds the server that is going wants to see this client again. */
  #askedMs: number | undefined
  #hasOpened = false
  #end: TowerError | undefined

  /** `url`: of the WebSocket. Opens at once. */
  constructor(url: string, name: string, WebSocket: WebSocketConstructor) {
    super()
    this.#url = url
    this.#name = checkedName(name)
    this.#WebSocket = WebSocket
    this.#open()
  }

  get state(): State {
    return this.#state
  }

  get name(): string {
    return this.#name
  }

  set name(name: string) {
    this.#name = checkedName(name)
    this.send({ type: "register-details", name: this.#name })
  }

  /** Why it will never be open again; undefined: it may. */
  get end(): TowerError | undefined {
    return this.#end
  }

  /** Does nothing while the socket is not open: whatever must not be lost is sent again when it has opened. */
  send(frame: ClientFrame): void {
    if (this.#state === "open") this.#socket?.send(JSON.stringify(frame))
  }

  /** Resolves when it is open, at once if it is; rejects with `Closed` when it will never be. */
  opened({ signal }: Abortable = {}): Promise<void> {
    return abortable(signal, (resolve, reject) => {
      const look = () => {
        if (this.#state === "open") resolve()
        else if (this.#end !== undefined) reject(this.#end)
      }
      look()
      return this.on("state", look)
    })
  }

  /** Hangs up and opens a new socket at once: there is no other way to give up a seat. */
  renew(): void {
    if (this.#state === "closed") return
    this.#forget()
    this.#open()
  }

  /** Does not wait any longer, if it waits: for a page that hears that there is a network again. */
  retry(): void {
    if (this.#state === "waiting") this.#open()
  }

  close(): void {
    if (this.#state !== "closed") this.#finish()
  }

  #open(): void {
    this.#openedAt = undefined
    this.#askedMs = undefined
    const socket = new this.#WebSocket(this.#url)
    this.#socket = socket
    const whileCurrent =
      <Event>(act: (event: Event) => void) =>
      (event: Event) => {
        if (this.#socket === socket) act(event)
      }
    socket.addEventListener(
      "message",
      whileCurrent(({ data }: { data: unknown }) => this.#hear(data))
    )
    socket.addEventListener(
      "close",
      whileCurrent(({ code }: { code: number }) => this.#ended(code))
    )
    // One that was given up while it was on its way is not kept from arriving everywhere.
    socket.addEventListener("open", () => this.#socket !== socket && socket.close())
    // What an error leads to is a close, which is heard; without a listener it would end a Node process.
    socket.addEventListener("error", () => {})
    this.#expectLife(() => this.#giveUp())
    this.#become({ state: "connecting" })
  }

  #hear(data: unknown): void {
    this.#expectLife(() => this.#askForLife())
    const frame = frameOf(data)
    if (frame === undefined) return
    if (frame.type === "registered") this.#greeted(frame.id)
    if (frame.type === "server-shutdown") this.#askedMs = wait(frame.reconnectInMs)
    this.emit("frame", frame)
  }

  #greeted(id: string): void {
    this.id = id
    this.#openedAt = Date.now()
    this.#hasOpened = true
    this.#become({ state: "open" })
    this.send({ type: "register-details", name: this.#name })
    this.emit("open", undefined)
  }

  /** One timer at a time: the one for the next sign of life, or the one for the next attempt. */
  #expectLife(orElse: () => void, milliseconds = quietMs): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(orElse, milliseconds)
  }

  #askForLife(): void {
    this.send({ type: "ping" })
    this.#expectLife(() => this.#giveUp(), answerMs)
  }

  #giveUp(): void {
    this.#socket?.close()
    this.#ended(1006)
  }

  #ended(code: number): void {
    if (!mayComeBack(code)) return this.#finish(code)
    const openMs = this.#openedAt === undefined ? 0 : Date.now() - this.#openedAt
    const retryInMs = this.#backOff.next(openMs, this.#askedMs)
    this.#forget()
    this.#timer = setTimeout(() => this.#open(), retryInMs)
    this.#become({ state: "waiting", code, retryInMs, hasOpened: this.#hasOpened })
  }

  #finish(code?: number): void {
    this.#end = closedError(code)
    this.#forget()
    this.#become({ state: "closed", ...(code === undefined ? {} : { code }) })
  }

  #forget(): void {
    clearTimeout(this.#timer)
    const socket = this.#socket
    this.#socket = undefined
    socket?.close()
  }

  /** The last that is done of a change: whoever hears of it may close this, or have it try again. */
  #become(change: StateChange): void {
    const isLost = this.#state === "open" && change.state !== "open"
    this.#state = change.state
    if (isLost) this.emit("lost", undefined)
    if (this.#state === change.state) this.emit("state", change)
  }
}

/** As the server takes it: one that it refuses would be answered in the middle of something else. */
const checkedName = (name: string): string => {
  const trimmed = name.trim()
  if (trimmed.length > 0 && trimmed.length <= mostNameUnits) return trimmed
  const issue = `name: must be 1 to ${mostNameUnits} characters`
  throw new TowerError("InvalidRequest", issue, { issues: [issue] })
}

/** What a timer can wait. */
const wait = (milliseconds: unknown): number | undefined =>
  typeof milliseconds === "number" && milliseconds >= 0 ? milliseconds : undefined

/** What came, if it is a frame at all: a proxy in between may say anything. */
const frameOf = (data: unknown): ServerFrame | undefined => {
  try {
    const frame = JSON.parse(String(data))
    return typeof frame?.type === "string" ? frame : undefined
  } catch {
    return undefined
  }
}
