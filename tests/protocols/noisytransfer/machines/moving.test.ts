/**
 * Connections and rooms that move while words are under way, by chance: a node ends, a room goes on elsewhere, with its
 * mailboxes or without, the way between two is broken for a moment, answers come late or never. When everything that was
 * said has arrived, what each connection believes is what its room knows.
 */
import { describe } from "vitest"
import type { AnyActorRef } from "xstate"
import { markIn } from "../../../../src/machines/cluster/homes.ts"
import { noisyTransferHomes } from "../../../../src/machines/noisytransfer/homes.ts"
import type { ConnectionContext } from "../../../../src/machines/noisytransfer/relayConnection/connectionContext.ts"
import {
  isThere,
  relayConnectionMachine
} from "../../../../src/machines/noisytransfer/relayConnection/relayConnection.ts"
import { relayRoomMachine } from "../../../../src/machines/noisytransfer/relayRoom/relayRoom.ts"
import { hasMail, type RoomContext } from "../../../../src/machines/noisytransfer/relayRoom/roomContext.ts"
import { sideOf } from "../../../../src/machines/noisytransfer/relayRoom/seats.ts"
import { believeWhatIsSo, type MovingWorld, marks } from "../../../support/movingWorlds.ts"
import { createSlowPost, type Letter } from "../../../support/slowPost.ts"

const roomIds = ["red", "blue"]
const plenty = { items: 9, bytes: 99 }

