/** A server, as a client has it: who is on the network, flights, rooms, and the socket for all of them. */

import type { Abortable } from "./abort.ts"
import { Calls } from "./calls.ts"
import { Connection, type State, type StateChange } from "./connection.ts"
import { Events } from "./events.ts"
import { Flight } from "./flight.ts"
import { type Ask, baseOf, createAsk } from "./http.ts"
import { IceServers } from "./iceServers.ts"
import { Room } from "./room.ts"
import type { RoomSummary } from "./roomSummary.ts"
import type { Seat, SeatParts } from "./seat.ts"
import type { Web } from "./web.ts"

/** Somebody on the same network. */
export interface Neighbour {
  /** Of its socket: another one after it has come back. */
  readonly id: string
  readonly name: string
}

export interface Invitation {
  /** Of a flight or of a room, whichever the inviter has. */
  readonly code: string
  readonly fromName: string
}

export interface TowerEvents {
  /** What has become of the socket. Calls wait for one that is open. */
  state: StateChange
  /** Whoever else is on this network, whenever that has changed; nobody while a flight has two members. */
  neighbours: readonly Neighbour[]
  /** Somebody on this network asks this client to come. */
  invitation: Invitation
}

export interface TowerOptions extends Web {
  /** The server's address: `https://tower.example.org`, with a path if the protocol is served below one. */
  readonly url: string | URL
  /** What others see: 1 to 50 UTF-16 units after trimming. */
  readonly name?: string
}

export class Tower extends Events<TowerEvents> {
  readonly #connection: Connection
  readonly #calls: Calls
  readonly #ask: Ask
  readonly #iceServers: IceServers
  readonly #connect: () => Connection
  readonly #RTCPeerConnection: SeatParts["RTCPeerConnection"]
  /** On the tower's own socket there is one seat at a time. */
  #seat: Seat | undefined
  /** On sockets of their own. */
  readonly #aside = new Set<Seat>()
  #neighbours: readonly Neighbour[] = []

  constructor({ url, name = "Anonymous", ...web }: TowerOptions) {
    super()
    const { WebSocket = (globalThis as Web).WebSocket, fetch = globalThis.fetch.bind(globalThis) } = web
    if (WebSocket === undefined) throw new TypeError("There is no WebSocket here: pass one in.")
    const base = baseOf(url)
    this.#RTCPeerConnection = web.RTCPeerConnection ?? (globalThis as Web).RTCPeerConnection
    this.#ask = createAsk(base, fetch, () => this.#connection.end)
    this.#iceServers = new IceServers(this.#ask)
    this.#connect = () => new Connection(`${base.replace(/^http/, "ws")}/`, this.name, WebSocket)
    this.#connection = new Connection(`${base.replace(/^http/, "ws")}/`, name, WebSocket)
    this.#calls = new Calls(this.#connection)
    this.#connection.on("state", (change) => this.emit("state", change))
    this.#connection.on("lost", () => this.#show([]))
    this.#connection.on("frame", (frame) => {
      if (frame.type === "users-on-network-update") this.#show(frame.users)
      if (frame.type !== "flight-invitation") return
      this.emit("invitation", { code: frame.flightCode, fromName: frame.fromName })
    })
  }

  get state(): State {
    return this.#connection.state
  }

  /** As others on the network know this client; another one after a socket was lost. */
  get id(): string {
    return this.#connection.id
  }

  get name(): string {
    return this.#connection.name
  }

  /** Whoever else is on this network, as last told. */
  get neighbours(): readonly Neighbour[] {
    return this.#neighbours
  }

  /** Resolves when the server has greeted this client. Rejects with `Closed` when it never will. */
  opened(options: Abortable = {}): Promise<void> {
    return this.#connection.opened(options)
  }

  /**
   * Tells others another name from now on. Of a room, the name is the one it was made or joined with. Throws `InvalidRequest` for one
   * that is none.
   */
  rename(name: string): void {
    this.#connection.name = name
  }

  /** Asks somebody on this network to come into the flight or room of this code that this client is in. Nobody answers that. */
  async invite(neighbourId: string, code: string, { signal }: Abortable = {}): Promise<void> {
    await this.opened({ signal })
    this.#connection.send({ type: "invite-to-flight", inviteeId: neighbourId, flightCode: code })
  }

  /** Opens a flight; its code is what the other one joins by. */
  createFlight(options: Abortable = {}): Promise<Flight> {
    return this.#sit(new Flight(this.#seatParts(this.#calls)), options)
  }

  joinFlight(code: string, options: Abortable = {}): Promise<Flight> {
    return this.#sit(new Flight(this.#seatParts(this.#calls), code), options)
  }

  async createRoom({ signal }: Abortable = {}): Promise<Room> {
    const summary = await this.#ask<RoomSummary>("/api/rooms", { body: { name: this.name }, signal })
    return this.#room(summary)
  }

  async joinRoom(code: string, { signal }: Abortable = {}): Promise<Room> {
    const path = `/api/rooms/${encodeURIComponent(code)}/join`
    return this.#room(await this.#ask<RoomSummary>(path, { body: { name: this.name }, signal }))
  }

  /** The room that this participant is in already, such as before the page was loaded again. */
  async returnToRoom(code: string, participantId: string, { signal }: Abortable = {}): Promise<Room> {
    const path = `/api/rooms/${encodeURIComponent(code)}?participantId=${encodeURIComponent(participantId)}`
    return this.#room(await this.#ask<RoomSummary>(path, { signal }))
  }

  /** While it waits for the next attempt: makes it now, as when the device has a network again. */
  retry(): void {
    this.#connection.retry()
  }

  /** Ends everything: seats, connections to others, and the sockets. */
  close(): void {
    this.#seat?.giveWay()
    for (const seat of this.#aside) seat.leave()
    this.#connection.close()
  }

  #show(neighbours: readonly Neighbour[]): void {
    this.#neighbours = neighbours
    this.emit("neighbours", neighbours)
  }

  #seatParts(calls: Calls): SeatParts {
    return { calls, iceServers: this.#iceServers, RTCPeerConnection: this.#RTCPeerConnection }
  }

  /** The one that was there before is gone once the server has given another. */
  async #sit<Taken extends Seat>(seat: Taken, options: Abortable): Promise<Taken> {
    await seat.begin(options)
    this.#seat?.giveWay()
    this.#seat = seat
    return seat
  }

  #room(summary: RoomSummary): Room {
    return new Room(
      {
        ask: this.#ask,
        seat: async (channel, make, options) => {
          if (channel === "transfer") return this.#sit(make(this.#seatParts(this.#calls)), options)
          const { end } = this.#connection
          if (end !== undefined) throw end
          const connection = this.#connect()
          const seat = make(this.#seatParts(new Calls(connection)))
          this.#aside.add(seat)
          seat.on("ended", ({ name, code }) => {
            connection.close()
            // Which was left, and has ended its way to the other side itself.
            if (name === "Closed" && code === undefined) this.#aside.delete(seat)
          })
          return seat.begin(options).catch((error) => {
            this.#aside.delete(seat)
            connection.close()
            throw error
          })
        }
      },
      summary
    )
  }
}

/**
 * Opens a socket to the server, and keeps one open until `close`. Throws for what cannot be meant alone: a TypeError for an address
 * that is none, and where there is no WebSocket; a TowerError `InvalidRequest` for a name that is none.
 */
export const createTower = (options: TowerOptions): Tower => new Tower(options)
