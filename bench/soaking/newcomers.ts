/** People who come all the while, by any node: they meet by a code and go, or make rooms, which stay. */
import { ask, Bereft, Client, Forgotten, Refused, Unanswered } from "./client.ts"
import { blame, type Counts } from "./counts.ts"
import type { Nodes } from "./nodes.ts"
import { pause } from "./pairs.ts"

interface Room {
  readonly code: string
  readonly hostId: string
  /** What it may be, by the last answer. */
  status: readonly ("waiting" | "paired")[]
}

/** ms between two that come one after the other. */
const pauseMs = 100

export class Newcomers {
  /** What may be refused while something fails. */
  mayRefuse: { readonly flights: boolean; readonly rooms: boolean } = { flights: false, rooms: false }
  readonly #nodes: Nodes
  readonly #counts: () => Counts
  readonly #rooms: Room[] = []
  readonly #codes = new Set<string>()
  #checked = 0
  #isOver = false
  #coming: Promise<unknown> = Promise.resolve()

  constructor(nodes: Nodes, counts: () => Counts) {
    this.#nodes = nodes
    this.#counts = counts
  }

  begin(atOnce: number): void {
    this.#isOver = false
    this.#coming = Promise.all(Array.from({ length: atOnce }, (_, index) => this.#come(index)))
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await this.#coming
  }

  /** Rooms that were made since the last check, or all, are as was answered, on whichever node one asks. */
  async checkRooms({ all = false } = {}): Promise<void> {
    const rooms = this.#rooms.slice(all ? 0 : this.#checked)
    this.#checked = this.#rooms.length
    const usable = this.#nodes.usable()
    const check = async (room: Room, index: number) => {
      const path = `/api/rooms/${room.code}?participantId=${room.hostId}`
      const host = this.#nodes.hostOf(usable[index % usable.length] as number)
      const found = await ask(host, path).catch((error: unknown) => ({ status: String(error) }))
      if (!room.status.includes(found.status))
        blame(
          this.#counts(),
          "changesLost",
          `room ${room.code} was ${room.status.join(" or ")}, and is ${found.status}`
        )
    }
    for (let at = 0; at < rooms.length; at += 20)
      await Promise.all(rooms.slice(at, at + 20).map((room, index) => check(room, at + index)))
  }

  async #come(first: number): Promise<void> {
    for (let turn = first; !this.#isOver; turn++) {
      const usable = this.#nodes.usable()
      const [one, other] = [0, 1].map(() => usable[Math.floor(Math.random() * usable.length)] as number) as [
        number,
        number
      ]
      const kind = turn % 2 === 0 ? "flights" : "rooms"
      const since = performance.now()
      const counts = this.#counts()
      try {
        await (kind === "flights" ? this.#fly(one, other) : this.#room(one, other))
        counts.newcomers++
        counts.slowestMs = Math.max(counts.slowestMs, performance.now() - since)
      } catch (error) {
        this.#failed(error, kind, [one, other], since, counts)
      }
      await pause(pauseMs)
    }
  }

  #failed(error: unknown, kind: "flights" | "rooms", nodes: readonly number[], since: number, counts: Counts): void {
    const what = `${kind} by ${nodes.join(" and ")}: ${error}`
    const isGone = nodes.some((node) => this.#nodes.wasAvoided(node, since))
    if (error instanceof Forgotten && !isGone) blame(counts, "changesLost", what)
    else if (error instanceof Refused && this.mayRefuse[kind]) counts.refusedInTime++
    else if (isGone || (error instanceof Bereft && this.mayRefuse[kind])) counts.cutShort++
    else if (error instanceof Unanswered) blame(counts, "unanswered", what)
    else blame(counts, "refused", what)
  }

  #given(code: string): void {
    if (this.#codes.has(code)) blame(this.#counts(), "codesTwice", code)
    this.#codes.add(code)
  }

  async #fly(one: number, other: number): Promise<void> {
    const clients: Client[] = []
    let code: string | undefined
    const open = async (node: number) => {
      const client = await Client.open(this.#nodes.hostOf(node))
      clients.push(client)
      return client
    }
    try {
      const ann = await open(one)
      ann.send({ type: "create-flight" })
      code = (await ann.next("flight-created"))["flightCode"] as string
      this.#given(code)
      const bob = await open(other)
      bob.send({ type: "join-flight", flightCode: code })
      await Promise.all([ann.next("peer-joined"), bob.next("peer-joined")])
      ann.send({ type: "signal", data: "offer" })
      await signalTo(bob)
      bob.send({ type: "signal", data: "answer" })
      await signalTo(ann)
    } finally {
      // Whoever comes later may be given it again.
      if (code !== undefined) this.#codes.delete(code)
      for (const client of clients) client.close()
    }
  }

  async #room(one: number, other: number): Promise<void> {
    const host = await ask(this.#nodes.hostOf(one), "/api/rooms", { name: "Ann" })
    const room: Room = { code: host.roomCode, hostId: host.self.participantId, status: ["waiting"] }
    this.#given(room.code)
    this.#rooms.push(room)
    this.#counts().rooms++
    // What was asked may be done even where the answer is lost.
    room.status = ["waiting", "paired"]
    await ask(this.#nodes.hostOf(other), `/api/rooms/${room.code}/join`, { name: "Bob" })
    room.status = ["paired"]
  }
}

/** Where the way between the two breaks it is lost, and both are told that the other one has left. */
const signalTo = async (client: Client): Promise<void> => {
  if ((await client.next("signal", "peer-left")).type === "peer-left") throw new Bereft("The other one has left")
}
