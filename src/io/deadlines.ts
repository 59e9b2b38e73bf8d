/**
 * One timer wheel for all deadlines: actors keep absolute times, and whoever has asked gets a `deadline` event when
 * its time has come. XState's own `after` is not for many actors: stopping any actor walks every timer of the system.
 */
import type { AnyActorRef } from "xstate"

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
  readonly time: number
  readonly slot: Set<Entry>
}

const slotCount = 512

/** `resolutionMs` is how far apart the wheel's steps are: a deadline is kept at most that much late. */
export const createDeadlines = (resolutionMs: number, now: () => number = Date.now): Deadlines => {
  const slots = Array.from({ length: slotCount }, () => new Set<Entry>())
  const entries = new Map<AnyActorRef, Entry>()
  /** The last step that has been looked at. */
  let step = Math.floor(now() / resolutionMs)
  let timer: NodeJS.Timeout | undefined
  let closed = false

  const remove = (entry: Entry) => {
    entry.slot.delete(entry)
    entries.delete(entry.actor)
  }

  const advance = () => {
    const time = now()
    const current = Math.floor(time / resolutionMs)
    // After a long pause or a jump of the clock every slot is looked at once, not once for every missed step.
    const first = Math.max(step + 1, current - slotCount + 1)
    step = Math.max(step, current)
    const due: Entry[] = []
    for (let index = Math.min(first, current); index <= current; index++) {
      for (const entry of slots[index % slotCount] as Set<Entry>) if (entry.time <= time) due.push(entry)
    }
    for (const entry of due) remove(entry)
    due.sort((one, other) => one.time - other.time)
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

  const schedule = (actor: AnyActorRef, time: number) => {
    cancel(actor)
    if (closed) return
    if (timer === undefined) {
      step = Math.floor(now() / resolutionMs)
      timer = setInterval(advance, resolutionMs)
      timer.unref()
    }
    const slot = slots[Math.max(Math.ceil(time / resolutionMs), step + 1) % slotCount] as Set<Entry>
    const entry: Entry = { actor, time, slot }
    slot.add(entry)
    entries.set(actor, entry)
  }

  return {
    at: schedule,
    after: (actor, milliseconds) => {
      if (milliseconds > 0) return schedule(actor, now() + milliseconds)
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
