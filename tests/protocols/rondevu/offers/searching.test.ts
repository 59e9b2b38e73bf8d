/** What is found, by its keys and only while its time lasts; and what nobody may read in the log. */
import { describe, expect, it, test } from "vitest"
import { describeOnPostgres, useDatabase, withClient } from "../../../support/databases.ts"
import { serverForThisTest, useServer } from "../../../support/useServer.ts"
import { bloomOf } from "./bloomOf.ts"
import { type Json, offerOn, refused, rondevuOf, said } from "./peers.ts"

describeOnPostgres("an offer whose time is over", () => {
  const url = useDatabase()
  const server = useServer(() => ({ DATABASE_URL: url, RONDEVU_OFFER_MIN_TTL: "1" }))
  const rondevu = rondevuOf(server)
  const rows = async (table: string) =>
    (await withClient(url, (client) => client.query(`select count(*)::int as rows from ${table}`))).rows[0].rows

  it("is gone from every read at once, though its row is there still", async () => {
    const [owner, answerer] = [await rondevu.register(), await rondevu.register()]
    const offer = offerOn("short", { ttl: 1_500 })
    const { id, expiresAt } = (await owner.publish(offer)).json.offers[0]
    expect((await answerer.answer(id, { sdp: "a" })).status).toBe(200)
    expect((await answerer.add(id, ["c"])).status).toBe(200)
    expect((await owner.answers()).json.answers.length).toBe(1)
    expect((await owner.candidates(id)).json.candidates.length).toBe(1)
    expect((await rondevu.byTopic("short")).json.total).toBe(1)
    await expect.poll(() => Date.now(), { timeout: 5_000 }).toBeGreaterThanOrEqual(expiresAt)
    expect(await rows("rondevu_offers")).toBe(1)
    expect((await rondevu.byTopic("short")).json).toMatchObject({ offers: [], total: 0, returned: 0 })
    expect((await rondevu.get("/topics")).json).toMatchObject({ topics: [], total: 0 })
    expect((await rondevu.get(`/peers/${owner.peerId}/offers`)).json).toMatchObject({ offers: [], topics: [] })
    expect((await owner.mine()).json.offers).toEqual([])
    expect((await owner.answers()).json.answers).toEqual([])
    expect(said(await owner.candidates(id))).toEqual(refused(404, "Offer not found or expired"))
    expect(said(await owner.add(id, ["c"]))).toEqual(refused(404, "Offer not found or expired"))
    expect(said(await answerer.answer(id, { sdp: "a" }))).toEqual(refused(400, "Offer not found or expired"))
    expect(said(await owner.remove(id))).toEqual(refused(404, "Offer not found or not authorized"))
    // The same content, of whomever, makes way.
    const [again] = (await answerer.publish({ ...offer, ttl: 60_000 })).json.offers
    expect(again.id).toBe(id)
    expect((await answerer.candidates(id)).json.candidates).toEqual([])
    expect((await owner.answer(id, { sdp: "b" })).status).toBe(200)
  })
})

describeOnPostgres("a topic of ten thousand offers", () => {
  const url = useDatabase()
  const server = useServer(() => ({ DATABASE_URL: url }))
  const rondevu = rondevuOf(server)

  it("has no more rows read than are shown, and is counted and filtered right", async () => {
    const peer = await rondevu.register()
    await withClient(url, async (client) => {
      await client.query(`
        insert into rondevu_offers (id, peer_id, sdp, topics, created_at, expires_at)
          select 'offer ' || n, 'peer ' || n % 10, 'v=0', '{crowd}', now() + n * interval '1 ms', now() + interval '1 h'
          from generate_series(1, 10000) as n;
        insert into rondevu_topics select 'crowd', id, peer_id, created_at, arrival, expires_at from rondevu_offers`)
      await client.query("vacuum analyze rondevu_offers, rondevu_topics")
    })
    const read = async () => {
      const { rows } = await withClient(url, (client) =>
        client.query(`select
          (select idx_tup_read::int from pg_stat_user_indexes where indexrelname = 'rondevu_topics_newest_idx') as found,
          (select (idx_tup_fetch + seq_tup_read)::int from pg_stat_user_tables where relname = 'rondevu_offers') as offers`)
      )
      return rows[0] as { found: number; offers: number }
    }
    // What was read is told a little later: that of the statements above first.
    await expect.poll(async () => (await read()).offers, { timeout: 15_000 }).toBeGreaterThanOrEqual(10_000)
    const before = await read()
    const { json } = await rondevu.byTopic("crowd")
    expect([json.total, json.returned]).toEqual([10_000, 50])
    expect(json.offers.map(({ id }: Json) => id)).toEqual(Array.from({ length: 50 }, (_, n) => `offer ${10_000 - n}`))
    await expect.poll(async () => (await read()).found - before.found, { timeout: 15_000 }).toBeGreaterThan(0)
    const after = await read()
    expect(after.found - before.found).toBeLessThanOrEqual(51)
    expect(after.offers - before.offers).toBeLessThanOrEqual(51)

    const nine = Array.from({ length: 9 }, (_, n) => `peer ${n}`)
    const filtered = await rondevu.byTopic("crowd", `?limit=200&bloom=${encodeURIComponent(bloomOf(8192, nine))}`)
    expect([filtered.json.total, filtered.json.returned]).toEqual([10_000, 200])
    expect(new Set(filtered.json.offers.map(({ peerId }: Json) => peerId))).toEqual(new Set(["peer 9"]))
    const all = encodeURIComponent(bloomOf(8192, [...nine, "peer 9"]))
    expect((await rondevu.byTopic("crowd", `?bloom=${all}`)).json).toMatchObject({ total: 10_000, returned: 0 })
    await peer.publish(offerOn("crowd"))
    expect((await rondevu.byTopic("crowd", "?limit=1")).json).toMatchObject({ total: 10_001, returned: 1 })
  })
})

describe("the log", () => {
  test("says nothing of peers, topics, secrets, offers or candidates", async () => {
    const server = await serverForThisTest({ LOG_LEVEL: "debug" })
    const rondevu = rondevuOf(server)
    const [owner, answerer] = [await rondevu.register(), await rondevu.register()]
    const offer = { sdp: "sdp-word", topics: ["topic-word"], secret: "secret-word", info: "info-word", id: "id-word" }
    await owner.publish(offer)
    await answerer.answer("id-word", { sdp: "answer-word", secret: "guess-word" })
    await answerer.answer("id-word", { sdp: "answer-word", secret: "secret-word" })
    await owner.add("id-word", ["candidate-word"])
    await rondevu.send("POST", "/offers", "{body-word", owner.authorization)
    await rondevu.byTopic("topic-word")
    await owner.answers()
    await owner.remove("id-word")
    expect(server.lines("offers:answered").length).toBe(1)
    expect(server.lines("offers:wrong_secret")).toMatchObject([{ of: "offer" }])
    for (const word of [
      ...["sdp-word", "topic-word", "secret-word", "info-word", "id-word", "answer-word", "guess-word"],
      ...["candidate-word", "body-word", owner.peerId, owner.secret, answerer.peerId, answerer.secret]
    ]) {
      expect(server.log()).not.toContain(word)
    }
  })
})
