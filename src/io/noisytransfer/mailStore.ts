/** How much all mailboxes hold together: each room says what its own do, and takes that with it when it ends. */
import type { AnyActorRef } from "xstate"
import type { Space } from "../../machines/noisytransfer/relayRoom/mailbox.ts"

export interface MailStore {
  /** A room's mailboxes hold so much from now on, until the room ends, however it does. */
  weigh(room: AnyActorRef, held: Space): void
  /** What they may still take. */
  left(): Space
  /** What they hold. */
  held(): Space
}

/** `most`: what they may hold together. */
export const createMailStore = (most: Space): MailStore => {
  const rooms = new Map<AnyActorRef, Space>()
  let [items, bytes] = [0, 0]

  const set = (room: AnyActorRef, held: Space | undefined) => {
    const before = rooms.get(room)
    items += (held?.items ?? 0) - (before?.items ?? 0)
    bytes += (held?.bytes ?? 0) - (before?.bytes ?? 0)
    if (held === undefined) rooms.delete(room)
    else rooms.set(room, held)
  }

  return {
    weigh: (room, held) => {
      if (!rooms.has(room)) {
        const forget = () => set(room, undefined)
        room.subscribe({ complete: forget, error: forget })
      }
      set(room, held)
    },
    left: () => ({ items: most.items - items, bytes: most.bytes - bytes }),
    held: () => ({ items, bytes })
  }
}
