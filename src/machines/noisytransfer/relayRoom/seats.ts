/** The two seats of a room. */

/** Which of the two ends a client is; both are named in its URL. */
export type Side = "A" | "B"

export const sides: readonly Side[] = ["A", "B"]

/** Whoever has a seat. */
export interface Sitter {
  /** The connection's. */
  readonly id: string
  /** What the client calls its session; one that says nothing of it has none. */
  readonly sid: string | null
}

/** Something for each side. */
export type OfSides<Value> = Readonly<Record<Side, Value>>

export const otherSide = (side: Side): Side => (side === "A" ? "B" : "A")

/** Where somebody sits; undefined: nowhere here. */
export const sideOf = (sitters: OfSides<Sitter | null>, id: string): Side | undefined =>
  sides.find((side) => sitters[side]?.id === id)
