/**
 * Finding offers, straight from their tables: a search reads the rows that it shows, in the order of an index, and no others.
 * Every method rejects with DatabaseFault.
 */
import * as Schema from "effect/Schema"
import { type FragmentSqlToken, sql } from "slonik"
import type { LeavesOut } from "../../../wire/rondevu/offers/bloom.ts"
import type { Database } from "../../database/database.ts"
import { runStatement } from "../../database/databaseErrors.ts"
import { epochOf, momentOf } from "../../database/sqlTime.ts"

/** Times are epoch milliseconds. */
export interface ListedOffer {
  readonly id: string
  readonly peerId: string
  readonly sdp: string
  readonly topics: readonly string[]
  readonly createdAt: number
  readonly expiresAt: number
  readonly secret: string | null
  readonly info: string | null
  readonly answererPeerId: string | null
  readonly answeredAt: number | null
}

/** An answer to somebody's offer. */
export interface FoundAnswer {
  readonly offerId: string
  readonly answererId: string
  readonly sdp: string
  readonly answeredAt: number
  readonly topics: readonly string[]
  readonly expiresAt: number
}

export interface Search {
  readonly topic: string
  readonly limit: number
  /** Null: nobody is left out. */
  readonly leavesOut: LeavesOut | null
  readonly at: number
}

export interface TopicsQuery {
  readonly limit: number
  readonly offset: number
  /** Taken literally; ASCII letters match in either case. Empty: all. */
  readonly startsWith: string
  readonly at: number
}

export interface OfferList {
  /** The newest first. */
  search(search: Search): Promise<readonly ListedOffer[]>
  /** How many unexpired offers are on a topic, and when the first of them expires; null: none does. */
  count(topic: string, at: number): Promise<{ readonly total: number; readonly until: number | null }>
  topics(query: TopicsQuery): Promise<{
    readonly topics: readonly { readonly topic: string; readonly activePeers: number }[]
    readonly total: number
  }>
  ofPeer(peerId: string, at: number): Promise<readonly ListedOffer[]>
  /** Those of a peer that have been answered, the newest answer first, and a mark that is another once they are others. */
  answered(peerId: string): Promise<{ readonly answers: readonly FoundAnswer[]; readonly mark: string | null }>
  /** Such marks of those that have any. */
  marks(peerIds: readonly string[]): Promise<ReadonlyMap<string, string>>
}

/** Where a page begins: behind this offer. */
interface Place {
  readonly created: string
  readonly arrival: number
}
const newestPlace: Place = { created: "infinity", arrival: 0 }

const nul = String.fromCharCode(0)

/** Says which answered offers somebody has, and until when each lives, in a few digits whatever their order. */
const markOf = sql.fragment`
  sum(hashtextextended(id, trunc(extract(epoch from expires_at)::numeric * 1000)::int8))::text`

