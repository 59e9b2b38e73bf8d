/** Two who have met, in a flight or in a room, and signal all the while; whoever loses its socket comes back. */
import { ask, Client, Forgotten, type Frame, patienceMs } from "./client.ts"
import { blame, type Counts } from "./counts.ts"
import type { Nodes } from "./nodes.ts"

/** One's word to the other: which meeting it is for whoever says it, and which word of that. */
interface Word {
  readonly meeting: number
  readonly number: number
}

export interface End {
  client: Client | null
  /** The attempt that it has come by. */
  entry: object | null
  node: number
  participantId: string
  hasPeer: boolean
  meeting: number
  said: number
  heard: Word | null
  /** How often it was told that the other one has left, and how often its socket has ended. */
  left: number
  lost: number
}

const newEnd = (node: number): End => ({
  ...{ client: null, entry: null, node, participantId: "", hasPeer: false },
  ...{ meeting: 0, said: 0, heard: null, left: 0, lost: 0 }
})

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Whether it became so in time. */
export const becomes = async (isSo: () => boolean, ms: number): Promise<boolean> => {
  const until = performance.now() + ms
  while (!isSo()) {
    if (performance.now() > until) return false
    await pause(20)
  }
  return true
}

export class Pair {
  readonly kind: "flight" | "room"
  readonly ends: readonly [End, End]
  readonly #nodes: Nodes
  readonly #counts: () => Counts
  #code = ""
  #isOver = false
  #comingBack: Promise<void> = Promise.resolve()

  private constructor(kind: "flight" | "room", on: readonly [number, number], nodes: Nodes, counts: () => Counts) {
    this.kind = kind
    this.ends = [newEnd(on[0]), newEnd(on[1])]
    this.#nodes = nodes
    this.#counts = counts
  }

  static async meet(
    kind: "flight" | "room",
    on: readonly [number, number],
    nodes: Nodes,
    counts: () => Counts
  ): Promise<Pair> {
    const pair = new Pair(kind, on, nodes, counts)
    if (kind === "room") {
      const host = await ask(nodes.hostOf(on[0]), "/api/rooms", { name: "Ann" })
      pair.#code = host.roomCode
      const guest = await ask(nodes.hostOf(on[1]), `/api/rooms/${pair.#code}/join`, { name: "Bob" })
      pair.ends[0].participantId = host.self.participantId
      pair.ends[1].participantId = guest.self.participantId
    }
    for (const end of pair.ends) await pair.#enter(end, on[pair.ends.indexOf(end)] as number)
    if (!(await pair.isTogether())) throw new Error("Two have not met though nothing has failed")
    return pair
  }

  get name(): string {
    return `${this.kind} ${this.#code} on ${this.ends.map(({ node }) => node).join(" and ")}`
  }

  isTogether(ms = patienceMs): Promise<boolean> {
    return becomes(() => this.ends.every(({ client, hasPeer }) => client?.isOpen === true && hasPeer), ms)
  }

  say(): void {
    for (const end of this.ends) {
      if (!end.hasPeer) continue
      const word: Word = { meeting: end.meeting, number: end.said++ }
      end.client?.send({ type: "signal", data: word })
    }
  }

  /** When nobody says anything any more: everything has come. */
  async checkAllHeard(): Promise<void> {
    const missing = (side: 0 | 1): number => {
      const { said, meeting } = this.ends[side]
      const { heard } = this.ends[side === 0 ? 1 : 0]
      if (said === 0) return 0
      return heard?.meeting === meeting ? said - 1 - heard.number : said
    }
    await becomes(() => missing(0) === 0 && missing(1) === 0, patienceMs)
    for (const side of [0, 1] as const)
      blame(this.#counts(), "signalsLost", `the last ${missing(side)} of ${this.name}`, missing(side))
  }

  leave(): void {
    this.#isOver = true
    for (const { client } of this.ends) client?.close()
  }

  #hear(end: End, frame: Frame): void {
    if (frame.type === "peer-joined") {
      end.hasPeer = true
      end.meeting++
      end.said = 0
    }
    if (frame.type === "peer-left") {
      end.hasPeer = false
      end.left++
    }
    if (frame.type === "signal") this.#hearWord(end, frame["data"])
  }

  #hearWord(end: End, word: Word): void {
    const { heard } = end
    const counts = this.#counts()
    counts.signals++
    end.heard = word
    const isSame = heard?.meeting === word.meeting
    const missed = word.number - (isSame ? heard.number + 1 : 0)
    const isBack = heard !== null && (word.meeting < heard.meeting || (isSame && missed < 0))
    const what = `${JSON.stringify(heard)}, then ${JSON.stringify(word)} in ${this.name}`
    if (isBack) blame(counts, "signalsDisordered", what)
    else if (missed > 0) blame(counts, "signalsLost", what, missed)
  }

  async #enter(end: End, node: number): Promise<void> {
    end.node = node
    end.heard = null
    const entry = {}
    end.entry = entry
    // What an attempt that was given up still says is nobody's.
    end.client = await Client.open(
      this.#nodes.hostOf(node),
      (frame) => end.entry === entry && this.#hear(end, frame),
      () => end.entry === entry && this.#lose(end)
    )
    const other = this.ends.find((each) => each !== end) as End
    if (this.kind === "room") {
      end.client.send({
        type: "attach-room",
        roomCode: this.#code,
        participantId: end.participantId,
        channel: "transfer"
      })
      await end.client.next("room-attached")
    } else if (other.client?.isOpen === true) {
      end.client.send({ type: "join-flight", flightCode: this.#code })
      await end.client.next("peer-joined")
    } else {
      end.client.send({ type: "create-flight" })
      this.#code = (await end.client.next("flight-created"))["flightCode"]
    }
  }

  #lose(end: End): void {
    end.hasPeer = false
    if (end.client === null) return
    end.client = null
    end.lost++
    if (this.#isOver) return
    // One after the other: whoever is second finds the first.
    this.#comingBack = this.#comingBack.then(() => this.#comeBack(end))
  }

  async #comeBack(end: End): Promise<void> {
    const until = performance.now() + patienceMs
    let last: unknown
    for (let at = end.node + 1; performance.now() < until && !this.#isOver; at++) {
      const usable = this.#nodes.usable()
      try {
        return await this.#enter(end, usable[at % usable.length] as number)
      } catch (error) {
        last = error
        const { client } = end
        end.client = null
        end.entry = null
        client?.close()
        await pause(100)
      }
    }
    const what = `${this.name} found no way back: ${last}`
    if (!this.#isOver) blame(this.#counts(), last instanceof Forgotten ? "changesLost" : "unanswered", what)
  }
}
