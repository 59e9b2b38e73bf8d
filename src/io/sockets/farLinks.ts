/**
 * Links between sockets wherever these are: what opens and closes them says so to the node of each end, which does it for
 * its own socket.
 */
import type { Address } from "../../machines/address.ts"
import { markIn } from "../../machines/cluster/homes.ts"
import type { RegistryRef } from "../../machines/registry.ts"
import type { NodeOfCluster } from "../../protocol.ts"
import type { ClientSocket } from "./clientSocket.ts"
import type { Links } from "./link.ts"

/** The two whom a link joins, by the ids of their connections. */
export interface FarLink {
  readonly linkId: string
  readonly first: string
  readonly second: string
}

/** What is told to the node of a socket. */
export interface LinkEvent {
  readonly type: "link.opened" | "link.closed"
  readonly linkId: string
  readonly own: string
  readonly peer: string
  /** It is the first of the two. */
  readonly isFirst: boolean
}

export interface FarLinksOptions {
  readonly node: NodeOfCluster
  readonly registry: Pick<RegistryRef, "send">
  readonly links: Links
  /** A client of this node's; undefined: it has gone. */
  readonly socketOf: (id: string) => ClientSocket | undefined
  /** The address of a connection's socket, whose adapter hears `LinkEvent`. */
  readonly socketAt: (id: string) => Address
  /** Who opens and closes links of this id. */
  readonly openerAt: (linkId: string) => Address
  /** Whether a client of this node's belongs to what opens links of this id, as far as this node knows. */
  readonly belongs: (id: string, linkId: string) => boolean
  /** The way to the node of a socket's peer is broken. */
  readonly onBroken: (socket: ClientSocket, peer: string) => void
}

export const createFarLinks = (options: FarLinksOptions) => {
  const { node, registry, links, socketOf, socketAt, openerAt, belongs, onBroken } = options
  const remote = node.joinLinks({
    find: (id) => {
      const socket = socketOf(id)
      return socket && { socket, links }
    },
    broken: (id, peer) => {
      const socket = socketOf(id)
      if (socket !== undefined) onBroken(socket, peer)
    }
  })
  const isHere = (id: string): boolean => markIn(id) === node.mark

  const tellEnds = (type: LinkEvent["type"], { linkId, first, second }: FarLink) => {
    for (const [own, peer] of [
      [first, second],
      [second, first]
    ] as const) {
      const event: LinkEvent = { type, linkId, own, peer, isFirst: own === first }
      if (isHere(own)) hear(event)
      else registry.send({ type: "tell", to: socketAt(own), from: openerAt(linkId), event })
    }
  }
  const openHere = ({ linkId, own, peer, isFirst }: LinkEvent) => {
    // Whoever has left meanwhile may have another link, which this word that comes late must not end.
    if (![own, peer].every((id) => !isHere(id) || belongs(id, linkId))) return
    if (!isHere(peer)) remote?.open(linkId, own, peer, isFirst)
    else if (isFirst) links.open(linkId, socketOf(own), socketOf(peer))
  }
  const closeHere = ({ linkId, own, peer, isFirst }: LinkEvent) => {
    if (!isHere(peer)) remote?.close(linkId, own, peer)
    else if (isFirst) links.close(linkId, socketOf(own), socketOf(peer))
    // Nobody here asks what has passed over it.
    if (!node.isHere(openerAt(linkId))) links.forget(linkId)
  }
  /** What another node tells a socket of this one. */
  const hear = (event: LinkEvent): void => (event.type === "link.opened" ? openHere(event) : closeHere(event))

  return {
    open: (link: FarLink): void => {
      if (remote === undefined) links.open(link.linkId, socketOf(link.first), socketOf(link.second))
      else tellEnds("link.opened", link)
    },
    close: (link: FarLink): void => {
      if (remote === undefined) links.close(link.linkId, socketOf(link.first), socketOf(link.second))
      else tellEnds("link.closed", link)
    },
    hear,
    /** The socket's client has been told of its peer. A word that comes late may name one to whom the way was lost since. */
    introduced: (socket: ClientSocket, peer: string): void => {
      if (links.introduced(socket, peer)) return
      if (!isHere(peer)) remote?.missing(socket.id, peer)
      onBroken(socket, peer)
    },
    /** A socket has gone, and whoever closes its link may not be reached. */
    left: (id: string): void => remote?.left(id),
    /** A frame finds its receiver by its id alone, whatever protocol it is of: no two may have the same. */
    isTaken: (id: string): boolean => remote?.isTaken(id) === true
  }
}
