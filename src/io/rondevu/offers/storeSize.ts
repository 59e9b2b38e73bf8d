/** What all offers hold together, and the removal of those that have expired. Every method rejects with DatabaseFault. */
import * as Schema from "effect/Schema"
import { sql } from "slonik"
import type { Database } from "../../database/database.ts"
import { runStatement } from "../../database/databaseErrors.ts"
import { momentOf } from "../../database/sqlTime.ts"

export interface OfferStore {
  /** Of unexpired offers: how many, and their bytes. */
  measure(at: number): Promise<{ readonly offers: number; readonly bytes: number }>
  /** Removes so many of those that have expired, with all that is theirs, and says how many there were. */
  removeExpired(at: number, most: number): Promise<number>
}

export const createOfferStore = ({ pool, schema }: Pick<Database, "pool" | "schema">): OfferStore => {
  const offers = sql.identifier([schema, "rondevu_offers"])
  return {
    measure: (at) =>
      runStatement("measure offers", () =>
        pool.one(sql.prepared("rondevu_measure", measuredRow)`
          select count(*)::int as offers, coalesce(sum(bytes), 0)::int8 as bytes from ${offers}
          where expires_at > ${momentOf(at)}`)
      ),
    removeExpired: async (at, most) => {
      const { rowCount } = await runStatement("remove expired offers", () =>
        pool.query(sql.prepared("rondevu_remove_expired", nothing)`
          delete from ${offers} where id in (
            select id from ${offers} where expires_at <= ${momentOf(at)} order by expires_at limit ${most}
            for update skip locked
          )`)
      )
      return rowCount ?? 0
    }
  }
}

const measuredRow = Schema.toStandardSchemaV1(Schema.Struct({ offers: Schema.Int, bytes: Schema.Finite }))
const nothing = Schema.toStandardSchemaV1(Schema.Struct({}))

export interface StoreSizeOptions {
  readonly store: Pick<OfferStore, "measure">
  /** Bytes that all offers may hold together. */
  readonly mostBytes: number
  /** Milliseconds between two measurements of a store that seems full, and after which no measurement is believed: others
   * write as well. */
  readonly freshMs: number
  readonly staleMs: number
  /** Epoch milliseconds. */
  readonly now: () => number
}

/**
 * Whether more fits. It is measured, and what this process writes is added to that: what has expired since is found by the
 * next measurement, which comes when it seems full, when the last one is old, and with every removal of what has expired. What
 * other processes write is seen then, too.
 */
export interface StoreSize {
  /** Takes so many bytes of what is free; false: they are not. Rejects when it must be measured and the database fails. */
  take(bytes: number): Promise<boolean>
  /** Gives back what was taken and not written. */
  give(bytes: number): void
  /** Measures. Rejects when the database fails. */
  measure(): Promise<void>
  /** Offers, as last measured. */
  readonly offers: number
  /** Bytes, as last measured, and what this process has written since. */
  readonly bytes: number
}

export const createStoreSize = ({ store, mostBytes, freshMs, staleMs, now }: StoreSizeOptions): StoreSize => {
  let held = { offers: 0, bytes: 0 }
  let measuredAt: number | null = null
  let measuring: Promise<void> | undefined

  const measure = (): Promise<void> => {
    measuring ??= store
      .measure(now())
      .then((measured) => {
        held = measured
        measuredAt = now()
      })
      .finally(() => {
        measuring = undefined
      })
    return measuring
  }
  const isOlderThan = (ms: number) => measuredAt === null || Math.abs(now() - measuredAt) >= ms
  const fits = (bytes: number) => held.bytes + bytes <= mostBytes

  return {
    take: async (bytes) => {
      if (isOlderThan(fits(bytes) ? staleMs : freshMs)) await measure()
      if (!fits(bytes)) return false
      held = { ...held, bytes: held.bytes + bytes }
      return true
    },
    // A measurement since then has not seen them, and is corrected by the next.
    give: (bytes) => {
      held = { ...held, bytes: Math.max(0, held.bytes - bytes) }
    },
    measure,
    get offers() {
      return held.offers
    },
    get bytes() {
      return held.bytes
    }
  }
}
