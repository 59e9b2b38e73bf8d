/** Questions over a socket. The server answers in order and names no question, so one is asked at a time. */
import type { ClientFrame, ServerFrame } from "../wire/dropsilk/frames.ts"
import { abortable, orAborted } from "./abort.ts"
import type { Connection } from "./connection.ts"
import { errorOfFrame, TowerError } from "./errors.ts"

/** Said without having been asked: a newer socket of the same participant has the seat. */
const unasked = "SeatTaken"

export class Calls {
  readonly connection: Connection
  #turn: Promise<unknown> = Promise.resolve()
  #isAsking = false

  constructor(connection: Connection) {
    this.connection = connection
  }

  /** Whether the next error may be the answer to something. */
  get isAsking(): boolean {
    return this.#isAsking
  }

  /**
   * Sends the frame when those before it have been answered, and resolves with the next frame of type `answer`. A socket that is
   * lost meanwhile is waited for, and the frame is sent again: what it asked for is held by the socket, and gone with it. One
   * that is aborted after it was sent takes the socket with it, as it may have led to a seat that nobody wants any more.
   */
  ask<Type extends ServerFrame["type"]>(
    frame: ClientFrame,
    answer: Type,
    signal: AbortSignal | undefined
  ): Promise<Extract<ServerFrame, { type: Type }>> {
    const answered = this.#turn.then(() => this.#ask(frame, answer, signal))
    this.#turn = answered.catch(() => {})
    return orAborted(answered, signal) as Promise<Extract<ServerFrame, { type: Type }>>
  }

  async #ask(frame: ClientFrame, answer: string, signal: AbortSignal | undefined): Promise<ServerFrame> {
    for (;;) {
      await this.connection.opened({ signal })
      // It may have been given up since.
      if (this.connection.state !== "open") continue
      const answered = await this.#exchange(frame, answer, signal)
      if (answered !== "lost") return answered
    }
  }

  #exchange(frame: ClientFrame, answer: string, signal: AbortSignal | undefined): Promise<ServerFrame | "lost"> {
    this.#isAsking = true
    const exchange = abortable<ServerFrame | "lost">(signal, (resolve, reject) => {
      const stops = [
        this.connection.on("lost", () => resolve("lost")),
        this.connection.on("frame", (heard) => {
          if (heard.type === answer) return resolve(heard)
          if (heard.type !== "error") return
          const error = errorOfFrame(heard.message)
          if (error.name !== unasked) reject(error)
        })
      ]
      this.connection.send(frame)
      return () => {
        this.#isAsking = false
        for (const stop of stops) stop()
      }
    })
    return exchange.catch((error) => {
      if (error instanceof TowerError && error.name === "Aborted") this.connection.renew()
      throw error
    })
  }
}
