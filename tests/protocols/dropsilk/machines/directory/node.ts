/**
 * A node with DropSilk's clients, whole but for what is outside of it: the engine, the ways to others, the clock, and the
 * sockets. What its clients hear they believe.
 */
import type { AnyActorRef } from "xstate"
import { startSystem } from "../../../../../src/io/actors/system.ts"
import { createCluster } from "../../../../../src/io/cluster/cluster.ts"
import { createLinksOfNode } from "../../../../../src/io/cluster/linksOfNode.ts"
import { createConnections } from "../../../../../src/io/dropsilk/sockets/connections.ts"
import type { LinkEnd } from "../../../../../src/io/sockets/link.ts"
import { shardKind } from "../../../../../src/machines/cluster/addresses.ts"
import { dropSilkHomes } from "../../../../../src/machines/dropsilk/homes.ts"
import { dropsilkKinds } from "../../../../../src/machines/dropsilk/kinds.ts"
import { roomMachine } from "../../../../../src/machines/dropsilk/room/room.ts"
import type { RoomAttach } from "../../../../../src/machines/dropsilk/room/roomMessages.ts"
import { storyMachine } from "../../../../../src/machines/dropsilk/story.ts"
import { createRegistry } from "../../../../../src/machines/registry.ts"
import { frameErrors } from "../../../../../src/wire/dropsilk/errors.ts"
import { SocketDouble } from "../../../../support/socketDouble.ts"
import type { Arrival, Ways } from "./ways.ts"

/** The room that everybody may enter, for either of its participants. */
export const room = { code: "ROOM22", participants: ["p1", "p2"] }

/** What a client knows, by the frames that it was sent. */
export class TestClient extends SocketDouble {
  link: LinkEnd | null = null
  readonly isRemote = false
  /** Of whoever it was told last, and has not been told to have left. */
  peer: string | null = null
  /** Signals that have come since they were last asked for. */
  signals: string[] = []

  send(text: string): void {
    const frame = JSON.parse(text)
    if (frame.type === "peer-joined") this.peer = frame.peer.id
    if (frame.type === "peer-left") this.peer = null
    // Another seat than the one it had, or none any more.
    if (frame.type === "room-attached" || frame.message === frameErrors["seat-taken"].message) this.peer = null
  }
  relay(bytes: Buffer | string): void {
    this.signals.push(JSON.parse(String(bytes)).data)
  }
  probe(): void {}
  stopReading(): void {}
  readOn(): void {}
}

export interface TestNodeOptions {
  readonly self: string
  readonly number: number
  readonly ways: Ways
  readonly code: () => string
  readonly now: () => number
}

