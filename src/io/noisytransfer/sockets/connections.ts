/**
 * Sockets and their actors: each socket has a connection actor, whose actions are what is sent to the socket. What goes
 * from one side of a room to the other passes no actor.
 */
import type { Socket } from "node:net"
import { relayRoomAt, socketAt } from "../../../machines/noisytransfer/addresses.ts"
import type { NoisyTransferEvent } from "../../../machines/noisytransfer/events.ts"
import type { ConnectionInput } from "../../../machines/noisytransfer/relayConnection/connectionContext.ts"
import { isThere, relayConnectionMachine } from "../../../machines/noisytransfer/relayConnection/relayConnection.ts"
import { relayRoomMachine } from "../../../machines/noisytransfer/relayRoom/relayRoom.ts"
import type { Endpoint, RegistryRef } from "../../../machines/registry.ts"
import type { SupervisorRef } from "../../../machines/supervisor.ts"
import type { NodeOfCluster } from "../../../protocol.ts"
import { closeCodes, textRefusals } from "../../../wire/noisytransfer/errors.ts"
import type { Deadlines } from "../../actors/deadlines.ts"
import type { SocketPart } from "../../admission/doorkeeper.ts"
import type { ClientSocket } from "../../sockets/clientSocket.ts"
import { createFarLinks, type LinkEvent } from "../../sockets/farLinks.ts"
import type { FrameMetrics } from "../../sockets/frameMetrics.ts"
import { createLinks } from "../../sockets/link.ts"
import { digestOf, newConnectionId } from "../identities.ts"
import type { MailStore } from "../mailStore.ts"
import type { RelayMetrics } from "../telling/metrics.ts"
import { createRefuses, readPlace } from "./doorway.ts"
import { readFrame, roomFull, type Said, writeEnvelope, writeMailboxFull } from "./frames.ts"

export interface ConnectionsOptions {
  /** Where the protocol is served. */
  readonly mount: string
  /** The supervisor that starts the actors of new sockets. */
  readonly supervisor: () => SupervisorRef
  readonly node: NodeOfCluster
  readonly registry: Pick<RegistryRef, "send">
  readonly deadlines: Deadlines
  readonly record: (event: NoisyTransferEvent) => void
  readonly mail: MailStore
  readonly metrics: RelayMetrics
  readonly frames: FrameMetrics
  readonly admitsUpgrade: NonNullable<SocketPart["admitsUpgrade"]>
  readonly maxPayloadBytes: number
  /** Unsent bytes beyond which a client is sent no second replay before it has read. */
  readonly replayUnsentBytes: number
  /** Epoch milliseconds. */
  readonly now: () => number
}

/** A socket, and what its bytes are written to. */
interface Open {
  readonly socket: ClientSocket
  readonly stream: Socket
}

