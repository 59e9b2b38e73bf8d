/** A room as the protocol's page describes it: what each client must have been sent by now. Written from the page alone. */

export type Side = "A" | "B"
export const sides: readonly Side[] = ["A", "B"]
export const otherSide = (side: Side): Side => (side === "A" ? "B" : "A")

export interface Limits {
  readonly items: number
  readonly bytes: number
}

/** What a client that sits there must be sent, and what kind of client it is. */
export interface Seat {
  /** Undefined: its URL has no `sid`. */
  readonly sid: string | undefined
  readonly expected: string[]
}

interface Item {
  readonly seq: number
  readonly payload: string
  /** Whoever sits there now has been sent it. */
  sent: boolean
}

interface Mailbox {
  items: Item[]
  next: number
  acknowledged: number
}

const sizeOf = ({ items }: Mailbox): number => items.reduce((sum, { payload }) => sum + Buffer.byteLength(payload), 0)

export class RoomModel {
  readonly seats: Record<Side, Seat | undefined> = { A: undefined, B: undefined }
  #mailboxes: Record<Side, Mailbox> = { A: fresh(), B: fresh() }
  readonly #limits: Limits

  constructor(limits: Limits) {
    this.#limits = limits
  }

  /** A free side is taken. */
  join(side: Side, sid: string | undefined): Seat {
    const seat: Seat = { sid, expected: [] }
    this.seats[side] = seat
    for (const item of this.#mailboxes[side].items) item.sent = false
    if (this.seats.A && this.seats.B) for (const each of sides) this.seats[each]?.expected.push('{"type":"room_full"}')
    return seat
  }

  /** Its own session has it anew; the mailbox stays, whoever else sits there. */
  takeOver(side: Side): Seat {
    return this.join(side, this.seats[side]?.sid)
  }

  leave(side: Side): void {
    this.seats[side] = undefined
    if (this.seats.A === undefined && this.seats.B === undefined) this.#mailboxes = { A: fresh(), B: fresh() }
  }

  relay(from: Side, frame: string): void {
    this.seats[otherSide(from)]?.expected.push(frame)
  }

  send(from: Side, to: Side, payload: string): void {
    const box = this.#mailboxes[to]
    const holder = this.seats[to]
    const bytes = Buffer.byteLength(payload)
    const spare = holder === undefined ? [] : box.items.filter(({ sent }) => sent)
    let kept = box.items
    const full = (): string | undefined =>
      kept.length + 1 > this.#limits.items
        ? "items"
        : sizeOf({ ...box, items: kept }) + bytes > this.#limits.bytes
          ? "bytes"
          : undefined
    for (const old of spare) {
      if (full() === undefined) break
      kept = kept.filter((item) => item !== old)
    }
    const reason = full()
    if (reason !== undefined) {
      this.seats[from]?.expected.push(JSON.stringify({ type: "mailbox_full", to, reason }))
      return
    }
    const item: Item = { seq: box.next++, payload, sent: holder !== undefined }
    box.items = [...kept, item]
    if (holder !== undefined) this.#deliver(holder, item)
  }

  /** `said`: as the client writes it; undefined: not at all. */
  hello(side: Side, said: number | undefined): void {
    const seat = this.seats[side] as Seat
    if (said !== undefined && said > 0) this.#acknowledge(side, seat.sid === undefined ? said : said - 1)
    for (const item of this.#mailboxes[side].items) {
      item.sent = true
      this.#deliver(seat, item)
    }
  }

  delivered(side: Side, said: number): void {
    const { sid } = this.seats[side] as Seat
    if (sid === undefined) this.#acknowledge(side, said)
    else if (said > 0) this.#acknowledge(side, said - 1)
  }

  #acknowledge(side: Side, seq: number): void {
    const box = this.#mailboxes[side]
    if (seq >= box.next || seq <= box.acknowledged) return
    box.acknowledged = seq
    box.items = box.items.filter((item) => item.seq > seq)
  }

  #deliver({ sid, expected }: Seat, { seq, payload }: Item): void {
    expected.push(
      sid === undefined
        ? `{"payload":${payload},"seq":${seq},"type":"send"}`
        : `{"payload":${payload},"seq":${seq + 1},"type":"deliver"}`
    )
  }
}

const fresh = (): Mailbox => ({ items: [], next: 0, acknowledged: -1 })
