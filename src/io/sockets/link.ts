/**
 * Links: the data plane. While a flight is paired, its two sockets are each other's peer, and a signal frame goes
 * straight from one to the other without passing an actor. The flight's statechart alone opens and closes links.
 */
import type { ClientSocket, LinkCount } from "./clientSocket.ts"

export interface Links {
  open(flightId: string, first: ClientSocket | undefined, second: ClientSocket | undefined): void
  close(flightId: string, first: ClientSocket | undefined, second: ClientSocket | undefined): void
  /** Takes one socket out of its link, for a flight that cannot close it any more. */
  drop(socket: ClientSocket): void
  /** Sends a frame to the socket's peer; without one it goes nowhere. */
  forward(from: ClientSocket, frame: Buffer | string): void
  /** How many frames have passed in a flight, over all its links. */
  signalsOf(flightId: string): number
  /** The flight has ended: its count is not needed any more. */
  forget(flightId: string): void
}

export const createLinks = (): Links => {
  const counts = new Map<string, LinkCount>()

  const part = (socket: ClientSocket | undefined) => {
    if (socket !== undefined) socket.link = null
  }

  return {
    open: (flightId, first, second) => {
      if (first === undefined || second === undefined) return
      const count = counts.get(flightId) ?? { signals: 0 }
      counts.set(flightId, count)
      first.link = { peer: second, count }
      second.link = { peer: first, count }
    },
    close: (_flightId, first, second) => {
      part(first)
      part(second)
    },
    drop: (socket) => {
      part(socket.link?.peer)
      part(socket)
    },
    forward: (from, frame) => {
      const { link } = from
      if (link === null) return
      link.count.signals++
      link.peer.relay(frame, from)
    },
    signalsOf: (flightId) => counts.get(flightId)?.signals ?? 0,
    forget: (flightId) => {
      counts.delete(flightId)
    }
  }
}
