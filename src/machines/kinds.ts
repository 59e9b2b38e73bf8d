/** What a kind of actors declares of itself: its chart, what a crash in it means to others, and how it goes. */
import type { AnyActorLogic, AnyEventObject } from "xstate"
import type { Address } from "./address.ts"
import type { DomainEvent } from "./events.ts"

/** An event on its way: to one, or to everybody of a kind. */
export type Delivery =
  | { readonly to: Address; readonly event: AnyEventObject; readonly input?: object }
  | { readonly toAll: string; readonly event: AnyEventObject }

/** What is known of a crashed child. */
export interface Crash<Context> {
  readonly id: string
  readonly error: unknown
  /** Epoch milliseconds. */
  readonly at: number
  /** Its last good context, from which its neighbours are told; undefined when it has crashed before it had one. */
  readonly context: Context | undefined
}

/** What a crash means to others. */
export interface Aftermath<Event extends DomainEvent = DomainEvent> {
  /** Who must hear of it, and what, in this order. */
  readonly tell: readonly Delivery[]
  /** What has happened with it besides the fault itself, which is recorded anyway. */
  readonly record: readonly Event[]
}

/**
 * When a kind is drained, and with which event each of its children is told:
 *
 * - `listeners` are told first, and nobody waits for them;
 * - `clients` are told at the same time, in batches, and waited for;
 * - `homes` say where others live: they are told when every client has been told or has gone, and waited for;
 * - `keepers` keep what clients leave behind: they are told when there is no home any more, and waited for;
 * - `workers` have nothing to do with clients: they are told at once, and waited for.
 */
export interface Drain {
  readonly place: "listeners" | "clients" | "homes" | "keepers" | "workers"
  readonly event: AnyEventObject
}

/** In which steps the clients of a kind are told that the server goes. */
export interface Batches {
  /** So many are told at a time, */
  readonly size: number
  /** or so many more that there are no more batches than these. */
  readonly most: number
}

/** A kind of actors. */
export interface Kind {
  /** What its actors are called in the plural, and their supervisor in the system: "flights". */
  readonly kind: string
  /** With its actions and actors provided. */
  readonly chart: AnyActorLogic
  /** Merged under the input of every child. */
  readonly settings?: Readonly<Record<string, unknown>>
  /** What becomes of a child that is over (see supervisor.ts). */
  readonly restart: "temporary" | "transient" | "permanent"
  /** How many restarts in how long are still taken for bad luck; absent: 10 in 5 s. */
  readonly intensity?: { readonly restarts: number; readonly withinMilliseconds: number }
  /** Absent: a crash is nobody else's business. A method, so that each kind may say the type of its own contexts. */
  crash?(crash: Crash<unknown>): Aftermath
  /** Absent: it is told nothing when the server goes. */
  readonly drain?: Drain
  /** Does what its children are told, in order, at once or a little later; absent: at once. */
  readonly whenCalm?: ((work: () => void) => void) | undefined
  /** Children that live as long as the server is open: they are started with it, and again after a suspension. */
  readonly standing?: readonly { readonly id: string; readonly input: object }[]
  /** What others are told when its supervisor lives again after a suspension. */
  readonly resumed?: readonly Delivery[]
}
