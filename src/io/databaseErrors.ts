/**
 * What can go wrong with the database, by name. None of these carries a password, a connection URL, a row's values or
 * the driver's own error object (which may hold all three), so each may be logged as it is.
 */

/** DATABASE_URL or DATABASE_SSL cannot be understood. */
export class DatabaseSettingInvalid extends Error {
  override readonly name = "DatabaseSettingInvalid"
}

/** PostgreSQL did not let us in; `address` is host:port/name, `reason` what the network or the server said. */
export class DatabaseUnreachable extends Error {
  override readonly name = "DatabaseUnreachable"
  readonly address: string
  readonly reason: string

  constructor(address: string, reason: string) {
    super(`Cannot use PostgreSQL at ${address}: ${reason}`)
    this.address = address
    this.reason = reason
  }
}

/** The database is there, but not (all of) our tables; `missing` holds names such as `rooms` or `rooms.host_ready`. */
export class TablesMissing extends Error {
  override readonly name = "TablesMissing"
  readonly missing: readonly string[]

  constructor(address: string, missing: readonly string[]) {
    super(`PostgreSQL at ${address} has no ${missing.join(", ")}. Create what is missing with: npm run migrate`)
    this.missing = missing
  }
}

/** Another process has the embedded database open. */
export class DataDirectoryInUse extends Error {
  override readonly name = "DataDirectoryInUse"
  readonly directory: string

  constructor(directory: string) {
    super(
      `Another process is using the embedded database in ${directory}. Stop it, choose another folder with DATA_DIR, ` +
        "or set DATABASE_URL: one PostgreSQL can serve many."
    )
    this.directory = directory
  }
}

/** The folder of the embedded database cannot be made, written to or read as a database. */
export class DataDirectoryUnusable extends Error {
  override readonly name = "DataDirectoryUnusable"
  readonly directory: string
  readonly reason: string

  constructor(directory: string, reason: string) {
    super(`Cannot use ${directory} for the embedded database: ${reason}`)
    this.directory = directory
    this.reason = reason
  }
}

/** The disk of the embedded database is nearly full: nothing is written before it has room again. */
export class DiskNearlyFull extends Error {
  override readonly name = "DiskNearlyFull"
  /** As the system says it when it is too late. */
  readonly code = "ENOSPC"

  constructor(directory: string, freeBytes: number, spareBytes: number) {
    const megabytes = (bytes: number) => `${Math.floor(bytes / 2 ** 20)} MiB`
    super(`${directory} has ${megabytes(freeBytes)} left on its disk; the embedded database writes only while it has ${megabytes(spareBytes)}`)
  }
}

/** A statement failed in mid-run; `code` is the SQLSTATE or the error code of the system, if there is one. */
export class DatabaseFault extends Error {
  override readonly name = "DatabaseFault"
  readonly operation: string
  readonly code: string | undefined

  constructor(operation: string, code: string | undefined, reason: string) {
    super(`${operation}: ${reason}${code === undefined ? "" : ` (${code})`}`)
    this.operation = operation
    this.code = code
  }
}

/** The error code of anything thrown: SQLSTATE, `ECONNREFUSED`, …; looks through slonik's wrapping. */
export const codeOf = (error: unknown): string | undefined => {
  if (!(error instanceof Error)) return undefined
  if ("code" in error && typeof error.code === "string") return error.code
  return codeOf(error.cause)
}

/** The words of anything thrown. Node leaves the message of a refused connection to several addresses empty. */
export const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  const code = codeOf(error)
  if (error.message === "") return code ?? error.name
  return error.message
}

/** Runs one statement; a failure becomes a DatabaseFault, which has lost the statement's values. */
export const runStatement = async <A>(operation: string, statement: () => Promise<A>): Promise<A> => {
  try {
    return await statement()
  } catch (error) {
    throw new DatabaseFault(operation, codeOf(error), reasonOf(error))
  }
}