/** `pageRows`: rows that are looked at together when peers are left out. */
export const createOfferList = (
  { pool, schema }: Pick<Database, "pool" | "schema">,
  { pageRows }: { readonly pageRows: number }
): OfferList => {
  const offers = sql.identifier([schema, "rondevu_offers"])
  const filed = sql.identifier([schema, "rondevu_topics"])
  const listed = (rows: FragmentSqlToken) => sql.fragment`
    select offers.id, offers.peer_id, sdp, topics, secret, info, answerer_peer_id,
      ${epochOf(sql.fragment`answered_at`)} as answered_at,
      ${epochOf(sql.fragment`offers.created_at`)} as created_at,
      ${epochOf(sql.fragment`offers.expires_at`)} as expires_at
    from ${rows} order by offers.created_at desc, offers.arrival desc`

  const newest = ({ topic, limit, at }: Search) =>
    runStatement("search offers", () =>
      pool.any(sql.prepared("rondevu_search", listedRow)`
        ${listed(sql.fragment`(
          select offer_id from ${filed} where topic = ${topic} and expires_at > ${momentOf(at)}
          order by created_at desc, arrival desc limit ${limit}
        ) as found cross join lateral (
          -- One by one, by their key: joined, a planner that expects many would read the whole table.
          select * from ${offers} as each where each.id = found.offer_id limit 1
        ) as offers`)}`)
    )

  const byIds = (ids: readonly string[]) =>
    runStatement("read offers", () =>
      pool.any(sql.prepared("rondevu_offers_read", listedRow)`
        ${listed(sql.fragment`${offers} as offers where id = any(${sql.array([...ids], "text")})`)}`)
    )

  /** One row for all of them: row by row they would keep everybody else waiting for several times as long. */
  const page = (topic: string, at: number, { created, arrival }: Place) =>
    runStatement("look through offers", () =>
      pool.one(sql.prepared("rondevu_look_through", pageRow)`
        select coalesce(json_agg(json_build_array(offer_id, peer_id) order by created_at desc, arrival desc), '[]')::text as found,
          (array_agg(created_at order by created_at, arrival))[1]::text as created,
          (array_agg(arrival order by created_at, arrival))[1] as arrival
        from (
          select offer_id, peer_id, created_at, arrival from ${filed}
          where topic = ${topic} and expires_at > ${momentOf(at)}
            and (created_at, arrival) < (${created}::timestamptz, ${arrival}::int8)
          order by created_at desc, arrival desc limit ${pageRows}
        ) as page`)
    )

  /** Looks through ids alone, a page at a time; between two pages others are served. */
  const withoutSome = async ({ topic, limit, at }: Search, leavesOut: LeavesOut) => {
    const ids: string[] = []
    let place: Place | undefined = newestPlace
    while (place !== undefined && ids.length < limit) {
      const { found, created, arrival }: Page = await page(topic, at, place)
      const rows = JSON.parse(found) as readonly (readonly [offerId: string, peerId: string])[]
      for (const [offerId, peerId] of rows) if (!leavesOut(peerId)) ids.push(offerId)
      const isLast = rows.length < pageRows || created === null || arrival === null
      place = isLast ? undefined : { created, arrival }
    }
    return ids.length === 0 ? [] : byIds(ids.slice(0, limit))
  }

  return {
    search: async (search) => {
      const { topic, limit, leavesOut } = search
      if (limit === 0 || topic.includes(nul)) return []
      return (await (leavesOut === null ? newest(search) : withoutSome(search, leavesOut))).map(offerOf)
    },

    count: async (topic, at) => {
      if (topic.includes(nul)) return { total: 0, until: null }
      const row = await runStatement("count offers", () =>
        pool.one(sql.prepared("rondevu_count", countRow)`
          select count(*)::int as total, ${epochOf(sql.fragment`min(expires_at)`)} as until
          from ${filed} where topic = ${topic} and expires_at > ${momentOf(at)}`)
      )
      return row
    },

    topics: async ({ limit, offset, startsWith, at }) => {
      if (startsWith.includes(nul)) return { topics: [], total: 0 }
      const rows = await runStatement("list topics", () =>
        pool.any(sql.prepared("rondevu_topics", topicRow)`
          with alive as (
            select topic, count(distinct peer_id)::int as peers from ${filed}
            where expires_at > ${momentOf(at)}
              and starts_with(lower(topic collate "C"), lower(${startsWith}::text collate "C"))
            group by topic
          )
          select topic, peers, (select count(*)::int from alive) as total from (
            select topic, peers from alive order by peers desc, topic collate "C" limit ${limit} offset ${offset}
          ) as shown
          union all select null, null, (select count(*)::int from alive)`)
      )
      return {
        topics: rows.flatMap(({ topic, peers }) =>
          topic === null || peers === null ? [] : [{ topic, activePeers: peers }]
        ),
        total: rows.at(-1)?.total ?? 0
      }
    },

    ofPeer: async (peerId, at) => {
      if (peerId.includes(nul)) return []
      const rows = await runStatement("list offers of peer", () =>
        pool.any(sql.prepared("rondevu_of_peer", listedRow)`
          ${listed(sql.fragment`${offers} as offers where peer_id = ${peerId} and expires_at > ${momentOf(at)}`)}`)
      )
      return rows.map(offerOf)
    },

    answered: async (peerId) => {
      const rows = await runStatement("read answers", () =>
        pool.any(sql.prepared("rondevu_answered", answeredRow)`
          with mine as (
            select id, answerer_peer_id, answer_sdp, answered_at, arrival, topics, expires_at from ${offers}
            where peer_id = ${peerId} and answered_at is not null
          )
          select id, answerer_peer_id, answer_sdp, ${epochOf(sql.fragment`answered_at`)} as answered, topics,
            ${epochOf(sql.fragment`expires_at`)} as expires_at, (select ${markOf} from mine) as mark
          from mine order by answered_at desc, arrival desc`)
      )
      const answers = rows.map((row) => ({
        offerId: row.id,
        answererId: row.answerer_peer_id,
        sdp: row.answer_sdp,
        answeredAt: row.answered,
        topics: row.topics,
        expiresAt: row.expires_at
      }))
      return { answers, mark: rows[0]?.mark ?? null }
    },

    marks: async (peerIds) => {
      const rows = await runStatement("look at answers in use", () =>
        pool.any(sql.prepared("rondevu_answer_marks", markRow)`
          select peer_id, ${markOf} as mark from ${offers}
          where peer_id = any(${sql.array([...peerIds], "text")}) and answered_at is not null group by peer_id`)
      )
      return new Map(rows.map(({ peer_id, mark }) => [peer_id, mark]))
    }
  }
}

