/**
 * What a part of the server tells of itself: a table with one row for each of its domain events. The row says which
 * line of the log is written, what is counted and what the tower page shows, so that a new event is a type and a row,
 * and an event without a row does not compile. Rows are data and pure functions; `recorder.ts` does what they say.
 */
import type { LineBudget } from "../lineBudgets.ts"

/** What has happened, by the name that operators search their logs for. No two tables share a name. */
export interface NamedEvent {
  readonly name: string
}

export type Level = "debug" | "info" | "warn" | "error"

/** How often an event of the table has happened since the start, the one being recorded included. */
export type Count<Name extends string = string> = (name: Name) => number

/** The line of an event; its message is the event's name. */
export interface EventLine<Event, Name extends string = string> {
  readonly level: Level
  /** How often it may be written; null: always. */
  readonly budget: LineBudget | null
  /** What the line says, in this order. No secret: see `Log`. */
  readonly fields: (event: Event, count: Count<Name>) => Readonly<Record<string, unknown>>
  /** The id of the connection that has brought it about. Absent: none has. */
  readonly client?: (event: Event) => string
  /** The address of whoever has brought it about. Absent: that of `client`. */
  readonly address?: (event: Event) => string
  /** The line begins something of this id: when it is left out, so is the line that `closes` it. */
  readonly opens?: (event: Event) => string
  readonly closes?: (event: Event) => string
}

/** A counter of Prometheus that grows by one with each such event. */
export interface EventCounter<Event> {
  /** Without `silktower_`. */
  readonly name: string
  readonly help: string
  /** The value of each label: one of few, and never what a client has sent. */
  readonly labels?: Readonly<Record<string, (event: Event) => string>>
}

/** Who, where and how, as the tower page shows them. Whatever a field holds is text: names are what people call themselves. */
export interface FeedParts {
  /** The id of a connection. */
  readonly client?: string
  readonly name?: string
  /** As much of a code as may be shown: a whole one lets a stranger in. */
  readonly code?: string
  readonly detail?: string
}

/** An event on the tower page. */
export interface EventFeed<Event> {
  /** What has happened, between who and where: "opened flight". */
  readonly says: string
  readonly parts: (event: Event) => FeedParts
}

export interface EventRow<Event, Name extends string = string> {
  /** Absent: nothing is written. */
  readonly line?: EventLine<Event, Name>
  readonly counter?: EventCounter<Event>
  /** Absent: the tower page does not show it. */
  readonly feed?: EventFeed<Event>
}

/** A row for each event of a union. */
export type EventTable<Event extends NamedEvent> = {
  readonly [Name in Event["name"]]: EventRow<Extract<Event, { readonly name: Name }>, Event["name"]>
}
