/**
 * The rows of offers in use: what an actor reads and writes. One statement a method, guarded by the row's revision: of two
 * processes that change an offer at the same moment one is told of a conflict, reads again and decides anew.
 *
 * Every method rejects with DatabaseFault, which holds nothing of an offer.
 */
import * as Schema from "effect/Schema"
import { sql } from "slonik"
import type { Removed, Saved } from "../../../machines/record/books.ts"
import type { OfferRecord } from "../../../machines/rondevu/offer/offerRecord.ts"
import type { Database } from "../../database/database.ts"
import { runStatement } from "../../database/databaseErrors.ts"
import { epochOf, momentOf } from "../../database/sqlTime.ts"

export interface OfferRows {
  /** Null: there is none, or its life ended before `at` (epoch ms). */
  load(id: string, at: number): Promise<OfferRecord | null>
  /** Writes what `after` has that `before` has not: an answer, candidates. */
  save(before: OfferRecord, after: OfferRecord, at: number): Promise<Saved>
  remove(before: OfferRecord): Promise<Removed>
  /** Of those that are there. */
  revisions(ids: readonly string[]): Promise<ReadonlyMap<string, number>>
}

/** Bytes that changes take. */
export const bytesOfChanges = (before: OfferRecord, after: OfferRecord): number => {
  const added = after.candidates.slice(before.candidates.length)
  const answer = before.answer === null ? (after.answer?.sdp ?? "") : ""
  return Buffer.byteLength(answer) + added.reduce((sum, { candidate }) => sum + Buffer.byteLength(candidate), 0)
}

export const createOfferRows = ({ pool, schema }: Pick<Database, "pool" | "schema">): OfferRows => {
  // By their whole names: in a session that is shared, others say where names are looked for.
  const offers = sql.identifier([schema, "rondevu_offers"])
  const candidates = sql.identifier([schema, "rondevu_candidates"])
  return {
    load: async (id, at) => {
      // PostgreSQL text cannot hold it, so no offer has it.
      if (id.includes(String.fromCharCode(0))) return null
      const row = await runStatement("load offer", () =>
        pool.maybeOne(sql.prepared("rondevu_offer_load", offerRow)`
          select id, peer_id, secret, ${epochOf(sql.fragment`expires_at`)} as expires_at, answerer_peer_id,
            ${epochOf(sql.fragment`answered_at`)} as answered_at, revision,
            coalesce((
              select jsonb_agg(jsonb_build_array(created_at, role, peer_id, candidate) order by created_at)
              from ${candidates} where offer_id = offers.id
            ), '[]') as candidates
          from ${offers} as offers
          where id = ${id} and expires_at > ${momentOf(at)}`)
      )
      return row && recordOf(row)
    },

    save: async (before, after, at) => {
      const added = after.candidates.slice(before.candidates.length)
      const answer = before.answer === null ? after.answer : null
      const row = await runStatement("save offer", () =>
        pool.one(sql.prepared("rondevu_offer_save", savedRow)`
          with changed as (
            update ${offers} set
              answerer_peer_id = coalesce(answerer_peer_id, ${answer?.peerId ?? null}),
              answer_sdp = coalesce(answer_sdp, ${answer?.sdp ?? null}),
              answered_at = coalesce(answered_at, ${answer && new Date(answer.at).toISOString().replace("Z", "+00:00")}::timestamptz),
              bytes = bytes + ${bytesOfChanges(before, after)},
              revision = revision + 1
            where id = ${before.id} and revision = ${before.revision} and expires_at > ${momentOf(at)}
            returning id
          ), added as (
            insert into ${candidates} (offer_id, created_at, role, peer_id, candidate)
            select changed.id, new.created_at, new.role, new.peer_id, new.candidate
            from changed, unnest(
              ${sql.array(
                added.map(({ createdAt }) => String(createdAt)),
                "int8"
              )},
              ${sql.array(
                added.map(({ role }) => role),
                "text"
              )},
              ${sql.array(
                added.map(({ peerId }) => peerId),
                "text"
              )},
              ${sql.array(
                added.map(({ candidate }) => candidate),
                "text"
              )}
            ) as new (created_at, role, peer_id, candidate)
          )
          select count(*)::int as changed from changed`)
      )
      return row.changed === 1 ? "saved" : "conflict"
    },

    remove: async ({ id, revision }) => {
      const { rowCount } = await runStatement("remove offer", () =>
        pool.query(
          sql.prepared("rondevu_offer_remove", nothing)`
            delete from ${offers} where id = ${id} and revision = ${revision}`
        )
      )
      return rowCount === 1 ? "removed" : "conflict"
    },

    revisions: async (ids) => {
      const rows = await runStatement("look at offers in use", () =>
        pool.any(sql.prepared("rondevu_offer_revisions", revisionRow)`
          select id, revision from ${offers} where id = any(${sql.array([...ids], "text")})`)
      )
      return new Map(rows.map(({ id, revision }) => [id, revision]))
    }
  }
}

const offerRow = Schema.toStandardSchemaV1(
  Schema.Struct({
    id: Schema.String,
    peer_id: Schema.String,
    secret: Schema.NullOr(Schema.String),
    expires_at: Schema.Finite,
    answerer_peer_id: Schema.NullOr(Schema.String),
    answered_at: Schema.NullOr(Schema.Finite),
    revision: Schema.Finite,
    candidates: Schema.Array(
      Schema.Tuple([Schema.Finite, Schema.Literals(["offerer", "answerer"]), Schema.String, Schema.String])
    )
  })
)
type StoredOffer = NonNullable<(typeof offerRow)["~standard"]["types"]>["output"]
const savedRow = Schema.toStandardSchemaV1(Schema.Struct({ changed: Schema.Int }))
const revisionRow = Schema.toStandardSchemaV1(Schema.Struct({ id: Schema.String, revision: Schema.Finite }))
const nothing = Schema.toStandardSchemaV1(Schema.Struct({}))

const recordOf = (row: StoredOffer): OfferRecord => ({
  id: row.id,
  peerId: row.peer_id,
  secret: row.secret,
  expiresAt: row.expires_at,
  answer:
    row.answerer_peer_id === null || row.answered_at === null
      ? null
      : { peerId: row.answerer_peer_id, at: row.answered_at, sdp: null },
  candidates: row.candidates.map(([createdAt, role, peerId, candidate]) => ({ createdAt, role, peerId, candidate })),
  revision: row.revision
})
