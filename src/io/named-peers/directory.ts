/**
 * Who is called what, as frames find it: the data plane. A frame with a target goes straight from one socket to the other.
 * Whoever is in here is so because a chart has said so: the space's admits and removes, and tells everybody of both in the
 * same moment; the peer's own drops what has no socket any more.
 *
 * Where several servers are one, each has a directory of its own clients, and knows of all others in their spaces what it
 * has told these of them.
 */
import type {
  Admission,
  Member,
  MemberList,
  Removal,
  SpaceNotice
} from "../../machines/named-peers/nameSpace/nameSpaceContext.ts"
import type { ClientSocket } from "../sockets/clientSocket.ts"
import { writeLoginSuccess, writePeerConnected, writePeerDisconnected } from "./frames.ts"
import { signatureOf } from "./splicing.ts"

/** Somebody who is logged in. */
export interface Seat {
  readonly peerId: string
  readonly name: string
  readonly socket: ClientSocket
  /** What its frames to others end with. */
  readonly signature: string
  readonly space: string
  /** All of this server's who are in its space, by their names. */
  readonly members: Map<string, Seat>
}

/** A space, as the clients of this server know it. */
interface Place {
  readonly seats: Map<string, Seat>
  /** The names of all of whom they have been told, by their connections. */
  readonly known: Map<string, string>
}

export interface Directory {
  /** Tells the newcomer, if it is still there, and all others; from now on frames find it. */
  admit(admission: Admission, socket: ClientSocket | undefined): void
  /** Frames find it no longer; all others are told. */
  remove(removal: Removal): void
  /** Tells all in a space what is different from what they have been told. */
  list(list: MemberList): void
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
  const places = new Map<string, Place>()

  const placeOf = (space: string): Place => {
    const found = places.get(space)
    if (found !== undefined) return found
    const place: Place = { seats: new Map(), known: new Map() }
    places.set(space, place)
    return place
  }

  const tellAll = ({ seats }: Place, notice: string) => {
    for (const { socket } of seats.values()) socket.send(notice)
  }

  const come = (place: Place, { peerId, name }: Member) => {
    if (place.known.has(peerId)) return
    place.known.set(peerId, name)
    tellAll(place, writePeerConnected(name))
  }
  const go = (place: Place, peerId: string) => {
    const name = place.known.get(peerId)
    if (name === undefined) return
    place.known.delete(peerId)
    tellAll(place, writePeerDisconnected(name))
  }
  const list = ({ space, members }: MemberList) => {
    const place = places.get(space)
    if (place === undefined) return
    const there = new Set(members.map(({ peerId }) => peerId))
    const taken = new Set(members.map(({ name }) => name))
    for (const [peerId, name] of [...place.known]) {
      if (there.has(peerId)) continue
      // One of this server's that was taken for gone says itself that it is there, unless its name is another's by now.
      const seat = seats.get(peerId)
      if (seat !== undefined && !taken.has(name)) continue
      seat?.socket.actor?.send({ type: "name.lost" } satisfies SpaceNotice)
      go(place, peerId)
    }
    for (const member of members) come(place, member)
  }

  const drop = (peerId: string) => {
    const seat = seats.get(peerId)
    if (seat === undefined) return
    seats.delete(peerId)
    const { name, space, members } = seat
    // Somebody else may be called so by now.
    if (members.get(name) === seat) members.delete(name)
    // Nobody is left here who has been told of anybody.
    if (members.size === 0) places.delete(space)
  }

  return {
    admit: ({ space, peerId, name, members }, socket) => {
      list({ space, members })
      // It has been sent away meanwhile, or was taken for gone and is there again.
      if (socket?.isOpen !== true || seats.has(peerId)) return
      const place = placeOf(space)
      // In order of login, and behind them those of this server's who are still to say that they are there.
      const clients = new Map([...members.map((member) => [member.peerId, member.name] as const), ...place.known])
      for (const [id, known] of clients) place.known.set(id, known)
      socket.send(writeLoginSuccess(name, [...clients.values()]))
      const seat: Seat = { peerId, name, socket, signature: signatureOf(name), space, members: place.seats }
      place.seats.set(name, seat)
      seats.set(peerId, seat)
    },
    remove: ({ peerId, ...rest }) => {
      drop(peerId)
      list(rest)
    },
    list,
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
