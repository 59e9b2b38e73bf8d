/**
 * Sessions as a whole: new ones, what a topic has, which topics there are, and what has expired. No actor looks after these, and
 * what they tell is what the table says.
 *
 * Every method rejects with DatabaseFault, which holds nothing of a session.
 */
import * as Schema from "effect/Schema"
import { sql } from "slonik"
import type { Database } from "../../database/database.ts"
import { runStatement } from "../../database/databaseErrors.ts"
import { epochOf, momentOf } from "../../database/sqlTime.ts"

/** Times are epoch milliseconds. */
export interface Beginning {
  readonly bucket: string
  readonly code: string
  readonly topic: string
  readonly label: string
  readonly offer: string
  readonly createdAt: number
  readonly expiresAt: number
}

export type Begun =
  /** `arrival` tells it from all others. */
  | { readonly arrival: number }
  /** The bucket has a session of this code. */
  | "taken"
  /** The bucket has as many as it may; the first of them ends then. */
  | { readonly roomAt: number }

export interface ListedSession {
  readonly code: string
  readonly label: string
  readonly offer: string
  /** Of the offering side, as JSON texts, in the order in which they have arrived. */
  readonly candidates: readonly string[]
  readonly createdAt: number
  readonly expiresAt: number
}

export interface TopicsPart {
  readonly total: number
  readonly topics: readonly (readonly [topic: string, count: number])[]
}

export interface SessionList {
  begin(session: Beginning): Promise<Begun>
  /** Those that nobody has answered, the newest first, as far as they fit into a list; the newest always does. */
  ofTopic(place: { bucket: string; topic: string; at: number }): Promise<readonly ListedSession[]>
  /** Topics with sessions that nobody has answered, by name. */
  topics(part: { bucket: string; at: number; offset: number; limit: number }): Promise<TopicsPart>
  /** The topics of all buckets together, those with most unanswered sessions first, for operators. */
  busiest(part: { at: number; limit: number }): Promise<TopicsPart>
  /** Removes so many of those that have expired, and says how many there were. */
  removeExpired(at: number, most: number): Promise<number>
  /** How many are stored that have not expired. */
  count(at: number): Promise<number>
}

export interface SessionListLimits {
  readonly ofBucket: number
  readonly listBytes: number
}

