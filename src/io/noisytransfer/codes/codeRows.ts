/**
 * The table of rendezvous codes; one statement a method, so that whether a code is minted, redeemed or expired is decided
 * by its row alone, also for several servers on one database. What a method resolves with has been committed.
 *
 * Every method rejects with DatabaseFault, which holds no code.
 */
import * as Schema from "effect/Schema"
import { sql } from "slonik"
import type { Database } from "../../database/database.ts"
import { runStatement } from "../../database/databaseErrors.ts"
import { epochOf, momentOf } from "../../database/sqlTime.ts"

/** How many digits a new code has; the longer the more are live. */
export type Digits = 4 | 6 | 8

/** Times are epoch milliseconds. */
export interface NewCode {
  /** One of each length; which one it is depends on how many codes are live. */
  readonly candidates: Readonly<Record<Digits, string>>
  /** No fewer digits than these. */
  readonly fewest: Digits
  readonly appId: string
  readonly mintedAt: number
  readonly expiresAt: number
}

/** `used`: it was redeemed in its lifetime; `wrong`: it is no code, or has expired. */
export type Redemption =
  | { readonly outcome: "redeemed"; readonly appId: string; readonly expiresAt: number }
  | { readonly outcome: "used" | "wrong" }

export interface CodeStore {
  /** The code that was minted; null: the candidate is somebody's. */
  mint(code: NewCode): Promise<string | null>
  redeem(code: string, at: number): Promise<Redemption>
  /** Removes codes that have expired, and says how many. */
  removeExpired(at: number): Promise<number>
  /** Resolves when the database does what is needed here. */
  probe(): Promise<unknown>
}

/** Codes that may be live before new ones are longer. */
export interface Crowd {
  readonly ofFourDigits: number
  readonly ofSixDigits: number
}

export const createCodeRows = ({ pool, schema }: Pick<Database, "pool" | "schema">, crowd: Crowd): CodeStore => {
  // By its whole name: in a session that is shared, others say where names are looked for.
  const codes = sql.identifier([schema, "noisytransfer_codes"])
  /** Whether no more than so many codes are live. It is not counted further than that. */
  const areFew = (most: number, at: number) => sql.fragment`
    (select count(*) from (
      select 1 from ${codes} where redeemed_at is null and expires_at > ${momentOf(at)} limit ${most + 1}
    ) as live) <= ${most}`

  return {
    mint: async ({ candidates, fewest, appId, mintedAt, expiresAt }) => {
      const row = await runStatement("mint code", () =>
        pool.maybeOne(sql.prepared("noisytransfer_mint", mintedRow)`
          insert into ${codes} (code, app_id, minted_at, expires_at, redeemed_at)
          select
            case
              when ${fewest <= 4} and ${areFew(crowd.ofFourDigits, mintedAt)} then ${candidates[4]}::text
              when ${fewest <= 6} and ${areFew(crowd.ofSixDigits, mintedAt)} then ${candidates[6]}::text
              else ${candidates[8]}::text
            end,
            ${appId}::uuid, ${momentOf(mintedAt)}, ${momentOf(expiresAt)}, null
          on conflict (code) do update
            set app_id = excluded.app_id, minted_at = excluded.minted_at, expires_at = excluded.expires_at,
              redeemed_at = null
            where ${codes}.expires_at <= excluded.minted_at
          returning code`)
      )
      return row?.code ?? null
    },

    redeem: async (code, at) => {
      const row = await runStatement("redeem code", () =>
        pool.maybeOne(sql.prepared("noisytransfer_redeem", redeemedRow)`
          with redeemed as (
            update ${codes} set redeemed_at = ${momentOf(at)}
            where code = ${code} and redeemed_at is null and expires_at > ${momentOf(at)}
            returning app_id, expires_at
          )
          select app_id::text as app_id, ${epochOf(sql.fragment`expires_at`)} as expires_at from redeemed
          union all
          -- Somebody who redeems it in the same moment is not to be seen yet, but for its being live.
          select null, null from ${codes}
          where code = ${code} and (redeemed_at is not null or expires_at > ${momentOf(at)})
            and not exists (select 1 from redeemed)`)
      )
      if (row === null) return { outcome: "wrong" }
      const { app_id: appId, expires_at: expiresAt } = row
      return appId === null || expiresAt === null ? { outcome: "used" } : { outcome: "redeemed", appId, expiresAt }
    },

    removeExpired: async (at) => {
      const { rowCount } = await runStatement("remove expired codes", () =>
        pool.query(
          sql.prepared("noisytransfer_remove_expired", nothing)`
            delete from ${codes} where expires_at <= ${momentOf(at)}`
        )
      )
      return rowCount ?? 0
    },

    probe: () =>
      runStatement("look at the codes", () =>
        pool.query(sql.prepared("noisytransfer_probe", nothing)`select 1 as there from ${codes} where false`)
      )
  }
}

const mintedRow = Schema.toStandardSchemaV1(Schema.Struct({ code: Schema.String }))
const redeemedRow = Schema.toStandardSchemaV1(
  Schema.Struct({ app_id: Schema.NullOr(Schema.String), expires_at: Schema.NullOr(Schema.Finite) })
)
const nothing = Schema.toStandardSchemaV1(Schema.Struct({}))
