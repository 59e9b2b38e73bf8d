/** The links of one node whose other ends are sockets of other nodes, of all its protocols. */
import type { FarLinks, LinksOfProtocol } from "../../protocol.ts"
import type { Cluster } from "./cluster.ts"
import { createRemoteLinks, type RemoteLinksOptions } from "./remoteLinks.ts"

export interface LinksOfNodeOptions {
  readonly cluster: Pick<Cluster, "nodeOf" | "onBroken">
  readonly channels: RemoteLinksOptions["channels"]
}

export const createLinksOfNode = ({ cluster, channels }: LinksOfNodeOptions) => {
  const places: LinksOfProtocol[] = []
  const placeOf = (id: string) => places.find((place) => place.find(id) !== undefined)
  const links = createRemoteLinks({ channels, find: (id) => placeOf(id)?.find(id) })
  const far: FarLinks = {
    open: (linkId, own, peer, isFirst) => {
      const node = cluster.nodeOf(peer)
      if (node !== undefined) links.open(linkId, own, { node, id: peer }, isFirst)
    },
    close: (linkId, own, peer) => {
      const node = cluster.nodeOf(peer)
      if (node !== undefined) links.close(linkId, own, { node, id: peer })
    },
    missing: (own, peer) => cluster.onBroken(own, peer),
    left: links.left,
    isTaken: (id) => placeOf(id) !== undefined
  }

  return {
    /** Lets links of a protocol end at sockets of other nodes. */
    join: (place: LinksOfProtocol): FarLinks => {
      places.push(place)
      return far
    },
    onMessage: links.onMessage,
    onFrame: links.onFrame,
    /** The way to a node has ended; `part` tells all others so. */
    parted: (node: string, part: () => void): void => {
      const broken = links.gone(node)
      // Before the word of whoever learns by this that it is gone.
      for (const { own, peer } of broken) placeOf(own)?.broken(own, peer)
      part()
      for (const { own, peer } of broken) cluster.onBroken(own, peer)
    },
    end: links.end
  }
}
