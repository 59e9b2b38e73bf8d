/** What a part of the server, such as a protocol, brings to the tower page: lists of its own actors. */
import type { AnyActorRef, AnyEventObject } from "xstate"
import type { Meetings } from "../sockets/link.ts"

/** How a cell is shown; an `age` is the epoch milliseconds at which it began. */
export interface Column {
  readonly title: string
  readonly shows: "text" | "number" | "age"
}

interface Table {
  readonly title: string
  readonly caption: string
  readonly columns: readonly Column[]
}

/** A cell for each column. */
type Cells = readonly (string | number)[]

/** One list. Its rows hold no address and no secret of anybody, and of a code only so much that it lets nobody in. */
export type TowerSection = ActorSection | RowSection

/** How whoever runs the server ends one by hand. */
export interface Ending {
  /** What the actor's chart is told, over the registry. */
  readonly event: AnyEventObject
  /** What comes of it, in a sentence that is read before it is done. */
  readonly meaning: string
}

/** Its rows are living actors. */
export type ActorSection = {
  /** Its key in the view: "flights". No two lists have the same, and none that of another part of the view. */
  readonly name: string
  /** Whose children the rows are. */
  readonly kind: string
  /** What is told of one actor when somebody asks for it. */
  readonly story?: (actor: AnyActorRef) => object
  /** Absent: nobody ends one of them by hand. */
  readonly ending?: Ending
} & (
  | {
      /** What the page's own view of this list reads. */
      readonly row: (actor: AnyActorRef) => object
    }
  | {
      /** For a list that the page has no view of its own for. */
      readonly table: Table
      readonly cells: (actor: AnyActorRef) => Cells
    }
)

/** Its rows are something else, such as what is stored. */
export interface RowSection {
  readonly name: string
  readonly table: Table
  /** The first of `total` rows; asked whenever the page is shown, and answers at once with what is known. */
  readonly listed: () => { readonly total: number; readonly rows: readonly Cells[] }
}

/** Who is there, in numbers that the page adds up. */
export interface Tally {
  /** People who are connected at this moment. */
  readonly people: number
  /** Two who can speak to each other through the server; absent: the protocol knows no pairs. */
  readonly pairs?: number
  /** Since the start of the server; absent: the protocol hears of no meetings. */
  readonly meetings?: Omit<Meetings, "open">
}

export interface TowerPart {
  /** Asked while somebody looks; absent: nobody is connected by this protocol. */
  readonly tally?: () => Tally
  readonly sections: readonly TowerSection[]
  /** By kind: as much of an actor's id as may be shown. Of kinds that are not here all of it is. */
  readonly shownIds: Readonly<Record<string, (id: string) => string>>
}
