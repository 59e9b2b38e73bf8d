/** Sockets and their actors: each socket has a peer actor, and what goes between those who are logged in passes none. */
import { commonSpace } from "../../machines/named-peers/addresses.ts"
import type { NamedPeersEvent } from "../../machines/named-peers/events.ts"
import { namedPeerMachine } from "../../machines/named-peers/namedPeer/namedPeer.ts"
import { nameSpaceMachine } from "../../machines/named-peers/nameSpace/nameSpace.ts"
import type { Endpoint, RegistryRef } from "../../machines/registry.ts"
import type { SupervisorRef } from "../../machines/supervisor.ts"
import type { NodeOfCluster } from "../../protocol.ts"
import { type Closing, closings, upgradeRefusals } from "../../wire/named-peers/errors.ts"
import { spaceIn } from "../../wire/named-peers/fields.ts"
import { wireNumbers } from "../../wire/named-peers/numbers.ts"
import type { Deadlines } from "../actors/deadlines.ts"
import type { Budget } from "../admission/budgets.ts"
import { createCustomerCounts } from "../admission/customerCounts.ts"
import type { SocketPart } from "../admission/doorkeeper.ts"
import { decodedPath } from "../admission/requestPath.ts"
import { lowerCase, randomText } from "../services/randomText.ts"
import type { ClientSocket } from "../sockets/clientSocket.ts"
import type { FrameMetrics } from "../sockets/frameMetrics.ts"
import { createDirectory, type Seat } from "./directory.ts"
import { createFarPeers, type PeerSocketEvent } from "./farPeers.ts"
import { type Incoming, readFrame, writeError, writePong, writeTargetNotFound } from "./frames.ts"
import { createKeyDigests } from "./keys.ts"
import { namedPeersLimits } from "./limits.ts"
import { signed } from "./splicing.ts"

export interface PeersOptions {
  /** Where it is served. */
  readonly mount: string
  /** The supervisor that starts the actors of new sockets. */
  readonly supervisor: () => SupervisorRef
  readonly node: NodeOfCluster
  readonly registry: Pick<RegistryRef, "send">
  readonly deadlines: Deadlines
  readonly record: (event: NamedPeersEvent) => void
  /** What one connection may say to everybody. */
  readonly announcements: Budget
  readonly frames: FrameMetrics
  readonly admitsUpgrade: NonNullable<SocketPart["admitsUpgrade"]>
  /** Epoch milliseconds. */
  readonly now: () => number
}

