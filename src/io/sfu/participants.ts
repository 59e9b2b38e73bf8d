/** Sockets and their actors: each socket has a participant, whose actions are what is sent to it. Media pass neither. */
import type { IncomingMessage } from "node:http"
import type { Endpoint } from "../../machines/registry.ts"
import type { SfuEvent } from "../../machines/sfu/events.ts"
import { participantMachine } from "../../machines/sfu/participant/participant.ts"
import type { ClientRequest, Newcomer } from "../../machines/sfu/participant/participantContext.ts"
import type { SupervisorRef } from "../../machines/supervisor.ts"
import type { Claims } from "../../wire/sfu/claims.ts"
import { type Closing, closings } from "../../wire/sfu/errors.ts"
import type { ClientFrame } from "../../wire/sfu/frames.ts"
import { wireNumbers } from "../../wire/sfu/numbers.ts"
import { type Deadlines, namedDeadlines } from "../actors/deadlines.ts"
import type { SocketPart } from "../admission/doorkeeper.ts"
import { lowerCase, randomText } from "../services/randomText.ts"
import type { ClientSocket } from "../sockets/clientSocket.ts"
import type { FrameMetrics } from "../sockets/frameMetrics.ts"
import type { ReadsDoor } from "./door.ts"
import type { participantCalls } from "./engine/calls.ts"
import type { Holdings } from "./engine/holdings.ts"
import { readFrame, writeNewProducer, writeProducerClosed, writeRefusal, writeResponse } from "./frames.ts"
import { sfuLimits } from "./limits.ts"
import type { Presence } from "./presence.ts"
import type { Seating } from "./seating.ts"

export interface ParticipantsOptions {
  /** The supervisor that starts the actors of new sockets. */
  readonly supervisor: () => SupervisorRef
  readonly deadlines: Deadlines
  readonly record: (event: SfuEvent) => void
  readonly frames: FrameMetrics
  readonly admitsUpgrade: NonNullable<SocketPart["admitsUpgrade"]>
  /** Who may come in, and as whom. */
  readonly door: ReadsDoor
  readonly presence: Presence
  readonly seating: Seating
  readonly calls: ReturnType<typeof participantCalls>
  readonly holdings: Pick<Holdings, "closeTransport" | "release">
  /** The media worker that a new conference would be on at this moment; null: none. */
  readonly place: () => string | null
  /** Epoch milliseconds. */
  readonly now: () => number
}

interface Open {
  readonly socket: ClientSocket
  readonly claims: Claims
}

export const createParticipants = (options: ParticipantsOptions) => {
  const { supervisor, deadlines, record, frames, door, presence, seating, calls, holdings, place, now } = options
  const open = new Map<string, Open>()
  /** Who has been let in, until its socket is open. */
  const admitted = new WeakMap<IncomingMessage, Claims>()

  const socketOf = ({ context }: { readonly context: { readonly id: string } }) => open.get(context.id)?.socket

  const dismiss = (socket: ClientSocket | undefined, { code, reason }: Closing) => socket?.close(code, reason)

  const participant = participantMachine.provide({
    actions: {
      openSocket: ({ context, self }) => {
        const socket = open.get(context.id)?.socket
        if (socket !== undefined) socket.actor = self
      },
      answer: (participant, { requestId, data }) => {
        if (requestId !== null) socketOf(participant)?.send(writeResponse(requestId, data))
      },
      refuse: (participant, { requestId, error }) => socketOf(participant)?.send(writeRefusal(requestId, error)),
      tellProducer: (participant, producer) => socketOf(participant)?.send(writeNewProducer(producer)),
      tellProducerClosed: (participant, producer) => socketOf(participant)?.send(writeProducerClosed(producer)),
      dismissSocket: (participant, { cause }) => dismiss(socketOf(participant), closings[cause]),
      cutSocket: (participant) => socketOf(participant)?.terminate(),
      holdFrames: ({ context, self }, { afterMs }) => {
        open.get(context.id)?.socket.hold()
        deadlines.after(self, afterMs, "answer.due")
      },
      releaseFrames: ({ context, self }) => {
        deadlines.cancel(self, "answer.due")
        open.get(context.id)?.socket.release()
      },
      ...calls,
      closeTransport: (_, { transportId }) => holdings.closeTransport(transportId),
      releaseMedia: ({ context }) => holdings.release(context.id),
      ...namedDeadlines(deadlines),
      record: (_, event) => record(event)
    }
  })

  const newName = () => randomText(lowerCase, sfuLimits.idLength)

  const eventOf = (frame: ClientFrame, requestId: string | null): ClientRequest => {
    switch (frame.type) {
      case "join-room":
        return {
          type: "join.asked",
          requestId,
          roomId: frame.data.roomId,
          worker: place(),
          call: newName(),
          at: now()
        }
      case "create-transport":
        return { type: "transport.asked", requestId }
      case "connect-transport":
        return { type: "connect.asked", requestId, ...frame.data }
      case "produce":
        return { type: "produce.asked", requestId, ...frame.data }
      case "consume":
        return { type: "consume.asked", requestId, ...frame.data }
      case "resume-consumer":
        return { type: "resume.asked", requestId, ...frame.data }
    }
  }

  const freshId = (): string => {
    const id = newName()
    return open.has(id) ? freshId() : id
  }

  /** What actors tell a socket: the one behind it has crashed, and nobody else frees what the engine holds for it. */
  const toSocket: Endpoint = (id, { type }) => {
    if (type !== "socket.abandoned") return
    holdings.release(id)
    dismiss(open.get(id)?.socket, closings.fault)
  }

  const part: SocketPart = {
    maxPayloadBytes: wireNumbers.messageBytes,
    admitsUpgrade: options.admitsUpgrade,
    refuses: async (request) => {
      const found = await door(request.url ?? "/")
      if ("refusal" in found) return found.refusal
      const objection = await seating.objects(request, found.claims.roomId)
      if (objection === null) admitted.set(request, found.claims)
      return objection
    },
    opened: (socket, { address }, request) => {
      const claims = admitted.get(request)
      if (claims === undefined) return dismiss(socket, closings.fault)
      socket.id = freshId()
      open.set(socket.id, { socket, claims })
      presence.add(claims)
      seating.add(claims.roomId)
      const input: Newcomer = { id: socket.id, address, ...claims }
      supervisor().send({ type: "child.start", id: socket.id, input })
      if (socket.actor === null) dismiss(socket, closings.unavailable)
    },
    frame: (socket, bytes, isBinary) => {
      const incoming = readFrame(bytes, isBinary)
      if (incoming.kind === "fault") {
        frames.frame("fault")
        return socket.send(writeRefusal(incoming.requestId, "Invalid message"))
      }
      frames.frame(incoming.request.type)
      socket.actor?.send(eventOf(incoming.request, incoming.requestId))
    },
    closed: (socket) => {
      // While the actor says its farewells, what it sends to this socket goes nowhere: it is closed.
      socket.actor?.send({ type: "socket.closed", at: now() })
      const claims = open.get(socket.id)?.claims
      open.delete(socket.id)
      if (claims === undefined) return
      presence.subtract(claims)
      seating.subtract(claims.roomId)
    },
    failed: (socket, error) => {
      record({ name: "sfu:error", participantId: socket.id, error })
      dismiss(open.get(socket.id)?.socket, closings.fault)
    }
  }

  return {
    machine: participant,
    sockets: part,
    /** Sockets that are open. */
    count: () => open.size,
    /** The address of one. */
    addressOf: (id: string) => open.get(id)?.socket.address,
    endpoint: toSocket
  }
}
