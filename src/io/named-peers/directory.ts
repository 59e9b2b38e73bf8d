/**
 * Who is called what, as frames find it: the data plane. A frame with a target goes straight from one socket to the other.
 * Whoever is in here is so because a chart has said so: the space's admits and removes, and tells everybody of both in the
 * same moment; the peer's own drops what has no socket any more.
 */
import type { Admission, Removal } from "../../machines/named-peers/nameSpace/nameSpaceContext.ts"
import type { ClientSocket } from "../sockets/clientSocket.ts"
import { writeLoginSuccess, writePeerConnected, writePeerDisconnected } from "./frames.ts"
import { signatureOf } from "./splicing.ts"

/** Somebody who is logged in. */
export interface Seat {
  readonly name: string
  readonly socket: ClientSocket
  /** What its frames to others end with. */
  readonly signature: string
  readonly space: string
  /** All who are in its space, by their names. */
  readonly members: Map<string, Seat>
}

export interface Directory {
  /** Tells the newcomer, if it is still there, and all others; from now on frames find it. */
  admit(admission: Admission, socket: ClientSocket | undefined): void
  /** Frames find it no longer; all others are told. */
  remove(removal: Removal): void
  /** Frames find it no longer; nobody is told yet. */
  drop(peerId: string): void
  /** Who a connection is logged in as. */
  seatOf(peerId: string): Seat | undefined
  /** Sends it to the peer of this name; false: there is none in the sender's space. */
  send(sender: Seat, target: string, frame: string): boolean
  /** Sends it to all others in the sender's space. */
  announce(sender: Seat, frame: string): void
  /** Those who are logged in. */
  readonly size: number
}

export const createDirectory = (): Directory => {
  const seats = new Map<string, Seat>()
  const spaces = new Map<string, Map<string, Seat>>()

  const membersOf = (space: string): Map<string, Seat> => {
    const known = spaces.get(space)
    if (known !== undefined) return known
    const members = new Map<string, Seat>()
    spaces.set(space, members)
    return members
  }

  const tellAll = (space: string, notice: string) => {
    for (const { socket } of spaces.get(space)?.values() ?? []) socket.send(notice)
  }

  const drop = (peerId: string) => {
    const seat = seats.get(peerId)
    if (seat === undefined) return
    seats.delete(peerId)
    const { name, space, members } = seat
    // Somebody else may be called so by now.
    if (members.get(name) === seat) members.delete(name)
    if (members.size === 0) spaces.delete(space)
  }

  return {
    admit: ({ space, peerId, name, clients }, socket) => {
      tellAll(space, writePeerConnected(name))
      if (socket === undefined) return
      const members = membersOf(space)
      socket.send(writeLoginSuccess(name, clients))
      const seat = { name, socket, signature: signatureOf(name), space, members }
      members.set(name, seat)
      seats.set(peerId, seat)
    },
    remove: ({ space, peerId, name }) => {
      drop(peerId)
      tellAll(space, writePeerDisconnected(name))
    },
    drop,
    seatOf: (peerId) => seats.get(peerId),
    send: ({ socket, members }, target, frame) => {
      const receiver = members.get(target)
      receiver?.socket.relay(frame, socket)
      return receiver !== undefined
    },
    announce: (sender, frame) => {
      // Written once: all sockets share these bytes.
      const bytes = Buffer.from(frame)
      for (const receiver of sender.members.values()) {
        if (receiver !== sender) receiver.socket.relay(bytes, sender.socket)
      }
    },
    get size() {
      return seats.size
    }
  }
}
