/** Plays a room on a real server and in the model, step by step, and compares what each client was sent after each. */
import { once } from "node:events"
import { expect } from "vitest"
import { WebSocket } from "ws"
import { everybodyKnows, type TestServer } from "../../../support/server.ts"
import { newRoom, RelayClient, urlOf } from "../relayClient.ts"
import { type Limits, otherSide, RoomModel, type Seat, type Side, sides } from "./model.ts"

interface Player {
  readonly client: RelayClient
  readonly seat: Seat
}

export interface WalkOptions {
  /** Starts a server in the place of the one before, if there was one. */
  readonly start: () => Promise<TestServer>
  readonly limits: Limits
  readonly random: () => number
}

const payloads = ["1", "1.50", '"é"', '{"n":12345678901234567890}', "null", `"${"x".repeat(40)}"`, "[ ]"]
const nonsense = ["{", "[]", '{"type":"bye"}', '{"type":"hello","deliveredUpTo":-1}', '{"type":"send","to":"C"}']
const sids = [undefined, "", "mine"]

export class Walk {
  readonly #options: WalkOptions
  readonly #room = newRoom()
  #model: RoomModel
  #players: Record<Side, Player | undefined> = { A: undefined, B: undefined }
  #server: TestServer | undefined
  #barriers = 0
  /** What has been done, for whoever must repeat it. */
  readonly path: string[] = []

  constructor(options: WalkOptions) {
    this.#options = options
    this.#model = new RoomModel(options.limits)
  }

  #pick<A>(all: readonly A[]): A {
    return all[Math.floor(this.#options.random() * all.length)] as A
  }

  get #there(): readonly Side[] {
    return sides.filter((side) => this.#players[side] !== undefined)
  }

  #player(side: Side): Player {
    return this.#players[side] as Player
  }

  async begin(): Promise<void> {
    this.#server = await this.#options.start()
  }

  async end(): Promise<void> {
    for (const side of this.#there) this.#player(side).client.socket.terminate()
    await expect.poll(() => this.#server?.actors()).toMatchObject(nobody)
    await this.#server?.stop()
  }

  /** One step, whichever chance has it. */
  async step(): Promise<void> {
    const side = this.#pick(sides)
    if (this.#players[side] === undefined) await this.#join(side)
    else await this.#pick(this.#moves)(side)
    await this.#compare(side)
  }

  readonly #moves: readonly ((side: Side) => Promise<void>)[] = [
    ...Array<(side: Side) => Promise<void>>(3).fill(async (side) => this.#relay(side)),
    ...Array<(side: Side) => Promise<void>>(5).fill(async (side) => this.#send(side)),
    ...Array<(side: Side) => Promise<void>>(3).fill(async (side) => this.#hello(side)),
    ...Array<(side: Side) => Promise<void>>(2).fill(async (side) => this.#delivered(side)),
    async (side) => this.#player(side).client.send(this.#note(side, this.#pick(nonsense))),
    (side) => this.#leave(side),
    (side) => this.#leave(side),
    (side) => this.#refused(side),
    (side) => this.#pause(side)
  ]

  #note(side: Side, words: string): string {
    this.path.push(`${side} ${words}`)
    return words
  }

  async #open(side: Side, sid: string | undefined): Promise<RelayClient> {
    const url = urlOf(this.#server as TestServer, this.#room, side, sid)
    const client = new RelayClient(new WebSocket(url, { perMessageDeflate: false }), side)
    await once(client.socket, "open")
    await everybodyKnows()
    return client
  }

  async #join(side: Side): Promise<void> {
    const sid = this.#pick(sids)
    this.#note(side, `joins as ${sid}`)
    this.#players[side] = { client: await this.#open(side, sid), seat: this.#model.join(side, sid) }
  }

  #relay(side: Side): void {
    const type = this.#pick(["offer", "answer", "ice", "sender_ready", "ICE"])
    const frame = this.#note(side, ` {"n":1.50, "type":"${type}"}`)
    this.#player(side).client.send(this.#pick([frame, Buffer.from(frame)]))
    this.#model.relay(side, frame)
  }

  #send(side: Side): void {
    const [to, payload] = [this.#pick(sides), this.#pick(payloads)]
    this.#player(side).client.send(
      this.#note(side, `{"type":"send","to":"${this.#pick([to, to.toLowerCase()])}","payload": ${payload} }`)
    )
    this.#model.send(side, to, payload)
  }

  #hello(side: Side): void {
    const said = this.#pick([undefined, 0, 1, 2, 5, 10, 20, 1000])
    this.#note(side, `hello ${said}`)
    this.#player(side).client.send({ type: "hello", deliveredUpTo: said })
    this.#model.hello(side, said)
  }

  #delivered(side: Side): void {
    const said = this.#pick([0, 1, 2, 5, 10, 20, 1000])
    this.#note(side, `delivered ${said}`)
    this.#player(side).client.send({ type: "delivered", upTo: said })
    this.#model.delivered(side, said)
  }

