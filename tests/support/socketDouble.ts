/** What stands for a client's socket where charts and adapters are whole, and sockets are not: it keeps what was done to it. */
import type { AnyActorRef } from "xstate"
import type { ClientSocket } from "../../src/io/sockets/clientSocket.ts"

export class SocketDouble {
  id = ""
  address = "192.0.2.1"
  path = "/"
  actor: AnyActorRef | null = null
  isClosed = false
  /** Its frames wait. */
  isHeld = false
  /** It has no more of a socket than what is asked of it. */
  readonly asSocket = this as unknown as ClientSocket

  hold(): void {
    this.isHeld = true
  }
  release(): void {
    this.isHeld = false
  }
  close(): void {
    this.isClosed = true
  }
}
