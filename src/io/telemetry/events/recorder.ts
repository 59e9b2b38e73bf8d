/**
 * Records domain events: each is counted, has its line written and goes to the tower's feed, as its row in an event
 * table says.
 */

import type { LineBudget, LineCause } from "../lineBudgets.ts"
import type { Metrics } from "../metrics.ts"
import type { Log, Telemetry } from "../telemetry.ts"
import type { EventRow, EventTable, NamedEvent } from "./eventTable.ts"

export interface RecorderOptions {
  readonly telemetry: Pick<Telemetry, "logFor" | "writes">
  readonly metrics: Pick<Metrics, "counter">
}

/** Hears of an event, with its row. */
export type Listener = (event: NamedEvent, row: EventRow<NamedEvent>) => void

/** What takes the events of one table. */
export interface Recording<Event extends NamedEvent> {
  /** Says whether the event's line was left out, as too many such were written already. Never throws. */
  record(event: Event): "omitted" | void
  /** How often such an event has been recorded, written down or not. */
  count(name: Event["name"]): number
}

export interface TableOptions<Event extends NamedEvent> {
  /** The address of a connection of whoever the table belongs to, while it is known. */
  readonly addressOf?: (clientId: string) => string | undefined
  /** What else is done with each event, once it has been recorded; `said` is what `record` says. */
  readonly afterwards?: (event: Event, said: "omitted" | void) => void
}

export interface Recorder {
  /** Begins to record the events of a table. Throws when another table has one of its names. */
  of<Event extends NamedEvent>(table: EventTable<Event>, options?: TableOptions<Event>): Recording<Event>
  /** Records an event of whichever table it is of; one that is of none is let go. */
  record(event: NamedEvent): void
  /** Tells of each event that has a `feed`. */
  subscribe(listener: Listener): void
}

type Row = EventRow<NamedEvent>

export const createRecorder = ({ telemetry, metrics }: RecorderOptions): Recorder => {
  const all = new Map<string, Recording<NamedEvent>["record"]>()
  const listeners: Listener[] = []

  /** Counts an event in the metrics. */
  const counterOf = ({ counter }: Row): ((event: NamedEvent) => void) | undefined => {
    if (counter === undefined) return undefined
    const { name, help, labels = {} } = counter
    const readings = Object.entries(labels)
    const metric = metrics.counter({ name, help, labels: Object.keys(labels) })
    if (readings.length === 0) return () => metric.inc()
    return (event) => {
      const values: Record<string, string> = {}
      for (const [label, read] of readings) values[label] = read(event)
      metric.inc(values)
    }
  }

  const of: Recorder["of"] = (table, { addressOf = () => undefined, afterwards } = {}) => {
    const rows = Object.entries<Row>(table as unknown as Readonly<Record<string, Row>>)
    const budgets: Record<string, LineBudget | null> = {}
    for (const [name, { line }] of rows) if (line !== undefined) budgets[name] = line.budget
    const log: Log<string> = telemetry.logFor(budgets)
    const recorders = new Map<string, Recording<NamedEvent>["record"]>()
    const counts = new Map<string, number>()
    const count = (name: string) => counts.get(name) ?? 0
    /** What goes on and whose beginning was left out: so is its end. */
    const untold = new Set<string>()

    const causeOf = ({ client, address }: NonNullable<Row["line"]>, event: NamedEvent): LineCause => {
      const clientId = client?.(event)
      const known = address?.(event) ?? (clientId === undefined ? undefined : addressOf(clientId))
      return { client: clientId, address: known }
    }

    const write = (line: NonNullable<Row["line"]>, event: NamedEvent) => {
      if (line.closes !== undefined && untold.delete(line.closes(event))) return
      if (!telemetry.writes(line.level)) return
      const said = log(line.level, event.name, line.fields(event, count), causeOf(line, event))
      if (said === "omitted" && line.opens !== undefined) untold.add(line.opens(event))
      return said
    }

    for (const [name, row] of rows) {
      if (all.has(name)) throw new TypeError(`Two event tables have a row for ${name}`)
      const counter = counterOf(row)
      const { line, feed } = row
      const record: Recording<NamedEvent>["record"] = (event) => {
        counts.set(name, count(name) + 1)
        counter?.(event)
        const said = line === undefined ? undefined : write(line, event)
        if (feed !== undefined) for (const listener of listeners) listener(event, row)
        afterwards?.(event as Parameters<typeof afterwards>[0], said)
        return said
      }
      recorders.set(name, record)
      all.set(name, record)
    }
    return { record: (event) => recorders.get(event.name)?.(event), count }
  }

  return {
    of,
    record: (event) => void all.get(event.name)?.(event),
    subscribe: (listener) => void listeners.push(listener)
  }
}
