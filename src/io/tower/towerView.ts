/**
 * What the tower page shows, read from the living actors: how many there are, in which states, and some of them by name,
 * as their protocol shows them. Nothing here changes anything, but that it may tell one actor to end.
 *
 * What it leaves out: whatever lets a stranger in, and addresses. Such a page hangs on walls and is shared as a picture.
 */
import type { AnyActorRef } from "xstate"
import type { RegistryEvent } from "../../machines/registry.ts"
import type { SupervisorRef, SupervisorSnapshot } from "../../machines/supervisor.ts"
import { countStates } from "../actors/actorStates.ts"
import { statePaths } from "./actorSnapshots.ts"
import type { ActorSection, Column, RowSection, TowerPart, TowerSection } from "./towerPart.ts"

/** A supervisor, and the chart that its children run. */
export interface TowerKind {
  readonly kind: string
  readonly chart: string
}

export interface TowerSources {
  readonly tower: AnyActorRef
  /** In the order in which they are shown. */
  readonly kinds: () => readonly TowerKind[]
  readonly supervisor: (kind: string) => SupervisorRef
  readonly parts: readonly TowerPart[]
  /** By which actors are told things. */
  readonly registry: { send(event: RegistryEvent): void }
}

/** How many rows of a list are shown of each end. */
export interface ShownRows {
  readonly newest: number
  readonly oldest: number
}

export interface ReaderLimits {
  readonly rows: ShownRows
  /** Actors whose story can be asked for after they were shown. */
  readonly remembered: number
}

/** One supervisor. */
export interface Branch extends TowerKind {
  readonly restart: SupervisorSnapshot["restart"]
  readonly mode: SupervisorSnapshot["mode"]
  readonly actors: number
}

/** The newest first. Not all of `total` are there. `id` names an actor within this process; it is useless to anybody else. */
export interface Rows<Row extends object = object> extends ShownRows {
  readonly total: number
  readonly rows: readonly (Row & { readonly id: string })[]
}

/** What is no actor. Not all of `total` are there; `id` tells a row from the others of its list. */
export interface ListedRows {
  readonly total: number
  readonly rows: readonly { readonly id: string; readonly cells: readonly (string | number)[] }[]
}

/** A list that the page shows as a table; its rows are in the view under `name`, as `{ id, cells }`. */
export interface ShownTable {
  readonly name: string
  readonly title: string
  readonly caption: string
  readonly columns: readonly Column[]
}

/** With it come the lists of each part, `Rows` or `ListedRows` under their names. */
export interface TowerView {
  readonly branches: readonly Branch[]
  /** By chart and state (see countStates). */
  readonly charts: Readonly<Record<string, Readonly<Record<string, number>>>>
  readonly tables: readonly ShownTable[]
  /** What comes of ending one of a list by hand, by the list's name; those that are not here cannot be. */
  readonly endings: Readonly<Record<string, string>>
}

/** Somebody who was told to end. */
export interface Ended {
  readonly kind: string
  readonly id: string
}

/** How the page signs what it says. */
const ownAddress = { kind: "tower", id: "page" }

/** Both ends of what a supervisor has, the newest first. */
const ends = (supervisor: SupervisorRef, { newest, oldest }: ShownRows): readonly AnyActorRef[] => {
  const all = [...supervisor.getSnapshot().children.values()]
  const shown = all.length <= newest + oldest ? all : [...all.slice(0, oldest), ...all.slice(all.length - newest)]
  return shown.reverse()
}

const tablesOf = (sections: readonly TowerSection[]): readonly ShownTable[] =>
  sections.flatMap((section) => ("table" in section ? [{ name: section.name, ...section.table }] : []))

const contentOf = (section: ActorSection, actor: AnyActorRef): object =>
  "table" in section ? { cells: section.cells(actor) } : section.row(actor)

const listedOf = ({ listed }: RowSection): ListedRows => {
  const { total, rows } = listed()
  return { total, rows: rows.map((cells, index) => ({ id: String(index), cells })) }
}

const endingsOf = (sections: readonly TowerSection[]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    sections.flatMap((section) =>
      "ending" in section && section.ending !== undefined ? [[section.name, section.ending.meaning]] : []
    )
  )

/** Reads the tower whenever it is asked to, and ends who is to be ended. */
export const createTowerReader = (
  { tower, kinds, supervisor, parts, registry }: TowerSources,
  limits: ReaderLimits
) => {
  const sections = parts.flatMap((part) => part.sections)
  const tables = tablesOf(sections)
  const endings = endingsOf(sections)
  /** Actors that were shown, by the names they were shown under; the longest unseen first. */
  const remembered = new Map<string, { readonly section: ActorSection; readonly actorId: string }>()

  const remember = (name: string, section: ActorSection, actorId: string) => {
    remembered.delete(name)
    remembered.set(name, { section, actorId })
    if (remembered.size <= limits.remembered) return
    const [oldest] = remembered.keys()
    if (oldest !== undefined) remembered.delete(oldest)
  }

  const branch = ({ kind, chart }: TowerKind): Branch => {
    const { restart, mode, children } = supervisor(kind).getSnapshot()
    return { kind, chart, restart, mode, actors: children.size }
  }

  const rowOf = (section: ActorSection, actor: AnyActorRef) => {
    if (section.story !== undefined || section.ending !== undefined) remember(actor.sessionId, section, actor.id)
    return { id: actor.sessionId, ...contentOf(section, actor) }
  }

  const rowsOf = (section: ActorSection): Rows => ({
    ...limits.rows,
    total: supervisor(section.kind).getSnapshot().children.size,
    rows: ends(supervisor(section.kind), limits.rows).map((actor) => rowOf(section, actor))
  })

  const statesOf = ({ kind, chart }: TowerKind) => [chart, Object.fromEntries(countStates(supervisor(kind)))] as const

  /** A living actor that `view` has shown lately, by the id it had there. */
  const shownAs = (name: string) => {
    const shown = remembered.get(name)
    if (shown === undefined) return undefined
    const actor = supervisor(shown.section.kind).getSnapshot().children.get(shown.actorId)
    // Another actor may have the id by now.
    return actor?.sessionId === name ? { section: shown.section, actor } : undefined
  }

  return {
    view: (): TowerView => ({
      branches: kinds().map(branch),
      charts: {
        ...Object.fromEntries(kinds().map(statesOf)),
        tower: Object.fromEntries(statePaths(tower).map((path) => [path, 1]))
      },
      ...Object.fromEntries(
        sections.map((section) => [section.name, "kind" in section ? rowsOf(section) : listedOf(section)])
      ),
      tables,
      endings
    }),
    /** What its protocol tells of a living actor that `view` has shown lately, by the id it had there. */
    story: (name: string): object | undefined => {
      const shown = shownAs(name)
      return shown && { ...rowOf(shown.section, shown.actor), ...shown.section.story?.(shown.actor) }
    },
    /** Tells an actor that `view` has shown lately to end; undefined: there is none, or nobody ends such a one by hand. */
    end: (name: string): Ended | undefined => {
      const { section, actor } = shownAs(name) ?? {}
      if (section?.ending === undefined || actor === undefined) return undefined
      const ended = { kind: section.kind, id: actor.id }
      registry.send({ type: "tell", from: ownAddress, to: ended, event: section.ending.event })
      return ended
    }
  }
}
