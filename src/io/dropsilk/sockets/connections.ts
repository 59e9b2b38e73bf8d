/**
 * Sockets and their actors: each socket has a connection actor, whose actions are what is sent to the socket.
 */

import { connectionMachine } from "../../../machines/dropsilk/connection/connection.ts"
import { belongsTo } from "../../../machines/dropsilk/connection/connectionContext.ts"
import type { DropSilkEvent } from "../../../machines/dropsilk/events.ts"
import { flightMachine } from "../../../machines/dropsilk/flight/flight.ts"
import { networkMachine } from "../../../machines/dropsilk/network/network.ts"
import type { Endpoint, RegistryRef } from "../../../machines/registry.ts"
import type { SupervisorRef } from "../../../machines/supervisor.ts"
import type { NodeOfCluster } from "../../../protocol.ts"
import type { ClientFrame } from "../../../wire/dropsilk/frames.ts"
import type { Deadlines } from "../../actors/deadlines.ts"
import type { SocketPart } from "../../admission/doorkeeper.ts"
import type { ClientSocket } from "../../sockets/clientSocket.ts"
import type { FrameMetrics } from "../../sockets/frameMetrics.ts"
import { createLinks } from "../../sockets/link.ts"
import type { DropSilkBudgets } from "../budgets.ts"
import type { Identities } from "../identities.ts"
import { createFarSockets, type SocketEvent } from "./farSockets.ts"
import {
  readFrame,
  writeError,
  writeFlightCreated,
  writeInvitation,
  writePeerJoined,
  writePeerLeft,
  writePong,
  writeRegistered,
  writeRoomAttached,
  writeShutdown,
  writeUserLists
} from "./frames.ts"

export interface ConnectionsOptions {
  /** The supervisor that starts the actors of new sockets. */
  readonly supervisor: () => SupervisorRef
  readonly node: NodeOfCluster
  readonly registry: Pick<RegistryRef, "send">
  readonly identities: Pick<Identities, "connectionId" | "flightCode">
  readonly deadlines: Deadlines
  /** In how many milliseconds a client that is sent away is asked to come back; undefined: as it likes. */
  readonly comeBackInMs: () => number | undefined
  readonly record: (event: DropSilkEvent) => void
  readonly budgets: Pick<DropSilkBudgets, "invite" | "guess" | "guessedRight">
  readonly frames: FrameMetrics
  /** Epoch milliseconds. */
  readonly now: () => number
}

