/**
 * What a space does with its peers, wherever their sockets are: each node that has some is told, and does it with its own.
 * All that a node hears of a space comes from the space, in one order: who has come, what that one says, and that it has gone.
 */
import { markIn, type NodeGone } from "../../machines/cluster/homes.ts"
import { namedPeerAt, nameSpaceAt, peerSocketAt } from "../../machines/named-peers/addresses.ts"
import type {
  Admission,
  MemberList,
  Miss,
  NameSpaceEvent,
  Passing,
  Removal
} from "../../machines/named-peers/nameSpace/nameSpaceContext.ts"
import type { RegistryRef } from "../../machines/registry.ts"
import type { NodeOfCluster } from "../../protocol.ts"
import type { ClientSocket } from "../sockets/clientSocket.ts"
import { pausedFor, type Sender } from "../sockets/sender.ts"
import type { Directory, Seat } from "./directory.ts"
import { writeTargetNotFound } from "./frames.ts"

/** What the node of a peer's socket is told. */
export type PeerSocketEvent =
  | ({ readonly type: "peer.admitted" } & Admission)
  | ({ readonly type: "peer.removed" } & Removal)
  | ({ readonly type: "peers.listed" } & MemberList)
  | ({ readonly type: "frame.passed" } & Passing)
  | ({ readonly type: "target.missing" } & Miss)
  /** Whoever it sends to at this node does not read fast enough, or does again. */
  | { readonly type: "peer.paused" | "peer.goesOn"; readonly peerId: string; readonly by: string }
  | NodeGone

export interface FarPeersOptions {
  readonly node: NodeOfCluster
  readonly registry: Pick<RegistryRef, "send">
  readonly sockets: ReadonlyMap<string, ClientSocket>
  readonly directory: Directory
}

export const createFarPeers = ({ node, registry, sockets, directory }: FarPeersOptions) => {
  const isAlone = node.mark === ""
  /** Senders of this node's that others do not want to be read, with the marks of these. */
  const paused = new Map<string, Set<string>>()

  /** To the nodes of these peers, each once. */
  const tellNodes = (space: string, peerIds: Iterable<string>, eventFor: (mark: string) => PeerSocketEvent) => {
    for (const mark of new Set([...peerIds].map(markIn))) {
      registry.send({ type: "tell", to: peerSocketAt(mark), from: nameSpaceAt(space), event: eventFor(mark) })
    }
  }
  const idsOf = ({ members }: MemberList) => members.map(({ peerId }) => peerId)

  const tellSender = (type: "peer.paused" | "peer.goesOn", space: string, peerId: string) =>
    registry.send({
      ...{ type: "tell", to: peerSocketAt(peerId), from: nameSpaceAt(space) },
      event: { type, peerId, by: node.mark } satisfies PeerSocketEvent
    })
  /** A peer of another node's, as whoever is sent something of it sees it. */
  const farSender = (space: string, id: string): Sender => ({
    id,
    stopReading: () => tellSender("peer.paused", space, id),
    readOn: () => tellSender("peer.goesOn", space, id)
  })
  const senderOf = (space: string, id: string): Sender => sockets.get(id) ?? farSender(space, id)

  const goOn = (peerId: string, by: string) => {
    const marks = paused.get(peerId)
    if (marks?.delete(by) !== true || marks.size > 0) return
    paused.delete(peerId)
    sockets.get(peerId)?.readOn(pausedFor.peer)
  }
  const pause = (peerId: string, by: string) => {
    const socket = sockets.get(peerId)
    if (socket === undefined) return
    paused.set(peerId, (paused.get(peerId) ?? new Set()).add(by))
    socket.stopReading(pausedFor.peer)
  }

  const pass = ({ space, from, to, frame }: Passing) => {
    // Written once: all sockets share these bytes.
    const bytes = Buffer.from(frame)
    const sender = senderOf(space, from)
    for (const id of to) directory.seatOf(id)?.socket.relay(bytes, sender)
  }

  const hear = (event: PeerSocketEvent): void => {
    switch (event.type) {
      case "peer.admitted":
        return directory.admit(event, sockets.get(event.peerId))
      case "peer.removed":
        return directory.remove(event)
      case "peers.listed":
        return directory.list(event)
      case "frame.passed":
        return pass(event)
      case "target.missing":
        return sockets.get(event.peerId)?.send(writeTargetNotFound(event.target))
      case "peer.paused":
        return pause(event.peerId, event.by)
      case "peer.goesOn":
        return goOn(event.peerId, event.by)
      // Nobody may wait for a word that cannot come any more.
      case "node.gone":
        for (const peerId of [...paused.keys()]) goOn(peerId, event.mark)
    }
  }

  return {
    // What a space does
    admit: (admission: Admission): void => {
      if (isAlone) return directory.admit(admission, sockets.get(admission.peerId))
      tellNodes(admission.space, idsOf(admission), () => ({ type: "peer.admitted", ...admission }))
    },
    remove: (removal: Removal): void => {
      if (isAlone) return directory.remove(removal)
      tellNodes(removal.space, [...idsOf(removal), removal.peerId], () => ({ type: "peer.removed", ...removal }))
    },
    list: (list: MemberList): void => tellNodes(list.space, idsOf(list), () => ({ type: "peers.listed", ...list })),
    pass: (passing: Passing): void => {
      const { space, from, to } = passing
      tellNodes(space, to, (mark) => ({
        ...{ type: "frame.passed", ...passing },
        to: to.filter((id) => markIn(id) === mark)
      }))
      for (const id of to) node.heed(peerSocketAt(id), senderOf(space, from))
    },
    tellMissing: (miss: Miss): void =>
      tellNodes(miss.space, [miss.peerId], () => ({ type: "target.missing", ...miss })),
    /** What a peer of this node's says to somebody, or to all others, by its space. */
    say: ({ peerId, space, socket }: Seat, target: string | null, frame: string): void => {
      const event: NameSpaceEvent = { type: "frame.said", peerId, target, frame }
      const own = namedPeerAt(peerId)
      registry.send({ type: "tell", to: nameSpaceAt(space), from: own, event, replyTo: own })
      node.heed(nameSpaceAt(space), socket)
    },
    /** What the node of a peer's socket is told. */
    hear,
    /** A socket has gone. */
    left: (peerId: string): void => void paused.delete(peerId)
  }
}
