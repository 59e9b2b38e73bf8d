import { SchemaValidationError } from "slonik"
import { commands } from "../../places.ts"

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

  constructor(address: string, schema: string, missing: readonly string[]) {
    super(
      `PostgreSQL at ${address} has no ${missing.join(", ")} in its schema ${schema}. ` +
        `Create what is missing with: ${commands.migrate}`
    )
    this.missing = missing
  }
}

/** PostgreSQL lets us in, but has or is something that the server cannot work with; `reason` says what, and what to do. */
export class DatabaseUnfit extends Error {
  override readonly name = "DatabaseUnfit"
  readonly reason: string

  constructor(address: string, reason: string) {
    super(`PostgreSQL at ${address} cannot be used as it is: ${reason}`)
    this.reason = reason
  }
}

/** PostgreSQL lets us in, but not to what the server or a script must read, write or change; `reason` in its words. */
export class RightsMissing extends Error {
  override readonly name = "RightsMissing"

  constructor(address: string, role: string, reason: string, remedy: string) {
    super(`The role ${role} may not do what it must in PostgreSQL at ${address}: ${reason}. ${remedy}`)
  }
}

/** Somebody else holds what the migrations need, and has not let go of it in time. */
export class MigrationBlocked extends Error {
  override readonly name = "MigrationBlocked"

  constructor(waitedMs: number) {
    super(
      `Somebody else held a lock that migrations need for ${waitedMs / 1000} s: another migration, or a lock left behind ` +
        "in a connection pooler. Nothing was changed. Wait for the other one, or give DATABASE_URL the address of " +
        "PostgreSQL itself, so that migrations go there directly and not through a pooler"
    )
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
    super(
      `${directory} has ${megabytes(freeBytes)} left on its disk; the embedded database writes only while it has ${megabytes(spareBytes)}`
    )
  }
}

/**
 * A statement failed in mid-run; `code` is the SQLSTATE or the error code of the system, if there is one. Trying again
 * later may help.
 */
export class DatabaseFault extends Error {
  override readonly name: string = "DatabaseFault"
  readonly operation: string
  readonly code: string | undefined
  /** Whether the same will fail in the same way until somebody changes the database: waiting does not help. */
  readonly lasting: boolean = false

  constructor(operation: string, code: string | undefined, reason: string) {
    super(`${operation}: ${reason}${code === undefined ? "" : ` (${code})`}`)
    this.operation = operation
    this.code = code
  }
}

/** A statement failed in mid-run, and will until somebody changes the database. */
export class LastingDatabaseFault extends DatabaseFault {
  override readonly name = "LastingDatabaseFault"
  override readonly lasting = true
}

/** The error code of anything thrown: SQLSTATE, `ECONNREFUSED`, …; looks through slonik's wrapping. */
export const codeOf = (error: unknown): string | undefined => {
  if (!(error instanceof Error)) return undefined
  if ("code" in error && typeof error.code === "string") return error.code
  return codeOf(error.cause)
}

/** Whether an error code comes from PostgreSQL or a pooler: five characters, as SQL has it, where the system says EPIPE. */
export const isSqlState = (code: string | undefined): boolean => code !== undefined && /^(?=.*\d)[\dA-Z]{5}$/.test(code)

/** The words of anything thrown. Node leaves the message of a refused connection to several addresses empty. */
export const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  const code = codeOf(error)
  if (error.message === "") return code ?? error.name
  return error.message
}

/**
 * Classes of SQLSTATE that waiting does not cure: features, data, constraints, logins, names, syntax, rights and limits
 * (https://www.postgresql.org/docs/current/errcodes-appendix.html). Not among them: connections (08), conflicts between
 * transactions (40), resources (53, a full disk among them: somebody will make room), locks (55), an operator at work (57),
 * the system below (58), and whatever is unknown.
 */
const lastingClasses = new Set(["0A", "21", "22", "23", "26", "28", "3D", "3F", "42", "44", "54"])
/** read_only_sql_transaction; the others of its class are time-outs. */
const lastingCodes = new Set(["25006"])

const isLasting = (error: unknown): boolean => {
  const code = codeOf(error)
  // A row that is not what its statement promises, or that cannot be read, is so at every reading.
  if (code === undefined) return error instanceof SchemaValidationError || error instanceof RangeError
  return isSqlState(code) && (lastingCodes.has(code) || lastingClasses.has(code.slice(0, 2)))
}

/** Runs one statement; a failure becomes a DatabaseFault, which has lost the statement's values. */
export const runStatement = async <A>(operation: string, statement: () => Promise<A>): Promise<A> => {
  try {
    return await statement()
  } catch (error) {
    const Fault = isLasting(error) ? LastingDatabaseFault : DatabaseFault
    throw new Fault(operation, codeOf(error), reasonOf(error))
  }
}
