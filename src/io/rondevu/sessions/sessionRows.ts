/**
 * The rows of sessions in use: what an actor reads and writes. One statement a method, guarded by the row's revision: of two
 * processes that change a session at the same moment one is told of a conflict, reads again and decides anew. So neither
 * loses a candidate, and there is one answer.
 *
 * Every method rejects with DatabaseFault, which holds nothing of a session.
 */
import * as Schema from "effect/Schema"
import { sql } from "slonik"
import type { Saved } from "../../../machines/record/books.ts"
import type { Place } from "../../../machines/rondevu/session/sessionContext.ts"
import { addedSince, type SessionRecord, versionOf } from "../../../machines/rondevu/session/sessionRecord.ts"
import type { Save } from "../../../machines/rondevu/session/sessionSetup.ts"
import type { Database } from "../../database/database.ts"
import { runStatement } from "../../database/databaseErrors.ts"
import { epochOf, momentOf } from "../../database/sqlTime.ts"

export interface SessionRows {
  /** Null: there is none, or its life ended before `at` (epoch ms). */
  load(session: Place & { readonly at: number }): Promise<SessionRecord | null>
  /** Writes what `after` has that `before` has not: an answer, candidates. */
  save(save: Save): Promise<Saved>
  /** By their places in the list, of those that are there. */
  versions(places: readonly Place[]): Promise<ReadonlyMap<number, string>>
}

export const createSessionRows = ({ pool, schema }: Pick<Database, "pool" | "schema">): SessionRows => {
  // By their whole names: in a session that is shared, others say where names are looked for.
  const sessions = sql.identifier([schema, "rondevu_sessions"])
  const candidates = sql.identifier([schema, "rondevu_session_candidates"])

  return {
    load: async ({ bucket, code, at }) => {
      const row = await runStatement("load session", () =>
        pool.maybeOne(sql.prepared("rondevu_session_load", sessionRow)`
          select arrival, revision, ${epochOf(sql.fragment`expires_at`)} as expires_at, offer, answer,
            coalesce((
              select jsonb_agg(jsonb_build_array(side, candidate) order by position)
              from ${candidates} as candidates
              where candidates.bucket = sessions.bucket and candidates.code = sessions.code
            ), '[]') as candidates
          from ${sessions} as sessions
          where bucket = ${bucket} and code = ${code} and expires_at > ${momentOf(at)}`)
      )
      if (row === null) return null
      const { arrival, revision, expires_at: expiresAt, offer, answer } = row
      const all = row.candidates.map(([side, candidate]) => ({ side, candidate }))
      return { arrival, revision, expiresAt, offer, answer, candidates: all }
    },

    save: async ({ bucket, code, before, after, at }) => {
      const added = addedSince(before, after)
      const sides = added.map(({ side }) => side)
      const texts = added.map(({ candidate }) => candidate)
      const row = await runStatement("save session", () =>
        pool.one(sql.prepared("rondevu_session_save", savedRow)`
          with changed as (
            update ${sessions}
            set answer = coalesce(answer, ${after.answer}), revision = revision + 1
            where bucket = ${bucket} and code = ${code} and arrival = ${before.arrival}
              and revision = ${before.revision} and expires_at > ${momentOf(at)}
            returning bucket, code
          ), added as (
            insert into ${candidates} (bucket, code, side, candidate)
            select changed.bucket, changed.code, new.side, new.candidate
            from changed, unnest(${sql.array(sides, "text")}, ${sql.array(texts, "text")})
              with ordinality as new (side, candidate, place)
            order by new.place
          )
          select count(*)::int as changed from changed`)
      )
      return row.changed === 1 ? "saved" : "conflict"
    },

    versions: async (places) => {
      const buckets = places.map(({ bucket }) => bucket)
      const codes = places.map(({ code }) => code)
      const rows = await runStatement("look at sessions in use", () =>
        pool.any(sql.prepared("rondevu_session_versions", versionRow)`
          select asked.place::int as place, arrival, revision
          from unnest(${sql.array(buckets, "text")}, ${sql.array(codes, "text")})
            with ordinality as asked (bucket, code, place)
          join ${sessions} as sessions using (bucket, code)`)
      )
      return new Map(rows.map((row) => [row.place - 1, versionOf(row)]))
    }
  }
}

const sessionRow = Schema.toStandardSchemaV1(
  Schema.Struct({
    arrival: Schema.Finite,
    revision: Schema.Finite,
    expires_at: Schema.Finite,
    offer: Schema.String,
    answer: Schema.NullOr(Schema.String),
    candidates: Schema.Array(Schema.Tuple([Schema.Literals(["offerer", "answerer"]), Schema.String]))
  })
)
const savedRow = Schema.toStandardSchemaV1(Schema.Struct({ changed: Schema.Int }))
const versionRow = Schema.toStandardSchemaV1(
  Schema.Struct({ place: Schema.Int, arrival: Schema.Finite, revision: Schema.Finite })
)
