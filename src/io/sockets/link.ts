/**
 * Links: the data plane. While a flight is paired, its two sockets are each other's peer, and a signal frame goes
 * straight from one to the other without passing an actor. The flight's statechart alone opens and closes links.
 *
 * What one client sends must not come before the other has been told who it is: that a link is open and that a client
 * has been told of it are said by two actors, of which the second may be late. Until then frames wait, and whoever sends
 * too many is not read. In one process both happen in the same moment, and no frame ever waits.
 */
import { limits } from "../../limits.ts"
import type { ClientSocket } from "./clientSocket.ts"

/** What has passed over the links of a flight. */
export interface LinkCount {
  signals: number
}

/** One socket's end of a link. */
export interface LinkEnd {
  readonly flightId: string
  readonly peer: ClientSocket
  readonly count: LinkCount
  /** The client at the other end knows of this one. */
  isIntroduced: boolean
  /** Frames for the other end that wait for that; null: none. */
  waiting: { readonly frames: (Buffer | string)[]; bytes: number } | null
}

export interface Links {
  open(flightId: string, first: ClientSocket | undefined, second: ClientSocket | undefined): void
  close(flightId: string, first: ClientSocket | undefined, second: ClientSocket | undefined): void
  /** The socket's client has been told that the one with this id is its peer: what that one sends may come. */
  introduced(socket: ClientSocket, peerId: string): void
  /** Ends a socket's link of a flight that cannot close it any more. */
  drop(flightId: string, socket: ClientSocket): void
  /** Sends a frame to the socket's peer; without one it goes nowhere. */
  forward(from: ClientSocket, frame: Buffer | string): void
  /** How many frames have passed in a flight, over all its links. */
  signalsOf(flightId: string): number
  /** The flight has ended: its count is not needed any more. */
  forget(flightId: string): void
}

export const createLinks = (): Links => {
  const counts = new Map<string, LinkCount>()

  /** Ends the link that a socket has, or that it has in this flight; what waits in it goes nowhere. */
  const part = (socket: ClientSocket | undefined, flightId?: string) => {
    if (!socket?.link || (flightId !== undefined && socket.link.flightId !== flightId)) return
    if (socket.link.waiting !== null) socket.readOn()
    socket.link = null
  }

  /** Ends a link for both. Each of them may have another one by now. */
  const partBoth = (socket: ClientSocket) => {
    if (socket.link === null) return
    part(socket.link.peer, socket.link.flightId)
    part(socket)
  }

  const join = (flightId: string, socket: ClientSocket, peer: ClientSocket, count: LinkCount) => {
    socket.link = { flightId, peer, count, isIntroduced: false, waiting: null }
  }

  const keepWaiting = (from: ClientSocket, link: LinkEnd, frame: Buffer | string) => {
    link.waiting ??= { frames: [], bytes: 0 }
    link.waiting.frames.push(frame)
    link.waiting.bytes += frame.length
    if (link.waiting.bytes > limits.heldFramesBytes) from.stopReading()
  }

  const pass = (from: ClientSocket, { peer, count }: LinkEnd, frame: Buffer | string) => {
    count.signals++
    peer.relay(frame, from)
  }

  return {
    open: (flightId, first, second) => {
      if (first === undefined || second === undefined) return
      // A flight that one of them has left may not have heard of that yet.
      partBoth(first)
      partBoth(second)
      const count = counts.get(flightId) ?? { signals: 0 }
      counts.set(flightId, count)
      join(flightId, first, second, count)
      join(flightId, second, first, count)
    },
    close: (flightId, first, second) => {
      part(first, flightId)
      part(second, flightId)
    },
    introduced: (socket, peerId) => {
      const peer = socket.link?.peer
      // Late word of a peer that it had before.
      if (peer?.id !== peerId || peer.link === null) return
      const { link } = peer
      link.isIntroduced = true
      if (link.waiting === null) return
      const { frames } = link.waiting
      link.waiting = null
      for (const frame of frames) pass(peer, link, frame)
      peer.readOn()
    },
    drop: (flightId, socket) => {
      if (socket.link?.flightId === flightId) partBoth(socket)
    },
    forward: (from, frame) => {
      const { link } = from
      if (link === null) return
      if (link.isIntroduced) pass(from, link, frame)
      else keepWaiting(from, link, frame)
    },
    signalsOf: (flightId) => counts.get(flightId)?.signals ?? 0,
    forget: (flightId) => {
      counts.delete(flightId)
    }
  }
}