export const createNode = ({ self, number, ways, code, now }: TestNodeOptions) => {
  /** Who has asked for an event, and of which type. */
  const due = new Map<AnyActorRef, string>()
  const deadlines = {
    at: (actor: AnyActorRef, _time: number, type = "deadline") => void due.set(actor, type),
    after: (actor: AnyActorRef, _milliseconds: number, type = "deadline") => void due.set(actor, type),
    cancel: (actor: AnyActorRef) => void due.delete(actor),
    size: 0,
    close: () => {}
  }
  const cluster = createCluster({
    self,
    number,
    isOpen: (other) => ways.isOpen(self, other),
    send: (other, message) => ways.say(self, other, { is: "message", message: structuredClone(message) }),
    deadlines,
    supervisor: (kind) => system.supervisor(kind),
    deliver: (event) => system.registry.send(event),
    leave: async () => {},
    // In these worlds whoever is not met is awaited by nobody: they have no clock by which it could be given up.
    unmet: () => [],
    onLeaving: () => {}
  })
  const system = startSystem({
    recorder: { record: () => {} },
    shutdownTimeoutMs: 1_000,
    drainMs: 0,
    registry: () => createRegistry(cluster.router.elsewhere),
    now
  })

  const links = createLinksOfNode({
    cluster,
    channels: {
      send: (other, message) => {
        ways.say(self, other, { is: "message", message })
        return ways.isOpen(self, other)
      },
      frame: (other, target, source, _sender, bytes) => {
        ways.say(self, other, { is: "frame", target, source, bytes: Buffer.from(bytes as Buffer) })
        return ways.isOpen(self, other)
      }
    }
  })

  let born = 0
  const connections = createConnections({
    supervisor: () => system.supervisor("connections"),
    node: {
      mark: cluster.mark,
      isHere: (address) => cluster.router.isHere(address),
      others: () => cluster.others(),
      heed: () => {},
      passOn: () => undefined,
      isPassed: () => false,
      saltFor: () => Buffer.alloc(0),
      joinLinks: links.join
    },
    registry: { send: (event) => system.registry.send(event) },
    identities: { connectionId: () => `${cluster.mark}${String(born++).padStart(8, "0")}`, flightCode: code },
    deadlines,
    comeBackInMs: () => undefined,
    record: () => {},
    budgets: { invite: () => 0, guess: () => 0, guessedRight: () => {} },
    frames: { frame: () => {}, arrived: () => 0, relayed: () => {} },
    now
  })

  /** The room lets everybody in who is one of its two. */
  const attach = ({ attempt, channel, participantId, at, replyTo }: RoomAttach) =>
    system.registry.send({
      type: "tell",
      to: replyTo,
      from: { kind: "rooms", id: room.code },
      event: {
        ...{ type: "room.admitted", attempt, at, code: room.code, channel, role: "host", peer: null },
        ...{ participant: { id: participantId, name: participantId }, participants: room.participants }
      }
    })

  cluster.serve(dropSilkHomes)
  system.open([cluster.kind])
  system.open(
    dropsilkKinds({
      ...connections.machines,
      room: roomMachine,
      story: storyMachine,
      settings: {
        connection: { askTimeoutMs: 100, outlived: true },
        flight: { graceMs: 5_000 },
        room: {} as never,
        network: { crowd: 100, listBytesPerSecond: 1e6, listRoundMs: 1, listTurnBytes: 1e6 } as never,
        story: { staleMs: 1_000, entries: 10 }
      }
    }),
    {
      ...connections.endpoints,
      rooms: (_, event) => {
        if (event.type === "room.attach") attach(event as RoomAttach)
      }
    }
  )
  system.begin()

  const clients = new Set<TestClient>()
  const peerNode = (other: string, mark: string) => ({ address: other, mark }) as never

  return {
    self,
    mark: cluster.mark,
    cluster,
    clients: clients as ReadonlySet<TestClient>,
    connect: (): TestClient => {
      const client = new TestClient()
      connections.sockets.opened(client.asSocket, { address: client.address, group: "g" } as never, {} as never)
      clients.add(client)
      return client
    },
    say: (client: TestClient, frame: object): void =>
      connections.sockets.frame(client.asSocket, Buffer.from(JSON.stringify(frame)), false),
    hangUp: (client: TestClient, abrupt: boolean): void => {
      clients.delete(client)
      client.isClosed = true
      connections.sockets.closed(client.asSocket, abrupt)
    },
    /** Something has come over a way. */
    hear: (from: string, theirMark: string, arrival: Arrival): void => {
      const peer = peerNode(from, theirMark)
      switch (arrival.is) {
        case "met":
          return cluster.onMet(peer)
        case "parted":
          return links.parted(from, () => cluster.onParted(peer, false))
        case "frame":
          return links.onFrame(peer, arrival.target, arrival.source, arrival.bytes)
        case "message":
          if (Array.isArray(arrival.message)) cluster.onMessage(peer, arrival.message)
          else links.onMessage(peer, arrival.message)
      }
    },
    children: (kind: string): readonly AnyActorRef[] => [...system.supervisor(kind).getSnapshot().children.values()],
    /** Whoever waits for its time: shards, flights, connections and networks. */
    due: (): readonly AnyActorRef[] => [...due.keys()].filter((actor) => actor.getSnapshot().status === "active"),
    ring: (actor: AnyActorRef): void => {
      const type = due.get(actor) ?? "deadline"
      due.delete(actor)
      actor.send({ type, at: now() })
    },
    shards: () =>
      [...system.supervisor(shardKind).getSnapshot().children.values()].map((each) => each.getSnapshot().value),
    stop: (): void => {
      cluster.close()
      links.end()
      system.stop()
    }
  }
}

export type TestNode = ReturnType<typeof createNode>