/** Sockets by the id of their connection, and the machines that speak to them. */
export const createConnections = (options: ConnectionsOptions) => {
  const { supervisor, node, registry, identities, deadlines, frames, budgets, now } = options
  const sockets = new Map<string, ClientSocket>()
  const byAddress = new Map<string, Set<ClientSocket>>()
  const links = createLinks()
  const far = createFarSockets({
    node,
    registry,
    links,
    sockets,
    belongs: (id, flightId) => {
      const connection = sockets.get(id)?.actor?.getSnapshot()
      return connection !== undefined && belongsTo(connection.context, flightId)
    },
    showLists: ({ visible, toVisible, toPaired }) => {
      const listFor = writeUserLists(visible)
      for (const id of toVisible) sockets.get(id)?.send(listFor(id))
      for (const id of toPaired) sockets.get(id)?.send(listFor(null))
    },
    onBroken: (socket, peer) => socket.actor?.send({ type: "link.broken", peer })
  })

  const socketOf = (connection: { context: { id: string } }) => sockets.get(connection.context.id)

  const record = (_: unknown, event: DropSilkEvent) => options.record(event)

  const connection = connectionMachine.provide({
    actions: {
      openSocket: ({ context, self }) => {
        const socket = sockets.get(context.id)
        if (socket !== undefined) socket.actor = self
      },
      tellRegistered: ({ context }) => sockets.get(context.id)?.send(writeRegistered(context.id)),
      tellFlightCreated: (connection, { code }) => socketOf(connection)?.send(writeFlightCreated(code)),
      tellPeerJoined: (connection, { flightCode, peer, connectionType }) => {
        const socket = socketOf(connection)
        if (socket === undefined) return
        socket.send(writePeerJoined(flightCode, peer, connectionType))
        far.introduced(socket, peer.id)
      },
      tellPeerLeft: (connection) => socketOf(connection)?.send(writePeerLeft()),
      tellInvitation: (connection, { flightCode, fromName }) =>
        socketOf(connection)?.send(writeInvitation(flightCode, fromName)),
      tellRoomAttached: (connection, { code, role, peer }) =>
        socketOf(connection)?.send(writeRoomAttached(code, role, peer)),
      tellFault: (connection, { fault }) => socketOf(connection)?.send(writeError(fault)),
      tellPong: (connection) => socketOf(connection)?.send(writePong()),
      tellShutdown: (connection) => socketOf(connection)?.send(writeShutdown(options.comeBackInMs())),
      probeSocket: (connection) => socketOf(connection)?.probe(),
      closeSocket: (connection, { code, reason }) => socketOf(connection)?.close(code, reason),
      holdFrames: (connection) => socketOf(connection)?.hold(),
      releaseFrames: (connection) => socketOf(connection)?.release(),
      dropLink: (connection) => {
        const socket = socketOf(connection)
        const { seat } = connection.context
        if (socket !== undefined && seat !== null) links.drop(seat.flightId, socket)
      },
      leaveLink: (connection, { flightId }) => {
        const socket = socketOf(connection)
        if (socket !== undefined) links.leave(flightId, socket)
      },
      rightCode: ({ context }) => budgets.guessedRight(context.address),
      drawFlightCode: ({ self }) => self.send({ type: "code.drawn", code: identities.flightCode() }),
      requestDeadline: ({ self }, { afterMs }) => deadlines.after(self, afterMs),
      cancelDeadline: ({ self }) => deadlines.cancel(self),
      record
    }
  })

  const flight = flightMachine.provide({
    actions: {
      openLink: (_, link) => far.openLink(link),
      closeLink: (_, link) => far.closeLink(link),
      probeSockets: ({ context }, { members }) => far.probe(context.id, members),
      requestDeadline: ({ self }, { afterMs }) => deadlines.after(self, afterMs),
      cancelDeadline: ({ self }) => deadlines.cancel(self),
      record
    }
  })

  const network = networkMachine.provide({
    actions: {
      sendLists: ({ context }, update) => far.sendLists(context.group, update),
      requestDeadline: ({ self }, { afterMs }) => deadlines.after(self, afterMs),
      cancelDeadline: ({ self }) => deadlines.cancel(self),
      record
    }
  })

  const eventOf = (frame: Exclude<ClientFrame, { type: "signal" }>) => {
    switch (frame.type) {
      case "register-details":
        return { type: "details.register", name: frame.name }
      case "ping":
        return { type: "client.pinged" }
      case "create-flight":
        return { type: "flight.create" }
      case "join-flight":
        return { type: "flight.join", code: frame.flightCode }
      case "invite-to-flight":
        return { type: "flight.invite", inviteeId: frame.inviteeId, code: frame.flightCode, at: now() }
      case "attach-room":
        return {
          type: "room.attach",
          code: frame.roomCode,
          participantId: frame.participantId,
          channel: frame.channel,
          at: now()
        }
    }
  }

  /** Each join counts as a wrong guess until its actor says that it was none. */
  const join = ({ actor, address }: ClientSocket, event: ReturnType<typeof eventOf>) =>
    actor?.send(budgets.guess(address) > 0 ? { type: "flight.joinRefused" } : event)

  const freshId = (): string => {
    const id = identities.connectionId()
    return sockets.has(id) || far.isTaken(id) ? freshId() : id
  }

  /** What actors tell a socket: the one behind it has crashed, or what a flight or network of another node does with it. */
  const toSocket: Endpoint = (id, event) => {
    if (event.type === "socket.abandoned") sockets.get(id)?.close(1011, "Internal error")
    else far.hear(id, event as SocketEvent)
  }

  const part: SocketPart = {
    opened: (socket, { address, group }) => {
      socket.id = freshId()
      sockets.set(socket.id, socket)
      const neighbours = byAddress.get(address)
      if (neighbours === undefined) byAddress.set(address, new Set([socket]))
      else neighbours.add(socket)
      const input = { id: socket.id, address, openedAt: now(), group }
      supervisor().send({ type: "child.start", id: socket.id, input })
      if (socket.actor === null) socket.close(1013, "Try again later")
    },
    frame: (socket, bytes, isBinary) => {
      const arrivedAt = frames.arrived()
      const incoming = readFrame(bytes, isBinary)
      if (incoming.kind === "signal") {
        links.forward(socket, incoming.forward)
        frames.relayed(arrivedAt)
      } else if (incoming.kind === "fault") {
        frames.frame(incoming.fault)
        socket.send(writeError(incoming.fault))
      } else {
        const { frame } = incoming
        frames.frame(frame.type)
        // In silence, as all invitations that do not arrive.
        if (frame.type === "invite-to-flight" && budgets.invite(socket.id, frame.inviteeId, socket.address) > 0) return
        const event = eventOf(frame)
        if (event.type === "flight.join") join(socket, event)
        else socket.actor?.send(event)
      }
    },
    closed: (socket, abrupt) => {
      // While the actor says its farewells, what it sends to this socket goes nowhere: it is closed.
      socket.actor?.send({ type: "socket.closed", abrupt, at: now() })
      far.left(socket.id)
      sockets.delete(socket.id)
      const neighbours = byAddress.get(socket.address)
      neighbours?.delete(socket)
      if (neighbours?.size === 0) byAddress.delete(socket.address)
    },
    failed: (socket, error) => {
      options.record({ name: "client:error", clientId: socket.id, error })
      socket.send(writeError("server-error"))
    }
  }

  return {
    machines: { connection, flight, network },
    sockets: part,
    links,
    /** The address of a connection that is open. */
    addressOf: (id: string) => sockets.get(id)?.address,
    /** The open sockets of a client address. */
    socketsAt: (address: string): Iterable<ClientSocket> => byAddress.get(address) ?? [],
    /** What actors reach by an address of these kinds. */
    endpoints: { sockets: toSocket }
  }
}
