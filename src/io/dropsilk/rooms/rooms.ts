/** Room actors at both ends: their rows below them, and the desk that asks them on behalf of HTTP. */
import { type AnyActorRef, fromPromise, type SnapshotFrom } from "xstate"
import { deskAt, roomAt } from "../../../machines/dropsilk/addresses.ts"
import type { DropSilkEvent } from "../../../machines/dropsilk/events.ts"
import { readQuietly, roomMachine } from "../../../machines/dropsilk/room/room.ts"
import type { Around } from "../../../machines/dropsilk/room/roomHearing.ts"
import type { RoomAnswer, RoomPoll, RoomQuestion, Suspect } from "../../../machines/dropsilk/room/roomMessages.ts"
import type { Endpoint, RegistryRef } from "../../../machines/registry.ts"
import type { SupervisorRef } from "../../../machines/supervisor.ts"
import type { NodeOfCluster } from "../../../protocol.ts"
import { createAsking, type Unasked } from "../../actors/asking.ts"
import { type Deadlines, namedDeadlines } from "../../actors/deadlines.ts"
import type { Identities } from "../identities.ts"
import type { LookAround } from "./around.ts"
import type { Polls } from "./polls.ts"
import type { ParticipantRequest, RoomDesk, RoomReply } from "./roomDesk.ts"
import type { RoomStore } from "./roomStore.ts"

/** The room machine on a store. */
export const createRoomMachine = (
  store: RoomStore,
  deadlines: Deadlines,
  record: (event: DropSilkEvent) => void
): typeof roomMachine =>
  roomMachine.provide({
    actors: {
      loadRow: fromPromise(({ input }) => store.load(input.code, input.at)),
      insertRow: fromPromise(({ input }) => store.insert(input)),
      saveRow: fromPromise(({ input }) => store.save(input.before, input.after, input.words)),
      removeRow: fromPromise(({ input }) => store.remove(input.before))
    },
    actions: {
      ...namedDeadlines(deadlines),
      record: (_, event) => record(event)
    }
  })

export interface RoomDeskOptions {
  readonly registry: Pick<RegistryRef, "send">
  readonly node: Pick<NodeOfCluster, "mark" | "isHere">
  /** The supervisor of rooms, for looking at those that are here. */
  readonly rooms: () => SupervisorRef
  readonly identities: Pick<Identities, "roomCode" | "participantId">
  readonly aliasOf: (roomCode: string, participantId: string) => string
  /** Of the rooms that are here. */
  readonly polls: Polls
  readonly lookAround: LookAround
  /** How many codes are tried for a new room. */
  readonly codeAttempts: number
  readonly askTimeoutMs: number
  /** Epoch milliseconds. */
  readonly now: () => number
}

/** The address is added, too. */
type OfRoom<Question> = Unasked<Question, "address">

/** A desk that has `endpoints` for the registry, and a day's end. */
export interface OpenRoomDesk extends RoomDesk {
  readonly endpoints: { readonly desk: Endpoint }
  close(): void
}

/** Asks room actors and waits for their answers. */
export const createRoomDesk = (options: RoomDeskOptions): OpenRoomDesk => {
  const { registry, node, rooms, identities, aliasOf, polls, lookAround, codeAttempts, askTimeoutMs, now } = options
  const desk = deskAt(node.mark)
  const { expect, tell, ask, endpoint, close } = createAsking<RoomAnswer>({
    registry,
    desk,
    timeoutMs: askTimeoutMs,
    unanswered: (requestId, why) => ({
      type: why === "child.exists" ? "room.codeTaken" : "room.unavailable",
      requestId
    }),
    now
  })
  const roomIn = (code: string): AnyActorRef | undefined => rooms().getSnapshot().children.get(code)

  const question = (code: string, address: string, unasked: OfRoom<RoomQuestion>): Promise<RoomAnswer> =>
    ask(roomAt(code), { code }, { ...unasked, address })

  const askFor = async ({ code, address }: ParticipantRequest, unasked: OfRoom<RoomQuestion>): Promise<RoomReply> =>
    replyOf(await question(code, address(), unasked))

  const findAround = async (code: string, suspects: readonly Suspect[]) => {
    const sought = suspects.flatMap(({ participantId, name, addresses }) =>
      addresses.map((address) => ({ participantId, name, address }))
    )
    const found = await lookAround({ code, people: sought.map(({ name, address }) => ({ name, address })) })
    const around = suspects.flatMap(({ participantId }): readonly Around[] => {
      const opened = found.opened.filter((_, index) => sought[index]?.participantId === participantId).flat()
      return opened.length === 0 ? [] : [{ participantId, since: Math.min(...opened), sockets: opened.length }]
    })
    return { around, polled: found.polled }
  }

  const replyOf = (answer: RoomAnswer): RoomReply => {
    switch (answer.type) {
      case "room.answered":
        return { type: answer.type, room: answer.room, participantId: answer.participantId }
      case "room.refused":
        return { type: answer.type, reason: answer.reason }
      case "room.broken":
        return { type: answer.type }
      case "room.unavailable":
      case "room.codeTaken":
      case "room.asksAround":
        return { type: "room.unavailable" }
    }
  }

  const identityIn = (code: string) => {
    const id = identities.participantId()
    return { id, alias: aliasOf(code, id) }
  }

  return {
    endpoints: { desk: endpoint },
    create: async (name, address) => {
      for (let attempt = 0; attempt < codeAttempts; attempt++) {
        const code = identities.roomCode()
        const answer = await new Promise<RoomAnswer>((resolve) => {
          const requestId = expect(resolve)
          registry.send({
            type: "start",
            to: roomAt(code),
            from: desk,
            input: {
              code,
              at: now(),
              creation: { host: identityIn(code), name, address, requestId, replyTo: desk }
            },
            replyTo: desk,
            requestId
          })
        })
        if (answer.type !== "room.codeTaken") return replyOf(answer)
      }
      return { type: "room.unavailable" }
    },
    join: async (code, name, address) => {
      const join = { type: "room.join" as const, guest: identityIn(code), name }
      const answer = await question(code, address, { ...join, polled: polls.of(roomIn(code)), around: null })
      if (answer.type !== "room.asksAround") return replyOf(answer)
      return replyOf(await question(code, address, { ...join, ...(await findAround(code, answer.suspects)) }))
    },
    poll: ({ code, participantId, address }, told) => {
      // One that is still here while it lives elsewhere does not know what is said there.
      const room = node.isHere(roomAt(code)) ? roomIn(code) : undefined
      const at = now()
      // The first one is heard, whenever it comes: it says from which address the participant polls.
      const read =
        room !== undefined && polls.has(room, participantId)
          ? readQuietly(room.getSnapshot() as SnapshotFrom<typeof roomMachine>, participantId, at)
          : null
      if (room !== undefined && read !== null) {
        polls.note(room, read, participantId, at)
        return told({ type: "room.answered", room: read, participantId })
      }
      const asked = expect((answer) => {
        const polled = roomIn(code)
        if (polled !== undefined && answer.type === "room.answered") polls.note(polled, answer.room, participantId, at)
        told(replyOf(answer))
      })
      const polling: OfRoom<RoomPoll> = { type: "room.poll", participantId }
      tell(roomAt(code), { code }, { ...polling, address: address() }, asked)
    },
    ready: (request, offer) => askFor(request, { type: "room.ready", participantId: request.participantId, ...offer }),
    screenShare: (request, active) =>
      askFor(request, { type: "room.screenShare", participantId: request.participantId, active }),
    chat: (request, active) => askFor(request, { type: "room.chat", participantId: request.participantId, active }),
    close
  }
}
