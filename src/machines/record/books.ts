/**
 * What the only writer of a row knows of it, whatever the row is: a room's, an offer's, a session's. Nothing is answered
 * before it is written; what is decided while a write is under way goes out together in the next one. The states that see to
 * this are in storage.ts. Pure values and pure changes.
 */

export interface Books<Row, Heard, Decided> {
  /** What the row says; null before it is known. */
  readonly saved: Row | null
  /** With the changes that are not in the row yet; null when it is to be removed. */
  readonly draft: Row | null
  /** What is being written now, and the draft it was taken from. */
  readonly writing: Row | null
  readonly writtenDraft: Row | null
  /** Decided upon what is being written now. */
  readonly batch: readonly Decided[]
  /** Decided upon the draft. */
  readonly decided: readonly Decided[]
  /** Came while the row was being loaded. */
  readonly waiting: readonly Heard[]
}

/** Those of an actor that has just been started. */
export const newBooks = {
  saved: null,
  draft: null,
  writing: null,
  writtenDraft: null,
  batch: [],
  decided: [],
  waiting: []
} as const satisfies Books<never, never, never>

/** Nothing is being written, and nobody waits for what was. */
export const atRest = { writing: null, writtenDraft: null, batch: [] } as const satisfies Partial<
  Books<never, never, never>
>

/** Everybody who waits for a decision, in the order in which they came. */
export const everyDecided = <Decided>({
  batch,
  decided
}: Pick<Books<unknown, unknown, Decided>, "batch" | "decided">) => [...batch, ...decided]

/** What was being written is what the row says. The draft stays ahead if something was decided meanwhile. */
export const afterWriting = <Row>(
  { draft, writtenDraft }: Pick<Books<Row, unknown, unknown>, "draft" | "writtenDraft">,
  saved: Row
) => ({
  ...atRest,
  saved,
  draft: draft === writtenDraft ? saved : draft
})

/** What the database says of a write, and of the row that it was asked for. */
export type Saved = "saved" | "conflict"
export type Removed = "removed" | "conflict"

/** The guards that every such chart asks: whether there is something to write or to answer, and what the database has said. */
export const bookGuards = {
  hasChanged: ({ context }: { context: Pick<Books<unknown, unknown, unknown>, "draft" | "saved"> }) =>
    context.draft !== context.saved,
  hasDecided: ({ context }: { context: Pick<Books<unknown, unknown, unknown>, "decided"> }) =>
    context.decided.length > 0,
  wasSaved: (_: unknown, { outcome }: { outcome: Saved }) => outcome === "saved",
  wasRemoved: (_: unknown, { outcome }: { outcome: Removed }) => outcome === "removed",
  wasFound: (_: unknown, { found }: { found: object | null }) => found !== null
}

/** Whether a fault of the database lasts until somebody has seen to it: the error says so of itself. */
export const isLasting = (error: unknown): boolean =>
  error instanceof Error && "lasting" in error && error.lasting === true