/** Sockets by the id of their connection, and the machines that speak to them. */
export const createConnections = (options: ConnectionsOptions) => {
  const { mount, supervisor, node, registry, deadlines, mail, metrics, frames, replayUnsentBytes, now } = options
  const open = new Map<string, Open>()
  const links = createLinks()

  const socketBy = (id: string) => open.get(id)?.socket
  const far = createFarLinks({
    ...{ node, registry, links, socketAt },
    socketOf: socketBy,
    openerAt: relayRoomAt,
    belongs: (id, roomId) => {
      const connection = socketBy(id)?.actor?.getSnapshot()
      return connection !== undefined && connection.context.roomId === roomId && isThere(connection)
    },
    onBroken: ({ actor }, peer) => actor?.send({ type: "link.broken", peer })
  })
  const socketOf = (connection: { readonly context: { readonly id: string } }) => socketBy(connection.context.id)
  const record = (_: unknown, event: NoisyTransferEvent) => options.record(event)

  const connection = relayConnectionMachine.provide({
    actions: {
      openSocket: ({ context, self }) => {
        const socket = socketBy(context.id)
        if (socket !== undefined) socket.actor = self
      },
      tellRoomFull: (connection, { peerId }) => {
        const socket = socketOf(connection)
        if (socket === undefined) return
        metrics.frameOut("other", roomFull.length)
        socket.send(roomFull)
        far.introduced(socket, peerId)
      },
      tellItems: (connection, { envelopes, sender }) => {
        const socket = socketOf(connection)
        if (socket === undefined) return
        // Who sends is paused if this one does not read fast enough; of a replay that is the one who has asked for it.
        const peer = socket.link?.peer
        const from = peer?.id === sender ? peer : ((sender === null ? undefined : socketBy(sender)) ?? socket)
        for (const envelope of envelopes) {
          const text = writeEnvelope(envelope)
          metrics.frameOut("send", text.length)
          socket.relay(text, from)
        }
      },
      tellMailboxFull: (connection, full) => {
        const text = writeMailboxFull(full)
        metrics.frameOut("other", text.length)
        socketOf(connection)?.send(text)
      },
      probeSocket: (connection) => socketOf(connection)?.probe(),
      askSocket: (connection, { newcomer, withinMs }) =>
        socketOf(connection)?.ask(withinMs, (lives) =>
          connection.self.send({ type: lives ? "socket.lives" : "socket.silent", newcomer })
        ),
      awaitFlush: ({ context, self }) => {
        const stream = open.get(context.id)?.stream
        const flushed = () => self.send({ type: "socket.flushed" })
        if (stream === undefined || stream.writableLength < replayUnsentBytes) flushed()
        else stream.once("drain", flushed)
      },
      closeSocket: (connection, { code, reason }) => socketOf(connection)?.close(code, reason),
      cutSocket: (connection) => socketOf(connection)?.terminate(),
      holdFrames: (connection) => socketOf(connection)?.hold(),
      releaseFrames: (connection) => socketOf(connection)?.release(),
      dropLink: (connection) => {
        const socket = socketOf(connection)
        if (socket !== undefined) links.drop(connection.context.roomId, socket)
      },
      requestDeadline: ({ self }, { afterMs }) => deadlines.after(self, afterMs),
      cancelDeadline: ({ self }) => deadlines.cancel(self),
      record
    }
  })

  const room = relayRoomMachine.provide({
    actions: {
      openLink: (_, { roomId, first, second }) => far.open({ linkId: roomId, first, second }),
      closeLink: (_, { roomId, first, second }) => far.close({ linkId: roomId, first, second }),
      weighPosting: ({ self }, posting) => self.send({ type: "mail.weighed", left: mail.left(), ...posting }),
      weighMail: ({ self }, held) => mail.weigh(self, held),
      record
    }
  })

  const eventOf = (said: Said) => (said.type === "flow.established" ? { ...said, at: now() } : said)

  const freshId = (): string => {
    const id = newConnectionId(node.mark)
    return open.has(id) || far.isTaken(id) ? freshId() : id
  }

  const closeAs = (socket: ClientSocket | undefined, { code, reason }: { code: number; reason: string }) =>
    socket?.close(code, reason)

  /** What actors tell a socket: the one behind it has crashed, or what a room of another node does with it. */
  const toSocket: Endpoint = (id, event) => {
    if (event.type === "socket.abandoned") closeAs(socketBy(id), closeCodes.fault)
    else far.hear(event as LinkEvent)
  }

  const part: SocketPart = {
    refuses: createRefuses(mount),
    admitsUpgrade: options.admitsUpgrade,
    refusals: {
      wrongOrigin: { status: textRefusals.wrongOrigin.status, body: textRefusals.wrongOrigin.text },
      tooMany: { status: 429, body: "" }
    },
    maxPayloadBytes: options.maxPayloadBytes,
    echoesReason: false,
    selectsSubprotocol: false,
    roundTrip: (_, milliseconds) => metrics.roundTrip(milliseconds),
    opened: (socket, { address }, request) => {
      const place = readPlace(request.url ?? "")
      if ("refusal" in place) return closeAs(socket, closeCodes.fault)
      const { appId, side, sid } = place
      socket.id = freshId()
      open.set(socket.id, { socket, stream: request.socket })
      const input: ConnectionInput = {
        id: socket.id,
        address,
        roomId: digestOf(appId),
        side,
        sid: sid && digestOf(sid),
        openedAt: now()
      }
      supervisor().send({ type: "child.start", id: socket.id, input })
      if (socket.actor === null) closeAs(socket, closeCodes.overloaded)
    },
    frame: (socket, bytes, isBinary) => {
      const arrivedAt = frames.arrived()
      const incoming = readFrame(bytes, isBinary)
      const { label } = incoming
      metrics.frameIn(label, bytes.length)
      if (incoming.kind === "relay") {
        if (socket.link !== null) metrics.frameOut(label, bytes.length)
        links.forward(socket, bytes)
        return frames.relayed(arrivedAt)
      }
      frames.frame(label)
      if (incoming.kind === "said") socket.actor?.send(eventOf(incoming.said))
    },
    closed: (socket) => {
      // While the actor says its farewells, what it sends to this socket goes nowhere: it is closed.
      socket.actor?.send({ type: "socket.closed" })
      far.left(socket.id)
      open.delete(socket.id)
    },
    failed: (socket, error) => options.record({ name: "relay:error", clientId: socket.id, error })
  }

  return {
    machines: { relayConnection: connection, relayRoom: room },
    sockets: part,
    /** The address of a connection that is open. */
    addressOf: (id: string) => socketBy(id)?.address,
    links,
    endpoint: toSocket
  }
}
