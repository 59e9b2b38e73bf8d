/** What a part of the server, such as a protocol, brings to the tower page: lists of its own actors. */
import type { AnyActorRef } from "xstate"

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

/** Its rows are living actors. */
export type ActorSection = {
  /** Its key in the view: "flights". No two lists have the same, and none that of another part of the view. */
  readonly name: string
  /** Whose children the rows are. */
  readonly kind: string
  /** What is told of one actor when somebody asks for it. */
  readonly story?: (actor: AnyActorRef) => object
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

export interface TowerPart {
  readonly sections: readonly TowerSection[]
  /** By kind: as much of an actor's id as may be shown. Of kinds that are not here all of it is. */
  readonly shownIds: Readonly<Record<string, (id: string) => string>>
}
