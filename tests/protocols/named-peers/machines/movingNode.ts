/** A node with named peers, whole but for their sockets and the post: what its clients hear they believe. */
import type { AnyActorRef } from "xstate"
import { createPeers } from "../../../../src/io/named-peers/peers.ts"
import type { Sender } from "../../../../src/io/sockets/sender.ts"
import { SocketDouble } from "../../../support/socketDouble.ts"

/** A socket with its client. */
export class TestClient extends SocketDouble {
  /** It reads nothing at the moment, and those who send to it wait for that. */
  isSlow = false
  readonly #waiting = new Set<Sender>()
  isPaused = false
  /** Who wants to know whether it lives. */
  askers: ((lives: boolean) => void)[] = []
  /** As it is called; null: it is not logged in. */
  name: string | null = null
  /** All of whom it has been told, itself too. */
  readonly others = new Set<string>()
  /** From whom something has come since that was last asked for. */
  heard: string[] = []
  /** What no client should ever hear. */
  readonly faults: string[] = []

  get isOpen(): boolean {
    return !this.isClosed
  }
  #expect(isSo: boolean, frame: object) {
    if (!isSo) this.faults.push(JSON.stringify(frame))
  }
  send(text: string): void {
    const frame = JSON.parse(text)
    if (this.isClosed) return
    switch (frame.type) {
      case "login_success":
        this.#expect(this.name === null && new Set(frame.clients).size === frame.clients.length, frame)
        this.#expect(frame.clients.includes(frame.id), frame)
        this.name = frame.id
        for (const name of frame.clients) this.others.add(name)
        return
      case "peer_connected":
        this.#expect(this.name !== null && !this.others.has(frame.peer), frame)
        return void this.others.add(frame.peer)
      case "peer_disconnected":
        this.#expect(frame.peer !== this.name && this.others.has(frame.peer), frame)
        return void this.others.delete(frame.peer)
    }
  }
  relay(bytes: Buffer | string, from: Sender): void {
    const frame = JSON.parse(String(bytes))
    if (this.isClosed) return
    // Only what is for all does not come back to whoever says it.
    this.#expect(this.others.has(frame.from) && (frame.from !== this.name || "target" in frame), frame)
    this.heard.push(frame.from)
    if (!this.isSlow) return
    this.#waiting.add(from)
    from.stopReading(2)
  }
  /** It has read all that was sent to it, or has gone. */
  read(): void {
    this.isSlow = false
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const sender of waiting) sender.readOn(2)
  }
  stopReading(): void {
    this.isPaused = true
  }
  readOn(): void {
    this.isPaused = false
  }
  ask(_withinMs: number, heard: (lives: boolean) => void): void {
    this.askers.push(heard)
  }
  answer(lives: boolean): void {
    for (const heard of this.askers.splice(0)) heard(lives)
  }
  terminate(): void {
    this.isClosed = true
  }
}

export interface MovingNodeOptions {
  readonly mark: string
  readonly begin: (id: string, input: object) => void
  readonly say: (event: any) => void
  /** Actors that have asked for a deadline. */
  readonly due: Set<AnyActorRef>
}

export const createMovingNode = ({ mark, begin, say, due }: MovingNodeOptions) => {
  const clients = new Map<string, TestClient>()
  const peers = createPeers({
    mount: "/peers",
    supervisor: () => ({ send: ({ id, input }: any) => begin(id, input) }) as never,
    node: { mark, heed: () => {}, saltFor: () => Buffer.from("salt") } as never,
    registry: { send: say },
    deadlines: {
      after: (actor: AnyActorRef) => void due.add(actor),
      cancel: (actor: AnyActorRef) => void due.delete(actor)
    } as never,
    record: () => {},
    announcements: { take: () => 0 } as never,
    frames: { frame: () => {}, arrived: () => 0, relayed: () => {} },
    admitsUpgrade: () => true,
    now: () => 1
  })

  return {
    mark,
    clients: clients as ReadonlyMap<string, TestClient>,
    machines: peers.machines,
    /** Those who are logged in, as frames find them. */
    count: peers.count,
    hear: peers.endpoints.namedPeerSockets,
    connect: (space: string): TestClient => {
      const client = new TestClient()
      peers.sockets.opened(
        client.asSocket,
        { address: client.address } as never,
        { url: `/peers?space=${space}` } as never
      )
      clients.set(client.id, client)
      return client
    },
    say: (client: TestClient, frame: object): void =>
      peers.sockets.frame(client.asSocket, Buffer.from(JSON.stringify(frame)), false),
    hangUp: (client: TestClient): void => {
      client.isClosed = true
      clients.delete(client.id)
      client.read()
      peers.sockets.closed(client.asSocket, false)
    }
  }
}

export type MovingNode = ReturnType<typeof createMovingNode>
