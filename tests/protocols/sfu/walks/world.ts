/** A model of the contract, made from docs/protocols/sfu.md and not from the code: three participants of one room. */

export const people = ["ann", "bob", "cid"] as const
export type Person = (typeof people)[number]
/** Two of them call themselves the same. */
export const users: Readonly<Record<Person, string>> = { ann: "user-1", bob: "user-2", cid: "user-1" }

export type Step =
  | {
      readonly does: "connect" | "join" | "join elsewhere" | "make a transport" | "close" | "cut"
      readonly who: Person
    }
  | { readonly does: "connect a transport" | "break a transport"; readonly who: Person; readonly transport: string }
  | { readonly does: "produce"; readonly who: Person; readonly transport: string; readonly kind: "audio" | "video" }
  | { readonly does: "consume"; readonly who: Person; readonly transport: string; readonly producer: string }
  | { readonly does: "resume"; readonly who: Person; readonly consumer: string }
  | { readonly does: "kill the worker" }

export interface Event {
  readonly type: "new-producer" | "producer-closed"
  readonly data: object
}

interface Producer {
  readonly id: string
  readonly transport: string
  readonly kind: "audio" | "video"
}
interface Withheld {
  readonly owner: Person
  readonly id: string
}

/** One of them, while it is connected. */
interface Somebody {
  isJoined: boolean
  /** Not told of producers, told later, told at once. */
  notices: "none" | "held" | "live"
  /** When it has been set up at the latest, on the clock of performance.now(). */
  settledAt: number
  opened: number
  transports: Map<string, "new" | "connected">
  producers: Producer[]
  consumers: Map<string, { readonly transport: string; readonly producer: string }>
  held: { readonly id: string; readonly event: Event }[]
  withheld: Withheld[]
}

const most = { transports: 4, producers: 8 }
const refused = (error: string) => ({ error })
const unknown = "unknown"

export class World {
  readonly somebody = new Map<Person, Somebody>()
  /** Of the room, in the order in which they came. */
  producers: { readonly owner: Person; readonly producer: Producer }[] = []
  /** What each must have heard in this step. */
  #heard = new Map<Person, Event[]>()

  /** What each must have heard in this step, which is over. */
  heard(): ReadonlyMap<Person, readonly Event[]> {
    const heard = this.#heard
    this.#heard = new Map()
    return heard
  }

  /** Somebody who is connected. */
  of(who: Person): Somebody {
    return this.somebody.get(who) as Somebody
  }

  /** Transports that there must be. */
  get transports(): number {
    return [...this.somebody.values()].reduce((sum, { transports }) => sum + transports.size, 0)
  }

  /** What can be done now. */
  steps(pick: <A>(list: readonly A[]) => A): readonly Step[] {
    const everything = [...this.somebody.values()]
    const transports = [unknown, ...everything.flatMap((each) => [...each.transports.keys()])]
    const producers = [unknown, ...this.producers.map(({ producer }) => producer.id)]
    const consumers = [unknown, ...everything.flatMap((each) => [...each.consumers.keys()])]
    return people.flatMap((who): readonly Step[] => {
      const one = this.somebody.get(who)
      if (one === undefined) return [{ does: "connect", who }]
      const own = [...one.transports.keys()]
      const transport = own.length > 0 && pick([true, true, false]) ? pick(own) : pick(transports)
      return [
        ...(one.isJoined ? [] : [{ does: "join", who } as const, { does: "join", who } as const]),
        { does: pick(["join", "join elsewhere", "make a transport", "make a transport"] as const), who },
        { does: "make a transport", who },
        { does: "connect a transport", who, transport },
        { does: "produce", who, transport, kind: pick(["audio", "video"] as const) },
        { does: "produce", who, transport, kind: "audio" },
        { does: "consume", who, transport, producer: pick(producers) },
        { does: "consume", who, transport, producer: pick(producers) },
        { does: "resume", who, consumer: pick(consumers) },
        ...(own.length > 0 && pick([true, false, false])
          ? [{ does: "break a transport", who, transport: pick(own) } as const]
          : []),
        ...(pick([true, false, false]) ? [{ does: pick(["close", "cut"] as const), who }] : [])
      ]
    })
  }

  /** Whatever its notices have waited for has come, as somebody has seen. */
  settle(who: Person): void {
    const one = this.of(who)
    if (one.notices !== "held") return
    one.notices = "live"
    for (const { event } of one.held) this.#hear(who, event)
    one.held = []
  }

