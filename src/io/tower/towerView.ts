/**
 * What the tower page shows, read from the living actors: how many there are, in which states, and some flights and
 * rooms by name. Nothing here changes anything.
 *
 * What it leaves out: participant ids and aliases, addresses, and the second half of every code. A code lets a stranger
 * in, and such a page hangs on walls and is shared as a picture; the first half is enough to find the rest in the log.
 */
import type { AnyActorRef, StateValue } from "xstate"
import { roomFlightId } from "../../machines/dropsilk/connectionContext.ts"
import {
  type Channel,
  type ConnectionType,
  codeOfFlight,
  connectionTypeOf,
  type FlightContext
} from "../../machines/dropsilk/flightContext.ts"
import type { RoomContext } from "../../machines/dropsilk/room.ts"
import { participantsOf } from "../../machines/dropsilk/roomRecord.ts"
import type { StoryContext } from "../../machines/dropsilk/story.ts"
import type { SupervisorRef, SupervisorSnapshot } from "../../machines/supervisor.ts"
import { countStates } from "../actors/actorStates.ts"
import type { Links } from "../sockets/link.ts"

/** The supervisors, and the machine that the children of each run. */
export const machineOf = {
  connections: "connection",
  flights: "flight",
  rooms: "room",
  networks: "network",
  stories: "story",
  jobs: "job"
} as const
export type Kind = keyof typeof machineOf
export const kinds = Object.keys(machineOf) as readonly Kind[]

/** The machines whose charts are shown. */
export const chartNames = [...Object.values(machineOf), "tower"] as const

export interface TowerSources {
  readonly tower: AnyActorRef
  readonly supervisor: (kind: Kind) => SupervisorRef
  readonly signalsOf: Links["signalsOf"]
}

/** How many flights, and how many rooms, are shown of each end. */
export interface ShownRows {
  readonly newest: number
  readonly oldest: number
}

export interface ReaderLimits {
  readonly rows: ShownRows
  /** Flights whose story can be asked for after they were shown. */
  readonly remembered: number
}

/** One supervisor. */
export interface Branch {
  readonly kind: Kind
  readonly restart: SupervisorSnapshot["restart"]
  readonly mode: SupervisorSnapshot["mode"]
  readonly actors: number
}

/** Times are epoch milliseconds. */
export interface FlightRow {
  /** Names the actor within this process; useless to anybody else. */
  readonly id: string
  /** Its first half. */
  readonly code: string
  /** Null for an open flight. */
  readonly channel: Channel | null
  readonly state: string
  /** The names of those who sit in it. */
  readonly seats: readonly string[]
  /** Null unless two have met. */
  readonly connectionType: ConnectionType | null
  readonly signals: number
  /** Null when the flight has outlived its story, which knows when it began. */
  readonly startedAt: number | null
}

export interface RoomRow {
  readonly id: string
  readonly code: string
  /** The innermost state of each region. */
  readonly states: readonly string[]
  readonly participants: readonly { readonly name: string; readonly ready: boolean }[]
  /** Participants who are attached at this moment. */
  readonly seated: number
  /** On all its channels since its flights began. */
  readonly signals: number
  /** When the actor was called for; the row may be older. */
  readonly awakeSince: number
  readonly expiresAt: number
}

/** The newest first. Not all of `total` are there. */
export interface Rows<Row> extends ShownRows {
  readonly total: number
  readonly rows: readonly Row[]
}

export interface TowerView {
  readonly branches: readonly Branch[]
  /** By machine and state (see countStates). */
  readonly charts: Readonly<Record<string, Readonly<Record<string, number>>>>
  readonly flights: Rows<FlightRow>
  readonly rooms: Rows<RoomRow>
}

/** A flight's story so far. */
export interface StoryView extends FlightRow {
  readonly participants: readonly {
    readonly id: string
    readonly name: string
    readonly connectionType: ConnectionType | null
    readonly joinedAt: number
  }[]
  readonly timeline: StoryContext["timeline"]
  /** Participants and entries that came after the story was full. */
  readonly omitted: number
}

/** As much of a code as is shown. */
export const halfOfCode = (code: string): string => `${code.slice(0, 3)}···`

/** A flight's or room's id without the second half of its code: `ABC···`, `ABC···/chat`. */
export const halfOfId = (id: string): string => {
  const code = codeOfFlight(id)
  return halfOfCode(code) + id.slice(code.length)
}

const contextOf = <Context>(actor: AnyActorRef | undefined): Context | undefined =>
  (actor?.getSnapshot() as { readonly context?: Context } | undefined)?.context

const stateOf = (actor: AnyActorRef): StateValue | undefined =>
  (actor.getSnapshot() as { readonly value?: StateValue }).value

