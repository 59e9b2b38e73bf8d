/**
 * New offers into their table: all of a request or none. Most requests are of ids that nobody has, and one statement; where
 * some id is there already, a transaction looks whose it is: what its own peer publishes again lives for longer, a content id
 * of somebody else gives way to a random one, and any other is taken.
 */
import * as Schema from "effect/Schema"
import { type CommonQueryMethods, sql } from "slonik"
import type { Database } from "../../database/database.ts"
import { codeOf, runStatement } from "../../database/databaseErrors.ts"
import { epochOf, momentOf } from "../../database/sqlTime.ts"

export interface NewOffer {
  readonly id: string
  /** Whether the caller has chosen the id; else it follows from the content. */
  readonly isChosen: boolean
  readonly sdp: string
  readonly topics: readonly string[]
  readonly secret: string | null
  readonly info: string | null
  /** Epoch milliseconds. */
  readonly expiresAt: number
}

export interface Publication {
  readonly peerId: string
  /** With ids of which no two are the same. */
  readonly offers: readonly NewOffer[]
  /** Epoch milliseconds. */
  readonly at: number
}

/** What a peer may have at one time. */
export interface PeerBounds {
  readonly offers: number
  /** Of SDP. */
  readonly bytes: number
}

/** An offer that is there now, under the id that was asked for. */
export interface Published {
  readonly askedId: string
  readonly id: string
  readonly topics: readonly string[]
  readonly expiresAt: number
  /** Whether there was none before. */
  readonly isNew: boolean
  readonly revision: number
}

export type PublishResult = readonly Published[] | "id-taken" | "too-many"

export interface PublishingOptions {
  readonly bounds: PeerBounds
  /** In the place of a content id that is somebody else's. */
  readonly randomId: () => string
  /** How often it is looked again when somebody else has taken an id in that very moment. */
  readonly attempts: number
}

/** Bytes that an offer takes. */
export const bytesOfOffer = ({ id, sdp, topics, secret, info }: NewOffer): number => {
  const texts = [id, sdp, ...topics, ...topics, secret ?? "", info ?? ""]
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0)
}

/** Revisions of a row begin later than those of any row before it that had the same id. */
const firstRevision = (at: number): number => at * 1000

const momentText = (at: number): string => new Date(at).toISOString().replace("Z", "+00:00")

/** Gives way to the transaction: an id is there already. */
type Inserted = "inserted" | "id-there" | "too-many"