const listedRow = Schema.toStandardSchemaV1(
  Schema.Struct({
    id: Schema.String,
    peer_id: Schema.String,
    sdp: Schema.String,
    topics: Schema.Array(Schema.String),
    secret: Schema.NullOr(Schema.String),
    info: Schema.NullOr(Schema.String),
    answerer_peer_id: Schema.NullOr(Schema.String),
    answered_at: Schema.NullOr(Schema.Finite),
    created_at: Schema.Finite,
    expires_at: Schema.Finite
  })
)
type StoredOffer = NonNullable<(typeof listedRow)["~standard"]["types"]>["output"]
/** `found`: pairs of offer and peer, the newest first, as JSON; the others are where the page ends. */
const pageRow = Schema.toStandardSchemaV1(
  Schema.Struct({ found: Schema.String, created: Schema.NullOr(Schema.String), arrival: Schema.NullOr(Schema.Finite) })
)
type Page = NonNullable<(typeof pageRow)["~standard"]["types"]>["output"]
const countRow = Schema.toStandardSchemaV1(Schema.Struct({ total: Schema.Int, until: Schema.NullOr(Schema.Finite) }))
const topicRow = Schema.toStandardSchemaV1(
  Schema.Struct({ topic: Schema.NullOr(Schema.String), peers: Schema.NullOr(Schema.Int), total: Schema.Int })
)
const answeredRow = Schema.toStandardSchemaV1(
  Schema.Struct({
    id: Schema.String,
    answerer_peer_id: Schema.String,
    answer_sdp: Schema.String,
    answered: Schema.Finite,
    topics: Schema.Array(Schema.String),
    expires_at: Schema.Finite,
    mark: Schema.String
  })
)
const markRow = Schema.toStandardSchemaV1(Schema.Struct({ peer_id: Schema.String, mark: Schema.String }))

const offerOf = (row: StoredOffer): ListedOffer => ({
  id: row.id,
  peerId: row.peer_id,
  sdp: row.sdp,
  topics: row.topics,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  secret: row.secret,
  info: row.info,
  answererPeerId: row.answerer_peer_id,
  answeredAt: row.answered_at
})
