/** What it takes to walk a machine: who it meets, what may happen to it, and what must hold then. */
import type { AnyEventObject, AnyStateMachine } from "xstate"
import type { Adapters, Effect } from "./stage.ts"

/** One event and everything it led to. */
export interface Step {
  /** Undefined at the start. */
  readonly before: any
  readonly event: any
  readonly after: any
  readonly effects: readonly Effect[]
  /** Events that an actor was told, by the id of its address or as a child by its name; of one type if given. */
  told(to: string, type?: string): readonly any[]
  /** Whole messages that were sent to a kind of addresses. */
  sent(kind: string): readonly any[]
  /** Parameters of each call of an adapter's action. */
  did(action: string): readonly any[]
}

/** A sentence that is true of every step it speaks of. */
export interface Law {
  readonly sentence: string
  /** Whether it speaks of this step at all. */
  readonly when?: (step: Step) => boolean
  readonly holds: (step: Step) => boolean
}

/** One way to start the machine. */
export interface Setting {
  readonly name: string
  readonly input: unknown
  /** What may happen in this state, each event in all the variants that guards tell apart. */
  readonly events: (snapshot: any) => readonly AnyEventObject[]
}

export interface Subject {
  readonly name: string
  readonly machine: AnyStateMachine
  readonly adapters: Adapters
  readonly ownsSystem?: boolean
  readonly settings: () => readonly Setting[]
  /** The few facts besides the state that tell two situations apart. */
  readonly facts: (snapshot: any) => unknown
  readonly laws: readonly Law[]
}

/** Compares by content. */
export const same = (a: unknown, b: unknown): boolean => {
  if (a === b) return true
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false
  const names = Object.keys(a)
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && same((a as any)[name], (b as any)[name]))
  )
}

/** A text for a value. */
export const keyOf = (value: unknown): string =>
  JSON.stringify(value, (_, inner) => {
    if (inner === undefined) return "undefined"
    if (typeof inner === "object" && inner !== null) {
      if (inner instanceof Error) return `error ${inner.message}`
      if (!Array.isArray(inner)) return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
    }
    return inner
  }) ?? "undefined"

/** An event in words, for a path. */
export const inWords = ({ type, ...rest }: AnyEventObject): string => {
  const text = keyOf(rest)
  return text === "{}" ? type : `${type} ${text.length > 160 ? `${text.slice(0, 160)}…` : text}`
}