export const createPeers = (options: PeersOptions) => {
  const { mount, supervisor, node, registry, deadlines, record, announcements, frames, admitsUpgrade, now } = options
  const sockets = new Map<string, ClientSocket>()
  const directory = createDirectory()
  const names = createCustomerCounts()
  const digestOf = createKeyDigests(node.saltFor("named peers' keys"))
  const far = createFarPeers({ node, registry, sockets, directory })
  /** When each was last told that it sends too much. */
  const complaints = new WeakMap<ClientSocket, number>()

  const socketOf = ({ context }: { readonly context: { readonly id: string } }) => sockets.get(context.id)

  const dismiss = (socket: ClientSocket | undefined, { code, reason, error }: Closing) => {
    if (error !== undefined) socket?.send(writeError(error))
    socket?.close(code, reason)
  }

  const peer = namedPeerMachine.provide({
    actions: {
      openSocket: ({ context, self }) => {
        const socket = sockets.get(context.id)
        if (socket !== undefined) socket.actor = self
      },
      tellPong: (peer) => socketOf(peer)?.send(writePong(now())),
      tellFault: (peer, { fault }) => socketOf(peer)?.send(writeError(fault)),
      dismissSocket: (peer, { cause }) => dismiss(socketOf(peer), closings[cause]),
      cutSocket: (peer) => socketOf(peer)?.terminate(),
      probeSocket: (peer, { probe, withinMs }) =>
        socketOf(peer)?.ask(withinMs, (lives) =>
          peer.self.send({ type: lives ? "socket.answered" : "socket.silent", probe })
        ),
      holdFrames: (peer) => socketOf(peer)?.hold(),
      releaseFrames: (peer) => socketOf(peer)?.release(),
      dropSeat: ({ context }) => directory.drop(context.id),
      countName: ({ context }) => names.add(context.address),
      uncountName: ({ context }) => names.subtract(context.address),
      requestDeadline: ({ self }, { afterMs }) => deadlines.after(self, afterMs),
      cancelDeadline: ({ self }) => deadlines.cancel(self),
      record: (_, event) => record(event)
    }
  })

  const space = nameSpaceMachine.provide({
    actions: {
      admitPeer: (_, admission) => far.admit(admission),
      removePeer: (_, removal) => far.remove(removal),
      listPeers: (_, list) => far.list(list),
      passFrame: (_, passing) => far.pass(passing),
      tellMissing: (_, miss) => far.tellMissing(miss),
      record: (_, event) => record(event)
    }
  })

  /** Once a second at most. */
  const tellTooMany = (socket: ClientSocket) => {
    const time = performance.now()
    const before = complaints.get(socket)
    if (before !== undefined && time - before < namedPeersLimits.complaintMs) return
    complaints.set(socket, time)
    socket.send(writeError("rate_limit_exceeded"))
  }

  const logIn = (socket: ClientSocket, name: string, key: string | null) =>
    socket.actor?.send(
      names.of(socket.address) >= namedPeersLimits.namesOfAddress
        ? { type: "login.overdrawn" }
        : { type: "login.asked", name, key: key === null ? null : digestOf(key) }
    )

  type ForOthers = Extract<Incoming, { readonly text: string }>

  /** What somebody who is logged in says to one or to all. */
  const pass = (sender: Seat, incoming: ForOthers) => {
    const arrivedAt = frames.arrived()
    const { socket, signature } = sender
    const frame = signed(incoming.text, incoming.object, signature)
    if (node.mark !== "") far.say(sender, incoming.kind === "event" ? null : incoming.target, frame)
    else if (incoming.kind === "event") directory.announce(sender, frame)
    else if (!directory.send(sender, incoming.target, frame)) socket.send(writeTargetNotFound(incoming.target))
    frames.relayed(arrivedAt)
  }

  const handle = (socket: ClientSocket, incoming: Incoming) => {
    switch (incoming.kind) {
      case "fault":
        return socket.send(writeError("invalid_message"))
      case "ping":
        return socket.actor?.send({ type: "peer.pinged" })
      case "login":
        return logIn(socket, incoming.name, incoming.key)
      case "misnamed":
        return socket.actor?.send({ type: "login.invalid" })
    }
    const sender = directory.seatOf(socket.id)
    if (sender === undefined) return socket.actor?.send({ type: "message.sent" })
    if (incoming.kind === "aimless") return socket.send(writeError("invalid_message"))
    if (incoming.kind === "event" && announcements.take(socket.id, socket.address) > 0) return tellTooMany(socket)
    pass(sender, incoming)
  }

  const freshId = (): string => {
    const id = node.mark + randomText(lowerCase, namedPeersLimits.peerIdLength - node.mark.length)
    return sockets.has(id) ? freshId() : id
  }

  /** What actors tell a socket: the one behind it has crashed, or what a space does with its peers here. */
  const toSocket: Endpoint = (id, event) => {
    if (event.type === "socket.abandoned") dismiss(sockets.get(id), closings.fault)
    else far.hear(event as PeerSocketEvent)
  }

  const part: SocketPart = {
    maxPayloadBytes: wireNumbers.messageBytes,
    admitsUpgrade,
    refuses: ({ url = "/" }) => {
      const path = decodedPath(url)
      if (path !== mount && path !== `${mount}/`) return upgradeRefusals.notFound
      return spaceIn(url) === null ? upgradeRefusals.invalidSpace : null
    },
    floods: { toleratedMs: namedPeersLimits.floodToleratedMs, tell: tellTooMany },
    opened: (socket, { address }, { url = "/" }) => {
      socket.id = freshId()
      sockets.set(socket.id, socket)
      const input = { id: socket.id, space: spaceIn(url) ?? commonSpace, address }
      supervisor().send({ type: "child.start", id: socket.id, input })
      if (socket.actor === null) dismiss(socket, closings.unavailable)
    },
    frame: (socket, bytes, isBinary) => {
      const incoming = readFrame(bytes, isBinary)
      if (incoming.kind === "event") frames.frame(incoming.type)
      else if (incoming.kind !== "message") frames.frame(incoming.kind)
      handle(socket, incoming)
    },
    closed: (socket) => {
      // While the actor says its farewells, what it sends to this socket goes nowhere: it is closed.
      socket.actor?.send({ type: "socket.closed" })
      sockets.delete(socket.id)
      far.left(socket.id)
    },
    failed: (socket, error) => {
      record({ name: "named_peer:error", peerId: socket.id, error })
      dismiss(socket, closings.fault)
    }
  }

  return {
    machines: { peer, space },
    sockets: part,
    /** Those who are logged in, in all spaces. */
    count: () => directory.size,
    /** What a connection is logged in as; undefined: it is not. */
    nameOf: (id: string) => directory.seatOf(id)?.name,
    /** The address of a connection that is open. */
    addressOf: (id: string) => sockets.get(id)?.address,
    /** What actors reach by an address of these kinds. */
    endpoints: { namedPeerSockets: toSocket }
  }
}
