/**
 * Links whose other end is another node's socket. Each of the two nodes opens the link for its own socket. A frame goes over
 * the channel at once, and waits at the receiver's node until that one's client has been told of its sender. The word that a
 * link is open and the first frames come from two nodes: what comes before that word waits as well, for a while.
 */
import type { Links } from "../sockets/link.ts"
import type { Linkable } from "../sockets/sender.ts"
import type { Channels, PeerNode } from "./channels.ts"
import { clusterLimits } from "./limits.ts"
import { RemoteSocket, type SocketMessage } from "./remoteSocket.ts"

/** A socket of this node's, and the links of its protocol. */
export interface LinkPlace {
  readonly socket: Linkable
  readonly links: Links
}

/** A client of another node's. */
export interface RemoteEnd {
  /** The address of its node. */
  readonly node: string
  readonly id: string
}

export interface RemoteLinksOptions {
  readonly channels: Pick<Channels, "send" | "frame">
  /** Of a client of this node's; undefined: it has gone. */
  readonly find: (id: string) => LinkPlace | undefined
}

export interface RemoteLinks {
  /**
   * Opens this node's end of a link. `isFirst`: it is the first of the two, whose node counts the meeting. Nothing happens
   * when the client has gone.
   */
  open(linkId: string, own: string, other: RemoteEnd, isFirst: boolean): void
  /** Ends it, if it is still open. */
  close(linkId: string, own: string, other: RemoteEnd): void
  /** This node's client has gone, and its link with it: whoever closes links may not be there to say so. */
  left(own: string): void
  /** Takes a frame that came over a channel. */
  onFrame(from: PeerNode, target: string, source: string, bytes: Buffer): void
  /** Takes a message that came over a channel; false: it is none of a link's. */
  onMessage(from: PeerNode, message: unknown): boolean
  /** Ends all links to a node that is gone, or has parted. Gives back whose they were, and to whom. */
  gone(node: string): readonly { readonly own: string; readonly peer: string }[]
  /** What waits goes nowhere. */
  end(): void
}

/** Frames that have come before their link. */
interface Early {
  readonly frames: Buffer[]
  bytes: number
  isWaiting: boolean
  readonly timer: NodeJS.Timeout
}

export const createRemoteLinks = ({ channels, find }: RemoteLinksOptions): RemoteLinks => {
  /** Those whose links are open, with the place of their other end, by its id: a socket has one link at a time. */
  const remotes = new Map<string, { readonly remote: RemoteSocket; readonly place: LinkPlace }>()
  const early = new Map<string, Early>()

  const remoteOf = (place: LinkPlace | undefined, node: string, id: string): RemoteSocket | undefined => {
    const peer = place?.socket.link?.peer
    return peer instanceof RemoteSocket && peer.node === node && peer.id === id ? peer : undefined
  }

  const earlyKey = (node: string, source: string, target: string) => `${node} ${source} ${target}`

  const takeEarly = (key: string): Early | undefined => {
    const taken = early.get(key)
    early.delete(key)
    clearTimeout(taken?.timer)
    return taken
  }

  const say = (t: SocketMessage["t"], node: string, id: string, reader: string) =>
    channels.send(node, { t, id, reader } satisfies SocketMessage)

  const keepEarly = (node: string, source: string, target: string, frame: Buffer) => {
    const key = earlyKey(node, source, target)
    const lose = () => {
      if (takeEarly(key)?.isWaiting) say("goOn", node, source, target)
    }
    const kept: Early = early.get(key) ?? {
      ...{ frames: [], bytes: 0, isWaiting: false },
      timer: setTimeout(lose, clusterLimits.early.forMs).unref()
    }
    early.set(key, kept)
    // Apart from what came with it in one read.
    kept.frames.push(Buffer.from(frame))
    kept.bytes += frame.length
    if (kept.bytes <= clusterLimits.early.bytes || kept.isWaiting) return
    kept.isWaiting = true
    say("wait", node, source, target)
  }

  return {
    open: (linkId, own, { node, id }, isFirst) => {
      const place = find(own)
      if (place === undefined) return
      const { socket, links } = place
      if (socket.link?.id === linkId && remoteOf(place, node, id) !== undefined) return
      const waiting = takeEarly(earlyKey(node, id, own))
      const isWaiting = waiting?.isWaiting === true
      const parted = (remote: RemoteSocket) => {
        if (remotes.get(own)?.remote === remote) remotes.delete(own)
      }
      const remote = new RemoteSocket({ node, id, own: socket, channels, isWaiting, parted })
      links.open(linkId, isFirst ? socket : remote, isFirst ? remote : socket)
      remotes.set(own, { remote, place })
      for (const frame of waiting?.frames ?? []) links.forward(remote, frame)
      remote.sayAgain()
    },
    close: (linkId, own, { node, id }) => {
      const { remote, place } = remotes.get(own) ?? {}
      if (remote?.node === node && remote.id === id) place?.links.close(linkId, place.socket, remote)
    },
    left: (own) => {
      const { remote, place } = remotes.get(own) ?? {}
      if (remote?.link) place?.links.close(remote.link.id, place.socket, remote)
    },
    onFrame: ({ address }, target, source, bytes) => {
      const place = find(target)
      if (place === undefined) return
      const remote = remoteOf(place, address, source)
      if (remote === undefined) keepEarly(address, source, target, bytes)
      else place.links.forward(remote, bytes)
    },
    onMessage: ({ address }, message) => {
      const { t, id, reader } = message as Partial<SocketMessage>
      if (t !== "wait" && t !== "goOn") return false
      // Late word of somebody who is not its peer any more concerns nobody.
      const remote = remoteOf(find(id ?? ""), address, reader ?? "")
      if (t === "wait") remote?.wait()
      else remote?.goOn()
      return true
    },
    gone: (node) => {
      const parted: { readonly own: string; readonly peer: string }[] = []
      for (const [own, { remote, place }] of remotes) {
        if (remote.node !== node || remote.link === null) continue
        parted.push({ own, peer: remote.id })
        place.links.drop(remote.link.id, place.socket)
      }
      for (const key of early.keys()) if (key.startsWith(`${node} `)) takeEarly(key)
      return parted
    },
    end: () => {
      for (const key of early.keys()) takeEarly(key)
    }
  }
}