/** The innermost states as dotted paths; of a parallel chart one of each region. */
const pathsOf = (value: StateValue | undefined, path = ""): readonly string[] =>
  typeof value === "string"
    ? [path + value]
    : Object.entries(value ?? {}).flatMap(([region, inner]) => pathsOf(inner, `${path}${region}.`))

const lastWord = (path: string): string => path.slice(path.lastIndexOf(".") + 1)

/** Both ends of what a supervisor has, the newest first. */
const ends = (supervisor: SupervisorRef, { newest, oldest }: ShownRows): readonly AnyActorRef[] => {
  const all = [...supervisor.getSnapshot().children.values()]
  const shown = all.length <= newest + oldest ? all : [...all.slice(0, oldest), ...all.slice(all.length - newest)]
  return shown.reverse()
}

const channels: readonly Channel[] = ["transfer", "screen-share", "chat"]

/** Reads the tower whenever it is asked to. */
export const createTowerReader = ({ tower, supervisor, signalsOf }: TowerSources, limits: ReaderLimits) => {
  const shown = limits.rows
  /** Ids of flights that were shown, by the names they were shown under; the longest unseen first. */
  const flightIds = new Map<string, string>()

  const remember = (name: string, flightId: string) => {
    flightIds.delete(name)
    flightIds.set(name, flightId)
    if (flightIds.size <= limits.remembered) return
    const [oldest] = flightIds.keys()
    if (oldest !== undefined) flightIds.delete(oldest)
  }

  const branch = (kind: Kind): Branch => {
    const { restart, mode, children } = supervisor(kind).getSnapshot()
    return { kind, restart, mode, actors: children.size }
  }

  const storyOf = (flightId: string) =>
    contextOf<StoryContext>(supervisor("stories").getSnapshot().children.get(flightId))

  const flightRow = (actor: AnyActorRef): FlightRow => {
    const { id, code, channel, ofRoom, seats } = contextOf<FlightContext>(actor) as FlightContext
    const [first, second] = seats
    remember(actor.sessionId, id)
    return {
      id: actor.sessionId,
      code: halfOfCode(code),
      channel: ofRoom ? channel : null,
      state: pathsOf(stateOf(actor)).map(lastWord).join(" "),
      seats: seats.map(({ name }) => name),
      connectionType: first !== undefined && second !== undefined ? connectionTypeOf(first, second) : null,
      signals: signalsOf(id),
      startedAt: storyOf(id)?.startedAt ?? null
    }
  }

  const roomRow = (actor: AnyActorRef): RoomRow => {
    const { code, saved, draft, seated, at, expiresAt } = contextOf<RoomContext>(actor) as RoomContext
    const room = draft ?? saved
    const participants = room === null ? [] : participantsOf(room)
    return {
      id: actor.sessionId,
      code: halfOfCode(code),
      states: pathsOf(stateOf(actor)).map(lastWord),
      participants: participants.map(({ name, ready }) => ({ name, ready })),
      seated: seated.length,
      signals: channels.reduce((sum, channel) => sum + signalsOf(roomFlightId(code, channel)), 0),
      awakeSince: at,
      expiresAt
    }
  }

  const rowsOf = <Row>(kind: Kind, row: (actor: AnyActorRef) => Row): Rows<Row> => ({
    ...shown,
    total: supervisor(kind).getSnapshot().children.size,
    rows: ends(supervisor(kind), shown).map(row)
  })

  const statesOf = (kind: Kind) => [machineOf[kind], Object.fromEntries(countStates(supervisor(kind)))] as const

  return {
    view: (): TowerView => ({
      branches: kinds.map(branch),
      charts: {
        ...Object.fromEntries(kinds.map(statesOf)),
        tower: Object.fromEntries(pathsOf(stateOf(tower)).map((path) => [path, 1]))
      },
      flights: rowsOf("flights", flightRow),
      rooms: rowsOf("rooms", roomRow)
    }),
    /** The story of a living flight that `view` has shown lately, by the id it had there. */
    story: (name: string): StoryView | undefined => {
      const flightId = flightIds.get(name) ?? ""
      const flight = supervisor("flights").getSnapshot().children.get(flightId)
      // Another flight may have the code by now.
      if (flight?.sessionId !== name) return undefined
      const { participants = [], timeline = [], omitted = 0 } = storyOf(flightId) ?? {}
      return {
        ...flightRow(flight),
        // Field by field: their addresses stay behind.
        participants: participants.map(({ id, name, connectionType, joinedAt }) => {
          return { id, name, connectionType, joinedAt }
        }),
        timeline,
        omitted
      }
    }
  }
}
