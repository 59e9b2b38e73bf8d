/**
 * What happens in the core, in the words that operators search their logs for. Protocols have events of their own. Actors
 * record them; what is written down, counted and shown of each is in src/io/telemetry/events/coreEvents.ts.
 */
export type CoreEvent = ActorCrashed

/** An actor has crashed. */
export interface ActorCrashed {
  readonly name: "system:error"
  /** The actor's supervisor, "flights", and its id there. */
  readonly kind: string
  readonly id: string
  readonly error: unknown
  readonly restarted: boolean
}

/** What has happened, of whoever's table: each protocol has events of its own. */
export interface DomainEvent {
  readonly name: string
}