  connect(who: Person): void {
    this.somebody.set(who, {
      ...{ isJoined: false, notices: "none", settledAt: Number.POSITIVE_INFINITY, opened: 0 },
      ...{ transports: new Map(), producers: [], consumers: new Map(), held: [], withheld: [] }
    })
  }

  /** Why a request is refused; undefined: it is carried out. */
  refusal(step: Step): object | undefined {
    if (!("who" in step)) return undefined
    const one = this.of(step.who)
    switch (step.does) {
      case "join elsewhere":
        return refused("Unauthorized room access")
      case "make a transport":
        if (one.transports.size >= most.transports) return refused("Too many transports")
        return one.isJoined ? undefined : refused("Room not found")
      case "connect a transport": {
        const state = one.transports.get(step.transport)
        if (state === undefined) return refused("Transport not found")
        return state === "connected" ? refused("Transport already connected") : undefined
      }
      case "produce":
        if (!one.transports.has(step.transport)) return refused("Transport not found")
        return one.producers.length >= most.producers ? refused("Too many producers") : undefined
      case "consume":
        if (!one.transports.has(step.transport)) return refused("Transport or Router not found")
        return this.producers.some(({ producer }) => producer.id === step.producer)
          ? undefined
          : refused("Cannot consume")
      case "resume":
        return one.consumers.has(step.consumer) ? undefined : refused("Consumer not found")
    }
    return undefined
  }

  /** Who joins is answered this list. */
  join(who: Person, now: number): readonly object[] {
    const one = this.of(who)
    if (!one.isJoined) {
      one.isJoined = true
      one.notices = "held"
      one.settledAt = now + 5_000
    }
    one.held = []
    return this.producers
      .filter(({ owner }) => users[owner] !== users[who])
      .map(({ owner, producer }) => announced(owner, producer))
  }

  openTransport(who: Person, id: string, now: number): void {
    const one = this.of(who)
    one.transports.set(id, "new")
    one.opened++
    if (one.opened === 1) one.settledAt = Math.min(one.settledAt, now + 1_000)
    if (one.opened === 2) this.settle(who)
  }

  produce(who: Person, producer: Producer): void {
    this.of(who).producers.push(producer)
    this.producers.push({ owner: who, producer })
    const event: Event = { type: "new-producer", data: announced(who, producer) }
    for (const other of people) {
      const one = this.somebody.get(other)
      if (other === who || one === undefined) continue
      if (one.notices === "live") this.#hear(other, event)
      else if (one.notices === "held") one.held.push({ id: producer.id, event })
    }
  }

  breakTransport(who: Person, id: string): void {
    const one = this.of(who)
    one.transports.delete(id)
    const ended = one.producers.filter(({ transport }) => transport === id)
    one.producers = one.producers.filter((producer) => !ended.includes(producer))
    for (const [consumer, { transport, producer }] of one.consumers) {
      if (transport === id || ended.some((each) => each.id === producer)) one.consumers.delete(consumer)
    }
    this.#end(who, ended)
  }

  leave(who: Person): void {
    const { producers } = this.of(who)
    this.of(who).producers = []
    this.#end(who, producers)
    this.somebody.delete(who)
  }

  /** Who is sent away when the media worker dies. */
  killWorker(): readonly Person[] {
    const joined = people.filter((who) => this.somebody.get(who)?.isJoined === true)
    for (const who of joined) this.somebody.delete(who)
    this.producers = []
    return joined
  }

  #end(owner: Person, ended: readonly Producer[]): void {
    this.producers = this.producers.filter(({ producer }) => !ended.includes(producer))
    const isLast = this.of(owner).producers.length === 0
    for (const other of people) {
      const one = this.somebody.get(other)
      if (other === owner || one === undefined || !one.isJoined) continue
      for (const { id } of ended) {
        for (const [consumer, { producer }] of one.consumers) if (producer === id) one.consumers.delete(consumer)
        if (one.held.some((each) => each.id === id)) one.held = one.held.filter((each) => each.id !== id)
        else one.withheld.push({ owner, id })
      }
      if (ended.length === 0 || !isLast) continue
      for (const each of one.withheld.filter((each) => each.owner === owner)) {
        this.#hear(other, { type: "producer-closed", data: { producerId: each.id, userId: users[owner] } })
      }
      one.withheld = one.withheld.filter((each) => each.owner !== owner)
    }
  }

  #hear(who: Person, event: Event): void {
    this.#heard.set(who, [...(this.#heard.get(who) ?? []), event])
  }
}

const announced = (owner: Person, { id, kind }: Producer) => ({
  producerId: id,
  kind,
  userName: owner,
  userId: users[owner]
})