  async #leave(side: Side): Promise<void> {
    const { client } = this.#player(side)
    if (this.#pick([true, false])) {
      this.#note(side, "closes")
      await client.close()
    } else {
      this.#note(side, "breaks off")
      client.socket.terminate()
    }
    await this.#gone(side)
  }

  /** The server knows that it has gone. */
  async #gone(side: Side): Promise<void> {
    this.#players[side] = undefined
    this.#model.leave(side)
    await expect
      .poll(() => this.#server?.actors()["noisytransfer-connections"], { interval: 5 })
      .toBe(this.#there.length)
    await everybodyKnows()
  }

  /** Somebody wants a side whose holder lives. */
  async #refused(side: Side): Promise<void> {
    const sid = this.#pick(sids)
    this.#note(side, `is wanted by ${sid}`)
    const newcomer = await this.#open(side, sid)
    newcomer.send('{"type":"offer","from":"newcomer"}')
    expect(await newcomer.closed).toEqual([1008, `side ${side} busy`])
    expect(newcomer.texts).toEqual([])
  }

  /** It reads nothing for a moment, and then everything. */
  async #pause(side: Side): Promise<void> {
    this.#note(side, "pauses")
    const { client } = this.#player(side)
    client.socket.pause()
    const peer = otherSide(side)
    if (this.#players[peer] !== undefined) {
      this.#relay(peer)
      this.#send(peer)
    }
    client.socket.resume()
    // It may speak itself only when what was left for it has a number.
    if (this.#players[peer] !== undefined) await this.#compareOne(peer)
  }

  /** Its network goes without a word, and its own session takes the side over; only clients of a session can. */
  async takeOver(): Promise<void> {
    const side = this.#there.find((each) => (this.#player(each).seat.sid ?? "") !== "")
    if (side === undefined) return
    const { client, seat } = this.#player(side)
    this.#note(side, "is silent, and its session comes back")
    client.socket.pause()
    const newcomer = await this.#open(side, seat.sid)
    this.#players[side] = { client: newcomer, seat: this.#model.takeOver(side) }
    newcomer.send({ type: "hello" })
    this.#model.hello(side, undefined)
    await this.#compareOne(side)
    client.socket.resume()
    expect((await client.closed)[0]).toBe(1006)
    await this.#compare(side)
  }

  /** The server goes and comes back: everybody is told, and the room is empty. */
  async restart(): Promise<void> {
    this.path.push("the server restarts")
    const clients = this.#there.map((side) => this.#player(side).client)
    await this.#server?.stop()
    for (const client of clients) expect(await client.closed).toEqual([1001, "Server shutdown"])
    this.#players = { A: undefined, B: undefined }
    this.#model = new RoomModel(this.#options.limits)
    await this.begin()
  }

  /** Whoever has done something first: it must have happened before anybody else says more. */
  async #compare(first: Side): Promise<void> {
    for (const side of [first, otherSide(first), first]) {
      if (this.#players[side] !== undefined) await this.#compareOne(side)
    }
  }

  /** Everything that it has sent is handled once something that it leaves for itself has come, or was refused. */
  async #compareOne(side: Side): Promise<void> {
    const { client, seat } = this.#player(side)
    const barrier = `"barrier ${this.#barriers++}"`
    client.send(`{"type":"send","to":"${side}","payload":${barrier}}`)
    this.#model.send(side, side, barrier)
    const expected = seat.expected.splice(0)
    expect(await client.take(expected.length)).toEqual(expected)
  }
}

const nobody = { "noisytransfer-connections": 0, "noisytransfer-rooms": 0 }
