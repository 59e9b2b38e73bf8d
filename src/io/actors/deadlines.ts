/**
 * One timer wheel for all deadlines: actors keep absolute times, and whoever has asked gets a `deadline` event when
 * its time has come. XState's own `after` is not for many actors: stopping any actor walks every timer of the system.
 *
 * The wheel turns with the clock that never jumps. What was asked for by the wall clock is put elsewhere on it when that
 * one has been set, and what was asked for in milliseconds is left where it is.
 */

import type { AnyActorRef } from "xstate"
import { limits } from "../../limits.ts"

export interface Deadlines {
  /** Asks for `{type: "deadline", at}` at this time (epoch ms) or soon after; replaces what the actor asked for before. */
  at(actor: AnyActorRef, time: number): void
  /** The same in so many milliseconds; 0 means as soon as everything of this moment has happened. */
  after(actor: AnyActorRef, milliseconds: number): void
  cancel(actor: AnyActorRef): void
  /** How many wait. */
  readonly size: number
  /** Ends the wheel: nobody is told anything any more. */
  close(): void
}

interface Entry {
  readonly actor: AnyActorRef
  /** On the clock that never jumps. */
  due: number
  /** On the wall clock; null when the deadline was asked for in milliseconds. */
  readonly time: number | null
  slot: Set<Entry>
}

const { deadlineSlots: slotCount, clockJumpMs: jumpMs } = limits

/** `resolutionMs` is how far apart the wheel's steps are: a deadline is kept at most that much late. */
export const createDeadlines = (resolutionMs: number, now: () => number = Date.now): Deadlines => {
  const slots = Array.from({ length: slotCount }, () => new Set<Entry>())
  const entries = new Map<AnyActorRef, Entry>()
  /** The last step that has been looked at. */
  let step = 0
  /** How far the wall clock is ahead of the other. */
  let ahead = now() - performance.now()
  let timer: NodeJS.Timeout | undefined
  let closed = false

  const remove = (entry: Entry) => {
    entry.slot.delete(entry)
    entries.delete(entry.actor)
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
    for (const entry of entries.values()) if (entry.time !== null) move(entry, entry.time - ahead)
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
    for (const { actor } of due) actor.send({ type: "deadline", at: time })
    if (entries.size === 0) {
      clearInterval(timer)
      timer = undefined
    }
  }

  const cancel = (actor: AnyActorRef) => {
    const entry = entries.get(actor)
    if (entry !== undefined) remove(entry)
  }

  const schedule = (actor: AnyActorRef, milliseconds: number, time: number | null) => {
    cancel(actor)
    if (closed) return
    const monotonic = performance.now()
    if (timer === undefined) {
      step = Math.floor(monotonic / resolutionMs)
      timer = setInterval(advance, resolutionMs)
      timer.unref()
    }
    const due = monotonic + milliseconds
    const entry: Entry = { actor, due, time, slot: slotOf(due) }
    entry.slot.add(entry)
    entries.set(actor, entry)
  }

  return {
    at: (actor, time) => schedule(actor, time - now(), time),
    after: (actor, milliseconds) => {
      if (milliseconds > 0) return schedule(actor, milliseconds, null)
      cancel(actor)
      setImmediate(() => {
        if (!closed && actor.getSnapshot().status === "active") actor.send({ type: "deadline", at: now() })
      })
    },
    cancel,
    get size() {
      return entries.size
    },
    close: () => {
      closed = true
      clearInterval(timer)
      timer = undefined
      entries.clear()
      for (const slot of slots) slot.clear()
    }
  }
}
