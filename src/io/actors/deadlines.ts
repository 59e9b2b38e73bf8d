/**
 * One timer wheel for all deadlines: actors keep absolute times, and whoever has asked gets an event when its time has
 * come: `deadline`, or one of another name for who waits for several things. XState's own `after` is not for many actors: stopping any actor walks every timer of the system.
 *
 * The wheel turns with the clock that never jumps. What was asked for by the wall clock is put elsewhere on it when that
 * one has been set, and what was asked for in milliseconds is left where it is.
 */

import type { AnyActorRef } from "xstate"
import { limits } from "../../limits.ts"

export interface Deadlines {
  /**
   * Asks for the event `{type, at}` at this time (epoch ms) or soon after; `type` is `deadline` unless another is named.
   * It replaces what the actor asked for before under the same name.
   */
  at(actor: AnyActorRef, time: number, type?: string): void
  /** The same in so many milliseconds; 0 means as soon as everything of this moment has happened. */
  after(actor: AnyActorRef, milliseconds: number, type?: string): void
  cancel(actor: AnyActorRef, type?: string): void
  /** How many wait. */
  readonly size: number
  /** Ends the wheel: nobody is told anything any more. */
  close(): void
}

interface Entry {
  readonly actor: AnyActorRef
  /** Of the event. */
  readonly type: string
  /** On the clock that never jumps. */
  due: number
  /** On the wall clock; null when the deadline was asked for in milliseconds. */
  readonly time: number | null
  slot: Set<Entry>
}

const usualType = "deadline"
const { deadlineSlots: slotCount, clockJumpMs: jumpMs } = limits

/** `resolutionMs` is how far apart the wheel's steps are: a deadline is kept at most that much late. */
export const createDeadlines = (resolutionMs: number, now: () => number = Date.now): Deadlines => {
  const slots = Array.from({ length: slotCount }, () => new Set<Entry>())
  /** By the type of the event, of which there are few, and by whoever has asked. */
  const entries = new Map<string, Map<AnyActorRef, Entry>>()
  let size = 0
  /** The last step that has been looked at. */
  let step = 0
  /** How far the wall clock is ahead of the other. */
  let ahead = now() - performance.now()
  let timer: NodeJS.Timeout | undefined
  let closed = false

  const remove = (entry: Entry) => {
    entry.slot.delete(entry)
    entries.get(entry.type)?.delete(entry.actor)
    size--
  }

  const slotOf = (due: number): Set<Entry> =>
    slots[Math.max(Math.ceil(due / resolutionMs), step + 1) % slotCount] as Set<Entry>

  const move = (entry: Entry, due: number) => {
    entry.slot.delete(entry)
    entry.due = due
    entry.slot = slotOf(due)
    entry.slot.add(entry)
  }

  const followWallClock = () => {
    const difference = now() - performance.now()
    if (Math.abs(difference - ahead) < jumpMs) return
    ahead = difference
    for (const sameType of entries.values()) {
      for (const entry of sameType.values()) if (entry.time !== null) move(entry, entry.time - ahead)
    }
  }

  const advance = () => {
    followWallClock()
    const monotonic = performance.now()
    const current = Math.floor(monotonic / resolutionMs)
    // After a long pause every slot is looked at once, not once for every missed step.
    const first = Math.max(step + 1, current - slotCount + 1)
    step = current
    const time = now()
    const due: Entry[] = []
    for (let index = first; index <= current; index++) {
      for (const entry of slots[index % slotCount] as Set<Entry>) {
        if (entry.due > monotonic) continue
        // Corrected by less than a jump: not before its time all the same.
        if (entry.time !== null && entry.time > time) move(entry, monotonic + entry.time - time)
        else due.push(entry)
      }
    }
    for (const entry of due) remove(entry)
    due.sort((one, other) => one.due - other.due)
    for (const { actor, type } of due) actor.send({ type, at: time })
    if (size === 0) {
      clearInterval(timer)
      timer = undefined
    }
  }

  const cancel = (actor: AnyActorRef, type = usualType) => {
    const entry = entries.get(type)?.get(actor)
    if (entry !== undefined) remove(entry)
  }

  const schedule = (actor: AnyActorRef, type: string, milliseconds: number, time: number | null) => {
    cancel(actor, type)
    if (closed) return
    const monotonic = performance.now()
    if (timer === undefined) {
      step = Math.floor(monotonic / resolutionMs)
      timer = setInterval(advance, resolutionMs)
      timer.unref()
    }
    const due = monotonic + milliseconds
    const entry: Entry = { actor, type, due, time, slot: slotOf(due) }
    entry.slot.add(entry)
    const sameType = entries.get(type)
    if (sameType === undefined) entries.set(type, new Map([[actor, entry]]))
    else sameType.set(actor, entry)
    size++
  }

  return {
    at: (actor, time, type = usualType) => schedule(actor, type, time - now(), time),
    after: (actor, milliseconds, type = usualType) => {
      if (milliseconds > 0) return schedule(actor, type, milliseconds, null)
      cancel(actor, type)
      setImmediate(() => {
        if (!closed && actor.getSnapshot().status === "active") actor.send({ type, at: now() })
      })
    },
    cancel,
    get size() {
      return size
    },
    close: () => {
      closed = true
      clearInterval(timer)
      timer = undefined
      entries.clear()
      size = 0
      for (const slot of slots) slot.clear()
    }
  }
}

/** How a chart that waits for several things asks for each by its name, and takes that back. */
export const namedDeadlines = (deadlines: Pick<Deadlines, "at" | "after" | "cancel">) => ({
  requestDeadline: (
    { self }: { readonly self: AnyActorRef },
    request: { readonly event: string } & ({ readonly at: number } | { readonly afterMs: number })
  ): void =>
    "at" in request
      ? deadlines.at(self, request.at, request.event)
      : deadlines.after(self, request.afterMs, request.event),
  cancelDeadline: ({ self }: { readonly self: AnyActorRef }, { event }: { readonly event: string }): void =>
    deadlines.cancel(self, event)
})
