/** Times in statements, independent of how the database, the role or the server write dates, and of their time zones. */
import { type FragmentSqlToken, sql } from "slonik"

/** A time for a statement, exact to the millisecond: ISO 8601 with its offset, which is read in one way everywhere. */
export const momentOf = (epochMilliseconds: number): FragmentSqlToken =>
  // As a number: what Z means is up to the server's file of abbreviations.
  sql.fragment`${new Date(epochMilliseconds).toISOString().replace("Z", "+00:00")}::timestamptz`

/** A `timestamptz` column as milliseconds since the epoch, a bigint; what is left of a millisecond is cut off. */
export const epochOf = (column: FragmentSqlToken): FragmentSqlToken =>
  // By way of numeric, as before PostgreSQL 14 it is a floating-point number of seconds.
  sql.fragment`trunc(extract(epoch from ${column})::numeric * 1000)::bigint`
