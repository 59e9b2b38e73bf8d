/** What sockets are to each other, wherever they are: somebody who sends, and somebody at an end of a link. */
import type { LinkEnd } from "./link.ts"

/**
 * Why somebody is not read at the moment; several reasons at a time are added up. `inbox`: its own frames wait to be
 * handled. `peer`: whoever it sends to does not read fast enough. `introduction`: its peer has not been told of it yet, and
 * too much waits for that. `way`: too much is under way to the node of its peer.
 */
export const pausedFor = { inbox: 1, peer: 2, introduction: 4, way: 8 } as const

export type Pause = (typeof pausedFor)[keyof typeof pausedFor]

/** Somebody who sends frames to others, and is not read while too much of that waits. */
export interface Sender {
  /** Of its connection. */
  readonly id: string
  /** It is not read until `readOn` has been said for every reason. */
  stopReading(why: Pause): void
  readOn(why: Pause): void
}

/** Somebody at an end of a link: a socket of this process, or one of another node's. */
export interface Linkable extends Sender {
  /** Whose its frames are, while a link is open. */
  link: LinkEnd | null
  /** Another node has its socket, and holds back what comes for it until its client knows of the sender. */
  readonly isRemote: boolean
  /** Sends it a frame of somebody else's, who is paused if this one does not read fast enough. */
  relay(bytes: Buffer | string, from: Sender): void
}