export const createSessionList = (
  { pool, schema }: Pick<Database, "pool" | "schema">,
  { ofBucket, listBytes }: SessionListLimits
): SessionList => {
  // By their whole names: in a session that is shared, others say where names are looked for.
  const sessions = sql.identifier([schema, "rondevu_sessions"])
  const candidates = sql.identifier([schema, "rondevu_session_candidates"])
  /** As the index has it; a digest of two texts might be the same. */
  const inBucket = (bucket: string) => sql.fragment`md5(bucket) = md5(${bucket}) and bucket = ${bucket}`
  const isShown = (at: number) => sql.fragment`answer is null and expires_at > ${momentOf(at)}`

  const insert = ({ bucket, code, topic, label, offer, createdAt, expiresAt }: Beginning) =>
    runStatement("begin session", () =>
      pool.one(sql.prepared("rondevu_session_begin", begunRow)`
        with living as (
          select count(*) as many, min(expires_at) as first from (
            select expires_at from ${sessions} where bucket = ${bucket} and expires_at > ${momentOf(createdAt)}
            order by expires_at limit ${ofBucket}
          ) as counted
        ), begun as (
          insert into ${sessions} (bucket, code, topic, label, offer, created_at, expires_at)
          select ${bucket}, ${code}, ${topic}, ${label}, ${offer}, ${momentOf(createdAt)}, ${momentOf(expiresAt)}
          from living where many < ${ofBucket}
          on conflict do nothing
          returning arrival
        )
        select (select arrival from begun) as arrival,
          case when many >= ${ofBucket} then ${epochOf(sql.fragment`first`)} end as room_at
        from living`)
    )

  /** One that has expired and is still there must not stand in the way. */
  const removeLapsed = async ({ bucket, code, createdAt }: Beginning): Promise<boolean> => {
    const { rowCount } = await runStatement("remove expired session", () =>
      pool.query(
        sql.prepared("rondevu_session_remove", nothing)`
          delete from ${sessions}
          where bucket = ${bucket} and code = ${code} and expires_at <= ${momentOf(createdAt)}`
      )
    )
    return rowCount === 1
  }

  const outcomeOf = ({ arrival, room_at: roomAt }: BegunRow): Begun =>
    arrival !== null ? { arrival } : roomAt !== null ? { roomAt } : "taken"

  return {
    begin: async (session) => {
      const begun = outcomeOf(await insert(session))
      return begun === "taken" && (await removeLapsed(session)) ? outcomeOf(await insert(session)) : begun
    },

    ofTopic: async ({ bucket, topic, at }) => {
      const rows = await runStatement("list sessions", () =>
        pool.any(sql.prepared("rondevu_session_list", listedRow)`
          with left_there as (
            select sessions.code, sessions.created_at, sessions.arrival,
              octet_length(offer) + octet_length(label) + coalesce((
                select sum(octet_length(candidate)) from ${candidates} as candidates
                where candidates.bucket = sessions.bucket and candidates.code = sessions.code and side = 'offerer'
              ), 0) as bytes
            from ${sessions} as sessions
            where ${inBucket(bucket)} and md5(topic) = md5(${topic}) and topic = ${topic} and ${isShown(at)}
          ), measured as (
            select code, arrival, sum(bytes) over (order by created_at desc, arrival desc) - bytes as bytes_before
            from left_there
          )
          select sessions.code, label, offer, ${epochOf(sql.fragment`created_at`)} as created_at,
            ${epochOf(sql.fragment`expires_at`)} as expires_at,
            coalesce((
              select jsonb_agg(candidate order by position) from ${candidates} as candidates
              where candidates.bucket = sessions.bucket and candidates.code = sessions.code and side = 'offerer'
            ), '[]') as candidates
          from measured join ${sessions} as sessions on sessions.bucket = ${bucket} and sessions.code = measured.code
          where bytes_before < ${listBytes}
          order by sessions.created_at desc, sessions.arrival desc`)
      )
      return rows.map(({ created_at: createdAt, expires_at: expiresAt, ...row }) => ({ ...row, createdAt, expiresAt }))
    },

    topics: ({ bucket, at, offset, limit }) =>
      runStatement("list topics of sessions", () =>
        pool.one(sql.prepared("rondevu_session_topics", topicsRow)`
          with counted as (
            select topic, count(*)::int as many from ${sessions}
            where ${inBucket(bucket)} and ${isShown(at)}
            group by topic
          ), shown as (
            select topic, many from counted order by topic collate "C" offset ${offset} limit ${limit}
          )
          select (select count(*)::int from counted) as total,
            coalesce((
              select jsonb_agg(jsonb_build_array(topic, many) order by topic collate "C") from shown
            ), '[]') as topics`)
      ),

    busiest: ({ at, limit }) =>
      runStatement("list busiest topics of sessions", () =>
        pool.one(sql.prepared("rondevu_session_busiest", topicsRow)`
          with counted as (
            select topic, count(*)::int as many from ${sessions} where ${isShown(at)} group by topic
          ), shown as (
            select topic, many from counted order by many desc, topic collate "C" limit ${limit}
          )
          select (select count(*)::int from counted) as total,
            coalesce((
              select jsonb_agg(jsonb_build_array(topic, many) order by many desc, topic collate "C") from shown
            ), '[]') as topics`)
      ),

    removeExpired: async (at, most) => {
      const { rowCount } = await runStatement("remove expired sessions", () =>
        pool.query(
          sql.prepared("rondevu_session_remove_expired", nothing)`
            delete from ${sessions} where (bucket, code) in (
              select bucket, code from ${sessions} where expires_at <= ${momentOf(at)}
              order by expires_at limit ${most}
            )`
        )
      )
      return rowCount ?? 0
    },

    count: async (at) => {
      const { many } = await runStatement("count sessions", () =>
        pool.one(sql.prepared("rondevu_session_count", countRow)`
          select count(*)::int as many from ${sessions} where expires_at > ${momentOf(at)}`)
      )
      return many
    }
  }
}

const begunRow = Schema.toStandardSchemaV1(
  Schema.Struct({ arrival: Schema.NullOr(Schema.Finite), room_at: Schema.NullOr(Schema.Finite) })
)
type BegunRow = NonNullable<(typeof begunRow)["~standard"]["types"]>["output"]
const listedRow = Schema.toStandardSchemaV1(
  Schema.Struct({
    code: Schema.String,
    label: Schema.String,
    offer: Schema.String,
    candidates: Schema.Array(Schema.String),
    created_at: Schema.Finite,
    expires_at: Schema.Finite
  })
)
const topicsRow = Schema.toStandardSchemaV1(
  Schema.Struct({ total: Schema.Int, topics: Schema.Array(Schema.Tuple([Schema.String, Schema.Int])) })
)
const countRow = Schema.toStandardSchemaV1(Schema.Struct({ many: Schema.Int }))
const nothing = Schema.toStandardSchemaV1(Schema.Struct({}))
