/** What a protocol keeps in the database, as far as the core must know it: what must be there, and what is done with it. */

/** One table as statements use it. */
export interface Table {
  /** Columns that must be there. */
  readonly columns: readonly string[]
  /** Columns that a database of before may lack. */
  readonly laterColumns?: readonly string[]
  /** Columns that have no default: a new row gives them a value. */
  readonly given: readonly string[]
  /** One that is written into rows that are there already; absent: none is. */
  readonly changed?: string
  /** One that is filled from a sequence, which has rights of its own. */
  readonly numbered?: string
}

/** By their names, which all protocols share. */
export type Tables = Readonly<Record<string, Table>>

/** As much of a protocol as says what it keeps. */
export interface Keeping {
  /** Absent: nothing. */
  readonly tables?: Tables
  /** A folder of migrations, `NNNN_<protocol>_<what>.sql`; absent: they are in `migrations/` with all others. */
  readonly migrations?: string
}

/** Folders of migrations beside `migrations/`. */
export const migrationsOf = (protocols: readonly Keeping[]): readonly string[] =>
  protocols.flatMap(({ migrations }) => migrations ?? [])

/** The tables of several protocols. Throws a TypeError when two mean different ones by the same name. */
export const tablesOf = (protocols: readonly Keeping[]): Tables => {
  const all: Record<string, Table> = {}
  for (const { tables = {} } of protocols) {
    for (const [name, table] of Object.entries(tables)) {
      if (name in all && all[name] !== table) throw new TypeError(`Two protocols have a table ${name}`)
      all[name] = table
    }
  }
  return all
}
