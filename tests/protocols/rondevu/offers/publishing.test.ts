import { createHash } from "node:crypto"
import { expect, it } from "vitest"
import { useServer } from "../../../support/useServer.ts"
import { describeOnBoth } from "../databases.ts"
import { type Json, offerOn, refused, rondevuOf, said } from "./peers.ts"

const units = (count: number) => "u".repeat(count)
const nul = String.fromCharCode(0)

describeOnBoth("publishing", (environment) => {
  const server = useServer(environment)
  const rondevu = rondevuOf(server)

  it("answers in the order given, and shows topics as they were given", async () => {
    const peer = await rondevu.register()
    const asked = [offerOn("order", { topics: ["z", "a", "order"] }), offerOn("order"), offerOn("order")]
    const before = Date.now()
    const { status, json } = await peer.publish(...asked)
    expect(status).toBe(200)
    expect(Object.keys(json)).toEqual(["offers"])
    expect(json.offers.map(({ topics }: Json) => topics)).toEqual(asked.map(({ topics }) => topics))
    for (const [index, { id, peerId, expiresAt, ...more }] of json.offers.entries()) {
      const { sdp, topics } = asked[index] as Json
      const content = JSON.stringify({ sdp, topics: [...topics].sort() })
      expect(id).toBe(createHash("sha256").update(content).digest("hex"))
      expect(peerId).toBe(peer.peerId)
      expect(expiresAt - before).toBeGreaterThanOrEqual(60_000)
      expect(expiresAt - before).toBeLessThan(62_000)
      expect(more).toEqual({ topics })
    }
  })

  it.each([
    [undefined, 60_000],
    [null, 60_000],
    [0, 60_000],
    [1, 60_000],
    [-5, 60_000],
    [60_000.5, 60_000],
    [300_000, 300_000],
    [864_000_000, 86_400_000]
  ])("makes a ttl of %s a life of %s ms", async (ttl, life) => {
    const peer = await rondevu.register()
    const { json } = await peer.publish(offerOn("lives", { ttl }))
    const [mine] = (await peer.mine()).json.offers
    expect(mine.expiresAt - mine.createdAt).toBe(life)
    expect(mine.expiresAt).toBe(json.offers[0].expiresAt)
    expect(mine.lastSeen).toBe(mine.createdAt)
  })

  const good = { sdp: "v=0", topics: ["t"] }
  const offersWord = "Missing or invalid required parameter: offers (must be non-empty array)"
  const topicWord = "Each topic must be a string between 1 and 256 characters"
  const idWord = "Offer id must be a string of 1 to 128 characters"
  const manyTopics = Array.from({ length: 51 }, (_, index) => `t${index}`)
  it.each<[string, Json, string]>([
    ["no offers", {}, offersWord],
    ["an array for a body", [], offersWord],
    ["empty offers", { offers: [] }, offersWord],
    ["offers that are none", { offers: "x" }, offersWord],
    ["101 offers", { offers: Array.from({ length: 101 }, () => good) }, "Too many offers. Maximum 100 per request"],
    ["an offer that is none", { offers: [null] }, "Each offer must have an sdp field"],
    ["no sdp", { offers: [{ topics: ["t"] }] }, "Each offer must have an sdp field"],
    ["an empty sdp", { offers: [{ ...good, sdp: "" }] }, "Each offer must have an sdp field"],
    ["a long sdp", { offers: [{ ...good, sdp: units(65_537) }] }, "SDP must be 64KB or less"],
    ["a secret that is no string", { offers: [{ ...good, secret: 1 }] }, "Secret must be a string"],
    ["a secret that is null", { offers: [{ ...good, secret: null }] }, "Secret must be a string"],
    ["a long secret", { offers: [{ ...good, secret: units(129) }] }, "Secret must be 128 characters or less"],
    ["info that is no string", { offers: [{ ...good, info: {} }] }, "Info must be a string"],
    ["long info", { offers: [{ ...good, info: units(129) }] }, "Info must be 128 characters or less"],
    ["no topics", { offers: [{ sdp: "v" }] }, "Each offer must have a non-empty topics array"],
    ["empty topics", { offers: [{ ...good, topics: [] }] }, "Each offer must have a non-empty topics array"],
    ["51 topics", { offers: [{ ...good, topics: manyTopics }] }, "Too many topics. Maximum 50 per offer"],
    ["an empty topic", { offers: [{ ...good, topics: [""] }] }, topicWord],
    ["a topic that is no string", { offers: [{ ...good, topics: [7] }] }, topicWord],
    ["a long topic", { offers: [{ ...good, topics: [units(257)] }] }, topicWord],
    ["a topic twice", { offers: [{ ...good, topics: ["t", "t"] }] }, "Topics of an offer must be distinct"],
    ["a ttl that is no number", { offers: [{ ...good, ttl: "soon" }] }, "TTL must be a number"],
    ["an id that is no string", { offers: [{ ...good, id: 5 }] }, idWord],
    ["an empty id", { offers: [{ ...good, id: "" }] }, idWord],
    ["a long id", { offers: [{ ...good, id: units(129) }] }, idWord],
    ["NUL in an sdp", { offers: [{ ...good, sdp: `v${nul}` }] }, "Invalid character in sdp"],
    ["NUL in a topic", { offers: [{ ...good, topics: [`v${nul}`] }] }, "Invalid character in topics"],
    ["NUL in a secret", { offers: [{ ...good, secret: `v${nul}` }] }, "Invalid character in secret"],
    ["NUL in info", { offers: [{ ...good, info: `v${nul}` }] }, "Invalid character in info"],
    ["NUL in an id", { offers: [{ ...good, id: `v${nul}` }] }, "Invalid character in id"],
    ["no JSON", "{", "Invalid JSON body"],
    ["nothing", "", "Invalid JSON body"],
    ["null", "null", "Invalid JSON body"],
    ["a number", "5", "Invalid JSON body"]
  ])("refuses %s by name", async (_, body, error) => {
    const peer = await rondevu.register()
    expect(said(await rondevu.send("POST", "/offers", body, peer.authorization))).toEqual(refused(400, error))
    expect((await peer.mine()).json.offers).toEqual([])
  })

  it("names the first fault of the first offer that has one, and stores none of the others", async () => {
    const peer = await rondevu.register()
    const answer = await peer.publish(offerOn("none"), { sdp: "", topics: [] }, { sdp: units(65_537) })
    expect(said(answer)).toEqual(refused(400, "Each offer must have an sdp field"))
    expect((await rondevu.byTopic("none")).json.total).toBe(0)
  })

  it("takes a hundred offers, fifty topics and everything as long as it may be", async () => {
    const [many, long] = [await rondevu.register(), await rondevu.register()]
    const { status, json } = await many.publish(...Array.from({ length: 100 }, () => offerOn("hundred")))
    expect([status, json.offers.length]).toEqual([200, 100])
    const topics = [...manyTopics.slice(0, 49), units(256)]
    const offer = { sdp: `${units(65_535)}é`, topics, secret: units(128), info: units(128), id: "i".repeat(128) }
    expect(await long.publish(offer)).toMatchObject({ status: 200, json: { offers: [{ id: offer.id, topics }] } })
    const [mine] = (await long.mine()).json.offers
    expect(mine).toMatchObject(offer)
  })

  it("reads a body whatever its content type, and refuses one that is too large", async () => {
    const peer = await rondevu.register()
    const body = JSON.stringify({ offers: [offerOn("plain")] })
    const plain = { ...peer.authorization, "content-type": "text/plain" }
    expect((await rondevu.send("POST", "/offers", body, plain)).status).toBe(200)
    const large = `{"offers":[${units(8 * 1024 * 1024)}]}`
    const tooLarge = refused(413, "Request body too large")
    expect(said(await rondevu.send("POST", "/offers", large, peer.authorization))).toEqual(tooLarge)
    const half = { sdp: "x", pad: units(512 * 1024) }
    const chunked = { ...peer.authorization, "transfer-encoding": "chunked" }
    expect(said(await rondevu.send("POST", "/offers/x/answer", half, chunked))).toEqual(tooLarge)
  })

  it("takes the same offer again, and lengthens its life if it is to live longer", async () => {
    const peer = await rondevu.register()
    const offer = offerOn("again", { topics: ["again", "b"] })
    const first = (await peer.publish({ ...offer, ttl: 120_000 })).json.offers[0]
    const shorter = await peer.publish({ ...offer, topics: ["b", "again"] })
    expect(said(shorter)).toEqual([200, { offers: [first] }])
    // Known in memory, as somebody has asked.
    expect((await peer.candidates(first.id)).status).toBe(200)
    const [longer] = (await peer.publish({ ...offer, ttl: 300_000 })).json.offers
    expect(longer.id).toBe(first.id)
    expect(longer.expiresAt).toBeGreaterThan(first.expiresAt + 150_000)
    expect((await peer.mine()).json.offers).toMatchObject([{ id: first.id, expiresAt: longer.expiresAt }])
    expect((await rondevu.byTopic("again")).json.offers).toMatchObject([{ expiresAt: longer.expiresAt }])
  })

  it("gives a newcomer another id for the content of somebody else", async () => {
    const [one, other] = [await rondevu.register(), await rondevu.register()]
    const offer = offerOn("shared")
    const [first] = (await one.publish(offer)).json.offers
    const [second] = (await other.publish(offer)).json.offers
    expect(second.id).toMatch(/^[0-9a-f]{64}$/)
    expect(second.id).not.toBe(first.id)
    expect((await rondevu.byTopic("shared")).json.offers.map(({ id }: Json) => id)).toEqual([second.id, first.id])
  })

  it("refuses an id that is somebody else's, or for other content", async () => {
    const [one, other] = [await rondevu.register(), await rondevu.register()]
    const offer = offerOn("taken", { id: `own ${one.peerId}` })
    const taken = refused(409, "Offer id already exists")
    expect((await one.publish(offer)).json.offers[0].id).toBe(offer.id)
    expect((await one.publish(offer)).status).toBe(200)
    expect(said(await other.publish(offerOn("taken"), offer))).toEqual(taken)
    expect(said(await one.publish({ ...offer, sdp: "other" }))).toEqual(taken)
    expect(said(await one.publish(offerOn("twice", { id: "twice" }), offerOn("twice", { id: "twice" })))).toEqual(taken)
    expect((await rondevu.byTopic("taken")).json.total).toBe(1)
    expect((await rondevu.byTopic("twice")).json.total).toBe(0)
  })

  it("takes one offer several times in a request for one", async () => {
    const peer = await rondevu.register()
    const offer = offerOn("doubled")
    const { json } = await peer.publish(offer, { ...offer, ttl: 300_000 })
    expect(json.offers[0]).toEqual(json.offers[1])
    expect((await peer.mine()).json.offers.length).toBe(1)
  })

  it("lets parallel repetitions be one offer", async () => {
    const peer = await rondevu.register()
    const offer = offerOn("parallel")
    const answers = await Promise.all(Array.from({ length: 8 }, () => peer.publish(offer)))
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200))
    expect(new Set(answers.map(({ json }) => json.offers[0].id)).size).toBe(1)
    expect((await rondevu.byTopic("parallel")).json.total).toBe(1)
  })

  it("lets a peer have 200 offers, and again when it has deleted one", async () => {
    const peer = await rondevu.register()
    const all = Array.from({ length: 200 }, () => offerOn("bound"))
    expect((await peer.publish(...all.slice(0, 100))).status).toBe(200)
    expect((await peer.publish(...all.slice(100))).status).toBe(200)
    const answer = await peer.publish(offerOn("bound"))
    expect(said(answer)).toEqual(refused(429, "Too many offers"))
    expect(answer.headers).not.toHaveProperty("retry-after")
    expect((await peer.publish(all[0])).status).toBe(200)
    const [{ id }] = (await peer.mine()).json.offers
    expect(said(await peer.remove(id))).toEqual([200, { deleted: true }])
    expect((await peer.publish(offerOn("bound"))).status).toBe(200)
    expect((await rondevu.byTopic("bound")).json).toMatchObject({ total: 200, returned: 50 })
  })

  it("lets a peer have 8 MiB of SDP", async () => {
    const peer = await rondevu.register()
    const large = () => offerOn("heavy", { sdp: `${Math.random()}`.padEnd(65_536, "x") })
    for (let requests = 0; requests < 2; requests++) {
      expect((await peer.publish(...Array.from({ length: 64 }, large))).status).toBe(200)
    }
    expect(said(await peer.publish(offerOn("heavy")))).toEqual(refused(429, "Too many offers"))
  })
})
