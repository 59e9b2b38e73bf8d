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
import { createFarLinks, type LinkEvent } from "../../sockets/farLinks.ts"
import type { Links } from "../../sockets/link.ts"

/** What is told to the node of a socket. */
export type SocketEvent =
  | LinkEvent
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
  const far = createFarLinks({
    ...{ node, registry, links, socketAt, belongs, onBroken },
    socketOf: (id) => sockets.get(id),
    openerAt: flightAt
  })
  const isHere = (id: string): boolean => node.mark === "" || markIn(id) === node.mark
  const tell = (from: Address, id: string, event: SocketEvent) =>
    registry.send({ type: "tell", to: socketAt(id), from, event })

  return {
    openLink: ({ flightId, first, second }: LinkEnds): void => far.open({ linkId: flightId, first, second }),
    closeLink: ({ flightId, first, second }: LinkEnds): void => far.close({ linkId: flightId, first, second }),
    probe: (flightId: string, members: readonly string[]): void => {
      for (const id of members) {
        if (isHere(id)) sockets.get(id)?.probe()
        else tell(flightAt(flightId), id, { type: "socket.probe" })
      }
    },
    /** One message for all sockets of another node, which cuts a list for each. */
    sendLists: (group: string, update: ListUpdate): void => {
      if (node.mark === "") return showLists(update)
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
        case "socket.probe":
          return sockets.get(id)?.probe()
        case "lists.changed":
          return showLists(event)
        default:
          return far.hear(event)
      }
    },
    introduced: far.introduced,
    left: far.left,
    isTaken: far.isTaken
  }
}
