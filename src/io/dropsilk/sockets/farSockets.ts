/**
 * What flights and networks do with sockets, wherever these are: some may be another node's, which is told then and does
 * the same with its own.
 */
import type { Address } from "../../../machines/address.ts"
import { markIn } from "../../../machines/cluster/homes.ts"
import { flightAt, networkAt, socketAt } from "../../../machines/dropsilk/addresses.ts"
import type { LinkEnds } from "../../../machines/dropsilk/flight/flightContext.ts"
import type { ListUpdate } from "../../../machines/dropsilk/network/networkTurns.ts"
import type { RegistryRef } from "../../../machines/registry.ts"
import type { NodeOfCluster } from "../../../protocol.ts"
import type { ClientSocket } from "../../sockets/clientSocket.ts"
import type { Links } from "../../sockets/link.ts"

/** One end of a link, as the node that has its socket is told of it. */
interface End {
  readonly flightId: string
  readonly own: string
  readonly peer: string
  /** It is the first of the two. */
  readonly isFirst: boolean
}

/** What is told to the node of a socket. */
export type SocketEvent =
  | ({ readonly type: "link.opened" | "link.closed" } & End)
  | { readonly type: "socket.probe" }
  /** To all sockets of the node: their lists. */
  | ({ readonly type: "lists.changed" } & ListUpdate)

export interface FarSocketsOptions {
  readonly node: NodeOfCluster
  readonly registry: Pick<RegistryRef, "send">
  readonly links: Links
  readonly sockets: ReadonlyMap<string, ClientSocket>
  /** Whether a client of this node's belongs to a flight, as far as this node knows. */
  readonly belongs: (id: string, flightId: string) => boolean
  readonly showLists: (update: ListUpdate) => void
  /** The way to the node of a socket's peer is broken. */
  readonly onBroken: (socket: ClientSocket, peer: string) => void
}

export const createFarSockets = (options: FarSocketsOptions) => {
  const { node, registry, links, sockets, belongs, showLists, onBroken } = options
  const remote = node.joinLinks({
    find: (id) => {
      const socket = sockets.get(id)
      return socket && { socket, links }
    },
    broken: (id, peer) => {
      const socket = sockets.get(id)
      if (socket !== undefined) onBroken(socket, peer)
    }
  })
  const isHere = (id: string): boolean => markIn(id) === node.mark

  const ends = ({ flightId, first, second }: LinkEnds): readonly End[] => [
    { flightId, own: first, peer: second, isFirst: true },
    { flightId, own: second, peer: first, isFirst: false }
  ]
  const openHere = ({ flightId, own, peer, isFirst }: End) => {
    // Whoever has left a flight meanwhile may have another link, which this word that comes late must not end.
    if (![own, peer].every((id) => !isHere(id) || belongs(id, flightId))) return
    if (!isHere(peer)) remote?.open(flightId, own, peer, isFirst)
    else if (isFirst) links.open(flightId, sockets.get(own), sockets.get(peer))
  }
  const closeHere = ({ flightId, own, peer, isFirst }: End) => {
    if (!isHere(peer)) remote?.close(flightId, own, peer)
    else if (isFirst) links.close(flightId, sockets.get(own), sockets.get(peer))
  }
  const tell = (from: Address, id: string, event: SocketEvent) =>
    registry.send({ type: "tell", to: socketAt(id), from, event })

  return {
    openLink: (link: LinkEnds): void => {
      if (remote === undefined) return links.open(link.flightId, sockets.get(link.first), sockets.get(link.second))
      for (const end of ends(link)) {
        if (isHere(end.own)) openHere(end)
        else tell(flightAt(link.flightId), end.own, { type: "link.opened", ...end })
      }
    },
    closeLink: (link: LinkEnds): void => {
      if (remote === undefined) return links.close(link.flightId, sockets.get(link.first), sockets.get(link.second))
      for (const end of ends(link)) {
        if (isHere(end.own)) closeHere(end)
        else tell(flightAt(link.flightId), end.own, { type: "link.closed", ...end })
      }
    },
    probe: (flightId: string, members: readonly string[]): void => {
      for (const id of members) {
        if (remote === undefined || isHere(id)) sockets.get(id)?.probe()
        else tell(flightAt(flightId), id, { type: "socket.probe" })
      }
    },
    /** One message for all sockets of another node, which cuts a list for each. */
    sendLists: (group: string, update: ListUpdate): void => {
      if (remote === undefined) return showLists(update)
      for (const mark of new Set([...update.toVisible, ...update.toPaired].map(markIn))) {
        const there = (id: string) => markIn(id) === mark
        const part = { ...update, toVisible: update.toVisible.filter(there), toPaired: update.toPaired.filter(there) }
        if (mark === node.mark) showLists(part)
        else tell(networkAt(group), mark, { type: "lists.changed", ...part })
      }
    },
    /** What a flight or network of another node tells a socket of this one, or all. */
    hear: (id: string, event: SocketEvent): void => {
      switch (event.type) {
        case "link.opened":
          return openHere(event)
        case "link.closed":
          return closeHere(event)
        case "socket.probe":
          return sockets.get(id)?.probe()
        case "lists.changed":
          return showLists(event)
      }
    },
    /** A socket was told of a peer to whom it has no link. */
    missing: (id: string, peer: string): void => {
      if (!isHere(peer)) remote?.missing(id, peer)
    },
    /** A socket has gone, and whoever closes its link may not be reached. */
    left: (id: string): void => remote?.left(id)
  }
}
