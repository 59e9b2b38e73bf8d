/**
 * Links: the data plane. While a flight is paired, its two sockets are each other's peer, and a signal frame goes
 * straight from one to the other without passing an actor. The flight's statechart alone opens and closes links.
 */
import type { ClientSocket } from "./socketServer.ts"

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

interface Count {
  signals: number
}

export const createLinks = (): Links => {
  const counts = new Map<string, Count>()
  const countOf = new WeakMap<ClientSocket, Count>()

  const part = (socket: ClientSocket | undefined) => {
    if (socket !== undefined) socket.peer = null
  }

  return {
    open: (flightId, first, second) => {
      if (first === undefined || second === undefined) return
      const count = counts.get(flightId) ?? { signals: 0 }
      counts.set(flightId, count)
      countOf.set(first, count)
      countOf.set(second, count)
      first.peer = second
      second.peer = first
    },
    close: (_flightId, first, second) => {
      part(first)
      part(second)
    },
    drop: (socket) => {
      part(socket.peer ?? undefined)
      part(socket)
    },
    forward: (from, frame) => {
      const { peer } = from
      if (peer === null) return
      ;(countOf.get(from) as Count).signals++
      peer.relay(frame, from)
    },
    signalsOf: (flightId) => counts.get(flightId)?.signals ?? 0,
    forget: (flightId) => {
      counts.delete(flightId)
    }
  }
}
