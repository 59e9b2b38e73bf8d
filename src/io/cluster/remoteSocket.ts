/**
 * A socket of another node's, as this node sees it: an end of a link. What is for it goes over the channel; what comes from
 * it is handed to the link as if it were a socket of this process.
 */
import type { LinkEnd } from "../sockets/link.ts"
import { type Linkable, type Pause, pausedFor, type Sender } from "../sockets/sender.ts"
import type { Channels } from "./channels.ts"

/** What is said of a client's socket to the node that has it. */
export type SocketMessage =
  /** `id` is not to be read, as `reader` does not read what it sends. */
  | { readonly t: "wait"; readonly id: string; readonly reader: string }
  /** That is over. */
  | { readonly t: "goOn"; readonly id: string; readonly reader: string }

export interface RemoteSocketOptions {
  readonly node: string
  readonly id: string
  /** The socket of this node's at the other end. */
  readonly own: Linkable
  readonly channels: Pick<Channels, "send" | "frame">
  /** Its node has been told to wait before there was a link. */
  readonly isWaiting: boolean
  /** Its link is over. */
  readonly parted: (socket: RemoteSocket) => void
}

export class RemoteSocket implements Linkable {
  readonly isRemote = true
  readonly node: string
  readonly id: string
  readonly own: Linkable
  readonly #channels: Pick<Channels, "send" | "frame">
  readonly #parted: (socket: RemoteSocket) => void
  #link: LinkEnd | null = null
  /** Why it is not to be read at its node. */
  #pauses = 0
  /** Its node has been told of that. */
  #hasSpoken: boolean
  #isSlow = false

  constructor({ node, id, own, channels, parted, isWaiting }: RemoteSocketOptions) {
    this.node = node
    this.id = id
    this.own = own
    this.#channels = channels
    this.#parted = parted
    this.#hasSpoken = isWaiting
  }

  get link(): LinkEnd | null {
    return this.#link
  }

  set link(link: LinkEnd | null) {
    this.#link = link
    if (link !== null) return
    this.goOn()
    this.#parted(this)
  }

  relay(bytes: Buffer | string, from: Sender): void {
    this.#channels.frame(this.node, this.id, from.id, from, bytes)
  }

  stopReading(why: Pause): void {
    const isNews = this.#pauses === 0
    this.#pauses |= why
    if (isNews) this.#say()
  }

  readOn(why: Pause): void {
    if (this.#pauses === 0) return
    this.#pauses &= ~why
    if (this.#pauses === 0) this.#say()
  }

  /** Whether it is to be read, if its node has been told to wait before there was a link. */
  sayAgain(): void {
    if (this.#hasSpoken) this.#say()
  }

  #say(): void {
    this.#hasSpoken = true
    const t = this.#pauses === 0 ? "goOn" : "wait"
    this.#channels.send(this.node, { t, id: this.id, reader: this.own.id } satisfies SocketMessage)
  }

  /** It does not read fast enough what this node's socket sends. */
  wait(): void {
    this.#isSlow = true
    this.own.stopReading(pausedFor.peer)
  }

  /** That is over. */
  goOn(): void {
    if (!this.#isSlow) return
    this.#isSlow = false
    this.own.readOn(pausedFor.peer)
  }
}