const createWorld = (random: () => number): MovingWorld => {
  const post = createSlowPost({ random, claims: noisyTransferHomes.claims, arrive: (letter) => arrive(letter) })
  const { oneOf, say, deliver } = post
  const log: string[] = []
  const connections = new Map<string, AnyActorRef>()
  const rooms = new Map<string, AnyActorRef>()
  const links = new Map<string, string>()
  let born = 0

  const part = (id: string, peer: string | undefined) => {
    if (links.get(id) === peer) links.delete(id)
  }
  const partBoth = (id: string) => {
    const peer = links.get(id)
    if (peer !== undefined) part(peer, id)
    links.delete(id)
  }
  const tellLink = (roomId: string, type: "open" | "close", id: string, peer: string) =>
    say({
      type: "tell",
      from: { kind: "noisytransfer-rooms", id: roomId },
      to: { kind: "noisytransfer-connections", id },
      link: type,
      peer
    })

  const connectionMachine = relayConnectionMachine.provide({
    actions: {
      tellRoomFull: ({ context, self }, { peerId }) => {
        if (!links.has(context.id)) self.send({ type: "link.broken", peer: peerId })
      },
      askSocket: ({ self }, { newcomer }) =>
        self.send({ type: random() < 0.5 ? "socket.lives" : "socket.silent", newcomer }),
      awaitFlush: ({ self }) => self.send({ type: "socket.flushed" }),
      dropLink: ({ context }) => partBoth(context.id)
    }
  })
  const roomMachine = relayRoomMachine.provide({
    actions: {
      weighPosting: ({ self }, posting) => self.send({ type: "mail.weighed", left: plenty, ...posting }),
      openLink: (_, { roomId, first, second }) => {
        tellLink(roomId, "open", first, second)
        tellLink(roomId, "open", second, first)
      },
      closeLink: (_, { roomId, first, second }) => {
        tellLink(roomId, "close", first, second)
        tellLink(roomId, "close", second, first)
      }
    }
  })

  const contextOf = (actor: AnyActorRef) => actor.getSnapshot().context as ConnectionContext
  const membersOf = (roomId: string) => [...connections.values()].filter((actor) => contextOf(actor).roomId === roomId)
  const tellRoom = (id: string, event: any, input?: object): boolean => {
    if (!rooms.has(id)) {
      if (input === undefined) return false
      rooms.set(id, post.begin(roomMachine, id, { mailbox: plenty, contestMs: 5, ...input }))
    }
    rooms.get(id)?.send(event)
    if (rooms.get(id)?.getSnapshot().status !== "active") rooms.delete(id)
    return true
  }
  const arrive = (letter: Letter) => {
    const { from, to, event, input, replyTo, requestId, link, peer } = letter
    log.push(`${from.id} → ${to.id}: ${link === undefined ? JSON.stringify(event) : `link ${link} ${peer}`}`)
    const connection = connections.get(to.id)
    if (link === "close") return part(to.id, peer)
    if (link === "open") {
      if (connection !== undefined && isThere(connection.getSnapshot() as never)) links.set(to.id, peer)
      return
    }
    const isHeard = to.kind === "noisytransfer-rooms" ? tellRoom(to.id, event, input) : connection !== undefined
    if (to.kind === "noisytransfer-connections") connection?.send(event)
    if (!isHeard && replyTo !== undefined) {
      say({ type: "tell", from: to, to: replyTo, event: { type: "child.missing", id: to.id, requestId } })
    }
  }
  const isRooms = (roomId: string) => (letter: Letter) => letter.from.id === roomId
  /** Those who belong to it say so, before anything else is heard there. */
  const gather = (roomId: string, members: readonly AnyActorRef[]) => {
    post.gather(members, { type: "room.moved" })
    log.push(`${roomId}: home.settled`)
    tellRoom(roomId, { type: "home.settled" })
  }
  /** The room ends where it is, and begins elsewhere with those who sit in it. */
  const move = (roomId: string, isPlanned: boolean) => {
    log.push(`${roomId} ${isPlanned ? "moves" : "is lost"}`)
    if (isPlanned) {
      tellRoom(roomId, { type: "home.leaving" })
      while (deliver(isRooms(roomId)));
    }
    rooms.delete(roomId)
    post.lose(isRooms(roomId))
    gather(roomId, membersOf(roomId))
  }
  const end = (id: string) => {
    connections.delete(id)
    partBoth(id)
  }
  const closeSockets = () => {
    for (const [id, actor] of connections) {
      if (isThere(actor.getSnapshot() as never)) continue
      actor.send({ type: "socket.closed" })
      end(id)
    }
  }
  const isIdle = (actor: AnyActorRef) => actor.getSnapshot().value.seated === "idle"

  const doSomething = () => {
    post.passTime()
    const chance = random()
    const actor = oneOf([...connections.values()])
    if (chance < 0.55 && deliver()) return
    if (actor === undefined || (chance < 0.62 && connections.size < 6)) {
      const id = `${oneOf(marks)}${born++}`
      const [roomId, side, sid] = [oneOf(roomIds), oneOf(["A", "B"]), oneOf(["one", "two", null])]
      log.push(`${id} comes to ${roomId} ${side}`)
      const mark = markIn(id)
      const input = { id, mark, address: "192.0.2.1", roomId, side, sid, openedAt: 1, askTimeoutMs: 100 }
      const replay = { msPerItem: 1, bytesPerMs: 10, leastMs: 99 }
      return void connections.set(id, post.begin(connectionMachine, id, { ...input, replay }))
    }
    if (chance < 0.72) {
      if (!isIdle(actor)) return
      log.push(`${actor.id} leaves something`)
      actor.send(
        oneOf([
          { type: "mail.put", to: oneOf(["A", "B"]), payload: "1", bytes: 1 },
          { type: "mail.hello", upTo: null }
        ])
      )
    } else if (chance < 0.74) {
      if (isIdle(actor)) return
      log.push(`${actor.id} has waited for too long`)
      actor.send({ type: "deadline", at: 5 })
    } else if (chance < 0.8) {
      log.push(`${actor.id} goes`)
      actor.send(oneOf([{ type: "socket.closed" }, { type: "server.draining" }]))
    } else if (chance < 0.84) {
      closeSockets()
    } else if (chance < 0.92) {
      const roomId = oneOf([...rooms.keys()])
      if (roomId !== undefined) move(roomId, random() < 0.6)
    } else if (chance < 0.95) {
      const { peer, roomId } = contextOf(actor)
      if (peer === null || links.get(actor.id) !== peer) return
      log.push(`the way between ${actor.id} and ${peer} breaks`)
      const both = [actor, connections.get(peer)].filter((each) => each !== undefined)
      actor.send({ type: "link.broken", peer })
      connections.get(peer)?.send({ type: "link.broken", peer: actor.id })
      gather(roomId, both)
    } else if (chance < 0.97) {
      const mark = oneOf(marks) as string
      const roomId = oneOf([...rooms.keys()])
      if (roomId === undefined) return
      log.push(`the way between ${roomId} and ${mark} breaks`)
      const there = membersOf(roomId).filter(({ id }) => id.startsWith(mark))
      const lose = () => post.lose(({ from, to }) => there.some(({ id }) => [from.id, to.id].includes(id)))
      lose()
      tellRoom(roomId, { type: "node.gone", mark })
      lose()
      gather(roomId, there)
    } else {
      const mark = oneOf(marks) as string
      log.push(`${mark} ends`)
      for (const id of [...connections.keys()].filter((each) => each.startsWith(mark))) {
        post.lose(({ from, to }) => from.id === id || to.id === id)
        end(id)
      }
      for (const roomId of [...rooms.keys()]) {
        tellRoom(roomId, { type: "node.gone", mark })
        if (random() < 0.4) move(roomId, false)
      }
    }
  }

  const settle = () => {
    for (;;) {
      while (deliver());
      closeSockets()
      const waiting = [...connections.values()].filter((actor) => !isIdle(actor))
      for (const actor of waiting) actor.send({ type: "deadline", at: 8 })
      if (post.isEmpty() && waiting.length === 0) return
    }
  }

  const beliefs = () =>
    [...connections.values()].map((actor) => {
      const { id, roomId, side } = contextOf(actor)
      return { id, roomId, side, isLinked: true, mail: true }
    })
  const truths = () =>
    [...connections.values()].map((actor) => {
      const { id, roomId, peer, hasMail: knowsMail } = contextOf(actor)
      const room = rooms.get(roomId)?.getSnapshot().context as RoomContext | undefined
      const side = room && sideOf(room.sitters, id)
      const other = (side && room?.sitters[side === "A" ? "B" : "A"]?.id) ?? null
      return {
        ...{ id, roomId, side },
        // One that was opened by a room that could not say so any more is in nobody's way.
        isLinked: other === null || (peer === other && links.get(id) === other),
        // Whoever knows of something in the mailboxes sits in a room that has had it.
        mail: !knowsMail || (room !== undefined && hasMail(room))
      }
    })
  const roomsNow = () => [...rooms.values()].map((room) => room.getSnapshot().context as RoomContext)
  /** Who sits in a room, or waits there, and is not there any more, and rooms that are not put together yet. */
  const remains = () => [
    ...roomsNow()
      .flatMap(({ sitters, newcomers }) => [sitters.A?.id, sitters.B?.id, newcomers.A, newcomers.B])
      .filter((id) => typeof id === "string" && !connections.has(id)),
    ...[...rooms.values()].filter((room) => room.getSnapshot().matches({ open: { occupancy: "resuming" } }))
  ]
  const sights = () => {
    const full = roomsNow().filter(({ sitters }) => sitters.A !== null && sitters.B !== null)
    return { together: full.length, alone: rooms.size - full.length }
  }
  return { doSomething, settle, beliefs, truths, remains, sights, log }
}

describe("connections and their rooms, while nodes come and go", () => believeWhatIsSo(createWorld))
