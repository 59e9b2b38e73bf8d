/** A WebSocket client that keeps every frame it gets, in order, until it is read: what clients of several protocols share. */
import type { WebSocket } from "ws"
import type { Frame } from "./server.ts"

export class FrameClient {
  readonly socket: WebSocket
  /** Frames that have come and have not been read. */
  readonly frames: Frame[] = []
  /** The same frames as text. */
  readonly texts: string[] = []
  /** How the socket was closed. */
  ending: { readonly code: number; readonly reason: string } | undefined
  readonly #wakers: (() => void)[] = []

  constructor(socket: WebSocket) {
    this.socket = socket
    const wake = () => this.#wakers.splice(0).forEach((each) => each())
    socket.on("message", (data: Buffer) => {
      this.texts.push(data.toString())
      this.frames.push(JSON.parse(data.toString()))
      wake()
    })
    socket.on("close", (code, reason) => {
      this.ending = { code, reason: reason.toString() }
      wake()
    })
    socket.on("error", () => {})
  }

  /** Objects are sent as JSON, texts and bytes as they are. */
  send(frame: unknown): void {
    this.socket.send(typeof frame === "string" || Buffer.isBuffer(frame) ? frame : JSON.stringify(frame))
  }

  /** The oldest frame that has not been read. */
  next(): Promise<Frame> {
    return this.first(() => true)
  }

  /** The oldest of those that fit; the others stay unread. */
  async first(fits: (frame: Frame) => boolean): Promise<Frame> {
    for (;;) {
      const at = this.frames.findIndex(fits)
      if (at !== -1) {
        this.texts.splice(at, 1)
        return this.frames.splice(at, 1)[0] as Frame
      }
      if (this.ending !== undefined) throw new Error(`closed with ${this.ending.code} while waiting for a frame`)
      await this.#more()
    }
  }

  /** The next frames, so many. */
  async take(count: number): Promise<readonly Frame[]> {
    const taken: Frame[] = []
    while (taken.length < count) taken.push(await this.next())
    return taken
  }

  /** How the socket ends. */
  async closed(): Promise<{ readonly code: number; readonly reason: string }> {
    while (this.ending === undefined) await this.#more()
    return this.ending
  }

  async close(): Promise<void> {
    if (this.ending !== undefined) return
    if (this.socket.isPaused) this.socket.resume()
    this.socket.close()
    await this.closed()
  }

  /** Ends the connection without a closing frame. */
  cut(): void {
    this.socket.terminate()
  }

  #more(): Promise<void> {
    return new Promise((resolve) => this.#wakers.push(resolve))
  }
}