export const createPublishing = (
  { pool, schema }: Pick<Database, "pool" | "schema">,
  { bounds, randomId, attempts }: PublishingOptions
): ((publication: Publication) => Promise<PublishResult>) => {
  const offers = sql.identifier([schema, "rondevu_offers"])
  const topics = sql.identifier([schema, "rondevu_topics"])

  const insert = async (
    connection: Pick<CommonQueryMethods, "one">,
    { peerId, at }: Publication,
    added: readonly NewOffer[]
  ): Promise<Inserted> => {
    const named = added.flatMap(({ id, topics }) => topics.map((topic) => ({ id, topic })))
    const row = await connection.one(sql.prepared("rondevu_offers_insert", insertedRow)`
      with named as (
        select * from unnest(
          ${sql.array(
            named.map(({ id }) => id),
            "text"
          )},
          ${sql.array(
            named.map(({ topic }) => topic),
            "text"
          )}
        ) with ordinality as named (id, topic, position)
      ), mine as (
        select count(*) as offers, coalesce(sum(octet_length(sdp)), 0) as bytes
        from ${offers} where peer_id = ${peerId} and expires_at > ${momentOf(at)}
      ), there as (
        select exists (select 1 from ${offers} where id = any(${sql.array(
          added.map(({ id }) => id),
          "text"
        )})) as any
      ), allowed as (
        select mine.offers + ${added.length} <= ${bounds.offers}
          and mine.bytes + ${added.reduce((sum, { sdp }) => sum + Buffer.byteLength(sdp), 0)} <= ${bounds.bytes} as any
        from mine
      ), added as (
        insert into ${offers} (id, peer_id, sdp, topics, secret, info, created_at, expires_at, bytes, revision)
        select new.id, ${peerId}::text, new.sdp, (select array_agg(topic order by position) from named where named.id = new.id),
          new.secret, new.info, ${momentOf(at)}, new.expires_at, new.bytes, ${firstRevision(at)}::int8
        from unnest(
          ${sql.array(
            added.map(({ id }) => id),
            "text"
          )},
          ${sql.array(
            added.map(({ sdp }) => sdp),
            "text"
          )},
          ${sql.array(
            added.map(({ secret }) => secret),
            "text"
          )},
          ${sql.array(
            added.map(({ info }) => info),
            "text"
          )},
          ${sql.array(
            added.map(({ expiresAt }) => momentText(expiresAt)),
            "timestamptz"
          )},
          ${sql.array(added.map(bytesOfOffer), "int4")}
        ) with ordinality as new (id, sdp, secret, info, expires_at, bytes, position), there, allowed
        where allowed.any and not there.any
        order by new.position
        returning id, arrival, expires_at
      ), filed as (
        insert into ${topics} (topic, offer_id, peer_id, created_at, arrival, expires_at)
        select named.topic, added.id, ${peerId}::text, ${momentOf(at)}, added.arrival, added.expires_at
        from added join named using (id)
      )
      select there.any as there, allowed.any as allowed from there, allowed`)
    return row.there ? "id-there" : row.allowed ? "inserted" : "too-many"
  }

  const asNew = ({ id, topics, expiresAt }: NewOffer, at: number, askedId = id): Published => ({
    askedId,
    id,
    topics,
    expiresAt,
    isNew: true,
    revision: firstRevision(at)
  })

  /** Of ids that are there: whose they are, and whether the content is the same. */
  const look = async (connection: CommonQueryMethods, { peerId, offers: asked, at }: Publication) => {
    const ids = sql.array(
      asked.map(({ id }) => id),
      "text"
    )
    await connection.query(
      sql.prepared("rondevu_offers_make_way", nothing)`
        delete from ${offers} where id = any(${ids}) and expires_at <= ${momentOf(at)}`
    )
    return connection.any(sql.prepared("rondevu_offers_look", thereRow)`
      select offers.id, offers.peer_id = ${peerId} and offers.sdp = asked.sdp as is_same, topics
      from ${offers} as offers join unnest(
        ${ids}, ${sql.array(
          asked.map(({ sdp }) => sdp),
          "text"
        )}
      ) as asked (id, sdp) on asked.id = offers.id
      order by offers.id
      for update of offers`)
  }

  const extend = async (connection: CommonQueryMethods, { id, expiresAt }: NewOffer): Promise<Published> => {
    const row = await connection.one(sql.prepared("rondevu_offer_extend", extendedRow)`
      with extended as (
        update ${offers} set expires_at = greatest(expires_at, ${momentOf(expiresAt)}),
          revision = revision + case when expires_at < ${momentOf(expiresAt)} then 1 else 0 end
        where id = ${id}
        returning id, topics, expires_at, revision
      ), filed as (
        update ${topics} as filed set expires_at = extended.expires_at
        from extended where filed.offer_id = extended.id and filed.expires_at < extended.expires_at
      )
      select topics, ${epochOf(sql.fragment`expires_at`)} as expires_at, revision from extended`)
    return { askedId: id, id, topics: row.topics, expiresAt: row.expires_at, isNew: false, revision: row.revision }
  }

  const lookAndPublish = (publication: Publication): Promise<PublishResult> =>
    pool.transaction(async (connection) => {
      const there = new Map((await look(connection, publication)).map((row) => [row.id, row]))
      const isSame = ({ id, topics }: NewOffer) => {
        const row = there.get(id)
        return row?.is_same === true && sameTopics(row.topics, topics)
      }
      const repeated = publication.offers.filter(isSame)
      const others = publication.offers.filter((offer) => !isSame(offer))
      if (others.some(({ id, isChosen }) => isChosen && there.has(id))) return "id-taken"
      const added = others.map((offer) => ({
        askedId: offer.id,
        offer: there.has(offer.id) ? { ...offer, id: randomId() } : offer
      }))
      if (added.length > 0) {
        const inserted = await insert(
          connection,
          publication,
          added.map(({ offer }) => offer)
        )
        if (inserted === "too-many") return "too-many"
        if (inserted === "id-there") throw new IdTakenMeanwhile("An id was taken while it was looked for")
      }
      const published = added.map(({ offer, askedId }) => asNew(offer, publication.at, askedId))
      for (const offer of repeated) published.push(await extend(connection, offer))
      return inOrder(publication, published)
    })

  const publish = async (publication: Publication, left: number): Promise<PublishResult> => {
    try {
      const inserted = await runStatement("publish offers", () => insert(pool, publication, publication.offers))
      if (inserted === "inserted") return publication.offers.map((offer) => asNew(offer, publication.at))
      if (inserted === "too-many") return inserted
      return await runStatement("publish offers again", () => lookAndPublish(publication))
    } catch (error) {
      // Somebody has published the same in that very moment.
      if (left > 0 && codeOf(error) === uniqueViolation) return publish(publication, left - 1)
      throw error
    }
  }

  return (publication) => publish(publication, attempts)
}

/** As PostgreSQL calls a key that is there already. */
const uniqueViolation = "23505"

/** Rolls the transaction back, as the same found by PostgreSQL would. */
class IdTakenMeanwhile extends Error {
  override readonly name = "IdTakenMeanwhile"
  readonly code = uniqueViolation
}

const sameTopics = (one: readonly string[], other: readonly string[]): boolean => {
  const [a, b] = [one.toSorted(), other.toSorted()]
  return a.length === b.length && a.every((topic, index) => topic === b[index])
}

const inOrder = ({ offers }: Publication, published: readonly Published[]): readonly Published[] =>
  offers.map(({ id }) => published.find(({ askedId }) => askedId === id) as Published)

const insertedRow = Schema.toStandardSchemaV1(Schema.Struct({ there: Schema.Boolean, allowed: Schema.Boolean }))
const thereRow = Schema.toStandardSchemaV1(
  Schema.Struct({ id: Schema.String, is_same: Schema.Boolean, topics: Schema.Array(Schema.String) })
)
const extendedRow = Schema.toStandardSchemaV1(
  Schema.Struct({ topics: Schema.Array(Schema.String), expires_at: Schema.Finite, revision: Schema.Finite })
)
const nothing = Schema.toStandardSchemaV1(Schema.Struct({}))
