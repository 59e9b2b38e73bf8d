/** A side's mailbox: what was left for it, in order, until it says that it has it. */
import type { MailboxLimit } from "../events.ts"

/** Something that was left for a side. */
export interface Item {
  /** Its number among all that were left for this side over the life of the room, from 0. */
  readonly seq: number
  /** JSON, as its sender has written it. */
  readonly payload: string
  /** Of the payload, in UTF-8. */
  readonly bytes: number
  /** The connection that was sent it last; null: none has been. */
  readonly sentTo: string | null
}

export interface Mailbox {
  /** Oldest first; all are above `acknowledged`. */
  readonly items: readonly Item[]
  /** The side says that it has all up to this one; -1: it has said nothing. */
  readonly acknowledged: number
  /** The number of the next item. */
  readonly next: number
  /** Of all items. */
  readonly bytes: number
}

/** So much of something: of what a mailbox may hold, or of what fits into all of them together. */
export interface Space {
  readonly items: number
  readonly bytes: number
}

export const emptyMailbox: Mailbox = { items: [], acknowledged: -1, next: 0, bytes: 0 }

const bytesOf = (items: readonly Item[]): number => items.reduce((sum, { bytes }) => sum + bytes, 0)

/** A mailbox and the item that was put into it, or what of it is full. */
export type Put = { readonly mailbox: Mailbox; readonly item: Item } | { readonly full: MailboxLimit }

/**
 * Puts an item in. Where it does not fit, the oldest of those that `holder` was sent already are forgotten for it; when
 * that does not help nothing is. `holder`: the connection that has the side, and is sent the item; null: nobody has.
 * `left`: what all mailboxes together may still take.
 */
export const put = (
  mailbox: Mailbox,
  { payload, bytes }: Pick<Item, "payload" | "bytes">,
  holder: string | null,
  limits: Space,
  left: Space
): Put => {
  let forgotten: Space = { items: 0, bytes: 0 }
  /** What is full beside that which is forgotten. */
  const isFull = (): MailboxLimit | undefined => {
    if (mailbox.items.length - forgotten.items + 1 > limits.items) return "items"
    if (mailbox.bytes - forgotten.bytes + bytes > limits.bytes) return "bytes"
    return forgotten.bytes + left.bytes < bytes || forgotten.items + left.items < 1 ? "server" : undefined
  }
  const spare = new Set<Item>()
  for (const old of mailbox.items) {
    if (isFull() === undefined) break
    if (holder === null || old.sentTo !== holder) continue
    spare.add(old)
    forgotten = { items: forgotten.items + 1, bytes: forgotten.bytes + old.bytes }
  }
  const full = isFull()
  if (full !== undefined) return { full }
  const kept = spare.size === 0 ? mailbox.items : mailbox.items.filter((old) => !spare.has(old))
  const item: Item = { seq: mailbox.next, payload, bytes, sentTo: holder }
  return {
    mailbox: {
      ...mailbox,
      items: [...kept, item],
      next: mailbox.next + 1,
      bytes: mailbox.bytes - forgotten.bytes + bytes
    },
    item
  }
}

/**
 * Forgets all up to this one. A number that no item of this room's life has is of an earlier room of the same name, and
 * says nothing; null: nothing is acknowledged.
 */
export const acknowledge = (mailbox: Mailbox, upTo: number | null): Mailbox => {
  if (upTo === null || upTo >= mailbox.next || upTo <= mailbox.acknowledged) return mailbox
  const items = mailbox.items.filter(({ seq }) => seq > upTo)
  return { ...mailbox, items, acknowledged: upTo, bytes: bytesOf(items) }
}

/** As it is once this connection has been sent everything that is in it. */
export const sentAll = (mailbox: Mailbox, holder: string): Mailbox => ({
  ...mailbox,
  items: mailbox.items.map((item) => ({ ...item, sentTo: holder }))
})
